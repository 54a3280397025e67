"""Reading: one point, several, pages, in an order, counts and facets; which keys and vectors are shown."""

import pytest

from qdrant_face import ids

NESTED = {"a": 1, "b": {"c": 2, "d": 3}, "list": [{"x": 1, "y": 2}, {"x": 3}], "tags": ["p", "q"], "none": None}


@pytest.fixture(scope="module")
def people(session_api):
    """Ages: 10 points; 3 has two, 8 none."""
    ages = {0: 30, 1: 20, 2: 20, 3: [25, 5], 4: 41, 5: 30, 6: -3, 7: 41, 8: None, 9: 18}
    points = [{"id": n, "vector": [n, 1], "payload": {"age": age, "height": 1.5 + n / 10, "born": f"2000-01-{n + 1:02}T12:00:00Z",
                                                      "team": ["red", "blue", "green"][n % 3], "active": n % 4 == 0,
                                                      "words": f"word{n}"}} for n, age in ages.items()]
    del points[8]["payload"]["age"]
    return session_api.collection(2, points, {"age": "integer", "height": "float", "born": "datetime", "team": "keyword",
        "active": "bool", "words": "text"})


@pytest.mark.parametrize("selector, expected", [
    (True, NESTED), (False, None), (None, NESTED), ([], {}), (["a"], {"a": 1}), (["a", "b.c", "absent"], {"a": 1, "b": {"c": 2}}),
    (["b"], {"b": {"c": 2, "d": 3}}), (["list[].x"], {"list": [{"x": 1}, {"x": 3}]}), (["none"], {"none": None}),
    ({"include": ["tags", "b.d"]}, {"tags": ["p", "q"], "b": {"d": 3}}), ({"include": []}, {}),
    ({"exclude": ["a", "list"]}, {"b": {"c": 2, "d": 3}, "tags": ["p", "q"], "none": None}),
    ({"exclude": ["b.c", "list[].x", "absent"]}, {"a": 1, "b": {"d": 3}, "list": [{"y": 2}, {}], "tags": ["p", "q"], "none": None}),
    ({"exclude": []}, NESTED),
])
def test_with_payload(api, selector, expected):
    c = api.collection(2, [{"id": 1, "vector": [1, 2], "payload": NESTED}])
    more = {} if selector is None else {"with_payload": selector}
    for found in (c.post("/points", {"ids": [1], **more})[0], c.scroll(**more)["points"][0]):
        assert found == ({"id": 1} if expected is None else {"id": 1, "payload": expected})
    hit = c.query([1, 2], **more)[0]
    assert hit.get("payload") == (None if selector is None else expected) and "vector" not in hit
    assert ("payload" in hit) == (selector is not None and expected is not None)


@pytest.mark.parametrize("selector, expected", [
    (True, {"a": [1], "b": [2, 3], "s": {"indices": [1], "values": [2]}}), (False, None), (["a"], {"a": [1]}),
        (["a", "s"], {"a": [1], "s": {"indices": [1], "values": [2]}}),
    ([], None),
])
@pytest.mark.parametrize("name", ["with_vector", "with_vectors"])
def test_with_vector(api, selector, expected, name):
    c = api.collection({"vectors": {"a": {"size": 1, "distance": "Dot"}, "b": {"size": 2, "distance": "Dot"}}, "sparse_vectors": {"s": {}}},
                       [{"id": 1, "vector": {"a": [1], "b": [2, 3], "s": {"indices": [1], "values": [2]}}}])
    for found in (c.post("/points", {"ids": [1], name: selector})[0], c.scroll(**{name: selector})["points"][0],
                  c.query([1], using="a", **{name: selector})[0], c.query(**{name: selector})[0]):
        # An empty list of names may show an empty object.
        assert found.get("vector") == expected or (selector == [] and found["vector"] == {})


def test_get_one_point(cities):
    assert cities.point(1) == {"id": 1, "vector": [0.05, 0.61, 0.76, 0.74], "payload": {"city": "Berlin"}}
    assert cities.point(6) == {"id": 6, "vector": [0.35, 0.08, 0.11, 0.44], "payload": {}}
    cities.refused("GET", "/points/999", status=404, says="999")
    cities.refused("GET", "/points/absent", status=404, says="absent")


