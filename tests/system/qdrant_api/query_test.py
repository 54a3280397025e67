"""points/query: nearest in every metric, by id, with threshold, offset and parameters; sparse, multi; order, sample; bit for
bit the same whichever way it is asked."""

import math
import random

import pytest

from qdrant_face import dot, f32, ids, manhattan, same_f32, scores, squared_distance

U64_MAX = 2**64 - 1


def distance(metric, a, b):
    if metric == "Dot":
        return dot(a, b)
    if metric == "Cosine":
        return math.fsum(x * y for x, y in zip(a, b)) / math.sqrt(math.fsum(x * x for x in a) * math.fsum(y * y for y in b))
    return math.sqrt(squared_distance(a, b)) if metric == "Euclid" else manhattan(a, b)


def random_points(seed, count, size):
    rng = random.Random(seed)
    return [{"id": n, "vector": [f32(rng.uniform(-1, 1)) for _ in range(size)],
        "payload": {"n": n, "odd": n % 2 == 1}} for n in range(count)]


# ── Nearest ──────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("size", [1, 4, 15, 16, 100])
@pytest.mark.parametrize("metric", ["Dot", "Cosine", "Euclid", "Manhattan"])
def test_scores_and_order(api, metric, size):
    points = random_points(size, 60, size)
    c = api.collection({"vectors": {"size": size, "distance": metric}}, points)
    query = [f32(math.sin(n + 1)) for n in range(size)]
    hits = c.query(query, limit=60)
    expected = {p["id"]: distance(metric, query, p["vector"]) for p in points}
    assert sorted(ids(hits)) == sorted(expected)
    assert all(hit["score"] == pytest.approx(expected[hit["id"]], rel=1e-5, abs=1e-5) for hit in hits)
    assert scores(hits) == sorted(scores(hits), reverse=metric in ("Dot", "Cosine"))
    if size < 16 and metric in ("Dot", "Manhattan", "Euclid"):
        assert same_f32(scores(hits), [expected[hit["id"]] for hit in hits]), "f32, one term after the other"


def test_the_example_of_the_documentation(cities):
    hits = cities.query([0.2, 0.1, 0.9, 0.7], limit=3)
    assert ids(hits) == [4, 1, 3] and [round(s, 3) for s in scores(hits)] == [1.362, 1.273, 1.208]
    assert all(set(hit) == {"id", "version", "score"} for hit in hits)
    london = cities.query([0.2, 0.1, 0.9, 0.7], limit=3, filter={"should": [{"key": "city", "match": {"value": "London"}}]})
    assert ids(london) == [4, 2] and [round(s, 3) for s in scores(london)] == [1.362, 0.871]


@pytest.mark.parametrize("form", [[1.0, 0, 0.5, 0.25], {"nearest": [1.0, 0, 0.5, 0.25]}, {"nearest": [1.0, 0, 0.5, 0.25], "mmr": None}])
def test_forms_of_nearest(cities, form):
    assert cities.query(form) == cities.query([1.0, 0, 0.5, 0.25])
    assert cities.query(form, using="") == cities.query([1.0, 0, 0.5, 0.25])


@pytest.mark.parametrize("metric", ["Dot", "Cosine", "Euclid", "Manhattan"])
def test_threshold_limit_and_offset(api, metric):
    points = random_points(3, 40, 8)
    c = api.collection({"vectors": {"size": 8, "distance": metric}}, points)
    query = points[7]["vector"]
    everyone = c.query(query, limit=40)
    assert len(c.query(query)) == 10 and c.query(query) == everyone[:10]
    assert c.query(query, limit=7, offset=5) == everyone[5:12]
    assert c.query(query, limit=7, offset=38) == everyone[38:] and c.query(query, offset=40) == []
    middle = everyone[12]["score"]
    above = c.query(query, limit=40, score_threshold=middle)
    assert above == everyone[:13], "at least as good, in the metric's sense"
    between = (everyone[12]["score"] + everyone[13]["score"]) / 2
    assert c.query(query, limit=40, score_threshold=between) == everyone[:13]
    assert c.query(query, limit=5, offset=10, score_threshold=between) == everyone[10:13]
    impossible = 1e6 if metric in ("Dot", "Cosine") else -1
    assert c.query(query, score_threshold=impossible) == []


