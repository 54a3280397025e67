"""Every condition of a filter, over hand-made points: what it finds without an index and with one must be this table."""

import uuid

import pytest

UUID_A, UUID_B = "f47ac10b-58cc-4372-a567-0e02b2c3d479", "00000000-0000-4000-8000-0000000000ff"
BERLIN, POTSDAM, LONDON, FIJI = ({"lon": 13.405, "lat": 52.52}, {"lon": 13.064, "lat": 52.39}, {"lon": -0.1276, "lat": 51.5072},
                                 {"lon": 178.5, "lat": -18.0})
PAYLOADS = {
    1: {"city": "Berlin", "n": 1, "price": 1.5, "flag": True, "when": "2024-01-01T00:00:00Z", "loc": BERLIN, "uid": UUID_A,
        "tags": ["a", "b"], "o": {"x": 1, "y": {"z": "deep"}}, "text": "The quick brown fox"},
    2: {"city": ["Berlin", "London"], "n": [1, 5], "price": -2, "flag": False, "when": "2024-01-01T12:30:00", "loc": [LONDON, POTSDAM],
        "uid": [UUID_A, UUID_B], "tags": [], "o": {"x": None}, "text": "Quick thinking; the fox is brown"},
    3: {"city": "Moscow", "n": 0, "price": 3, "flag": [True, False], "when": "2024-01-02", "loc": FIJI, "uid": UUID_B, "tags": None,
        "o": {}, "text": ["brown bread", "a quick meal"]},
    4: {"city": "", "n": -7, "price": 1e9, "when": ["2023-06-01T10:00:00+02:00", "2024-03-01"], "tags": "a", "o": [{"x": 1}, {"x": 9}]},
    5: {"city": 5, "n": "1", "price": "1.5", "flag": "true", "when": "yesterday", "loc": {"lon": 13.4}, "uid": "no-uuid",
        "tags": {"k": "a"},
        "o": [{"x": [1, 2]}, {"y": {"z": "deep"}}], "text": 7},
    6: {"diet": [{"food": "leaves", "likes": False}, {"food": "meat", "likes": True}],
        "m": {"l": [{"k": [{"v": 1}, {"v": 2}]}, {"k": [{"v": 3}]}]}},
    7: {"diet": [{"food": "leaves", "likes": True}, {"food": "meat", "likes": False}], "m": {"l": [{"k": [{"v": 2}]}]}},
    8: {"diet": {"food": "meat", "likes": True}, "n": 9007199254740993, "city": "berlin"},
    9: {"n": 2**63 - 1, "city": "Berlingo", "flag": None, "tags": ["b", "c", "d"]},
    10: {},
}
EVERYONE = list(PAYLOADS)
INDEXES = {"city": "keyword", "n": "integer", "price": "float", "flag": "bool", "when": "datetime", "loc": "geo", "uid": "uuid",
    "tags": "keyword",
           "o.x": "integer", "o[].x": "integer", "o.y.z": "keyword", "o[].y.z": "keyword", "diet[].food": "keyword",
               "diet[].likes": "bool", "diet.food": "keyword",
           "m.l[].k[].v": "integer", "o[0].x": "integer"}


def match(key, **what):
    return {"key": key, "match": what}


def value(key, wanted):
    return match(key, value=wanted)


def within(key, **bounds):
    return {"key": key, "range": bounds}


def square(west, south, east, north):
    return {"points": [{"lon": lon, "lat": lat} for lon, lat in ((west, south), (west, north), (east, north), (east, south),
        (west, south))]}


def near(center, metres):
    return {"key": "loc", "geo_radius": {"center": center, "radius": metres}}


def box(north, west, south, east):
    return {"key": "loc", "geo_bounding_box": {"top_left": {"lat": north, "lon": west}, "bottom_right": {"lat": south, "lon": east}}}


def area(exterior, *interiors):
    return {"key": "loc", "geo_polygon": {"exterior": exterior} | ({"interiors": list(interiors)} if interiors else {})}


