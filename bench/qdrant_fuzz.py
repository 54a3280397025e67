#!/usr/bin/env python3
"""Fuzzes Qdrant's face over HTTP: mutated bodies, paths, queries and methods of every operation against a live server.

    bench/qdrant_fuzz.py [--requests N] [--seed S] [--workers W] [--pipeline K] [--kith PROGRAM | --url URL] [--set NAME=VALUE]…
                         [--replay FILE]

Counts statuses. A failure is an answer of 500 or another 5xx but 501, 503 and 507, a connection that ends without an answer
to what was sent (the server may close after it said so), no answer within 60 s, an answer that is not JSON where the contract
says JSON, or a server that has died. Each failure is printed and its request written to a file that --replay sends again. Ends
with 1 when there was one. The same seed and number of workers give the same requests; answers may differ, since workers share
the server. Without options 3,000 requests; the long run is --requests 1000000.
"""

import argparse
import collections
import copy
import json
import multiprocessing
import os
import queue
import random
import socket
import sys
import tempfile
import time

import qdrant_loop
from kith_server import BenchError, DEFAULT_KITH, Server

UUID = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
NAMES = ["plain", "named", "absent"]  # few, so that the server's state stays small
MATCH = {"key": "city", "match": {"value": "Berlin"}}
FILTER = {
    "must": [MATCH, {"key": "n", "range": {"gte": 1, "lt": 50.5}}, {"key": "when", "range": {"gte": "2024-01-01T00:00:00Z"}},
             {"key": "loc", "geo_radius": {"center": {"lon": 13.4, "lat": 52.5}, "radius": 1000.0}},
             {"key": "loc", "geo_bounding_box": {"top_left": {"lon": 1, "lat": 60}, "bottom_right": {"lon": 20, "lat": 40}}},
             {"key": "loc", "geo_polygon": {"exterior": {"points": [{"lon": 0, "lat": 0}, {"lon": 0, "lat": 9},
                 {"lon": 9, "lat": 9}, {"lon": 0, "lat": 0}]}, "interiors": []}}],
    "should": [{"has_id": [1, 2, UUID, "name"]}, {"has_vector": "image"}, {"slice": {"total": 4, "index": 1}},
        {"key": "tags", "match": {"any": ["a", "b"]}},
               {"key": "n", "match": {"except": [1, 2]}}, {"key": "text", "match": {"text": "quick fox"}},
                   {"key": "text", "match": {"phrase": "brown fox"}},
               {"key": "text", "match": {"text_any": "a b"}}, {"key": "city", "match": {"prefix": "Be"}}],
    "must_not": [{"is_empty": {"key": "a.b[0].c"}}, {"is_null": {"key": "list[].x"}}, {"key": "tags", "values_count": {"gte": 1, "lt": 5}},
                 {"nested": {"key": "list[]", "filter": {"must": [{"key": "x", "match": {"value": True}}]}}},
                     {"key": "tags", "is_empty": True}],
    "min_should": {"conditions": [MATCH, {"must": [MATCH]}], "min_count": 1},
}
POINTS = {"plain": {"id": 1, "vector": [0.05, 0.61, 0.76, 0.74]},
          "named": {"id": UUID, "vector": {"image": [1, 2, 3], "multi": [[1, 2], [3, 4]],
              "words": {"indices": [1, 5], "values": [0.5, 2]}}}}
PAYLOAD = {"city": "Berlin", "n": 5, "when": "2024-05-01T12:00:00Z", "loc": {"lon": 13.4, "lat": 52.5}, "tags": ["a", "b"],
    "text": "the quick brown fox",
           "a": {"b": [{"c": None}]}, "list": [{"x": True}, {"x": None}], "uid": UUID}
SELECTORS = {"with_payload": {"include": ["a.b", "list[].x"]}, "with_vector": True}
PREFETCH = [{"query": [1, 0, 0, 1], "limit": 5, "filter": {"must": [MATCH]}, "score_threshold": 0.1},
    {"prefetch": {"query": [0, 1, 0, 0]}, "query": 1, "params": {"exact": True}}]
