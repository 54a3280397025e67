"""Writing points and vectors: forms of ids and vectors, modes, datatypes, batches, and what is refused."""

import math
import uuid

import pytest

from qdrant_face import f32, ids

NAMED = {"vectors": {"image": {"size": 3, "distance": "Dot"}, "text": {"size": 2, "distance": "Euclid"}},
         "sparse_vectors": {"words": {}}}


# ── Ids ──────────────────────────────────────────────────────────────────────────────────────────────────

def test_ids_and_their_order(api):
    c = api.collection(2)
    plain = uuid.UUID("6f1c3a52-6a0e-5d6d-9d7b-0a3f6f3c1f11")
    given = ["zebra", 2**64 - 1, str(plain).upper(), 0, "ключ", 7, "1", "00000000-0000-0000-0000-000000000001", "x" * 512]
    result = c.upsert([{"id": i, "vector": [1, 2], "payload": {"n": n}} for n, i in enumerate(given)])
    assert result["status"] == "completed"
    expected = [0, 7, 2**64 - 1, "00000000-0000-0000-0000-000000000001", str(plain), "1", "x" * 512, "zebra", "ключ"]
    assert c.ids() == expected, "numbers, UUIDs, strings"
    for form in (plain.hex, plain.urn, str(plain).upper()):
        assert c.point(form)["id"] == str(plain)
        assert ids(c.post("/points", {"ids": [form]})) == [str(plain)]
    c.write("POST", "/points/delete", {"points": [plain.urn, "1"]})
    assert c.ids() == [i for i in expected if i not in (str(plain), "1")]


@pytest.mark.parametrize("point_id", [-1, 1.5, True, None, [], {}, 2**64])
def test_impossible_ids(cities, point_id):
    cities.refused("PUT", "/points", {"points": [{"id": point_id, "vector": [1, 2, 3, 4]}]}, 400, says="Format error in JSON body: ")
    cities.refused("POST", "/points/delete", {"points": [point_id]}, 400)
    assert cities.count() == 6


# ── Vectors: what goes in comes out ──────────────────────────────────────────────────────────────────────

def test_numbers_come_back_as_sent(api):
    c = api.collection(8)
    vector = [0.05, 0.61, -0.1, 1e-7, 3.4e38, 16777217.0, 1.4063001, 1e-45]
    c.upsert([{"id": 1, "vector": vector}])
    back = c.point(1)["vector"]
    assert [f32(x) for x in back] == [f32(x) for x in vector]
    assert back[:5] == vector[:5] and back[6] == 1.4063001, "the shortest decimals that name the same f32"


def test_the_unnamed_vector_beside_others(api):
    """Adapters do this for hybrid search: the object form is used both ways."""
    c = api.collection({"vectors": {"": {"size": 2, "distance": "Dot"}}, "sparse_vectors": {"s": {}}})
    c.upsert([{"id": 1, "vector": {"": [1, 2], "s": {"indices": [1], "values": [2]}}},
        {"id": 2, "vector": {"s": {"indices": [1], "values": [1]}}}])
    assert c.points() == {1: ({}, {"": [1, 2], "s": {"indices": [1], "values": [2]}}), 2: ({}, {"s": {"indices": [1], "values": [1]}})}
    assert ids(c.query([1, 1])) == [1] and ids(c.query({"indices": [1], "values": [1]}, using="s")) == [1, 2]
    c.write("PUT", "/points/vectors", {"points": [{"id": 2, "vector": [3, 3]}]})
    assert ids(c.query([1, 1], using="")) == [2, 1]


@pytest.mark.parametrize("name, vector, back", [
    ("unnamed", [1, 2, 3, 4], [1, 2, 3, 4]),
    ("unnamed", {"": [1, 2, 3, 4]}, [1, 2, 3, 4]),
    ("unnamed", {}, {}),
    ("named", {"image": [1, 2, 3]}, {"image": [1, 2, 3]}),
    ("named", {"image": [1, 2, 3], "text": [4, 5]}, {"image": [1, 2, 3], "text": [4, 5]}),
    ("named", {"words": {"indices": [5, 2, 4294967295], "values": [0.5, 2, -1]}},
        {"words": {"indices": [2, 5, 4294967295], "values": [2, 0.5, -1]}}),
    ("named", {"words": {"indices": [], "values": []}}, {"words": {"indices": [], "values": []}}),
    ("named", {}, {}),
    ("multi", [[1, 2], [3, 4], [5, 6]], [[1, 2], [3, 4], [5, 6]]),
    ("multi", [1, 2], [[1, 2]]),
])
def test_forms_of_vectors(api, name, vector, back):
    config = {"unnamed": 4, "named": NAMED,
              "multi": {"vectors": {"size": 2, "distance": "Dot", "multivector_config": {"comparator": "max_sim"}}}}[name]
    c = api.collection(config)
    c.upsert([{"id": 1, "vector": vector, "payload": {"kept": True}}])
    assert c.point(1) == {"id": 1, "vector": back, "payload": {"kept": True}}
    assert c.ids() == [1]