def counted(key, **bounds):
    return {"key": key, "values_count": bounds}


def nested(key, **inner):
    return {"nested": {"key": key, "filter": inner}}


MEAT_LIKED = {"must": [value("food", "meat"), value("likes", True)]}
EUROPE = square(-10, 45, 20, 60)

# What one condition in `must` finds.
CONDITIONS = [
    # match value
    (value("city", "Berlin"), [1, 2]), (value("city", "London"), [2]), (value("city", ""), [4]), (value("city", 5), [5]),
    (value("city", "absent"), []), (value("absent", "Berlin"), []), (value("n", 1), [1, 2]), (value("n", -7), [4]),
    (value("n", 9007199254740993), [8]), (value("n", 9007199254740992), []), (value("n", 2**63 - 1), [9]), (value("n", "1"), [5]),
    (value("flag", True), [1, 3]), (value("flag", False), [2, 3]), (value("flag", "true"), [5]),
    (value("tags", "a"), [1, 4]), (value("tags[]", "b"), [1, 9]),
    (value("uid", UUID_A), [1, 2]), (value("uid", UUID_B), [2, 3]),
    # paths
    (value("o.x", 1), [1]), (value("o[].x", 1), [4, 5]), (value("o[].x", 9), [4]), (value("o[].x", 2), [5]), (value("o[0].x", 1), [4, 5]),
    (value("o[1].x", 9), [4]), (value("o.y.z", "deep"), [1]), (value("o[].y.z", "deep"), [5]),
    (value("diet.food", "meat"), [8]), (value("diet[].food", "meat"), [6, 7]), (value("diet[0].food", "leaves"), [6, 7]),
    (value("m.l[].k[].v", 2), [6, 7]), (value("m.l[1].k[].v", 3), [6]), (value("m.l[].k[1].v", 2), [6]), (value("m.l.k.v", 2), []),
    # any, except
    (match("city", any=["London", "Moscow", "x"]), [2, 3]), (match("n", any=[0, 5]), [2, 3]), (match("city", any=[]), []),
    (match("tags", any=["b"]), [1, 9]), (match("uid", any=[UUID_B]), [2, 3]),
    (match("city", **{"except": ["Berlin"]}), [2, 3, 4, 5, 8, 9]), (match("n", **{"except": [1]}), [2, 3, 4, 5, 8, 9]),
    (match("city", **{"except": []}), [1, 2, 3, 4, 5, 8, 9]), (match("n", **{"except": []}), [1, 2, 3, 4, 5, 8, 9]),
    (match("city", **{"except": [5]}), [1, 2, 3, 4, 8, 9]),
    # prefix of a keyword
    (match("city", prefix="Berlin"), [1, 2, 9]), (match("city", prefix="B"), [1, 2, 9]), (match("city", prefix="Lon"), [2]),
        (match("city", prefix="x"), []),
    # ranges
    (within("n", gte=1), [1, 2, 8, 9]), (within("n", gt=1), [2, 8, 9]), (within("n", lt=0), [4]), (within("n", gte=0, lte=1), [1, 2, 3]),
    (within("n", gt=1, lt=5), []), (within("n", gte=5, lt=6), [2]), (within("n", lte=1.5, gte=0.5), [1, 2]),
    (within("price", gt=1.4, lt=1.6), [1]), (within("price", lte=3), [1, 2, 3]), (within("price", gte=3), [3, 4]),
        (within("city", gte=0), [5]),
    (within("absent", gte=0), []), (within("o[].x", gte=2), [4, 5]),
    # points in time
    (within("when", gte="2024-01-01T00:00:00Z", lte="2024-01-01T00:00:00Z"), [1]),
        (within("when", gte="2024-01-01", lt="2024-01-02"), [1, 2]),
    (within("when", gt="2024-01-01T12:29:59.999Z", lt="2024-01-01T12:30:00.001Z"), [2]),
        (within("when", gte="2024-01-01 12:30"), [2, 3, 4]),
    (within("when", gte="2024-01-01T12:30", lte="2024-01-01T12:30:00"), [2]), (within("when", lt="2024-01-01T00:00:00+00:00"), [4]),
    (within("when", gte="2023-06-01T08:00:00Z", lte="2023-06-01T08:00:00Z"), [4]),
        (within("when", gte="2024-01-01T14:30:00+02:00", lte="2024-01-01T07:30:00-05:00"), [2]),
    (within("when", gte="2024-01-01T00:00:00.000000Z", lt="2024-01-01 00:00:01"), [1]), (within("when", gt="2024-03-01T00:00:00Z"), []),
    # places
    (near(BERLIN, 1000), [1]), (near(BERLIN, 40_000), [1, 2]), (near(LONDON, 1), [2]),
        (near({"lon": -179.5, "lat": -18.0}, 250_000), [3]), (near(FIJI, 1), [3]),
    (box(53, 13, 52, 14), [1, 2]), (box(53, 13.2, 52, 14), [1]), (box(0, 170, -30, -170), [3]), (box(0, -170, -30, 170), []),
        (box(60, -10, 45, 10), [2]),
    (area(EUROPE), [1, 2]), (area(EUROPE, square(13.2, 52.2, 13.6, 52.8)), [2]), (area(square(170, -30, 179, 0)), [3]),
        (area(square(0, 0, 10, 10)), []),
    # counts, emptiness
    (counted("tags", gte=2), [1, 9]), (counted("tags", gt=2), [9]), (counted("city", lte=0), [6, 7, 10]),
        (counted("city", gte=1), [1, 2, 3, 4, 5, 8, 9]),
    (counted("city", gte=2, lt=3), [2]), (counted("diet", gte=2), [6, 7]), (counted("absent", lt=1), EVERYONE),
    ({"is_empty": {"key": "tags"}}, [2, 3, 6, 7, 8, 10]), ({"key": "tags", "is_empty": True}, [2, 3, 6, 7, 8, 10]),
    ({"key": "tags", "is_empty": False}, [1, 4, 5, 9]), ({"is_empty": {"key": "absent"}}, EVERYONE),
        ({"is_empty": {"key": "o.x"}}, [2, 3, 4, 5, 6, 7, 8, 9, 10]),
    ({"is_null": {"key": "tags"}}, [3]), ({"is_null": {"key": "o.x"}}, [2]), ({"key": "flag", "is_null": True}, [9]),
    ({"key": "flag", "is_null": False}, [n for n in EVERYONE if n != 9]), ({"is_null": {"key": "absent"}}, []),
    # ids, vectors
    ({"has_id": [3, 1, 99]}, [1, 3]), ({"has_id": []}, []), ({"has_vector": ""}, [n for n in EVERYONE if n % 2]),
        ({"has_vector": "absent"}, []),
    # nested
    (nested("diet[]", **MEAT_LIKED), [6]), (nested("diet", **MEAT_LIKED), [6]),
    (nested("diet", must=[value("food", "meat")], must_not=[value("likes", True)]), [7]),
    (nested("diet", must_not=[value("food", "meat")]), [6, 7]), (nested("diet[]",
        should=[value("food", "bread"), value("food", "leaves")]), [6, 7]),
    (nested("m.l[]", must=[value("k[].v", 1)]), [6]), (nested("m.l", must=[nested("k", must=[value("v", 2)])]), [6, 7]),
    (nested("o", must=[{"is_empty": {"key": "x"}}]), [5]), (nested("o[]", must=[within("x", gt=1)]), [4, 5]),
        (nested("absent", must=[value("x", 1)]), []),
    # a filter is a condition
    ({"must": [value("city", "Berlin")], "must_not": [value("flag", False)]}, [1]), ({"should": []}, EVERYONE), ({}, EVERYONE),
]

