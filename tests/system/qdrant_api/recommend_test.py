"""Recommend, discover, context and fusion: the numbers, computed here by hand."""

import math
import random

import pytest

from qdrant_face import dot, f32, ids, scores

EPSILON = 2**-23


def s(x):
    return 0.5 * (x / (1 + abs(x)) + 1)


def fast_sigmoid(x):
    return x / (1 + abs(x))


@pytest.fixture(scope="module")
def numbers(session_api):
    rng = random.Random(12)
    vectors = {n: [rng.randint(-16, 16) / 8 for _ in range(5)] for n in range(30)}
    c = session_api.collection(5, [{"id": n, "vector": v, "payload": {"half": n % 2}} for n, v in vectors.items()])
    return c, vectors


def ranked(vectors, score, left_out=()):
    return sorted(((n, score(v)) for n, v in vectors.items() if n not in left_out), key=lambda pair: (-pair[1], pair[0]))


def same(hits, expected, tolerance=1e-5):
    """Scores agree; ids too, except where scores tie."""
    assert scores(hits) == pytest.approx([score for _, score in expected[:len(hits)]], abs=tolerance)
    by_id = dict(expected)
    assert len(set(ids(hits))) == len(hits)
    assert all(hit["score"] == pytest.approx(by_id[hit["id"]], abs=tolerance) for hit in hits)


POSITIVE, NEGATIVE = [1, [0.5, -1, 0.25, 0, 2]], [2, [1, 1, 1, 1, 1]]


def resolve(examples, vectors):
    return [vectors[e] if isinstance(e, int) else e for e in examples]


def average(rows):
    return [sum(column) / len(rows) for column in zip(*rows)]


def best_score(v, positive, negative):
    best, worst = (max((dot(v, e) for e in side), default=-math.inf) for side in (positive, negative))
    return s(best) if best > worst else -s(worst)


def sum_scores(v, positive, negative):
    return sum(dot(v, e) for e in positive) - sum(dot(v, e) for e in negative)


def average_vector(v, positive, negative):
    if not negative:
        return dot(v, average(positive))
    return dot(v, [2 * p - n for p, n in zip(average(positive), average(negative))])


@pytest.mark.parametrize("positive, negative", [(POSITIVE, NEGATIVE), (POSITIVE, []), ([3], [4]), ([[1, 0, 0, 0, 1]], []),
    ([1, 2, 3], [4, 5, 6])])
@pytest.mark.parametrize("strategy, score", [(None, average_vector), ("average_vector", average_vector),
    ("best_score", best_score), ("sum_scores", sum_scores)])
def test_recommend(numbers, strategy, score, positive, negative):
    c, vectors = numbers
    body = {"positive": positive, "negative": negative} | ({"strategy": strategy} if strategy else {})
    named = [e for e in positive + negative if isinstance(e, int)]
    expected = ranked(vectors, lambda v: score(v, resolve(positive, vectors), resolve(negative, vectors)), named)
    hits = c.query({"recommend": body}, limit=100)
    assert len(hits) == 30 - len(named), "the examples are left out"
    same(hits, expected)
    count = next(n for n in range(5, 20) if expected[n - 1][1] > expected[n][1] + 1e-4)
    threshold = (expected[count - 1][1] + expected[count][1]) / 2
    assert ids(c.query({"recommend": body}, limit=100, score_threshold=threshold)) == ids(hits[:count])
    even = c.query({"recommend": body}, limit=3, filter={"must": {"key": "half", "match": {"value": 0}}})
    same(even, [pair for pair in expected if pair[0] % 2 == 0])


@pytest.mark.parametrize("strategy, score", [("best_score", best_score), ("sum_scores", sum_scores)])
def test_only_negatives(numbers, strategy, score):
    c, vectors = numbers
    hits = c.query({"recommend": {"negative": [7, 8], "strategy": strategy}}, limit=100)
    same(hits, ranked(vectors, lambda v: score(v, [], resolve([7, 8], vectors)), [7, 8]))