QUERIES = [[0.1, 0.2, 0.3, 0.4], [[1, 2], [3, 4]], {"indices": [1, 5], "values": [1, 1]}, 1, UUID,
    {"nearest": [1, 2, 3, 4], "mmr": {"diversity": 0.5}},
           {"recommend": {"positive": [1, [1, 2, 3, 4]], "negative": [2], "strategy": "best_score"}},
               {"discover": {"target": 1, "context": [{"positive": 1, "negative": 2}]}},
           {"context": [{"positive": [1, 0, 0, 0], "negative": 2}]},
               {"order_by": {"key": "n", "direction": "desc", "start_from": 3}}, {"fusion": "rrf"}, {"fusion": "dbsf"},
           {"rrf": {"k": 3, "weights": [1, 2.5]}}, {"formula": {"sum": ["$score", {"mult": [0.5, MATCH]}]}, "defaults": {"n": 1}},
               {"sample": "random"},
           {"relevance_feedback": {"target": 1, "feedback": [{"example": 2, "score": 0.5}],
               "strategy": {"naive": {"a": 1, "b": 1, "c": 1}}}},
           {"text": "words", "model": "qdrant/bm25"}]
CREATE = {"plain": {"vectors": {"size": 4, "distance": "Dot", "hnsw_config": {"m": 16}, "on_disk": False},
    "optimizers_config": {"indexing_threshold": 10},
                    "quantization_config": {"scalar": {"type": "int8", "quantile": 0.99}}, "metadata": {"a": 1}, "shard_number": 1},
          "named": {"vectors": {"image": {"size": 3, "distance": "Cosine", "datatype": "float16"},
              "multi": {"size": 2, "distance": "Euclid", "multivector_config": {"comparator": "max_sim"}}},
                    "sparse_vectors": {"words": {"modifier": "idf", "index": {"on_disk": False}}},
                        "strict_mode_config": {"enabled": False}, "wal_config": {"wal_capacity_mb": 32}}}
SCHEMAS = ["keyword", "integer", "float", "bool", "geo", "datetime", "uuid", "text",
    {"type": "text", "tokenizer": "prefix", "min_token_len": 2, "stopwords": {"languages": ["english"], "custom": ["x"]}},
           {"type": "integer", "lookup": True, "range": False}, {"type": "keyword", "is_tenant": True}]
FIELDS = ["city", "n", "when", "loc", "tags", "text", "a.b[0].c", "list[].x", "uid", "price"]