def test_cosine_is_stored_normalised_and_dot_is_not(api):
    c = api.collection({"vectors": {"cosine": {"size": 2, "distance": "Cosine"}, "dot": {"size": 2, "distance": "Dot"}}})
    c.upsert([{"id": 1, "vector": {"cosine": [3, 4], "dot": [3, 4]}}, {"id": 2, "vector": {"cosine": [0, 0], "dot": [0, 0]}}])
    vectors = c.point(1)["vector"]
    assert vectors["dot"] == [3, 4] and vectors["cosine"] == pytest.approx([0.6, 0.8], abs=1e-6)
    assert c.point(2)["vector"] == {"cosine": [0, 0], "dot": [0, 0]}
    assert c.query([30, 40], using="cosine")[0]["score"] == pytest.approx(1, abs=1e-6)


def test_datatypes(api):
    kinds = {kind: {"size": 4, "distance": "Dot", "datatype": kind} for kind in ("float32", "float16", "uint8")}
    c = api.collection({"vectors": kinds})
    vector = [0.1, 2.9, 300.5, -7]
    c.upsert([{"id": 1, "vector": {kind: vector for kind in kinds}}])
    back = c.point(1)["vector"]
    assert back["float32"] == vector
    assert back["uint8"] == [0, 2, 255, 0], "truncated towards 0, clamped to 0…255"
    assert back["float16"] == pytest.approx(vector, rel=2**-10) and back["float16"] != vector
    assert c.query([0, 1, 0, 0], using="uint8")[0]["score"] == 2
    assert c.query([0, 0, 1, 0], using="float16")[0]["score"] == pytest.approx(300.5, rel=2**-10)


@pytest.mark.parametrize("vector, status, exactly", [
    ([1, 2, 3], 400, "Wrong input: Vector dimension error: expected dim: 4, got 3"),
    ([1, 2, 3, 4, 5], 400, "Wrong input: Vector dimension error: expected dim: 4, got 5"),
    ({"": [1]}, 400, "Wrong input: Vector dimension error: expected dim: 4, got 1"),
    ({"other": [1, 2, 3, 4]}, 400, "Wrong input: Not existing vector name error: other"),
])
@pytest.mark.parametrize("wait", ["true", "false"])
def test_wrong_vectors_are_refused_at_once(cities, vector, status, exactly, wait):
    for method, rest, body in (("PUT", "/points", {"points": [{"id": 9, "vector": [1, 2, 3, 4]}, {"id": 1, "vector": vector}]}),
                               ("PUT", "/points/vectors", {"points": [{"id": 1, "vector": vector}]}),
                               ("POST", "/points/batch", {"operations": [{"upsert": {"points": [{"id": 1, "vector": vector}]}}]})):
        cities.refused(method, rest + "?wait=" + wait, body, status, exactly=exactly)
    assert cities.count() == 6 and cities.point(1)["vector"] == [0.05, 0.61, 0.76, 0.74]


@pytest.mark.parametrize("vector", [{"image": {"indices": [1], "values": [1]}}, {"words": [1, 2, 3]}, {"image": [[1, 2, 3], [4, 5, 6]]}])
def test_vectors_of_the_wrong_kind(api, vector):
    c = api.collection(NAMED)
    c.refused("PUT", "/points?wait=true", {"points": [{"id": 1, "vector": vector}]}, (400, 422))
    assert c.count() == 0


# ── Upsert ───────────────────────────────────────────────────────────────────────────────────────────────

def test_upsert_replaces_the_whole_point(api):
    c = api.collection(NAMED)
    c.upsert([{"id": 1, "vector": {"image": [1, 2, 3], "text": [1, 1]}, "payload": {"a": 1, "b": 2}}])
    c.upsert([{"id": 1, "vector": {"text": [2, 2]}, "payload": {"b": 3}}])
    assert c.point(1) == {"id": 1, "vector": {"text": [2, 2]}, "payload": {"b": 3}}
    c.upsert([{"id": 1, "vector": {"image": [9, 9, 9]}}])
    assert c.point(1) == {"id": 1, "vector": {"image": [9, 9, 9]}, "payload": {}}
    assert c.query([1, 1], using="text") == [] and len(c.query([1, 0, 0], using="image")) == 1
    assert c.count() == 1