# Whole filters.
FILTERS = [
    ({}, EVERYONE), ({"must": []}, EVERYONE), ({"must_not": []}, EVERYONE), ({"should": []}, EVERYONE),
    ({"must": value("city", "Berlin")}, [1, 2]), ({"must_not": value("city", "Berlin")}, [3, 4, 5, 6, 7, 8, 9, 10]),
    ({"should": value("city", "Moscow")}, [3]),
    ({"must": [value("city", "Berlin"), value("flag", True)]}, [1]), ({"should": [value("city", "Moscow"), value("n", 1)]}, [1, 2, 3]),
    ({"must": [within("n", gte=0)], "should": [value("city", "Moscow"), value("flag", True)], "must_not": [value("n", 1)]}, [3]),
    ({"min_should": {"conditions": [value("city", "Berlin"), value("flag", True), within("price", gt=0)], "min_count": 2}}, [1, 3]),
    ({"min_should": {"conditions": [value("city", "Berlin"), value("flag", True), within("price", gt=0)], "min_count": 3}}, [1]),
    ({"min_should": {"conditions": [value("city", "Berlin"), value("n", 5)], "min_count": 1}}, [1, 2]),
    ({"min_should": {"conditions": [value("city", "Berlin")], "min_count": 2}}, []),
    ({"must": [{"should": [value("city", "Moscow"), value("city", "")]}, {"must_not": [value("n", 0)]}]}, [4]),
    ({"must_not": [{"must": [value("city", "Berlin"), value("flag", True)]}, {"has_id": [8, 9, 10]}]}, [2, 3, 4, 5, 6, 7]),
    ({"must": [{"has_id": [1, 2, 3]}, {"must_not": [{"must_not": [value("flag", True)]}]}]}, [1, 3]),
    ({"must_not": [match("city", any=[])]}, EVERYONE), ({"must_not": [{"is_empty": {"key": "city"}}]}, [1, 2, 3, 4, 5, 8, 9]),
    ({"should": [nested("diet", **MEAT_LIKED), value("diet.food", "meat")]}, [6, 8]),
]