@pytest.mark.parametrize("recommend, status", [
    ({}, 422), ({"positive": [], "negative": []}, 422), ({"positive": [], "negative": [], "strategy": "best_score"}, 422),
        ({"positive": [[]]}, 400),
    ({"negative": [1]}, 400), ({"negative": [1], "strategy": "average_vector"}, 400), ({"positive": [1, 99]}, 404),
        ({"positive": [[1, 2]]}, 400),
    ({"positive": [1], "strategy": "median"}, 400), ({"positive": 1}, 400),
])
def test_recommendations_that_cannot_be(numbers, recommend, status):
    # An empty vector may be found while the body is checked or while it is carried out.
    numbers[0].refused("POST", "/points/query", {"query": {"recommend": recommend}},
        (400, 422) if recommend in ({"negative": [1]},) else status)


@pytest.mark.parametrize("pairs", [
    [], [(1, 2)], [(1, 2), (3, 4), (5, 6)], [([1, 0, 0, 0, 0], [0, 1, 0, 0, 0]), (9, [0.5, 0.5, 0, 0, 0])],
])
@pytest.mark.parametrize("target", [10, [1, -1, 0.5, 0, 0.25]])
def test_discover(numbers, target, pairs):
    c, vectors = numbers
    context = [{"positive": p, "negative": n} for p, n in pairs]
    goal, *_ = resolve([target], vectors)
    resolved = [resolve(pair, vectors) for pair in pairs]

    def score(v):
        rank = 0
        for positive, negative in resolved:
            near, far = dot(v, positive), dot(v, negative)
            rank += (near > far) - (near < far)
        return rank + s(dot(v, goal))
    named = [e for e in [target, *sum(map(list, pairs), [])] if isinstance(e, int)]
    expected = ranked(vectors, score, named)
    hits = c.query({"discover": {"target": target, "context": context}}, limit=100)
    assert len(hits) == 30 - len(set(named))
    same(hits, expected)
    if len(context) == 1:
        assert c.query({"discover": {"target": target, "context": context[0]}}, limit=100) == hits
    if not context:
        assert c.query({"discover": {"target": target, "context": None}}, limit=100) == hits


@pytest.mark.parametrize("pairs", [[(1, 2)], [(1, 2), (3, 4), (5, 6)], [([1, 0, 0, 0, 0], [0, 1, 0, 0, 0])]])
def test_context(numbers, pairs):
    c, vectors = numbers
    context = [{"positive": p, "negative": n} for p, n in pairs]
    resolved = [resolve(pair, vectors) for pair in pairs]

    def score(v):
        return sum(fast_sigmoid(min(f32(dot(v, p) - dot(v, n)) - EPSILON, 0)) for p, n in resolved)
    named = {e for pair in pairs for e in pair if isinstance(e, int)}
    hits = c.query({"context": context}, limit=100)
    assert len(hits) == 30 - len(named) and all(score <= 0 for score in scores(hits))
    same(hits, ranked(vectors, score, named))
    if len(context) == 1:
        assert c.query({"context": context[0]}, limit=100) == hits


def test_examples_of_another_collection_are_not_left_out(api, numbers):
    c, vectors = numbers
    other = api.collection(5, [{"id": 1, "vector": vectors[20]}, {"id": 2, "vector": vectors[21]}])
    hits = c.query({"recommend": {"positive": [1], "negative": [2]}}, lookup_from={"collection": other.name}, limit=100)
    same(hits, ranked(vectors, lambda v: average_vector(v, [vectors[20]], [vectors[21]])))
    assert len(hits) == 30
    api.refused("POST", c.path + "/points/query", {"query": {"recommend": {"positive": [3]}},
        "lookup_from": {"collection": other.name}}, 404,
                exactly="Not found: No point with id 3 found")