def test_the_last_of_equal_ids_wins(api):
    c = api.collection(2)
    c.upsert([{"id": 1, "vector": [1, 1], "payload": {"n": 1}}, {"id": 2, "vector": [2, 2]},
        {"id": 1, "vector": [3, 3], "payload": {"n": 3}}])
    assert c.points() == {1: ({"n": 3}, [3, 3]), 2: ({}, [2, 2])}


@pytest.mark.parametrize("batch, expected", [
    ({"ids": [1, 2], "vectors": [[1, 2], [3, 4]], "payloads": [{"a": 1}, None]}, {1: ({"a": 1}, [1, 2]), 2: ({}, [3, 4])}),
    ({"ids": [1], "vectors": [[1, 2]]}, {1: ({}, [1, 2])}),
    ({"ids": [], "vectors": []}, {}),
])
def test_batches(api, batch, expected):
    c = api.collection(2)
    c.write("PUT", "/points", {"batch": batch})
    assert c.points() == expected


def test_batches_of_named_vectors(api):
    c = api.collection(NAMED)
    c.write("PUT", "/points", {"batch": {"ids": [1, 2], "payloads": [{}, {"b": 1}], "vectors": {
        "image": [[1, 2, 3], [4, 5, 6]], "words": [{"indices": [1], "values": [2]}, {"indices": [3], "values": [4]}]}}})
    assert c.points() == {1: ({}, {"image": [1, 2, 3], "words": {"indices": [1], "values": [2]}}),
                          2: ({"b": 1}, {"image": [4, 5, 6], "words": {"indices": [3], "values": [4]}})}


@pytest.mark.parametrize("batch", [
    {"ids": [1, 2], "vectors": [[1, 2]]}, {"ids": [1], "vectors": [[1, 2], [3, 4]]}, {"ids": [1], "vectors": [[1, 2]], "payloads": []},
    {"ids": [1, 2], "vectors": [[1, 2], [3, 4]], "payloads": [{}]}])
def test_batches_of_unequal_lengths(api, batch):
    c = api.collection(2)
    message = c.refused("PUT", "/points", {"batch": batch}, 422, says="Validation error in JSON body: ")
    assert "number of ids" in message and c.count() == 0


@pytest.mark.parametrize("form", ["points", "batch"])
@pytest.mark.parametrize("mode, expected", [
    ("upsert", {1: "new", 2: "old", 3: "new"}), ("insert_only", {1: "old", 2: "old", 3: "new"}), ("update_only", {1: "new", 2: "old"})])
def test_update_modes(api, form, mode, expected):
    c = api.collection(2, [{"id": n, "vector": [1, 1], "payload": {"from": "old"}} for n in (1, 2)])
    if form == "points":
        body = {"points": [{"id": n, "vector": [2, 2], "payload": {"from": "new"}} for n in (1, 3)]}
    else:
        body = {"batch": {"ids": [1, 3], "vectors": [[2, 2], [2, 2]], "payloads": [{"from": "new"}] * 2}}
    c.write("PUT", "/points", {**body, "update_mode": mode})
    found = c.points()
    assert {i: payload["from"] for i, (payload, _) in found.items()} == expected
    assert all(vector == ([2, 2] if payload["from"] == "new" else [1, 1]) for payload, vector in found.values())


def test_update_filter(api):
    """Points that exist and do not match stay; new ones are inserted whatever the filter says."""
    c = api.collection(2, [{"id": n, "vector": [1, 1], "payload": {"version": n}} for n in (1, 2, 3)])
    new = [{"id": n, "vector": [2, 2], "payload": {"version": 10}} for n in (1, 2, 3, 4)]
    older = {"must": [{"key": "version", "range": {"lt": 3}}]}
    c.upsert(new, update_filter=older)
    assert {i: payload["version"] for i, (payload, _) in c.points().items()} == {1: 10, 2: 10, 3: 3, 4: 10}
    c.upsert([{"id": n, "vector": [3, 3], "payload": {"version": 20}} for n in (3, 4, 5)], update_filter=older, update_mode="update_only")
    assert {i: payload["version"] for i, (payload, _) in c.points().items()} == {1: 10, 2: 10, 3: 3, 4: 10}
    c.upsert([{"id": 3, "vector": [3, 3], "payload": {"version": 4}}], update_filter={"must_not": older})
    assert c.point(3) == {"id": 3, "vector": [3, 3], "payload": {"version": 4}}


