"""Groups: the best hits of every group, the groups in the order of their best hit."""

import pytest

from qdrant_face import ids

PAYLOADS = {1: {"g": "a", "m": [1, 2]}, 2: {"g": "a", "m": 1}, 3: {"g": ["b", "c"], "m": [2, 3, 3]}, 4: {"g": "b"},
    5: {"g": 7, "m": 9}, 6: {"g": 7},
            7: {"g": 1.5}, 8: {"g": True}, 9: {"g": None}, 10: {"g": {"x": 1}}, 11: {"g": [["a"], "d"]}, 12: {}, 13: {"g": "a"},
                14: {"g": [], "o": [{"k": "p"}, {"k": "q"}]},
            15: {"g": "a"}, 16: {"g": -3}}
VECTORS = {n: [float(n)] for n in PAYLOADS}


@pytest.fixture(scope="module", params=["scanned", "indexed"])
def grouped(request, session_api):
    return session_api.collection(1, [{"id": n, "vector": VECTORS[n], "payload": p} for n, p in PAYLOADS.items()],
                                  {"g": "keyword"} if request.param == "indexed" else {})


def groups(c, **body):
    found = c.post("/points/query/groups", {"query": [1.0], **body})
    assert set(found) == {"groups"}
    for group in found["groups"]:
        assert {"id", "hits"} <= set(group) <= {"id", "hits", "lookup"}
        assert all({"id", "version", "score"} <= set(hit) for hit in group["hits"])
    return [(group["id"], ids(group["hits"])) for group in found["groups"]]


EVERY = [(-3, [16]), ("a", [15, 13, 2, 1]), ("d", [11]), (7, [6, 5]), ("b", [4, 3]), ("c", [3])]


@pytest.mark.parametrize("body, expected", [
    ({"group_by": "g", "group_size": 10, "limit": 10}, EVERY), ({"group_by": "g[]", "group_size": 10, "limit": 10}, EVERY),
    ({"group_by": "g"}, [(key, hits[:3]) for key, hits in EVERY]),
    ({"group_by": "g", "group_size": 1, "limit": 2}, [(-3, [16]), ("a", [15])]),
    ({"group_by": "g", "group_size": 2, "limit": 4}, [(-3, [16]), ("a", [15, 13]), ("d", [11]), (7, [6, 5])]),
    ({"group_by": "m", "group_size": 2}, [(9, [5]), (2, [3, 1]), (3, [3]), (1, [2, 1])]),
    ({"group_by": "o[].k"}, [("p", [14]), ("q", [14])]),
    ({"group_by": "absent"}, []),
    ({"group_by": "g", "filter": {"must": {"key": "g", "match": {"value": "a"}}}}, [("a", [15, 13, 2])]),
    ({"group_by": "g", "score_threshold": 12.5}, [(-3, [16]), ("a", [15, 13])]),
    ({"group_by": "g", "query": 15, "group_size": 2, "limit": 2}, [(-3, [16]), ("a", [13, 2])]),
    ({"group_by": "g", "query": {"fusion": "rrf"}, "prefetch": [{"query": [1.0], "limit": 100}]}, [(key, hits[:3]) for key, hits in EVERY]),
])
def test_groups(grouped, body, expected):
    found = groups(grouped, **body)
    # Groups whose best hit is the same point tie.
    assert sorted(found, key=str) == sorted(expected, key=str)
    order = [hits[0] for _, hits in found]
    assert order == sorted(order, reverse=True)


def test_payload_and_vectors_of_hits(grouped):
    found = grouped.post("/points/query/groups", {"query": [1.0], "group_by": "g", "limit": 1, "with_payload": True,
        "with_vector": True})["groups"]
    assert found[0]["hits"][0]["payload"] == {"g": -3} and found[0]["hits"][0]["vector"] == [16.0]
    bare = grouped.post("/points/query/groups", {"query": [1.0], "group_by": "g", "limit": 1})["groups"]
    assert set(bare[0]["hits"][0]) == {"id", "version", "score"} and "lookup" not in bare[0]


def test_many_groups_of_many(api):
    points = [{"id": n, "vector": [float(n)], "payload": {"g": n % 50}} for n in range(1000)]
    c = api.collection(1, points)
    expected = [((999 - k) % 50, [999 - k - 50 * i for i in range(4)]) for k in range(30)]
    assert groups(c, group_by="g", limit=30, group_size=4) == expected
    # One group holds all of the best: the others are found all the same.
    c.write("POST", "/points/payload", {"payload": {"g": 777}, "filter": {"must": {"has_id": list(range(300, 1000))}}})
    found = groups(c, group_by="g", limit=5, group_size=2)
    assert found[0] == (777, [999, 998]) and [key for key, _ in found[1:]] == [49, 48, 47, 46]


@pytest.fixture(scope="module")
def documents(session_api):
    return session_api.collection({"vectors": {"size": 1, "distance": "Dot"}}, [
        {"id": n, "vector": [1.0], "payload": {"title": f"Document {n}", "body": "long"}} for n in (1, 2)] + [
        {"id": "f47ac10b-58cc-4372-a567-0e02b2c3d479", "vector": [2.0], "payload": {"title": "by UUID"}}])


@pytest.mark.parametrize("with_lookup, lookup_1", [
    (None, {"id": 1, "payload": {"title": "Document 1", "body": "long"}}),
    ({}, {"id": 1, "payload": {"title": "Document 1", "body": "long"}}),
    ({"with_payload": ["title"], "with_vectors": True}, {"id": 1, "payload": {"title": "Document 1"}, "vector": [1.0]}),
    ({"with_payload": False}, {"id": 1}),
])
def test_lookup(api, documents, with_lookup, lookup_1):
    uuid = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
    c = api.collection(1, [{"id": 1, "vector": [3.0], "payload": {"document": 1}}, {"id": 2, "vector": [2.0], "payload": {"document": 8}},
                           {"id": 3, "vector": [1.0], "payload": {"document": uuid}}])
    lookup = documents.name if with_lookup is None else {"collection": documents.name, **with_lookup}
    found = c.post("/points/query/groups", {"query": [1.0], "group_by": "document", "with_lookup": lookup})["groups"]
    assert [group["id"] for group in found] == [1, 8, uuid]
    assert found[0]["lookup"] == lookup_1 and "lookup" not in found[1] and found[2]["lookup"]["id"] == uuid


def test_groups_that_cannot_be(grouped):
    for body, status, says in (({"with_lookup": "none"}, 404, "Collection none not found"),
        ({"query": [1.0, 2.0]}, 400, "expected dim: 1, got 2"),
                               ({"using": "absent"}, 400, "Not existing vector name error: absent"), ({"group_by": 3}, 400, ""),
                                   ({"group_by": ""}, (400, 422), "")):
        grouped.refused("POST", "/points/query/groups", {"query": [1.0], "group_by": "g", **body}, status, says=says)