def test_recommend_by_cosine(api):
    rng = random.Random(3)
    vectors = {n: [rng.uniform(-1, 1) for _ in range(6)] for n in range(20)}
    c = api.collection({"vectors": {"size": 6, "distance": "Cosine"}}, [{"id": n, "vector": v} for n, v in vectors.items()])

    def unit(v):
        length = math.sqrt(sum(x * x for x in v))
        return [x / length for x in v]
    units = {n: unit(v) for n, v in vectors.items()}
    goal = unit(average([units[1], units[2]]))
    same(c.query({"recommend": {"positive": [1, 2]}}, limit=100), ranked(units, lambda v: sum(x * y for x, y in zip(v, goal)), [1, 2]))
    same(c.query({"recommend": {"positive": [1], "negative": [2], "strategy": "best_score"}}, limit=100),
         ranked(units, lambda v: best_score(v, [units[1]], [units[2]]), [1, 2]))


# ── Fusion ───────────────────────────────────────────────────────────────────────────────────────────────

LEGS = [{"query": [1, 0, 0, 0, 0], "limit": 8}, {"query": [0, 1, 0, 0, 0.5], "limit": 6}, {"query": 5, "limit": 4}]


def rrf(lists, k=2, weights=None):
    fused = {}
    for weight, hits in zip(weights or [1.0] * len(lists), lists):
        for position, hit in enumerate(hits):
            fused[hit["id"]] = fused.get(hit["id"], 0) + 1 / ((position + 1) / weight + k - 1)
    return sorted(fused.items(), key=lambda pair: (-pair[1], pair[0]))


@pytest.mark.parametrize("query, k, weights", [
    ({"fusion": "rrf"}, 2, None), ({"rrf": {}}, 2, None), ({"rrf": {"k": 60}}, 60, None), ({"rrf": {"k": 1}}, 1, None),
    ({"rrf": {"weights": [1, 1, 1]}}, 2, None), ({"rrf": {"weights": [3, 0.5, 1]}}, 2, [3, 0.5, 1]),
        ({"rrf": {"k": 10, "weights": [2, 1, 4]}}, 10, [2, 1, 4]),
])
def test_rrf(numbers, query, k, weights):
    c, _ = numbers
    legs = [c.post("/points/query", leg)["points"] for leg in LEGS]
    expected = rrf(legs, k, weights)
    hits = c.query(query, prefetch=LEGS, limit=100)
    assert len(hits) == len(expected)
    same(hits, expected, 1e-6)
    assert c.query(query, prefetch=LEGS, limit=3, offset=2) == hits[2:5]
    threshold = hits[3]["score"]
    assert c.query(query, prefetch=LEGS, limit=100, score_threshold=threshold) == [hit for hit in hits if hit["score"] >= threshold]


def test_weights_must_fit(numbers):
    for weights in ([1], [1, 1, 1, 1], [-1, 1, 1]):
        numbers[0].refused("POST", "/points/query", {"query": {"rrf": {"weights": weights}}, "prefetch": LEGS}, (400, 422))


def dbsf(lists):
    fused = {}
    for hits in lists:
        if len(hits) == 1:
            fused[hits[0]["id"]] = fused.get(hits[0]["id"], 0) + 0.5
            continue
        values = [hit["score"] for hit in hits]
        mean = sum(values) / len(values)
        deviation = math.sqrt(sum((x - mean) ** 2 for x in values) / (len(values) - 1))
        for hit in hits:
            fused[hit["id"]] = fused.get(hit["id"], 0) + (hit["score"] - (mean - 3 * deviation)) / (6 * deviation)
    return sorted(fused.items(), key=lambda pair: (-pair[1], pair[0]))


@pytest.mark.parametrize("legs", [LEGS, LEGS[:1], [{"query": [1, 0, 0, 0, 0], "limit": 1}],
    [{"query": [1, 0, 0, 0, 0], "limit": 1}, LEGS[1]]])
def test_dbsf(numbers, legs):
    c, _ = numbers
    expected = dbsf([c.post("/points/query", leg)["points"] for leg in legs])
    same(c.query({"fusion": "dbsf"}, prefetch=legs, limit=100), expected, 1e-5)