def test_retrieve(cities):
    found = cities.post("/points", {"ids": [6, 1, 99, 3], "with_vector": True})
    assert sorted(ids(found)) == [1, 3, 6] and all(len(p["vector"]) == 4 for p in found)
    assert cities.post("/points", {"ids": []}) == []
    assert cities.post("/points", {"ids": [77]}) == []
    assert len(cities.post("/points", {"ids": [1, 1]})) in (1, 2)


# ── Scroll ───────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
def test_pages(cities, limit):
    seen, offset, pages = [], None, 0
    while True:
        page = cities.scroll(limit=limit, offset=offset)
        seen += ids(page["points"])
        pages += 1
        offset = page["next_page_offset"]
        if offset is None:
            break
        assert len(page["points"]) == limit and offset not in seen
    assert seen == [1, 2, 3, 4, 5, 6] and pages == -(-6 // limit)


def test_scroll_defaults(api):
    c = api.collection(1, [{"id": n, "vector": [n], "payload": {"n": n}} for n in range(25)])
    page = c.scroll()
    assert ids(page["points"]) == list(range(10)) and page["next_page_offset"] == 10
    assert page["points"][3] == {"id": 3, "payload": {"n": 3}}
    assert ids(c.scroll(offset=23)["points"]) == [23, 24] and c.scroll(offset=23)["next_page_offset"] is None
    assert c.scroll(offset=25) == {"points": [], "next_page_offset": None}
    assert ids(c.scroll(offset=7, limit=2, filter={"must": {"key": "n", "range": {"gte": 5}}})["points"]) == [7, 8]
    odd = {"should": [{"key": "n", "match": {"value": n}} for n in range(1, 25, 2)]}
    page = c.scroll(filter=odd, limit=4)
    assert ids(page["points"]) == [1, 3, 5, 7] and page["next_page_offset"] == 9
    assert ids(c.scroll(filter=odd, limit=4, offset=9)["points"]) == [9, 11, 13, 15]


@pytest.mark.parametrize("order_by, expected", [
    ("height", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ({"key": "height", "direction": "asc"}, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ({"key": "height", "direction": "desc"}, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
    ({"key": "height", "start_from": 2.0}, [5, 6, 7, 8, 9]),
    ({"key": "height", "direction": "desc", "start_from": 1.75}, [2, 1, 0]),
    ({"key": "born"}, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ({"key": "born", "start_from": "2000-01-09T12:00:00Z"}, [8, 9]),
    ({"key": "born", "start_from": "2000-01-09"}, [8, 9]),
    ({"key": "born", "direction": "desc", "start_from": "2000-01-02T12:00:00"}, [1, 0]),
])
def test_order_by(people, order_by, expected):
    page = people.scroll(order_by=order_by, limit=100)
    assert ids(page["points"]) == expected and page["next_page_offset"] is None


@pytest.mark.parametrize("direction, start_from, expected", [
    ("asc", None, [(6, -3), (3, 5), (9, 18), (1, 20), (2, 20), (3, 25), (0, 30), (5, 30), (4, 41), (7, 41)]),
    ("desc", None, [(4, 41), (7, 41), (0, 30), (5, 30), (3, 25), (1, 20), (2, 20), (9, 18), (3, 5), (6, -3)]),
    ("asc", 20, [(1, 20), (2, 20), (3, 25), (0, 30), (5, 30), (4, 41), (7, 41)]),
    ("desc", 20, [(1, 20), (2, 20), (9, 18), (3, 5), (6, -3)]),
    ("asc", 42, []),
])
def test_points_stand_once_for_every_value(people, direction, start_from, expected):
    order_by = {"key": "age", "direction": direction} | ({} if start_from is None else {"start_from": start_from})
    page = people.scroll(order_by=order_by, limit=100, with_payload=False)
    found = [(p["id"], p["order_value"]) for p in page["points"]]
    assert [value for _, value in found] == [value for _, value in expected]
    assert sorted(found) == sorted(expected), "equal values may stand in any order"
    assert all(set(p) == {"id", "order_value"} for p in page["points"])


def test_order_with_filter_and_limit(people):
    red = {"must": {"key": "team", "match": {"value": "red"}}}
    assert ids(people.scroll(order_by={"key": "height", "direction": "desc"}, filter=red, limit=3)["points"]) == [9, 6, 3]
    assert ids(people.scroll(order_by="age", filter=red, limit=2)["points"]) == [6, 3]
    hits = people.query({"order_by": {"key": "height", "direction": "desc"}}, limit=3)
    assert ids(hits) == [9, 8, 7]
    assert ids(people.query({"order_by": "born"}, limit=2, filter=red)) == [0, 3]


@pytest.mark.parametrize("body", [{"order_by": "team"}, {"order_by": "absent"}, {"order_by": "words"}, {"order_by": "age", "offset": 3},
                                  {"order_by": {"key": "age", "start_from": "not a time"}}])
def test_orders_that_cannot_be(people, body):
    people.refused("POST", "/points/scroll", body, 400)


# ── Count ────────────────────────────────────────────────────────────────────────────────────────────────

def test_count(people):
    blue = {"must": {"key": "team", "match": {"value": "blue"}}}
    assert people.post("/points/count", {}) == {"count": 10}
    assert people.count(exact=True) == 10 and people.count(filter=blue) == 3 and people.count(filter=blue, exact=True) == 3
    assert 0 <= people.count(filter=blue, exact=False) <= 10 and people.count(exact=False) == 10
    assert people.count(filter={"must_not": blue}) == 7


# ── Facets ───────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("body, expected", [
    ({"key": "team"}, [("red", 4), ("blue", 3), ("green", 3)]),
    ({"key": "team", "limit": 1}, [("red", 4)]),
    ({"key": "team", "exact": True}, [("red", 4), ("blue", 3), ("green", 3)]),
    ({"key": "team", "filter": {"must": {"key": "height", "range": {"lt": 1.65}}}}, [("blue", 1), ("red", 1)]),
    ({"key": "age"}, [(20, 2), (30, 2), (41, 2), (-3, 1), (5, 1), (18, 1), (25, 1)]),
    ({"key": "active"}, [(False, 7), (True, 3)]),
    ({"key": "team", "filter": {"must": {"has_id": []}}}, []),
])
def test_facets(people, body, expected):
    hits = people.post("/facet", body)["hits"]
    assert [(h["value"], h["count"]) for h in hits] == expected
    assert all(type(h["value"]) is type(value) for h, (value, _) in zip(hits, expected))


def test_facets_follow_writes_and_count_points(api):
    c = api.collection(1, [{"id": n, "vector": [1], "payload": {"tags": ["a", "b", "a"] if n % 2 else ["a"]}} for n in range(6)],
        {"tags": "keyword"})
    facets = lambda **more: {h["value"]: h["count"] for h in c.post("/facet", {"key": "tags", **more})["hits"]}  # noqa: E731
    assert facets() == {"a": 6, "b": 3}
    c.write("POST", "/points/delete", {"points": [1]})
    c.upsert([{"id": 0, "vector": [1], "payload": {"tags": "c"}}, {"id": 9, "vector": [1]}])
    assert facets() == {"a": 4, "b": 2, "c": 1}
    assert facets(filter={"must": {"key": "tags", "match": {"value": "b"}}}) == {"a": 2, "b": 2}
    for key in ("absent", "tags[].x"):
        c.refused("POST", "/facet", {"key": key}, 400, says=key)


def test_facets_of_uuids_and_nested_keys(api):
    one, two = "f47ac10b-58cc-4372-a567-0e02b2c3d479", "00000000-0000-4000-8000-000000000000"
    c = api.collection(1, [{"id": n, "vector": [1], "payload": {"u": one if n else two, "l": [{"k": n}, {"k": 7}]}} for n in range(3)],
                       {"u": "uuid", "l[].k": "integer"})
    assert [(h["value"], h["count"]) for h in c.post("/facet", {"key": "u"})["hits"]] == [(one, 2), (two, 1)]
    assert [(h["value"], h["count"]) for h in c.post("/facet", {"key": "l[].k"})["hits"]] == [(7, 3), (0, 1), (1, 1), (2, 1)]


@pytest.mark.parametrize("key", ["height", "born", "words"])
def test_fields_that_have_no_facets(people, key):
    people.refused("POST", "/facet", {"key": key}, 400, says="Bad request: ")