def made(session_api, indexes):
    points = [{"id": n, "vector": [1, n] if n % 2 else {}, "payload": payload} for n, payload in PAYLOADS.items()]
    return session_api.collection(2, points, indexes)


@pytest.fixture(scope="module", params=["scanned", "indexed"])
def zoo(request, session_api):
    return made(session_api, INDEXES if request.param == "indexed" else {})


def label(case):
    return str(case)[:90] if isinstance(case, dict) else ""


@pytest.mark.parametrize("condition, expected", CONDITIONS, ids=label)
def test_one_condition(zoo, condition, expected):
    assert zoo.ids(filter={"must": [condition]}) == expected
    assert zoo.ids(filter={"must_not": condition}) == [n for n in EVERYONE if n not in expected]
    assert zoo.count(filter={"should": [condition]}) == len(expected)
    found = zoo.query([0, 1], limit=20, filter={"must": condition})
    assert [hit["id"] for hit in found] == [n for n in reversed(expected) if n % 2], "the points that have a vector, best first"


@pytest.mark.parametrize("tree, expected", FILTERS, ids=label)
def test_whole_filters(zoo, tree, expected):
    assert zoo.ids(filter=tree) == expected and zoo.count(filter=tree) == len(expected)
    assert zoo.ids(filter={"must": [tree]}) == expected
    assert zoo.ids(filter={"must_not": [tree]}) == [n for n in EVERYONE if n not in expected]


def test_except_of_another_type_excludes_nothing(zoo):
    assert zoo.ids(filter={"must": [match("tags", **{"except": [1]})]}) == zoo.ids(filter={"must": [match("tags", **{"except": []})]})
    assert set(zoo.ids(filter={"must": [match("tags", **{"except": [1]})]})) >= {1, 4, 9}