def test_prefetches_are_filtered_by_the_root_and_not_shifted_by_it(numbers):
    c, _ = numbers
    even = {"must": {"key": "half", "match": {"value": 0}}}
    legs = [c.post("/points/query", {**leg, "filter": even})["points"] for leg in LEGS[:2]]
    same(c.query({"fusion": "rrf"}, prefetch=LEGS[:2], filter=even, limit=100), rrf(legs), 1e-6)
    both = {"must": [{"key": "half", "match": {"value": 0}}, {"has_id": list(range(20))}]}
    legs = [c.post("/points/query", {**leg, "filter": both})["points"] for leg in LEGS[:2]]
    own = [{**leg, "filter": {"must": {"has_id": list(range(20))}}} for leg in LEGS[:2]]
    same(c.query({"fusion": "rrf"}, prefetch=own, filter=even, limit=100), rrf(legs), 1e-6)
    # A prefetch with less than the root asks for: the offset counts in what was fused.
    assert len(c.query({"fusion": "rrf"}, prefetch={"query": [1, 0, 0, 0, 0], "limit": 5}, limit=10, offset=3)) == 2


def test_prefetches_rescored_nested_and_without_query(numbers):
    c, vectors = numbers
    first = c.query([1, 0, 0, 0, 0], limit=7)
    goal = [0, 1, 1, 0, 0]
    expected = ranked({hit["id"]: vectors[hit["id"]] for hit in first}, lambda v: dot(v, goal))
    same(c.query(goal, prefetch={"query": [1, 0, 0, 0, 0], "limit": 7}, limit=100), expected)
    scrolled = ranked({n: vectors[n] for n in range(4)}, lambda v: dot(v, goal))
    same(c.query(goal, prefetch={"limit": 4}, limit=100), scrolled)
    assert ids(c.query(goal, prefetch=[{"limit": 4}, {"query": [1, 0, 0, 0, 0], "limit": 7}], limit=100)) == ids(
        c.query(goal, filter={"must": {"has_id": [0, 1, 2, 3, *ids(first)]}}, limit=100)), "several prefetches are united"
    inner = {"prefetch": LEGS, "query": {"fusion": "rrf"}, "limit": 5}
    fused = c.query({"fusion": "rrf"}, prefetch=LEGS, limit=5)
    same(c.query(goal, prefetch=inner, limit=100), ranked({hit["id"]: vectors[hit["id"]] for hit in fused}, lambda v: dot(v, goal)))
    threshold = first[3]["score"]
    assert sorted(ids(c.query(goal, prefetch={"query": [1, 0, 0, 0, 0], "limit": 7, "score_threshold": threshold}, limit=100))) == sorted(
        hit["id"] for hit in first if hit["score"] >= threshold)
    assert len(c.query({"fusion": "rrf"}, prefetch={"query": [1, 0, 0, 0, 0]}, limit=100)) == 10, "a prefetch has 10 unless it says more"
    assert c.query(goal, prefetch=[], limit=5) == c.query(goal, limit=5)


def test_hybrid_of_dense_and_sparse(api):
    rng = random.Random(7)
    points = [{"id": n, "vector": {"dense": [rng.uniform(-1, 1) for _ in range(4)],
        "words": {"indices": [n % 5, 7], "values": [1 + n / 10, 0.1]}},
               "payload": {"n": n}} for n in range(30)]
    c = api.collection({"vectors": {"dense": {"size": 4, "distance": "Cosine"}}, "sparse_vectors": {"words": {"modifier": "idf"}}}, points)
    legs = [{"query": [1, 0, 0, 0], "using": "dense", "limit": 10},
        {"query": {"indices": [3], "values": [1]}, "using": "words", "limit": 10}]
    lists = [c.post("/points/query", leg)["points"] for leg in legs]
    assert {hit["id"] for hit in lists[1]} == {n for n in range(30) if n % 5 == 3}
    hits = c.query({"fusion": "rrf"}, prefetch=legs, limit=8, with_payload=True, with_vector=["dense"])
    same(hits, rrf(lists), 1e-6)
    assert all(hit["payload"] == {"n": hit["id"]} and set(hit["vector"]) == {"dense"} for hit in hits)
