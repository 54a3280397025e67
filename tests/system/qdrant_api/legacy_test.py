"""The routes that version 1.19 has dropped from its document and that its clients still call."""

import pytest

from qdrant_face import ids

QUERY = [0.2, 0.1, 0.9, 0.7]


@pytest.mark.parametrize("body, same", [
    ({"vector": QUERY, "limit": 3}, {"query": QUERY, "limit": 3}),
    ({"vector": QUERY, "top": 3}, {"query": QUERY, "limit": 3}),
    ({"vector": {"name": "", "vector": QUERY}, "limit": 2, "with_payload": True, "with_vector": True},
     {"query": QUERY, "limit": 2, "with_payload": True, "with_vector": True}),
    ({"vector": QUERY, "limit": 3, "offset": 2, "with_vectors": True}, {"query": QUERY, "limit": 3, "offset": 2, "with_vector": True}),
    ({"vector": QUERY, "limit": 10, "score_threshold": 1.2, "params": {"exact": True}},
        {"query": QUERY, "limit": 10, "score_threshold": 1.2}),
    ({"vector": QUERY, "limit": 5, "filter": {"must": [{"key": "city", "match": {"value": "London"}}]}},
     {"query": QUERY, "limit": 5, "filter": {"must": [{"key": "city", "match": {"value": "London"}}]}}),
])
def test_search(cities, body, same):
    found = cities.post("/points/search", body)
    assert isinstance(found, list) and found == cities.post("/points/query", same)["points"]
    assert cities.post("/points/search/batch", {"searches": [body, body]}) == [found, found]


def test_search_by_name_and_sparse(api):
    c = api.collection({"vectors": {"a": {"size": 2, "distance": "Dot"}}, "sparse_vectors": {"s": {}}},
                       [{"id": n, "vector": {"a": [n, 1], "s": {"indices": [n, 7], "values": [1, n]}}} for n in range(1, 6)])
    assert ids(c.post("/points/search", {"vector": {"name": "a", "vector": [1, 0]}, "limit": 2})) == [5, 4]
    assert ids(c.post("/points/search", {"vector": {"name": "s", "vector": {"indices": [7], "values": [-1]}}, "limit": 2})) == [1, 2]
    c.refused("POST", "/points/search", {"vector": [1, 0], "limit": 2}, 400)
    c.refused("POST", "/points/search", {"vector": {"name": "b", "vector": [1, 0]}, "limit": 2}, 400,
        exactly="Wrong input: Not existing vector name error: b")


def test_search_groups(cities):
    same = {"group_by": "city", "group_size": 2, "limit": 3, "with_payload": True}
    found = cities.post("/points/search/groups", {"vector": QUERY, **same})
    assert found == cities.post("/points/query/groups", {"query": QUERY, **same}) and len(found["groups"]) == 3


@pytest.mark.parametrize("body, recommend, more", [
    ({"positive": [1], "negative": [5], "limit": 3}, {"positive": [1], "negative": [5]}, {"limit": 3}),
    ({"positive": [1, 2], "limit": 9, "strategy": "best_score"}, {"positive": [1, 2], "strategy": "best_score"}, {"limit": 9}),
    ({"positive": [QUERY], "top": 3, "with_payload": True}, {"positive": [QUERY]}, {"limit": 3, "with_payload": True}),
    ({"positive": [1], "limit": 9, "score_threshold": 0.9, "offset": 1}, {"positive": [1]},
        {"limit": 9, "score_threshold": 0.9, "offset": 1}),
    ({"positive": [1], "limit": 9, "filter": {"must": {"has_id": [2, 3]}}}, {"positive": [1]},
        {"limit": 9, "filter": {"must": {"has_id": [2, 3]}}}),
])
def test_recommend(cities, body, recommend, more):
    found = cities.post("/points/recommend", body)
    assert isinstance(found, list) and found == cities.post("/points/query", {"query": {"recommend": recommend}, **more})["points"]
    assert cities.post("/points/recommend/batch", {"searches": [body]}) == [found]


def test_recommend_by_name_from_elsewhere_and_in_groups(api, cities):
    c = api.collection({"vectors": {"a": {"size": 4, "distance": "Dot"}}},
        [{"id": n, "vector": {"a": [n, 1, 0, 0]}, "payload": {"g": n % 2}} for n in range(1, 8)])
    found = c.post("/points/recommend", {"positive": [4], "using": "a", "lookup_from": {"collection": cities.name, "vector": ""},
        "limit": 10})
    assert found == c.query(4, using="a", lookup_from={"collection": cities.name, "vector": ""}, limit=10)
    groups = c.post("/points/recommend/groups", {"positive": [1], "using": "a", "group_by": "g", "group_size": 2, "limit": 2})["groups"]
    assert [(g["id"], ids(g["hits"])) for g in groups] == [(1, [7, 5]), (0, [6, 4])]
    c.refused("POST", "/points/recommend", {"positive": [99], "using": "a", "limit": 1}, 404,
        exactly="Not found: No point with id 99 found")
    c.refused("POST", "/points/recommend", {"positive": [], "using": "a", "limit": 1}, (400, 422))


def test_discover(cities):
    pairs = [{"positive": 1, "negative": 5}]
    found = cities.post("/points/discover", {"target": 2, "context": pairs, "limit": 4})
    assert isinstance(found, list) and found == cities.query({"discover": {"target": 2, "context": pairs}}, limit=4)
    alone = cities.post("/points/discover", {"context": pairs, "limit": 4})
    assert alone == cities.query({"context": pairs}, limit=4)
    assert cities.post("/points/discover/batch", {"searches": [{"target": 2, "context": pairs, "limit": 4},
        {"context": pairs, "limit": 4}]}) == [found, alone]


@pytest.mark.parametrize("rest, body, status", [
    ("search", {"limit": 3}, 400), ("search", {"vector": QUERY}, 400), ("search", {"vector": QUERY, "limit": 0}, 422),
        ("search", {"vector": QUERY[:2], "limit": 3}, 400),
    ("search", {"vector": "x", "limit": 3}, 400), ("search/batch", {}, 400),
        ("search/groups", {"vector": QUERY, "limit": 3, "group_size": 1}, 400),
    ("recommend", {"positive": [1]}, 400), ("discover", {"context": 3, "limit": 1}, 400),
])
def test_bad_bodies(cities, rest, body, status):
    cities.refused("POST", "/points/" + rest, body, status)