# ── Text ─────────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("schema, condition, expected", [
    # Without an index: bytes.
    (None, {"text": "quick"}, [1, 3]), (None, {"text": "brown fox"}, [1]), (None, {"text": "Quick think"}, [2]),
        (None, {"text": "row"}, [1, 2, 3]),
    (None, {"phrase": "brown fox"}, [1]), (None, {"phrase": ""}, []), (None, {"text_any": "bread fox"}, [1, 2, 3]),
    # word tokenizer, lower case
    ("text", {"text": "fox BROWN"}, [1, 2]), ("text", {"text": "QUICK fox"}, [1, 2]), ("text", {"text": "row"}, []),
        ("text", {"text": "fox absent"}, []),
    ("text", {"text_any": "bread absent"}, [3]), ("text", {"text_any": "Thinking meal"}, [2, 3]),
    ({"type": "text", "phrase_matching": True}, {"phrase": "brown fox"}, [1]),
        ({"type": "text", "phrase_matching": True}, {"phrase": "Quick Brown"}, [1]),
    ({"type": "text", "phrase_matching": True}, {"phrase": "fox brown"}, []),
        ({"type": "text", "phrase_matching": True}, {"phrase": ""}, []),
    ({"type": "text", "phrase_matching": True}, {"phrase": "fox is brown"}, [2]),
    ({"type": "text", "lowercase": False}, {"text": "Quick"}, [2]), ({"type": "text", "lowercase": False}, {"text": "quick"}, [1, 3]),
    ({"type": "text", "tokenizer": "whitespace"}, {"text": "thinking;"}, [2]),
        ({"type": "text", "tokenizer": "whitespace"}, {"text": "thinking"}, []),
    ({"type": "text", "tokenizer": "word"}, {"text": "thinking"}, [2]),
    ({"type": "text", "tokenizer": "prefix", "min_token_len": 2}, {"text": "thi"}, [2]),
        ({"type": "text", "tokenizer": "prefix", "min_token_len": 2}, {"text": "fo br"}, [1, 2]),
    ({"type": "text", "tokenizer": "prefix", "min_token_len": 2}, {"text": "rown"}, []),
    ({"type": "text", "min_token_len": 4}, {"text": "fox"}, []), ({"type": "text", "max_token_len": 5}, {"text": "thinking"}, []),
    ({"type": "text", "stopwords": "english"}, {"text": "the quick"}, [1, 2, 3]),
        ({"type": "text", "stopwords": {"custom": ["fox"]}}, {"text": "fox meal"}, [3]),
    ({"type": "text", "stemmer": {"type": "snowball", "language": "english"}}, {"text": "foxes thinks"}, [2]),
    ({"type": "text", "tokenizer": "multilingual"}, {"text": "quick fox"}, [1, 2]),
], ids=label)
def test_text(api, schema, condition, expected):
    c = made(api, {"text": schema} if schema else {})
    assert c.ids(filter={"must": [{"key": "text", "match": condition}]}) == expected
    assert c.ids(filter={"must_not": [{"key": "text", "match": condition}]}) == [n for n in EVERYONE if n not in expected]


@pytest.mark.parametrize("text, query, found", [
    ("検索エンジンは便利です", "検索", True), ("検索エンジンは便利です", "料理", False), ("GRÖẞE und Maße", "größe", True), ("naïve café", "café", True),
    ("Ключ находится здесь", "ключ", True)])
def test_multilingual_text(api, text, query, found):
    c = api.collection(1, [{"id": 1, "vector": [1], "payload": {"t": text}}], {"t": {"type": "text", "tokenizer": "multilingual"}})
    assert c.ids(filter={"must": {"key": "t", "match": {"text": query}}}) == ([1] if found else [])


