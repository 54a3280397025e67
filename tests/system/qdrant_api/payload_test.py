"""Payload operations: merge, overwrite, remove and clear, whole or below a path; indexes follow."""

import pytest

START = {"a": 1, "b": {"c": 2, "d": [1, 2, 3]}, "list": [{"c": 1, "e": 1}, {"c": 2}, 7]}


def written(api, method, rest, body):
    c = api.collection(2, [{"id": 1, "vector": [1, 2], "payload": START}, {"id": 2, "vector": [1, 2], "payload": {"other": True}}])
    c.write(method, rest, {"points": [1], **body})
    after = c.points()
    assert after[2] == ({"other": True}, [1, 2]) and after[1][1] == [1, 2]
    return after[1][0]


@pytest.mark.parametrize("key, payload, expected", [
    (None, {"a": 2, "n": None}, {**START, "a": 2}),
    (None, {"a": None}, {key: value for key, value in START.items() if key != "a"}),  # null removes
    (None, {"b": 5}, {**START, "b": 5}),
    (None, {}, START),
    ("b", {"x": 1}, {**START, "b": {"c": 2, "d": [1, 2, 3], "x": 1}}),
    ("b", {"c": {"deep": 1}}, {**START, "b": {"c": {"deep": 1}, "d": [1, 2, 3]}}),
    ("b.c", {"x": 1}, {**START, "b": {"c": {"x": 1}, "d": [1, 2, 3]}}),
    ("new", {"x": 1}, {**START, "new": {"x": 1}}),
    ("new.deep.path", {"x": 1}, {**START, "new": {"deep": {"path": {"x": 1}}}}),
    ("list[0]", {"e": 9}, {**START, "list": [{"c": 1, "e": 9}, {"c": 2}, 7]}),
    ("list[1]", {"e": 9, "c": 3}, {**START, "list": [{"c": 1, "e": 1}, {"c": 3, "e": 9}, 7]}),
    ('"quoted.key"', {"x": 1}, {**START, "quoted.key": {"x": 1}}),
])
def test_set_payload(api, key, payload, expected):
    assert written(api, "POST", "/points/payload", {"payload": payload} | ({"key": key} if key else {})) == expected


def test_set_payload_in_every_element(api):
    c = api.collection(2, [{"id": 1, "vector": [1, 2], "payload": {"list": [{"c": 1}, {"c": 2}], "nest": [{"in": {"k": 1}}, {"in": {}}]}}])
    c.write("POST", "/points/payload", {"payload": {"e": 5}, "points": [1], "key": "list[]"})
    c.write("POST", "/points/payload", {"payload": {"e": 6}, "points": [1], "key": "nest[].in"})
    assert c.point(1)["payload"] == {"list": [{"c": 1, "e": 5}, {"c": 2, "e": 5}], "nest": [{"in": {"k": 1, "e": 6}}, {"in": {"e": 6}}]}


@pytest.mark.parametrize("payload", [{"z": 1}, {}])
def test_overwrite_payload(api, payload):
    assert written(api, "PUT", "/points/payload", {"payload": payload}) == payload


@pytest.mark.parametrize("keys, expected", [
    (["a"], {"b": START["b"], "list": START["list"]}),
    (["a", "b", "absent"], {"list": START["list"]}),
    (["b.c"], {**START, "b": {"d": [1, 2, 3]}}),
    (["list[].c"], {**START, "list": [{"e": 1}, {}, 7]}),
    (["list[0].c"], {**START, "list": [{"e": 1}, {"c": 2}, 7]}),
    (["b.absent", "a.b.c"], START),
    ([], START),
])
def test_delete_payload(api, keys, expected):
    assert written(api, "POST", "/points/payload/delete", {"keys": keys}) == expected


def test_clear_payload(api):
    assert written(api, "POST", "/points/payload/clear", {}) == {}