def valid(rng):
    """(method, path, query, body) of a request that is right; the mutations come after."""
    name = rng.choices(NAMES, [6, 4, 1])[0]
    own = POINTS.get(name, POINTS["plain"])
    c = f"/collections/{name}"
    ids = [1, 2, UUID, "name", rng.randrange(50)]
    point = {**own, "id": rng.choice([own["id"], rng.randrange(50)]), "payload": PAYLOAD}
    selector = rng.choice([{"points": ids}, {"filter": FILTER}])
    query = {"query": rng.choice(QUERIES), "limit": 5, "filter": FILTER, "params": {"hnsw_ef": 32, "exact": False}, **SELECTORS}
    if rng.random() < 0.5:
        query["prefetch"] = PREFETCH
    if name == "named":
        query["using"] = rng.choice(["image", "multi", "words"])
    if rng.random() < 0.3:
        query["lookup_from"] = {"collection": rng.choice(NAMES), "vector": "image"}
    operations = [{"upsert": {"points": [point]}}, {"set_payload": {"payload": PAYLOAD, "points": ids}},
        {"overwrite_payload": {"payload": PAYLOAD, **selector}},
                  {"delete_payload": {"keys": ["a.b", "n"], **selector}}, {"clear_payload": {"points": ids[:1]}},
                      {"update_vectors": {"points": [{"id": 1, "vector": own["vector"]}]}},
                  {"delete_vectors": {"points": ids, "vector": ["image"]}}, {"delete": {"points": [49]}}]
    legacy = {"vector": [1, 2, 3, 4], "limit": 3, "filter": FILTER, "positive": [1], "negative": [2], "target": 1,
        "context": [{"positive": 1, "negative": 2}], **SELECTORS}
    alias = rng.choice([{"create_alias": {"collection_name": name, "alias_name": "alias"}},
        {"delete_alias": {"alias_name": "alias"}}, {"rename_alias": {"old_alias_name": "alias", "new_alias_name": "other"}}])
    return rng.choice([
        ("PUT", c, "", CREATE.get(name, CREATE["plain"])), ("DELETE", c, "", None), ("GET", c, "", None),
            ("GET", c + "/exists", "", None), ("GET", "/collections", "", None),
        ("PATCH", c, "timeout=5", {"hnsw_config": {"m": 8}, "vectors": {"": {"on_disk": True}},
            "optimizers_config": {"indexing_threshold": 5}, "metadata": {"b": None}, "quantization_config": "Disabled"}),
        ("POST", "/collections/aliases", "", {"actions": [alias]}), ("GET", "/aliases", "", None), ("GET", c + "/aliases", "", None),
        ("PUT", c + "/index", "wait=true", {"field_name": rng.choice(FIELDS), "field_schema": rng.choice(SCHEMAS)}),
            ("DELETE", c + "/index/" + rng.choice(FIELDS), "", None),
        ("PUT", c + "/vectors/extra", "", rng.choice([{"dense": {"size": 3, "distance": "Dot"}},
            {"sparse": {"modifier": "idf"}}])), ("DELETE", c + "/vectors/extra", "", None),
        *[("PUT", c + "/points", "wait=true&ordering=weak", {"points": [point], "update_mode": "upsert", "update_filter": None})] * 6,
        ("PUT", c + "/points", "", {"batch": {"ids": [1, 2], "vectors": [[1, 2, 3, 4], [5, 6, 7, 8]], "payloads": [PAYLOAD, None]}}),
        ("POST", c + "/points", "consistency=all", {"ids": ids, **SELECTORS}), ("GET", f"{c}/points/{rng.choice(ids)}", "", None),
            ("POST", c + "/points/delete", "", {"points": ids[:2]}),
        ("POST", c + "/points/payload", "", {"payload": PAYLOAD, "key": "a.b", **selector}),
            ("PUT", c + "/points/payload", "", {"payload": PAYLOAD, "points": ids}),
        ("POST", c + "/points/payload/delete", "", {"keys": ["a.b[0].c", "list[].x", "n"], **selector}),
            ("POST", c + "/points/payload/clear", "", selector),
        ("PUT", c + "/points/vectors", "", {"points": [{"id": 1, "vector": own["vector"]}], "update_filter": FILTER}),
            ("POST", c + "/points/vectors/delete", "", {"vector": ["", "image"], **selector}),
        *[("POST", c + "/points/batch", "wait=true", {"operations": rng.sample(operations, 3)})] * 2,
        *[("POST", c + "/points/scroll", "", {"limit": 5, "offset": 1, "filter": FILTER,
            "order_by": {"key": "n", "direction": "asc", "start_from": 1}, **SELECTORS})] * 3,
        *[("POST", c + "/points/count", "timeout=10", {"filter": FILTER, "exact": True})] * 3,
            *[("POST", c + "/facet", "", {"key": rng.choice(FIELDS), "limit": 5, "filter": FILTER})] * 2,
        *[("POST", c + "/points/query", "", query)] * 12, *[("POST", c + "/points/query/batch", "",
            {"searches": [query, {"limit": 3}]})] * 2,
        *[("POST", c + "/points/query/groups", "", {**query, "group_by": rng.choice(FIELDS), "group_size": 2,
            "with_lookup": {"collection": "named", "with_payload": True}})] * 3,
        *[("POST", f"{c}/points/{route}", "", legacy) for route in ("search", "recommend", "discover")],
            *[("POST", f"{c}/points/{route}/batch", "", {"searches": [legacy]}) for route in ("search", "recommend", "discover")],
        *[("POST", f"{c}/points/{route}/groups", "", {**legacy, "group_by": "city", "group_size": 2}) for route in ("search", "recommend")],
        ("POST", c + "/points/search/matrix/pairs", "", {"sample": 5, "limit": 2, "filter": FILTER}),
            ("POST", c + "/points/search/matrix/offsets", "", {"sample": 5}),
        ("GET", c + "/optimizations", "with=queued&completed_limit=3", None), ("GET", "/telemetry", "details_level=3", None),
            ("GET", "/metrics", "", None), ("GET", "/issues", "", None), ("DELETE", "/issues", "", None),
        ("GET", "/cluster", "", None), ("GET", c + "/cluster", "", None),
            ("POST", c + "/cluster", "", {"move_shard": {"shard_id": 0, "to_peer_id": 1, "from_peer_id": 2}}),
            ("POST", "/cluster/recover", "", None),
        ("DELETE", "/cluster/peer/7", "force=true", None), ("GET", "/cluster/telemetry", "", None),
            ("GET", c + "/shards", "", None), ("PUT", c + "/shards", "", {"shard_key": "a"}),
            ("POST", c + "/shards/delete", "", {"shard_key": "a"}),
        ("GET", "/quotas", "", None), ("PUT", "/quotas", "", {"enabled": False}), ("GET", c + "/snapshots", "", None),
            ("PUT", c + "/snapshots/recover", "", {"location": "file:///nowhere"}), ("GET", "/", "", None), ("GET", "/readyz", "", None),
    ])