def test_ascii_folding(api):
    c = api.collection(1, [{"id": 1, "vector": [1], "payload": {"t": "naïve Café"}}], {"t": {"type": "text", "ascii_folding": True}})
    assert c.ids(filter={"must": {"key": "t", "match": {"text": "cafe naive"}}}) == [1]
    c.index("t", {"type": "text"})
    assert c.ids(filter={"must": {"key": "t", "match": {"text": "cafe"}}}) == []


# ── Slices, ids, vectors by name ─────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("total", [1, 2, 3, 7])
def test_slices_part_the_collection(api, total):
    points = [{"id": n if n % 3 else str(uuid.UUID(int=n)), "vector": [n]} for n in range(200)]
    c = api.collection(1, points)
    slices = [c.ids(filter={"must": [{"slice": {"total": total, "index": index}}]}) for index in range(total)]
    assert sorted(map(str, sum(slices, []))) == sorted(map(str, c.ids())), "each point is in one slice"
    assert all(len(part) > 200 / total / 3 for part in slices), "slices are about equal"
    assert slices[0] == c.ids(filter={"must": [{"slice": {"total": total, "index": 0}}]})


def test_has_id_of_every_kind(api):
    c = api.collection(1, [{"id": i, "vector": [1]} for i in (1, UUID_A, "name")])
    assert c.ids(filter={"must": [{"has_id": [UUID_A.upper(), "name", "other", 7]}]}) == [UUID_A, "name"]
    assert c.ids(filter={"must_not": [{"has_id": [1]}]}) == [UUID_A, "name"]


def test_has_vector_by_name(api):
    c = api.collection({"vectors": {"a": {"size": 1, "distance": "Dot"}, "b": {"size": 1, "distance": "Dot"}}, "sparse_vectors": {"s": {}}},
                       [{"id": 1, "vector": {"a": [1]}}, {"id": 2,
                           "vector": {"a": [1], "b": [2], "s": {"indices": [1], "values": [1]}}}, {"id": 3, "vector": {}}])
    assert c.ids(filter={"must": {"has_vector": "a"}}) == [1, 2] and c.ids(filter={"must": {"has_vector": "b"}}) == [2]
    assert c.ids(filter={"must": {"has_vector": "s"}}) == [2] and c.ids(filter={"must_not": {"has_vector": "a"}}) == [3]


@pytest.mark.parametrize("condition, status", [
    ({"slice": {"total": 0, "index": 0}}, 400), ({"slice": {"total": 3, "index": 3}}, 422), ({"slice": {"total": 3}}, 400),
        ({"slice": {"total": 3, "index": -1}}, 400),
    (within("when", gte="the day before yesterday"), 400), (within("when", gte="2024-13-01"), 400), (within("n", gte="x"), 400),
        (within("n", gte=[1]), 400),
    ({"key": "n"}, 422), (match("n", value=None), 400), (match("n", value=1.5), 400), (match("n", any="x"), 400),
        (match("n", any=[1, "x"]), 400), (match("n", text=3), 400),
    (area({"points": [BERLIN, LONDON, BERLIN]}), (400, 422)), (area({"points": [BERLIN, LONDON, POTSDAM, FIJI]}), (400, 422)),
        (near({"lon": 1}, 10), 400),
    (near({"lon": 1, "lat": 91}, 10), (400, 422)), (near({"lon": 181, "lat": 9}, 10), (400, 422)), (counted("n", gte=-1), 400),
        ({"nested": {"key": "a"}}, 400),
    ({"nested": {"filter": {}}}, 400), ({"is_empty": {}}, 400), ({"has_id": 1}, 400), ({"has_id": [1.5]}, 400),
        ({"must": "x"}, 400), ("x", 400), (None, 400), ([], 400),
    ({"unknown": 1}, 400), ({"min_should": {"conditions": [value("n", 1)]}}, 400), ({"min_should": {"min_count": 1}}, 400),
], ids=label)
def test_conditions_that_make_no_sense(zoo, condition, status):
    for rest, body in (("/points/count", {}), ("/points/scroll", {}), ("/points/query", {"query": [1, 1]})):
        zoo.refused("POST", rest, {**body, "filter": {"must": [condition]}}, status)