def test_by_id(api):
    points = random_points(4, 30, 6)
    c = api.collection({"vectors": {"size": 6, "distance": "Dot"}},
        [*points, {"id": "f47ac10b-58cc-4372-a567-0e02b2c3d479", "vector": points[3]["vector"]},
                                                                  {"id": "a name", "vector": points[4]["vector"]}])
    by_vector = c.query(points[3]["vector"], limit=40)
    for query in (3, {"nearest": 3}):
        assert c.query(query, limit=40) == [hit for hit in by_vector if hit["id"] != 3], "the example itself is left out"
    assert c.query("F47AC10B58CC4372A5670E02B2C3D479",
        limit=40) == [h for h in by_vector if h["id"] != "f47ac10b-58cc-4372-a567-0e02b2c3d479"]
    assert ids(c.query("a name", limit=40)) == [h["id"] for h in c.query(points[4]["vector"], limit=40) if h["id"] != "a name"]
    filtered = c.query(3, limit=40, filter={"must": {"key": "odd", "match": {"value": True}}})
    assert ids(filtered) == [h["id"] for h in by_vector if isinstance(h["id"], int) and h["id"] % 2 and h["id"] != 3]


def test_params_do_not_change_exact_answers(cities):
    expected = cities.query([0.2, 0.1, 0.9, 0.7])
    for params in ({"exact": True}, {"hnsw_ef": 1}, {"hnsw_ef": 10000, "exact": False}, {"indexed_only": False}, {},
                   {"quantization": {"ignore": True, "rescore": False, "oversampling": 1.0}},
                       {"acorn": {"enable": True, "max_selectivity": 0.4}}):
        assert cities.query([0.2, 0.1, 0.9, 0.7], params=params) == expected, params


def test_no_query_is_a_scroll_by_id(api):
    c = api.collection(2, random_points(1, 25, 2))
    hits = c.query()
    assert ids(hits) == list(range(10)) and all(isinstance(hit["version"], int) for hit in hits)
    assert ids(c.query(limit=4, offset=3)) == [3, 4, 5, 6]
    assert ids(c.query(limit=100, filter={"must": {"key": "odd", "match": {"value": True}}})) == list(range(1, 25, 2))
    hit = c.query(limit=1, with_payload=["n"], with_vector=True)[0]
    assert hit["payload"] == {"n": 0} and len(hit["vector"]) == 2


# ── Bit for bit ──────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("metric", ["Dot", "Cosine", "Euclid", "Manhattan"])
def test_the_same_answer_whichever_way(api, metric):
    rng = random.Random(9)
    points = random_points(8, 400, 24)
    for n in range(0, 400, 10):  # ties
        points[n]["vector"] = points[0]["vector"]
    c = api.collection({"vectors": {"size": 24, "distance": metric}}, points)
    queries = [[rng.uniform(-1, 1) for _ in range(24)] for _ in range(5)] + [points[0]["vector"], 17]
    singles = [c.query(query, limit=50) for query in queries]
    for query, single in zip(queries, singles):
        assert c.query(query, limit=50) == single
        assert c.query(query, limit=50, prefetch={"query": query, "limit": 1000}) == single
        assert c.query(query, limit=50, prefetch=[{"prefetch": [{"query": query, "limit": 1000}], "query": query, "limit": 500}]) == single
        assert c.query(query, limit=20, offset=30, prefetch={"limit": 1000}) == single[30:50]
        assert c.query(query, limit=20) == single[:20]
        assert c.query(query, limit=50, filter={"must": [{"has_id": list(range(400))}]}) == single
    batch = c.post("/points/query/batch", {"searches": [{"query": query, "limit": 50} for query in queries]})
    assert [answer["points"] for answer in batch] == singles
    tied = [hit["id"] for hit in c.query(points[0]["vector"], limit=60) if hit["id"] % 10 == 0]
    assert tied == sorted(tied), "equal scores stand in the order of ids"


def test_batches(cities):
    searches = [{"query": [1, 0, 0, 0], "limit": 2, "with_payload": True}, {"limit": 1, "with_vector": True}, {"query": 3, "limit": 1},
                {"query": {"fusion": "rrf"}, "prefetch": [{"query": [1, 0, 0, 0]}], "limit": 1}]
    answers = cities.post("/points/query/batch", {"searches": searches})
    assert [answer["points"] for answer in answers] == [cities.post("/points/query", search)["points"] for search in searches]
    assert cities.post("/points/query/batch", {"searches": []}) == []
    cities.refused("POST", "/points/query/batch", {"searches": [searches[0], {"query": [1, 0]}]}, 400,
        says="Vector dimension error: expected dim: 4, got 2")


