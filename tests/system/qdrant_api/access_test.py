"""Keys: Qdrant answers 401 in plain text; a read-only key reads and does not write."""

import pytest

from kith_server import Server
from qdrant_face import Face

KEY, READ_KEY = "the-key-that-may-write", "the-key-that-may-read"
READS = [("GET", "/collections", None), ("GET", "/collections/c", None), ("GET", "/collections/c/exists", None),
    ("POST", "/collections/c/points/query", {}),
         ("POST", "/collections/c/points/scroll", {}), ("POST", "/collections/c/points/count", {}),
             ("POST", "/collections/c/points", {"ids": [1]}),
         ("GET", "/collections/c/points/1", None), ("POST", "/collections/c/points/query/batch", {"searches": []}),
             ("GET", "/aliases", None),
         ("POST", "/collections/c/points/search", {"vector": [1, 2], "limit": 1}), ("GET", "/telemetry", None),
             ("GET", "/metrics", None), ("GET", "/cluster", None)]
WRITES = [("PUT", "/collections/d", {"vectors": {"size": 2, "distance": "Dot"}}), ("PATCH", "/collections/c", {}),
    ("DELETE", "/collections/c", None),
          ("PUT", "/collections/c/points", {"points": [{"id": 2, "vector": [1, 2]}]}),
              ("POST", "/collections/c/points/delete", {"points": [1]}),
          ("POST", "/collections/c/points/payload", {"payload": {}, "points": [1]}),
              ("PUT", "/collections/c/points/payload", {"payload": {}, "points": [1]}),
          ("POST", "/collections/c/points/payload/delete", {"keys": ["a"], "points": [1]}),
              ("POST", "/collections/c/points/payload/clear", {"points": [1]}),
          ("PUT", "/collections/c/points/vectors", {"points": [{"id": 1, "vector": [1, 2]}]}),
              ("POST", "/collections/c/points/vectors/delete", {"points": [1], "vector": [""]}),
          ("POST", "/collections/c/points/batch", {"operations": [{"delete": {"points": [1]}}]}),
              ("PUT", "/collections/c/index", {"field_name": "a", "field_schema": "keyword"}),
          ("DELETE", "/collections/c/index/a", None), ("POST", "/collections/aliases", {"actions": []}), ("DELETE", "/issues", None),
          ("PUT", "/collections/c/vectors/v", {"dense": {"size": 2, "distance": "Dot"}}), ("DELETE", "/collections/c/vectors/v", None)]


def prepared(server):
    face = Face(server)
    face.ok("PUT", "/collections/c", {"vectors": {"size": 2, "distance": "Dot"}}, headers={"api-key": KEY})
    face.ok("PUT", "/collections/c/points?wait=true", {"points": [{"id": 1, "vector": [1, 2]}]}, headers={"api-key": KEY})
    return face


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("locked") / "data", env={"KITH__SERVER__API_KEY": KEY}) as server:
        yield prepared(server)


@pytest.fixture(scope="module")
def two_keys(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("two_keys") / "data", env={"KITH__SERVER__API_KEY": KEY,
        "KITH__SERVER__READ_ONLY_API_KEY": READ_KEY}) as server:
        yield prepared(server)


def headers(key, form):
    return {"api-key": key} if form == "api-key" else {"Authorization": "Bearer " + key}


@pytest.mark.parametrize("form", ["api-key", "bearer"])
@pytest.mark.parametrize("method, target, body", READS + WRITES)
def test_without_the_key(locked, method, target, body, form):
    for sent in ({}, headers("wrong", form)):
        reply = locked.send(method, target, body, headers=sent)
        assert reply.status == 401 and reply.headers["content-type"].startswith("text/plain") and reply.body
        assert not reply.body.startswith(b"{")


@pytest.mark.parametrize("form", ["api-key", "bearer"])
@pytest.mark.parametrize("method, target, body", READS)
def test_the_key_reads(locked, method, target, body, form):
    assert locked.send(method, target, body, headers=headers(KEY, form)).status == 200


@pytest.mark.parametrize("form", ["api-key", "bearer"])
@pytest.mark.parametrize("method, target, body", READS)
def test_both_keys_read(two_keys, method, target, body, form):
    for key in (KEY, READ_KEY):
        assert two_keys.send(method, target, body, headers=headers(key, form)).status == 200


@pytest.mark.parametrize("method, target, body", WRITES)
def test_the_reading_key_does_not_write(two_keys, method, target, body):
    two_keys.refused(method, target, body, 403, says="Forbidden: ", headers={"api-key": READ_KEY})
    assert two_keys.ok("POST", "/collections/c/points/count", {}, headers={"api-key": READ_KEY}) == {"count": 1}


def test_open_routes(locked):
    for route in ("/", "/healthz", "/livez", "/readyz"):
        assert locked.send("GET", route).status == 200
