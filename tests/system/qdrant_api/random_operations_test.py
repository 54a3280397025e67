"""Random writes of every kind against a model in Python, with kill -9 and new starts between them: state, filters, facets,
orders and exact searches must be the model's after each few operations. KITH_TEST_SEED repeats a run.
"""

import collections
import copy

import pytest

from kith_server import Server
from qdrant_face import Face, dot

OPERATIONS = 400
SETTINGS = ["--set", "index.checkpoint_changes=25", "--set", "index.checkpoint_age=100ms", "--set", "index.exact_rows_max=30",
    "--set", "store.fsync=os"]


class Model:
    """What the collection must hold. Vectors: a (dense, 3), m (multi, 2), s (sparse), and x, which comes and goes."""

    def __init__(self, rng):
        self.rng, self.points, self.has_x, self.indexes = rng, {}, False, {}

    def some_ids(self, most=8):
        return self.rng.sample(range(60), self.rng.randint(1, most))

    def vector(self):
        rng, vector = self.rng, {}
        if rng.random() < 0.8:
            vector["a"] = [rng.randint(-8, 8) / 4 for _ in range(3)]
        if rng.random() < 0.4:
            vector["m"] = [[rng.randint(-4, 4), 1] for _ in range(rng.randint(1, 3))]
        if rng.random() < 0.4:
            vector["s"] = {"indices": sorted(rng.sample(range(9), 2)), "values": [rng.randint(1, 4), 0.5]}
        if self.has_x and rng.random() < 0.5:
            vector["x"] = [rng.randint(0, 9), 1]
        return vector

    def payload(self):
        rng, payload = self.rng, {}
        for key, draw in (("k", lambda: rng.choice(["red", "green", "blue"])), ("n", lambda: rng.randint(-3, 3)),
            ("o", lambda: {"x": rng.randint(0, 3)})):
            if rng.random() < 0.7:
                payload[key] = [draw(), draw()] if key != "o" and rng.random() < 0.3 else draw()
        return payload

    def selector(self):
        """A selector and the ids that it chooses."""
        if self.rng.random() < 0.6:
            chosen = [i for i in self.some_ids() if i in self.points] or list(self.points)[:1]
            return ({"points": chosen}, chosen) if chosen else ({"filter": {"must": {"has_id": []}}}, [])
        colour = self.rng.choice(["red", "green", "blue"])
        return {"filter": {"must": {"key": "k", "match": {"value": colour}}}}, self.matching("k", colour)

    def matching(self, key, wanted):
        return [i for i, (payload, _) in self.points.items() if wanted in values(payload, key)]

    # Each answers (method, rest, body) and changes the model.

    def upsert(self):
        mode = self.rng.choice(["upsert", "upsert", "insert_only", "update_only"])
        points = [{"id": i, "vector": self.vector(), "payload": self.payload()} for i in self.some_ids(15)]
        for point in points:
            there = point["id"] in self.points
            if not (mode == "insert_only" and there or mode == "update_only" and not there):
                self.points[point["id"]] = (point["payload"], point["vector"])
        return "PUT", "/points", {"points": points, "update_mode": mode}

    def delete(self):
        selector, chosen = self.selector()
        for i in chosen:
            del self.points[i]
        return "POST", "/points/delete", selector

    def set_payload(self):
        selector, chosen = self.selector()
        new = self.payload()
        for i in chosen:
            self.points[i][0].update(copy.deepcopy(new))
        return "POST", "/points/payload", {"payload": new, **selector}

    def set_below(self):
        selector, chosen = self.selector()
        new = {"y": self.rng.randint(0, 9)}
        for i in chosen:
            self.points[i][0].setdefault("o", {}).update(new)
        return "POST", "/points/payload", {"payload": new, "key": "o", **selector}

    def overwrite(self):
        selector, chosen = self.selector()
        new = self.payload()
        for i in chosen:
            self.points[i] = (copy.deepcopy(new), self.points[i][1])
        return "PUT", "/points/payload", {"payload": new, **selector}

    def delete_keys(self):
        selector, chosen = self.selector()
        for i in chosen:
            payload = self.points[i][0]
            payload.pop("n", None)
            payload.get("o", {}).pop("x", None)
        return "POST", "/points/payload/delete", {"keys": ["n", "o.x"], **selector}

    def update_vectors(self):
        chosen = [i for i in self.some_ids() if i in self.points]
        if not chosen:
            return self.upsert()
        new = {i: self.vector() or {"a": [1, 1, 1]} for i in chosen}
        for i, vector in new.items():
            self.points[i][1].update(vector)
        return "PUT", "/points/vectors", {"points": [{"id": i, "vector": vector} for i, vector in new.items()]}

    def delete_vectors(self):
        selector, chosen = self.selector()
        for i in chosen:
            self.points[i][1].pop("a", None)
            self.points[i][1].pop("s", None)
        return "POST", "/points/vectors/delete", {"vector": ["a", "s"], **selector}

    def index(self):
        key, schema = self.rng.choice([("k", "keyword"), ("n", "integer"), ("o.x", "integer"), ("o.y", "float")])
        if key in self.indexes and self.rng.random() < 0.6:
            del self.indexes[key]
            return "DELETE", "/index/" + key, None
        self.indexes[key] = schema
        return "PUT", "/index", {"field_name": key, "field_schema": schema}

    def toggle_x(self):
        self.has_x = not self.has_x
        if self.has_x:
            return "PUT", "/vectors/x", {"dense": {"size": 2, "distance": "Dot"}}
        for _, vector in self.points.values():
            vector.pop("x", None)
        return "DELETE", "/vectors/x", None

    def step(self):
        kinds = [self.upsert] * 5 + [self.delete, self.set_payload, self.set_below, self.overwrite, self.delete_keys,
            self.update_vectors, self.delete_vectors,
                                     self.index] + ([self.toggle_x] if self.rng.random() < 0.3 else [])
        return self.rng.choice(kinds)()