# ── Named, sparse and multi vectors ──────────────────────────────────────────────────────────────────────

@pytest.fixture(scope="module")
def mixed(session_api):
    rng = random.Random(2)
    points = []
    for n in range(40):
        vector = {"dense": [rng.randint(-8, 8) for _ in range(3)]}
        if n % 4:
            indices = sorted(rng.sample(range(12), rng.randint(1, 5)))
            vector["words"] = {"indices": indices, "values": [rng.randint(-4, 4) / 2 for _ in indices]}
            vector["idf"] = {"indices": indices, "values": [rng.randint(1, 4) / 2 for _ in indices]}
        if n % 3:
            for name in ("dots", "euclid", "cosine"):
                vector[name] = [[rng.randint(-4, 4) or 1 for _ in range(2)] for _ in range(rng.randint(1, 4))]
        points.append({"id": n, "vector": vector})
    multi = {"multivector_config": {"comparator": "max_sim"}, "size": 2}
    c = session_api.collection({"vectors": {"dense": {"size": 3, "distance": "Dot"}, "dots": {**multi, "distance": "Dot"},
        "euclid": {**multi, "distance": "Euclid"},
                                            "cosine": {**multi, "distance": "Cosine"}},
                                                "sparse_vectors": {"words": {}, "idf": {"modifier": "idf"}}}, points)
    return c, points


def sparse_scores(points, name, query, weight=lambda index: 1.0):
    found = {}
    for point in points:
        row = point["vector"].get(name)
        if row and set(row["indices"]) & set(query):
            found[point["id"]] = sum(query[i] * weight(i) * v for i, v in zip(row["indices"], row["values"]) if i in query)
    return found


@pytest.mark.parametrize("query", [{1: 1.0}, {0: 0.5, 3: -2.0, 7: 1.5}, {i: 1.0 for i in range(12)}, {99: 1.0}, {4294967295: 1.0, 2: 3.0}])
def test_sparse(mixed, query):
    c, points = mixed
    hits = c.query({"indices": list(query), "values": list(query.values())}, using="words", limit=100)
    expected = sparse_scores(points, "words", query)
    assert sorted(ids(hits)) == sorted(expected), "only points that share an index"
    assert all(hit["score"] == pytest.approx(expected[hit["id"]], abs=1e-5) for hit in hits)
    assert scores(hits) == sorted(scores(hits), reverse=True)


def test_sparse_with_idf(mixed):
    c, points = mixed
    rows = [p["vector"]["idf"]["indices"] for p in points if "idf" in p["vector"]]

    def weight(index):
        frequency = sum(index in row for row in rows)
        return math.log((len(rows) - frequency + 0.5) / (frequency + 0.5) + 1)
    query = {1: 1.0, 4: 2.0, 9: 0.5}
    hits = c.query({"indices": list(query), "values": list(query.values())}, using="idf", limit=100)
    expected = sparse_scores(points, "idf", query, weight)
    assert {hit["id"]: hit["score"] for hit in hits} == pytest.approx(expected, rel=1e-4, abs=1e-5)


def max_sim(metric, query, rows):
    if metric == "euclid":
        return math.sqrt(sum(min(squared_distance(q, r) for r in rows) for q in query))
    kind = "Dot" if metric == "dots" else "Cosine"
    return sum(max(distance(kind, q, r) for r in rows) for q in query)


@pytest.mark.parametrize("query", [[[1, 2]], [[1, 0], [0, 1], [-3, 2]], [3, -1]])
@pytest.mark.parametrize("name", ["dots", "euclid", "cosine"])
def test_max_sim(mixed, name, query):
    c, points = mixed
    rows = query if isinstance(query[0], list) else [query]
    hits = c.query(query, using=name, limit=100)
    expected = {p["id"]: max_sim(name, rows, p["vector"][name]) for p in points if name in p["vector"]}
    assert {hit["id"]: hit["score"] for hit in hits} == pytest.approx(expected, rel=1e-5, abs=1e-5)
    assert scores(hits) == sorted(scores(hits), reverse=name != "euclid")
    threshold = hits[5]["score"]
    assert all(hit["score"] <= threshold if name == "euclid" else hit["score"] >= threshold for hit in c.query(query, using=name,
        limit=100, score_threshold=threshold))


