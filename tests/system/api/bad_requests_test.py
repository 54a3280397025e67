"""What a client does wrong is answered with the right status and a message to act on; the server stays well."""

import socket
import time

import pytest

from kith_server import Server

GOOD = {"points": [{"id": 1, "vector": [1, 2, 3, 4], "payload": {"kept": True}}]}
POINTS = "/collections/points/points?wait=true"


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("bad") / "data") as server:
        assert server.put("/collections/points", {"vectors": {"size": 4, "distance": "Dot"}}).status == 200
        assert server.put(POINTS, GOOD).status == 200
        yield server


@pytest.fixture(autouse=True)
def unharmed(api):
    """Whatever was sent: the one good point is all there is, and the server answers."""
    yield
    records = api.post("/collections/points/points/scroll", {"with_vector": True}).json["result"]["points"]
    assert records == [{"id": 1, "payload": {"kept": True}, "vector": [1, 2, 3, 4]}]


def vector(text):
    return b'{"points":[{"id":2,"vector":' + text + b'}]}'


@pytest.mark.parametrize("body, status, says", [
    (vector(b"[1,2,3]"), 400, "expected dim: 4, got 3"),
    (vector(b"[1,2,3,4,5]"), 400, "expected dim: 4, got 5"),
    (vector(b"[]"), 422, "must not be empty"),
    (vector(b"[1,2,3,null]"), 400, "points[0].vector: expected an array of numbers"),
    (vector(b'[1,2,3,"4"]'), 400, "points[0].vector: expected an array of numbers"),
    (vector(b"[1,2,3,NaN]"), 400, "line 1 column"),
    (vector(b"[1,2,3,1e999]"), 400, "line 1 column"),
    (vector(b"[1,2,3,3.5e38]"), 400, "no finite number"),
    (vector(b'{"other":[1,2,3,4]}'), 400, "other"),
    (b'{"points":[{"id":-1,"vector":[1,2,3,4]}]}', 400, "-1"),
    (b'{"points":[{"id":1.5,"vector":[1,2,3,4]}]}', 400, "1.5"),
    (b'{"points":[{"id":"","vector":[1,2,3,4]}]}', 400, "must not be the empty string"),
    (b'{"points":[{"id":"' + b"x" * 513 + b'","vector":[1,2,3,4]}]}', 400, "at most 512"),
    (b'{"points":[{"vector":[1,2,3,4]}]}', 400, "missing field `id`"),
    (b'{"points":[{"id":2,"vector":[1,2,3,4],"payload":7}]}', 400, "payload: expected an object"),
    (b'{"points":[{"id":2,"vector":[1,2,3,4]},{"id":3,"vector":[1]}]}', 400, "expected dim: 4, got 1"),
    (b'{"batch":{"ids":[2,3],"vectors":[[1,2,3,4]]}}', 422, "number of ids and vectors must be equal"),
    (b'{"points":{}}', 400, "points: expected an array"),
    (b"{}", 400, "expected `points` or `batch`"),
    (b"", 400, "the body is empty"),
    (b"[]", 400, "expected an object"),
    (b'{"points":[', 400, "line 1 column"),
    (b'{"points":[]} trailing', 400, "line 1 column"),
    (b'{"points":[{"id":2,"vector":[1,2,3,4],"payload":{"a":"\xff\xfe"}}]}', 400, "UTF-8"),
    (b'{"points":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "deep"),
])
def test_bad_upserts_change_nothing(api, body, status, says):
    reply = api.put(POINTS, body)
    assert reply.status == status, reply.body[:300]
    assert says in reply.message


@pytest.mark.parametrize("body, says", [
    ({"query": [1, 2, 3]}, "expected dim: 4, got 3"),
    ({"query": 999}, "999"),
    ({"query": [1, 2, 3, 4], "limit": -1}, "limit"),
    ({"query": [1, 2, 3, 4], "using": "text"}, "text"),
    ({"query": [1, 2, 3, 4], "filter": {"must": [{"key": "a", "match": {"nothing": 1}}]}}, "match"),
])
def test_bad_queries(api, body, says):
    reply = api.post("/collections/points/points/query", body)
    assert reply.status in (400, 404), reply.body
    assert says in reply.message


@pytest.mark.parametrize("method, target, body", [
    ("PUT", "/collections/none/points", GOOD),
    ("POST", "/collections/none/points/query", {"query": [1, 2, 3, 4]}),
    ("POST", "/collections/none/points/scroll", {}),
    ("POST", "/collections/none/points/count", {}),
    ("POST", "/collections/none/points/delete", {"points": [1]}),
    ("GET", "/collections/none", None),
    ("POST", "/v1/search", {"collection": "none", "query": "x"}),
    ("POST", "/v1/answer", {"collection": "none", "question": "x"}),
    ("GET", "/v1/collections/none", None),
    ("GET", "/v1/collections/none/documents", None),
])
def test_unknown_collection_is_404_and_named(api, method, target, body):
    reply = api.send(method, target, body)
    assert reply.status == 404, reply.body
    assert "none" in reply.message


def test_creating_a_collection_twice(api):
    reply = api.put("/collections/points", {"vectors": {"size": 4, "distance": "Dot"}})
    assert reply.status == 409
    assert "points" in reply.message and "exists" in reply.message


@pytest.mark.parametrize("vectors, says", [
    ({"size": 0, "distance": "Dot"}, "size"),
    ({"size": 4, "distance": "Furlong"}, "Furlong"),
    ({"size": 4}, "distance"),
    ({"size": 10**9, "distance": "Dot"}, "65536"),
])
def test_bad_collections_are_not_made(api, vectors, says):
    reply = api.put("/collections/fresh", {"vectors": vectors})
    assert reply.status in (400, 422), reply.body
    assert says in reply.message
    assert api.get("/collections/fresh/exists").json["result"] == {"exists": False}


@pytest.mark.parametrize("body, says", [
    (b"", "the body is empty"),
    (b'{"collection":"points","query":"x"', "not valid JSON"),
    (b'{"collection":"points","query":"x","limti":3}', "unknown field 'limti'; known are: "),
    (b'{"collection":"points"}', "'query' is missing"),
    (b'{"query":"x"}', "'collection' is missing"),
    (b'{"collection":"points","query":"x","mode":"psychic"}', "use auto, dense, lexical or hybrid"),
    (b'{"collection":"points","query":"x","limit":101}', "from 1 to 100 (search.limit_max)"),
    (b'{"collection":"points","query":"x","limit":0}', "from 1 to 100 (search.limit_max)"),
    (b'{"collection":"points","vector":[1,2]}', "has 2 values, the collection's have 4"),
])
def test_bad_searches(api, body, says):
    reply = api.post("/v1/search", body)
    assert reply.status == 400, reply.body
    error = reply.json["error"]
    assert says in error["message"]
    assert error["type"] == "invalid_request_error" and set(error) == {"message", "type", "param", "code"}


def test_the_largest_limit_is_allowed(api):
    assert api.post("/v1/search", {"collection": "points", "vector": [1, 2, 3, 4], "limit": 100}).status == 200


@pytest.mark.parametrize("documents, says", [
    ([{"text": "no name"}], "give an 'id' or a 'uri'"),
    ([{"id": "a"}], "either 'text' or 'content'"),
    ([{"id": "a", "text": "x", "content": "eA=="}], "either 'text' or 'content'"),
    ([{"id": "a", "content": "%%%"}], "base64"),
    ([{"id": "a", "text": "x", "txet": 1}], "unknown field 'txet'"),
    ([], "send at least one"),
])
def test_bad_documents(api, documents, says):
    reply = api.post("/v1/collections/fresh/documents?wait=true", {"documents": documents})
    assert reply.status == 400, reply.body
    assert says in reply.message
    assert api.get("/v1/collections/fresh").status == 404, "a refused request must not create the collection"


def test_unknown_routes_and_methods(api):
    assert api.get("/nowhere").status == 404
    assert "/v1/nowhere" in api.get("/v1/nowhere").json["error"]["message"]
    refused = api.send("DELETE", "/metrics")
    assert refused.status == 405 and "GET" in refused.headers["allow"]


def read_head(sock):
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65536)
        if not more:
            break
        data += more
    return data


