"""Speaks Qdrant's REST contract to a running server, and checks in passing what holds for every answer.

`Face` knows the envelope: an answer of 200 has `result`, `status` = "ok" and `time`, an error has `status.error` and no
`result`, both are JSON. `Collection` is a collection of one test. Observers see every exchange; a plugin of pytest may add
one (to measure coverage, or to check shapes against a schema that it has).
"""

import itertools
import struct
import uuid

observers = []


class Face:
    def __init__(self, server):
        self.server = server
        self._numbers = itertools.count(1)

    def send(self, method, target, body=None, **kwargs):
        reply = self.server.send(method, target, body, **kwargs)
        for observer in observers:
            observer(method, target, body, reply)
        return reply

    def ok(self, method, target, body=None, status=200, **kwargs):
        """The `result` of a request that must succeed."""
        reply = self.send(method, target, body, **kwargs)
        assert reply.status == status, f"{method} {target} {body!r:.600} answered {reply.status}: {reply.body[:600]!r}"
        assert reply.headers["content-type"].split(";")[0] == "application/json"
        envelope = reply.json
        assert envelope["status"] == "ok", envelope
        assert isinstance(envelope["time"], (int, float)) and 0 <= envelope["time"] < 120, envelope
        assert set(envelope) <= {"result", "status", "time", "usage"}, set(envelope)
        return envelope["result"]

    def refused(self, method, target, body=None, status=400, says="", exactly=None, **kwargs):
        """The message of a request that must fail. `says`: a part of it, or several."""
        reply = self.send(method, target, body, **kwargs)
        shown = f"{method} {target} {body!r:.600} answered {reply.status}: {reply.body[:600]!r}"
        assert reply.status in (status if isinstance(status, (tuple, list)) else (status,)), shown
        assert reply.headers["content-type"].split(";")[0] == "application/json", shown
        envelope = reply.json
        assert set(envelope) <= {"status", "time", "usage"} and set(envelope["status"]) == {"error"}, shown
        assert isinstance(envelope["time"], (int, float)), shown
        message = envelope["status"]["error"]
        if exactly is not None:
            assert message == exactly, shown
        for part in [says] if isinstance(says, str) else says:
            assert part in message, shown
        return message

    def collection(self, config=None, points=None, indexes=None):
        """A new collection under a name of its own. `config` is a body, or the size of an unnamed Dot vector."""
        config = {"vectors": {"size": config, "distance": "Dot"}} if isinstance(config, int) else config or {}
        made = Collection(self, f"c{next(self._numbers)}-{uuid.uuid4().hex[:8]}")
        assert self.ok("PUT", made.path, config) is True
        if points:
            made.upsert(points)
        for key, schema in (indexes or {}).items():
            made.index(key, schema)
        return made


class Collection:
    def __init__(self, face, name):
        self.face, self.name, self.path = face, name, "/collections/" + name

    def ok(self, method, rest, body=None, **kwargs):
        return self.face.ok(method, self.path + rest, body, **kwargs)

    def refused(self, method, rest, body=None, status=400, **kwargs):
        return self.face.refused(method, self.path + rest, body, status, **kwargs)

    def post(self, rest, body=None, **kwargs):
        return self.ok("POST", rest, body, **kwargs)

    def put(self, rest, body=None, **kwargs):
        return self.ok("PUT", rest, body, **kwargs)

    def info(self):
        return self.ok("GET", "")

    def write(self, method, rest, body):
        """A write with wait=true; its UpdateResult is checked."""
        result = self.ok(method, rest + "?wait=true", body)
        assert result["status"] == "completed" and isinstance(result["operation_id"], int), result
        return result

    def upsert(self, points, **more):
        return self.write("PUT", "/points", {"points": points, **more})

    def index(self, key, schema):
        return self.write("PUT", "/index", {"field_name": key, "field_schema": schema})

    def query(self, query=None, **more):
        body = dict(more) if query is None else {"query": query, **more}
        result = self.post("/points/query", body)
        assert set(result) == {"points"}
        for hit in result["points"]:
            assert {"id", "version", "score"} <= set(hit) <= {"id", "version", "score", "payload", "vector", "order_value"}, hit
        return result["points"]

    def scroll(self, **body):
        result = self.post("/points/scroll", body)
        assert set(result) == {"points", "next_page_offset"}, "next_page_offset is always there"
        return result

    def ids(self, **body):
        return [point["id"] for point in self.scroll(limit=100_000, **body)["points"]]

    def count(self, **body):
        return self.post("/points/count", body)["count"]

    def point(self, point_id):
        return self.ok("GET", f"/points/{point_id}")

    def points(self, with_vector=True):
        """Every point by id: (payload, vector)."""
        return {p["id"]: (p["payload"], p.get("vector")) for p in self.scroll(limit=100_000, with_vector=with_vector)["points"]}


def ids(hits):
    return [hit["id"] for hit in hits]


def scores(hits):
    return [hit["score"] for hit in hits]


# ── Arithmetic in f32, as the server must do it ──────────────────────────────────────────────────────────

def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def sum32(terms):
    """One after the other, rounded after each addition. (A sum of two f32 in double rounds to f32 as one addition.)"""
    total = 0.0
    for term in terms:
        total = f32(total + term)
    return total


def dot(a, b):
    return sum32(f32(f32(x) * f32(y)) for x, y in zip(a, b, strict=True))


def squared_distance(a, b):
    def term(x, y):
        difference = f32(f32(x) - f32(y))
        return f32(difference * difference)
    return sum32(term(x, y) for x, y in zip(a, b, strict=True))


def manhattan(a, b):
    return sum32(abs(f32(f32(x) - f32(y))) for x, y in zip(a, b, strict=True))


def same_f32(values, expected):
    """The printed numbers name exactly these f32."""
    return [f32(value) for value in values] == [f32(value) for value in expected]