def test_max_sim_of_the_contract(api):
    c = api.collection({"vectors": {"size": 2, "distance": "Euclid", "multivector_config": {"comparator": "max_sim"}}},
        [{"id": 1, "vector": [[0, 0], [10, 10]]}])
    hit = c.query([[1, 0], [3, 3]])[0]
    assert hit["score"] == 4.358899, "sqrt(1 + 18), in f32, printed short"


def test_by_id_of_every_kind(mixed):
    c, points = mixed
    for name in ("dense", "words", "dots"):
        vector = points[1]["vector"][name]
        assert c.query(1, using=name, limit=100) == [hit for hit in c.query(vector, using=name, limit=100) if hit["id"] != 1]


def test_lookup_from(api, mixed):
    c, points = mixed
    other = api.collection({"vectors": {"a": {"size": 3, "distance": "Dot"}, "b": {"size": 2, "distance": "Dot"}},
        "sparse_vectors": {"s": {}}},
                           [{"id": 5, "vector": {"a": [1, 2, 3], "b": [1, 2], "s": {"indices": [1, 2], "values": [1, 1]}}},
                               {"id": 6, "vector": {}}])
    found = c.query(5, using="dense", lookup_from={"collection": other.name, "vector": "a"}, limit=100)
    assert found == c.query([1, 2, 3], using="dense", limit=100), "5 of this collection is no example"
    assert ids(c.query(5, using="words", lookup_from={"collection": other.name, "vector": "s"}, limit=100)) == ids(
        c.query({"indices": [1, 2], "values": [1, 1]}, using="words", limit=100))
    # Without a name it is the vector of the same name as the one that is searched.
    plain = api.collection({"vectors": {"dense": {"size": 3, "distance": "Dot"}}}, [{"id": 1, "vector": {"dense": [1, 2, 3]}}])
    assert c.query(1, using="dense", lookup_from={"collection": plain.name}) == c.query([1, 2, 3], using="dense")
    c.refused("POST", "/points/query", {"query": 5, "using": "dense", "lookup_from": {"collection": other.name}}, 400,
        says="Not existing vector name error: dense")


@pytest.mark.parametrize("body, status, exactly", [
    ({"query": [1, 2, 3], "using": "absent"}, 400, "Wrong input: Not existing vector name error: absent"),
    ({"query": [1, 2, 3]}, 400, None),
    ({"query": [1, 2], "using": "dense"}, 400, "Wrong input: Vector dimension error: expected dim: 3, got 2"),
    ({"query": 999, "using": "dense"}, 404, "Not found: No point with id 999 found"),
    ({"query": "absent", "using": "dense"}, 404, None),
    ({"query": 0, "using": "words"}, (400, 404), None),
    ({"query": {"indices": [1], "values": [1]}, "using": "dense"}, 400, None),
    ({"query": [1, 2, 3], "using": "words"}, 400, None),
    ({"query": {"indices": [1, 1], "values": [1, 1]}, "using": "words"}, (400, 422), None),
    ({"query": {"indices": [1, 2], "values": [1]}, "using": "words"}, (400, 422), None),
    ({"query": [[1, 2], [1]], "using": "dots"}, (400, 422), None),
    ({"query": [[1, 2, 3]], "using": "dots"}, 400, None),
    ({"query": 1, "using": "dense", "lookup_from": {"collection": "none"}}, 404, "Not found: Collection none not found"),
    ({"query": [1, 2, 3], "using": "dense", "lookup_from": {"collection": "none"}}, 404, "Not found: Collection none not found"),
    ({"prefetch": [{"query": [1, 2, 3], "using": "dense"}]}, 400,
     "Bad request: A query is needed to merge the prefetches. Can't have prefetches without defining a query."),
    ({"score_threshold": 0.5}, 400,
     "Bad request: A query is needed to use the score_threshold. Can't have score_threshold without defining a query."),
    ({"query": {"order_by": "n"}, "score_threshold": 0.5}, 400, "Bad request: Can't use score_threshold with an order_by query."),
    ({"query": {"fusion": "rrf"}, "using": "dense", "prefetch": [{"query": [1, 2, 3], "using": "dense"}]}, 400,
     "Bad request: Fusion queries cannot be combined with the 'using' field."),
    ({"query": {"fusion": "dbsf"}}, 400, None),
    ({"query": {"order_by": "absent"}}, 400, None),
    ({"query": []}, (400, 422), None),
    ({"query": [[]], "using": "dots"}, (400, 422), None),
    # Which of several faults is told: lookup collection, then point, then vector name.
    ({"query": 999, "using": "absent", "lookup_from": {"collection": "none"}}, 404, "Not found: Collection none not found"),
    ({"query": 999, "using": "absent"}, 404, "Not found: No point with id 999 found"),
    ({"query": {"recommend": {"positive": [1, 999]}}, "using": "absent"}, 404, "Not found: No point with id 999 found"),
    ({"query": {"recommend": {"positive": [[]]}}, "using": "dense"}, (400, 422), None),
])
def test_queries_that_cannot_be(mixed, body, status, exactly):
    c, _ = mixed
    c.refused("POST", "/points/query", body, status, exactly=exactly)
    c.refused("POST", "/points/query/batch", {"searches": [{"limit": 1}, body]}, status)