def test_update_filter_of_vectors(api):
    c = api.collection(2, [{"id": n, "vector": [n, n], "payload": {"n": n}} for n in (1, 2)])
    c.write("PUT", "/points/vectors", {"points": [{"id": n, "vector": [9, 9]} for n in (1, 2)],
        "update_filter": {"must": {"key": "n", "match": {"value": 2}}}})
    assert {i: vector for i, (_, vector) in c.points().items()} == {1: [1, 1], 2: [9, 9]}


# ── wait, ordering ───────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("query, status", [("", "acknowledged"), ("?wait=false", "acknowledged"), ("?wait=true", "completed"),
                                           ("?wait=true&ordering=strong", "completed"), ("?ordering=weak", "acknowledged"),
                                           ("?wait=true&ordering=medium&timeout=60", "completed")])
def test_writes_are_read_at_once(cities, query, status):
    steps = [("PUT", "/points", {"points": [{"id": 50, "vector": [9, 9, 9, 9], "payload": {"n": 1}}]}),
             ("POST", "/points/payload", {"payload": {"n": 2}, "points": [50]}),
             ("PUT", "/points/vectors", {"points": [{"id": 50, "vector": [8, 8, 8, 8]}]}),
             ("POST", "/points/delete", {"points": [1]})]
    operations = []
    for method, rest, body in steps:
        result = cities.ok(method, rest + query, body)
        assert result["status"] == status
        operations.append(result["operation_id"])
    assert operations == sorted(operations) and len(set(operations)) == 4
    assert cities.point(50) == {"id": 50, "vector": [8, 8, 8, 8], "payload": {"n": 2}}
    assert cities.query([1, 1, 1, 1], limit=1)[0]["id"] == 50 and cities.count() == 6


# ── Vectors of points ────────────────────────────────────────────────────────────────────────────────────

def test_update_vectors_merges(api):
    c = api.collection(NAMED)
    c.upsert([{"id": 1, "vector": {"image": [1, 2, 3], "text": [1, 1]}, "payload": {"kept": 1}}, {"id": 2, "vector": {}}])
    c.write("PUT", "/points/vectors", {"points": [{"id": 1, "vector": {"text": [5, 5]}},
        {"id": 2, "vector": {"words": {"indices": [3, 1], "values": [1, 2]}}},
                                                  {"id": 1, "vector": {"text": [6, 6], "words": {"indices": [0], "values": [1]}}}]})
    assert c.points() == {1: ({"kept": 1}, {"image": [1, 2, 3], "text": [6, 6], "words": {"indices": [0], "values": [1]}}),
                          2: ({}, {"words": {"indices": [1, 3], "values": [2, 1]}})}
    assert ids(c.query([6, 6], using="text")) == [1]


@pytest.mark.parametrize("rest, body", [
    ("/points/vectors", {"points": [{"id": 1, "vector": [9, 9, 9, 9]}, {"id": 30, "vector": [1, 2, 3, 4]}]}),
])
def test_vectors_of_unknown_points(cities, rest, body):
    cities.refused("PUT", rest + "?wait=true", body, 404, exactly="Not found: No point with id 30 found")
    assert cities.point(1)["vector"] == [0.05, 0.61, 0.76, 0.74]


def test_delete_vectors(api):
    c = api.collection(NAMED)
    c.upsert([{"id": n, "vector": {"image": [n, 0, 0], "text": [n, n], "words": {"indices": [n], "values": [1]}},
        "payload": {"n": n}} for n in range(1, 5)])
    c.write("POST", "/points/vectors/delete", {"points": [1, 99], "vector": ["image"]})
    c.write("POST", "/points/vectors/delete", {"filter": {"must": {"key": "n", "range": {"gte": 4}}}, "vector": ["text", "words"]})
    c.write("POST", "/points/vectors/delete", {"points": [1], "vector": ["image"]})
    assert set(c.point(1)["vector"]) == {"text", "words"} and set(c.point(4)["vector"]) == {"image"}
    assert sorted(ids(c.query([1, 0, 0], using="image"))) == [2, 3, 4]
    assert sorted(ids(c.query([0, 0], using="text"))) == [1, 2, 3]
    c.refused("POST", "/points/vectors/delete?wait=true", {"points": [2], "vector": ["image", "absent"]}, 400,
              exactly="Wrong input: Not existing vector name error: absent")
    assert "image" in c.point(2)["vector"]


def test_delete_the_unnamed_vector(api):
    c = api.collection(2, [{"id": 1, "vector": [1, 2], "payload": {"a": 1}}, {"id": 2, "vector": [2, 1]}])
    c.write("POST", "/points/vectors/delete", {"points": [1], "vector": [""]})
    assert c.point(1) == {"id": 1, "vector": {}, "payload": {"a": 1}}
    assert ids(c.query([1, 1])) == [2] and c.count() == 2
    c.write("PUT", "/points/vectors", {"points": [{"id": 1, "vector": [7, 7]}]})
    assert ids(c.query([1, 1])) == [1, 2]