# ── Random filters: an index must not change what is found ───────────────────────────────────────────────

def random_condition(rng, depth):
    kind = rng.randrange(12 if depth else 9)
    key = rng.choice(["k", "i", "f", "b", "a[].i", "a[].k", "absent", "a"])
    if kind == 0:
        return value(key, rng.choice(["red", "blue", 1, 2, 3, True, False]))
    if kind == 1:
        return match(key, **{rng.choice(["any", "except"]): rng.choice([["red"], ["red", "green"], [1, 2], [], [3]])})
    if kind == 2:
        bounds = rng.sample(["lt", "lte", "gt", "gte"], rng.randint(1, 2))
        return within(key, **{bound: rng.choice([-1, 0, 1, 1.5, 2, 3]) for bound in bounds})
    if kind == 3:
        return counted(key, **{rng.choice(["lt", "lte", "gt", "gte"]): rng.randint(0, 3)})
    if kind == 4:
        return {rng.choice(["is_empty", "is_null"]): {"key": key}}
    if kind == 5:
        return {"has_id": rng.sample(range(120), rng.randint(0, 30))}
    if kind == 6:
        return {"slice": {"total": 3, "index": rng.randrange(3)}}
    if kind in (7, 8):
        return nested("a", **random_filter(rng, 0, inner=True))
    return random_filter(rng, depth - 1)


def random_filter(rng, depth, inner=False):
    def condition():
        if inner:
            return rng.choice([value("i", rng.randint(1, 3)), value("k", "red"), within("i", gte=2), {"is_empty": {"key": "k"}},
                match("i", any=[1, 3])])
        return random_condition(rng, depth)
    tree = {clause: [condition() for _ in range(rng.randint(0, 3))] for clause in rng.sample(["must", "should", "must_not"],
        rng.randint(1, 3))}
    if rng.random() < 0.2:
        tree["min_should"] = {"conditions": [condition() for _ in range(3)], "min_count": rng.randint(1, 3)}
    return tree


def random_payload(rng):
    scalars = {"k": lambda: rng.choice(["red", "green", "blue", 1, None]), "i": lambda: rng.choice([0, 1, 2, 3, -1, "1"]),
               "f": lambda: rng.choice([0.5, 1.5, 2, 3.25]), "b": lambda: rng.choice([True, False, 1])}
    payload = {}
    for key, draw in scalars.items():
        shape = rng.randrange(4)
        if shape == 1:
            payload[key] = [draw() for _ in range(rng.randint(0, 3))]
        elif shape > 1:
            payload[key] = draw()
    if rng.random() < 0.7:
        payload["a"] = [{key: scalars[key]() for key in rng.sample("kif", rng.randint(0, 2))} for _ in range(rng.randint(0, 3))]
    return payload


def test_random_filters_with_and_without_indexes(api, seeded):
    points = [{"id": n, "vector": [n % 7, 1], "payload": random_payload(seeded)} for n in range(120)]
    scanned = api.collection(2, points)
    indexed = api.collection(2, points, {"k": "keyword", "i": "integer", "f": "float", "b": "bool", "a[].i": "integer", "a[].k": "keyword"})
    lengths = []
    for _ in range(400):
        tree = random_filter(seeded, 2)
        expected = scanned.ids(filter=tree)
        assert indexed.ids(filter=tree) == expected, tree
        assert indexed.count(filter=tree) == scanned.count(filter=tree) == len(expected), tree
        ranked = [[(hit["id"], hit["score"]) for hit in c.query([1, 1], limit=200, filter=tree)] for c in (scanned, indexed)]
        assert ranked[0] == ranked[1] and sorted(i for i, _ in ranked[0]) == expected, tree
        lengths.append(len(expected))
    assert len(set(lengths)) > 20, "the filters must not all find the same"