def test_faults_of_prefetches_are_told(mixed):
    c, _ = mixed
    for prefetch, status in (({"query": [1, 2], "using": "dense"}, 400), ({"query": 999, "using": "dense"}, 404),
        ({"query": [1], "using": "absent"}, 400),
                             ({"query": [1, 2, 3], "using": "dense", "lookup_from": {"collection": "none"}}, 404),
                             ({"prefetch": {"query": [1, 2, 3], "using": "dense"}}, 400),
                                 ({"prefetch": {"query": 999, "using": "dense"}, "query": {"fusion": "rrf"}}, 404)):
        c.refused("POST", "/points/query", {"query": {"fusion": "rrf"},
            "prefetch": [{"query": [1, 2, 3], "using": "dense"}, prefetch]}, status)


# ── Sample, order ────────────────────────────────────────────────────────────────────────────────────────

def test_sample(api):
    c = api.collection(1, [{"id": n, "vector": [n], "payload": {"odd": n % 2 == 1}} for n in range(100)])
    draws = [ids(c.query({"sample": "random"}, limit=20)) for _ in range(8)]
    assert all(len(set(draw)) == 20 and set(draw) <= set(range(100)) for draw in draws)
    assert len({tuple(draw) for draw in draws}) > 1, "not always the same points"
    assert sorted(ids(c.query({"sample": "random"}, limit=1000))) == list(range(100))
    assert sorted(ids(c.query({"sample": "random"}, limit=1000, filter={"must": {"key": "odd",
        "match": {"value": True}}}))) == list(range(1, 100, 2))
    among = c.query({"sample": "random"}, limit=1000, prefetch={"query": [1.0], "limit": 5})
    assert sorted(ids(among)) == [95, 96, 97, 98, 99]


def test_order_by_over_prefetches(api):
    c = api.collection(1, [{"id": n, "vector": [n], "payload": {"n": (n * 7) % 10}} for n in range(10)], {"n": "integer"})
    hits = c.query({"order_by": {"key": "n", "direction": "desc"}}, prefetch={"query": [1.0], "limit": 4}, limit=3)
    assert ids(hits) == [7, 8, 9], "9, 8, 7 and 6 have 3, 6, 9 and 2"


# ── Not in this version: refused plainly ─────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("query", [
    {"formula": {"sum": ["$score", 1.0]}}, {"nearest": [1, 0, 0, 0], "mmr": {"diversity": 0.5}}, {"text": "words", "model": "qdrant/bm25"},
    {"relevance_feedback": {"target": [1, 0, 0, 0], "feedback": [{"example": 2, "score": 1.0}],
        "strategy": {"naive": {"a": 1.0, "b": 1.0, "c": 1.0}}}},
    {"image": "aGVsbG8=", "model": "clip"},
])
def test_what_is_not_there_says_so(cities, query):
    reply = cities.face.send("POST", cities.path + "/points/query", {"query": query, "prefetch": {"query": [1, 0, 0, 0]}})
    if reply.status == 200:
        pytest.fail("works now: give it a test of its own")
    assert reply.status in (400, 501) and len(reply.message) > 20, reply.body