# ── Delete ───────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("selector, left", [
    ({"points": [1, 2]}, [3, 4, 5, 6]), ({"points": [99]}, [1, 2, 3, 4, 5, 6]), ({"points": []}, [1, 2, 3, 4, 5, 6]),
    ({"filter": {"must": {"key": "city", "match": {"value": "Berlin"}}}}, [4, 5, 6]), ({"filter": {}}, []),
    ({"filter": {"must_not": [{"has_id": [2, 4]}]}}, [2, 4]),
])
def test_delete(cities, selector, left):
    cities.write("POST", "/points/delete", selector)
    assert cities.ids() == left and cities.count() == len(left)
    assert sorted(ids(cities.query([1, 1, 1, 1]))) == left
    assert cities.info()["points_count"] == len(left)


def test_a_deleted_point_comes_back_as_new(cities):
    cities.write("POST", "/points/delete", {"points": [1]})
    cities.refused("GET", "/points/1", None, 404, says="1")
    cities.upsert([{"id": 1, "vector": [1, 1, 1, 1]}])
    assert cities.point(1) == {"id": 1, "vector": [1, 1, 1, 1], "payload": {}}


# ── Batches of operations ────────────────────────────────────────────────────────────────────────────────

def test_operations_run_in_order(api):
    c = api.collection(NAMED, [{"id": 1, "vector": {"image": [1, 1, 1]}, "payload": {"a": 1}}])
    operations = [
        {"upsert": {"points": [{"id": 2, "vector": {"image": [2, 2, 2], "text": [2, 2]}, "payload": {"a": 2, "b": {"c": 1}}}]}},
        {"upsert": {"batch": {"ids": [3, 4], "vectors": {"text": [[3, 3], [4, 4]]}, "payloads": [{"a": 3}, {"a": 4}]}}},
        {"set_payload": {"payload": {"d": 5}, "points": [2], "key": "b"}},
        {"overwrite_payload": {"payload": {"only": True}, "filter": {"must": {"key": "a", "match": {"value": 3}}}}},
        {"delete_payload": {"keys": ["a"], "points": [2, 4]}},
        {"clear_payload": {"points": [1]}},
        {"update_vectors": {"points": [{"id": 4, "vector": {"image": [4, 4, 4]}}]}},
        {"delete_vectors": {"points": [2], "vector": ["text"]}},
        {"delete": {"points": [1]}},
        {"upsert": {"points": [{"id": 1, "vector": {"image": [9, 9, 9]}}]}},
        {"delete": {"filter": {"must": {"key": "only", "match": {"value": True}}}}},
    ]
    results = c.ok("POST", "/points/batch?wait=true", {"operations": operations})
    assert [r["status"] for r in results] == ["completed"] * len(operations)
    numbers = [r["operation_id"] for r in results]
    assert numbers == sorted(numbers)
    assert c.points() == {1: ({}, {"image": [9, 9, 9]}), 2: ({"b": {"c": 1, "d": 5}}, {"image": [2, 2, 2]}),
                          4: ({}, {"text": [4, 4], "image": [4, 4, 4]})}
    results = c.ok("POST", "/points/batch", {"operations": [{"delete": {"points": [1]}}, {"delete": {"points": [2]}}]})
    assert [r["status"] for r in results] == ["acknowledged"] * 2 and c.ids() == [4]


def test_versions_count_operations(api):
    c = api.collection(2)
    first = c.upsert([{"id": 1, "vector": [1, 1]}, {"id": 2, "vector": [1, 2]}])["operation_id"]
    second = c.write("POST", "/points/payload", {"payload": {"a": 1}, "points": [2]})["operation_id"]
    assert second > first
    versions = {hit["id"]: hit["version"] for hit in c.query([1, 1])}
    assert versions == {1: first, 2: second}


def test_many_points_in_one_request(api):
    c = api.collection({"vectors": {"size": 16, "distance": "Euclid"}})
    points = [{"id": n, "vector": [math.sin(n * (k + 1)) for k in range(16)], "payload": {"n": n}} for n in range(5000)]
    c.upsert(points)
    assert c.count() == 5000 and c.info()["points_count"] == 5000
    for n in (0, 2500, 4999):
        hit = c.query(points[n]["vector"], limit=1, params={"exact": True})[0]
        assert hit["id"] == n and hit["score"] == pytest.approx(0, abs=1e-3)