def values(payload, key):
    for part in key.split("."):
        payload = payload.get(part) if isinstance(payload, dict) else None
    return payload if isinstance(payload, list) else [] if payload is None else [payload]


def check(c, model):
    assert c.points() == {i: model.points[i] for i in sorted(model.points)}
    assert c.count() == c.info()["points_count"] == len(model.points)
    assert {key: entry["points"] for key, entry in c.info()["payload_schema"].items()} == {
        key: sum(bool(values(payload, key)) for payload, _ in model.points.values()) for key in model.indexes}
    for key, wanted in (("k", "red"), ("n", 2), ("n", -3), ("o.x", 1)):
        found = c.ids(filter={"must": {"key": key, "match": {"value": wanted}}})
        assert found == sorted(model.matching(key, wanted)), (key, wanted)
        searched = c.query([1, 2, -1], using="a", limit=100, filter={"must": {"key": key, "match": {"value": wanted}}})
        assert sorted(hit["id"] for hit in searched) == [i for i in found if "a" in model.points[i][1]]
    expected = {i: dot([1, 2, -1], vector["a"]) for i, (_, vector) in model.points.items() if "a" in vector}
    ranked = c.query([1, 2, -1], using="a", limit=100, params={"exact": True})
    assert [(hit["id"], hit["score"]) for hit in ranked] == sorted(expected.items(), key=lambda pair: (-pair[1], pair[0]))
    rows = {i: vector["s"] for i, (_, vector) in model.points.items() if "s" in vector and 3 in vector["s"]["indices"]}
    assert {hit["id"]: hit["score"] for hit in c.query({"indices": [3], "values": [2]}, using="s", limit=100)} == {
        i: 2 * row["values"][row["indices"].index(3)] for i, row in rows.items()}
    multi = {i: max(r[0] for r in vector["m"]) for i, (_, vector) in model.points.items() if "m" in vector}
    assert {hit["id"]: hit["score"] for hit in c.query([[1, 0]], using="m", limit=100)} == multi
    if model.has_x:
        assert {hit["id"]: hit["score"] for hit in c.query([1, 0], using="x", limit=100)} == {i: vector["x"][0] for i,
            (_, vector) in model.points.items() if "x" in vector}
    if "k" in model.indexes:
        counts = collections.Counter(k for payload, _ in model.points.values() for k in set(values(payload, "k")))
        assert [(h["value"], h["count"]) for h in c.post("/facet", {"key": "k"})["hits"]] == sorted(counts.items(),
            key=lambda pair: (-pair[1], pair[0]))
    if "n" in model.indexes:
        ordered = [p["order_value"] for p in c.scroll(order_by="n", limit=1000)["points"]]
        everything = sorted(n for payload, _ in model.points.values() for n in values(payload, "n"))
        # A value that a point has twice may stand once or twice.
        assert ordered == sorted(ordered) and set(ordered) == set(everything) and len(ordered) <= len(everything)


@pytest.mark.parametrize("wait", ["true", "false"])
def test_random_operations_and_kills(tmp_path, seeded, wait):
    model = Model(seeded)
    with Server(tmp_path / "data", *SETTINGS) as server:
        c = Face(server).collection({"vectors": {"a": {"size": 3, "distance": "Dot"},
            "m": {"size": 2, "distance": "Dot", "multivector_config": {"comparator": "max_sim"}}},
                                     "sparse_vectors": {"s": {}}})
        history = collections.deque(maxlen=12)
        for number in range(OPERATIONS):
            method, rest, body = model.step()
            body = copy.deepcopy(body)
            history.append((method, rest, body))
            c.ok(method, f"{rest}?wait={wait}", body)
            killed = seeded.random() < 0.02
            if killed:
                server.kill()
                server.start()
                history.append("kill")
            if killed or number % 10 == 0 or number == OPERATIONS - 1:
                try:
                    check(c, model)
                except AssertionError as error:
                    raise AssertionError(f"after operation {number}; the last ones: {list(history)}: {error}") from error