@pytest.mark.parametrize("framing", ["content-length", "chunked", "expect-continue"])
def test_a_body_of_100_mb_is_refused_before_it_was_sent(api, framing):
    size = 100 << 20
    head = f"PUT {POINTS} HTTP/1.1\r\nHost: kith\r\nContent-Type: application/json\r\n"
    head += "Transfer-Encoding: chunked\r\n" if framing == "chunked" else f"Content-Length: {size}\r\n"
    if framing == "expect-continue":
        head += "Expect: 100-continue\r\n"
    started, sent = time.monotonic(), 0
    with socket.create_connection(api.address, timeout=30) as sock:
        sock.sendall(head.encode() + b"\r\n")
        block = b" " * (1 << 20)
        if framing == "chunked":
            block = b"%x\r\n" % len(block) + block + b"\r\n"
            try:
                # Twice the limit at most: a server that reads on without end would fail the check below.
                while sent < size:
                    sock.sendall(block)
                    sent += 1 << 20
            except OSError:
                pass
        reply = read_head(sock)
    assert reply.startswith(b"HTTP/1.1 413 "), (reply[:200], sent)
    assert b"server.body_bytes_max" in reply or b"32" in reply, reply
    assert time.monotonic() - started < 15
    if framing == "chunked":
        assert sent < size, "the server read the whole body before it refused it"


def test_garbage_instead_of_http(api):
    with socket.create_connection(api.address, timeout=30) as sock:
        sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 this is no HTTP\r\n\r\n")
        reply = read_head(sock)
    assert reply == b"" or reply.startswith(b"HTTP/1.1 400 ")