# ── Mutations ────────────────────────────────────────────────────────────────────────────────────────────

STRANGE = [None, True, False, 0, -1, 1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1, 2**64, -2**63 - 1, 1e308, 1e-320, -0.0, 1.5,
    3.5e38, "", "x", "\u0000", "größe 検索 😀", "a.b[", "[]", "a[].", '"', "\\",
           "9" * 400, "x" * 600, UUID, "2024-02-30T25:61:61Z", "-9999999-01-01", "2024-01-01T00:00:00+99:99", [], {}, [[]], [{}],
               [None], {"": None}, [1, "a", None], {"must": []}, [0] * 50, "upsert", "text"]
RAW = [b"NaN", b"Infinity", b"1e999", b"-", b"01", b"1.", b"'x'", b"\xff\xfe", b"\"\\ud800\"", b"\"\\u0000\"", b"{,}", b"[1,]",
    b"nul", b"\"\n\"", b"1e-999", b"-0", b"9" * 5000, b"0." + b"0" * 5000 + b"1", b"\xed\xa0\x80"]


def places(value, path=()):
    """Every place in a JSON tree."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


def mutate_tree(rng, body):
    body = json.loads(json.dumps(body))
    for _ in range(rng.choice([1, 1, 1, 2, 4])):  # 4 x 130 levels at most: what Python's own encoder can write
        path = rng.choice(list(places(body)))
        if not path:
            if rng.random() < 0.3:
                return copy.deepcopy(rng.choice(STRANGE))
            continue
        owner = body
        for step in path[:-1]:
            owner = owner[step]
        last, kind = path[-1], rng.randrange(9)
        if kind <= 3:
            owner[last] = copy.deepcopy(rng.choice(STRANGE))
        elif kind == 4:
            del owner[last]
        elif kind == 5 and isinstance(owner, dict):
            owner[str(rng.choice(STRANGE))[:200]] = owner.pop(last)
        elif kind == 6:
            owner[last] = [copy.deepcopy(owner[last]) for _ in range(rng.choice([1, 2, 30]))]
        elif kind == 7:
            inner = owner[last]
            for _ in range(rng.choice([1, 1, 5, 60, 130])):
                inner = rng.choice([{"must": [inner]}, [inner], {"nested": {"key": "a", "filter": inner}}]) if len(path) % 2 else [inner]
            owner[last] = inner
        else:
            number = owner[last]
            owner[last] = number * rng.choice([-1, 0, 10, 1e10, 2**40]) if isinstance(number,
                (int, float)) and not isinstance(number, bool) else {"key": number}
    return body


def mutate_bytes(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5])):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(6)
        if kind == 0:
            del data[at:]
        elif kind == 1 and at < len(data):
            data[at] = rng.randrange(256)
        elif kind == 2:
            data[at:at] = rng.choice(RAW)
        elif kind == 3:
            data[at:at] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 8)))
        elif kind == 4:
            end = min(len(data), at + rng.randint(1, 40))
            data[at:at] = data[at:end] * rng.choice([1, 3])
        else:
            del data[at:at + rng.randint(1, 10)]
    return bytes(data)


DEEP = [b"[" * 5000 + b"]" * 5000, b'{"must":' * 3000 + b"1" + b"}" * 3000,
    b'{"filter":' + b'{"must":[' * 500 + b"{}" + b"]}" * 500 + b"}", b'{"prefetch":' * 200 + b'{"query":1}' + b"}" * 200, b"[" * 100_000]
SEGMENTS = ["", ".", "..", "%00", "%ff%fe", "a%2Fb", "%F0%9F%98%80", "x" * 300, "points", "collections", "1", "-1",
    "18446744073709551616", UUID.upper(), "aliases", "%", "%zz", "*", "a;b", "a,b", "query", "batch"]


def mutate_path(rng, path):
    parts = path.split("/")
    kind = rng.randrange(4)
    if kind == 0:
        parts[rng.randrange(1, len(parts))] = rng.choice(SEGMENTS)
    elif kind == 1:
        parts.insert(rng.randrange(1, len(parts) + 1), rng.choice(SEGMENTS))
    elif kind == 2 and len(parts) > 2:
        del parts[rng.randrange(1, len(parts))]
    else:
        parts.append("")
    return "/".join(parts) or "/"


def query_string(rng, query):
    pairs = [query] if query and rng.random() < 0.6 else []
    if rng.random() < 0.25:
        name = rng.choice(["wait", "ordering", "timeout", "consistency", "details_level", "per_collection", "completed_limit", "with", "x"])
        pairs.append(name + rng.choice(["", "=", "=0", "=-1", "=true", "=99999999999999999999", "=%00", "=%ff", "=weak", "=1.5",
            "=a&" + name + "=b"]))
    return "?" + "&".join(pairs) if pairs else ""


def draw(rng):
    """(method, bytes of the request)."""
    method, path, query, body = valid(rng)
    data = b"" if body is None else json.dumps(body).encode()
    kind = rng.random()
    if kind < 0.45 and body is not None:
        data = json.dumps(mutate_tree(rng, body), ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    elif kind < 0.65 and data:
        data = mutate_bytes(rng, data)
    elif kind < 0.67:
        data = rng.choice(DEEP)
    elif kind < 0.77:
        path = mutate_path(rng, path)
    elif kind < 0.82:
        method = rng.choice(["GET", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "HEAD"])
    elif kind < 0.85:
        data = json.dumps(valid(rng)[3]).encode()
    headers = "Accept-Encoding: gzip\r\n" if rng.random() < 0.05 else ""
    return method, qdrant_loop.request(method, path + query_string(rng, query), data, headers)


# ── Sending ──────────────────────────────────────────────────────────────────────────────────────────────

PLAIN = (b"GET / ", b"GET /healthz", b"GET /livez", b"GET /readyz", b"GET /metrics", b"OPTIONS ", b"HEAD ")


class Worker:
    def __init__(self, address, seed, requests, pipeline, failures):
        self.address, self.requests, self.pipeline, self.failures = address, requests, pipeline, failures
        self.rng = random.Random(seed)
        self.statuses = collections.Counter()
        self.connections = 0

    def connect(self):
        self.connections += 1
        made = socket.create_connection(self.address, timeout=60)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def fail(self, why, data, answer=b""):
        self.failures.put((why, data, bytes(answer[:600])))

    def judge(self, method, data, answer):
        status = int(answer[9:12])
        self.statuses[status] += 1
        head, _, body = bytes(answer).partition(b"\r\n\r\n")
        if status >= 500 and status not in (501, 503, 507):
            self.fail(f"status {status}", data, answer)
        elif b"content-encoding: gzip" not in head.lower() and not data.startswith(PLAIN) and b"application/json" in head.lower() and body:
            try:
                json.loads(body)
            except ValueError as error:
                self.fail(f"status {status} and a body that is not JSON: {error}", data, answer)
        return b"\r\nconnection: close" in head.lower()

    def exchange(self, sock, batch):
        """Sends all, reads all. Answers the socket to go on with."""
        position, buffer = 0, bytearray()
        while position < len(batch):
            waiting = batch[position:]
            try:
                sock.sendall(b"".join(data for _, data in waiting))
            except OSError:
                pass  # it may have closed after an answer that is still to be read
            closed = False
            while position < len(batch) and not closed:
                method, data = batch[position]
                end = head_end(buffer) if method == "HEAD" else qdrant_loop.response_end(buffer)
                if end:
                    said_so = self.judge(method, data, buffer[:end])
                    del buffer[:end]
                    position += 1
                    closed = said_so
                    continue
                try:
                    more = sock.recv(1 << 18)
                except socket.timeout:
                    self.fail("no answer within 60 s", data)
                    more, position = b"", position + 1
                except OSError:
                    more = b""
                    if not alone_closes(self, data):
                        self.fail("the connection was reset without an answer", data)
                    position += 1
                if more:
                    buffer += more
                    continue
                if position < len(batch) and batch[position][1] is data:
                    if not alone_closes(self, data):
                        self.fail("the connection ended without an answer", data)
                    position += 1
                closed = True
            if closed:
                sock.close()
                sock, buffer = self.connect(), bytearray()
        return sock

    def run(self):
        create = [("PUT", qdrant_loop.request("PUT", f"/collections/{name}", json.dumps(config))) for name, config in CREATE.items()]
        sock = self.exchange(self.connect(), create)
        left = self.requests
        while left:
            batch = [draw(self.rng) for _ in range(min(self.pipeline, left))]
            left -= len(batch)
            # Once in a while the collections again, in case a request has taken them away.
            sock = self.exchange(sock, batch + (create if self.rng.random() < 0.2 else []))
        sock.close()


def head_end(buffer):
    at = buffer.find(b"\r\n\r\n")
    return at + 4 if at >= 0 else 0


def alone_closes(worker, data):
    """Whether the request, sent alone, is answered after all: then an earlier one of the pipeline closed the connection."""
    try:
        with worker.connect() as sock:
            sock.sendall(data)
            buffer = bytearray()
            while True:
                if (head_end(buffer) if data.startswith(b"HEAD ") else qdrant_loop.response_end(buffer)):
                    worker.judge("", data, buffer)
                    return True
                more = sock.recv(1 << 18)
                if not more:
                    return False
                buffer += more
    except OSError:
        return False


def work(address, seed, requests, pipeline, failures, done):
    worker = Worker(address, seed, requests, pipeline, failures)
    try:
        worker.run()
        done.put((worker.statuses, worker.connections, None))
    except Exception as error:  # told by the parent; a worker that is gone would be waited for
        done.put((worker.statuses, worker.connections, f"{type(error).__name__}: {error}"))


def show(number, failure, folder):
    why, data, answer = failure
    path = os.path.join(folder, f"failure-{number}.http")
    with open(path, "wb") as file:
        file.write(data)
    print(f"FAILURE {number}: {why}\n  request ({len(data)} bytes, {path}): {data[:1500]!r}\n  answer: {answer!r}", flush=True)


def fuzz(address, alive, arguments):
    folder = tempfile.mkdtemp(prefix="kith-fuzz-")
    failures, done = multiprocessing.Queue(), multiprocessing.Queue()
    share = -(-arguments.requests // arguments.workers)
    workers = [multiprocessing.Process(target=work, args=(address, arguments.seed * 1000 + n, share, arguments.pipeline, failures,
        done)) for n in range(arguments.workers)]
    for worker in workers:
        worker.start()
    statuses, connections, broken, shown, start, told = collections.Counter(), 0, [], 0, time.monotonic(), time.monotonic()
    finished = 0
    while finished < len(workers):
        try:
            counts, opened, error = done.get(timeout=1)
            statuses, connections, finished = statuses + counts, connections + opened, finished + 1
            broken += [error] if error else []
        except queue.Empty:
            pass
        while not failures.empty():
            shown += 1
            failure = failures.get()
            if shown <= arguments.shown:
                show(shown, failure, folder)
        if time.monotonic() - told > 60:
            told = time.monotonic()
            print(f"… {told - start:.0f} s", flush=True)
        if not alive():
            broken.append("the server has ended")
            break
    for worker in workers:
        worker.join(5)
        if worker.is_alive():
            worker.terminate()
    while not failures.empty():
        shown += 1
        failure = failures.get()
        if shown <= arguments.shown:
            show(shown, failure, folder)
    total, seconds = sum(statuses.values()), time.monotonic() - start
    print(f"{total} answers in {seconds:.0f} s ({total / seconds:.0f}/s), {connections} connections, seed {arguments.seed}, {arguments.workers} workers")
    print("statuses: " + ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items())))
    for error in broken:
        print(f"FAILURE: {error}")
    if not shown and not broken:
        os.rmdir(folder)
    return shown + len(broken)


def replay(address, path):
    with open(path, "rb") as file:
        data = file.read()
    with socket.create_connection(address, timeout=60) as sock:
        sock.sendall(data)
        buffer = bytearray()
        while not (head_end(buffer) if data.startswith(b"HEAD ") else qdrant_loop.response_end(buffer)):
            more = sock.recv(1 << 18)
            if not more:
                break
            buffer += more
    print(buffer.decode("utf-8", "replace") or "the connection ended without an answer")


def address_of(url):
    host, port = url.rsplit("/", 1)[1].rsplit(":", 1)
    return host, int(port)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--pipeline", type=int, default=16, help="requests under way on a connection")
    parser.add_argument("--shown", type=int, default=20, help="so many failures are printed")
    parser.add_argument("--kith", default=DEFAULT_KITH)
    parser.add_argument("--url", help="a server that runs already")
    parser.add_argument("--replay", help="a request that was written by a failure: sends it and shows the answer")
    parser.add_argument("--set", action="append", default=[], help="a parameter of the server, NAME=VALUE")
    arguments = parser.parse_args()
    try:
        if arguments.url:
            address = address_of(arguments.url)
            if arguments.replay:
                return replay(address, arguments.replay)
            return 1 if fuzz(address, lambda: True, arguments) else 0
        with Server(arguments.kith, ["store.fsync=os", "log.level=error", *arguments.set]) as server:
            address = address_of(server.url)
            if arguments.replay:
                return replay(address, arguments.replay)
            failed = fuzz(address, lambda: server._process.poll() is None, arguments)
            print(f"server: at most {server.peak_memory_bytes() >> 20} MiB resident")
            return 1 if failed else 0
    except (BenchError, OSError) as error:
        print(f"qdrant_fuzz: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