@pytest.mark.parametrize("method, rest, body, expected", [
    ("POST", "/points/payload", {"payload": {"n": 1}}, {"city": "x", "n": 1}),
    ("PUT", "/points/payload", {"payload": {"n": 1}}, {"n": 1}),
    ("POST", "/points/payload/delete", {"keys": ["city"]}, {}),
    ("POST", "/points/payload/clear", {}, {}),
])
def test_by_filter(api, method, rest, body, expected):
    c = api.collection(2, [{"id": n, "vector": [1, 1], "payload": {"city": "x" if n % 2 else "y"}} for n in range(6)])
    c.write(method, rest, {**body, "filter": {"must": {"key": "city", "match": {"value": "x"}}}})
    assert {i: p for i, (p, _) in c.points().items()} == {n: expected if n % 2 else {"city": "y"} for n in range(6)}
    c.write(method, rest, {**body, "filter": {}})
    assert all(p == expected or p == {**expected, "city": "y"} for p, _ in c.points().values())


@pytest.mark.parametrize("method, rest, body", [
    ("POST", "/points/payload", {"payload": {"n": 1}}), ("PUT", "/points/payload", {"payload": {"n": 1}}),
    ("POST", "/points/payload/delete", {"keys": ["n"]}), ("POST", "/points/payload/clear", {})])
def test_somebody_must_be_named(api, cities, method, rest, body):
    cities.refused(method, rest, body, (400, 422))
    assert cities.point(1)["payload"] == {"city": "Berlin"}


def test_payload_of_an_unknown_point(cities):
    cities.refused("POST", "/points/payload?wait=true", {"payload": {"n": 1}, "points": [1, 30]}, 404,
        exactly="Not found: No point with id 30 found")


@pytest.mark.parametrize("payload", [
    {"int": 2**63 - 1, "negative": -2**63, "float": 0.1, "big": 1e300, "tiny": 5e-324, "zero": 0, "true": True, "null": None,
        "empty": {}, "list": []},
    {"größe": "検索 \"quoted\" \\ / \n\t\u0001 😀", "nested": [[1, [2, {"x": [None]}]], "mixed", 1.5], "": "empty key", "a.b": {"c.d": 1}},
    {"unsigned": 2**64 - 1, "exponent": 1e16, "minus": -0.5},
])
def test_any_json_comes_back(api, payload):
    c = api.collection(1, [{"id": 1, "vector": [1], "payload": payload}])
    assert c.point(1)["payload"] == payload
    assert c.query([1], with_payload=True)[0]["payload"] == payload


def test_indexes_follow_partial_changes(api):
    c = api.collection(2, [{"id": n, "vector": [1, 1], "payload": {"a": {"b": n, "t": "old words"}, "k": "x"}} for n in range(1, 7)],
                       {"a.b": "integer", "a.t": {"type": "text"}, "k": "keyword", "a.when": "datetime"})
    sevens = {"must": {"key": "a.b", "match": {"value": 700}}}
    c.write("POST", "/points/payload", {"payload": {"b": 700}, "points": [1, 2], "key": "a"})
    assert c.ids(filter=sevens) == [1, 2]
    assert c.ids(filter={"must": {"key": "a.b", "range": {"lte": 3}}}) == [3]
    c.write("POST", "/points/payload", {"payload": {"t": "fresh words", "when": "2024-05-01"}, "points": [2, 3], "key": "a"})
    assert c.ids(filter={"must": {"key": "a.t", "match": {"text": "fresh"}}}) == [2, 3]
    assert c.ids(filter={"must": {"key": "a.t", "match": {"text": "old"}}}) == [1, 4, 5, 6]
    assert c.ids(filter={"must": {"key": "a.when", "range": {"gte": "2024-05-01T00:00:00Z"}}}) == [2, 3]
    c.write("POST", "/points/payload/delete", {"keys": ["a.b"], "points": [1]})
    assert c.ids(filter=sevens) == [2]
    c.write("PUT", "/points/payload", {"payload": {"a": {"b": [700, 5]}}, "points": [6]})
    assert c.ids(filter=sevens) == [2, 6] and c.ids(filter={"must": {"key": "k", "match": {"value": "x"}}}) == [1, 2, 3, 4, 5]
    c.write("POST", "/points/payload/clear", {"points": [2]})
    c.write("PUT", "/points/vectors", {"points": [{"id": 6, "vector": [5, 5]}]})
    assert c.ids(filter=sevens) == [6]
    assert c.info()["payload_schema"]["a.b"]["points"] == 4
    assert {h["value"]: h["count"] for h in c.post("/facet", {"key": "a.b"})["hits"]} == {3: 1, 4: 1, 5: 2, 700: 1}
    hits = c.query([1, 1], filter=sevens)
    assert [h["id"] for h in hits] == [6]
