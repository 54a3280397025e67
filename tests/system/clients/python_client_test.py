"""The newest official Python client, unchanged, compared with brute force over what was sent."""

import math
import random
import uuid

import pytest

pytest.importorskip("qdrant_client", reason="package qdrant-client is not installed")

from qdrant_client import QdrantClient, models  # noqa: E402
from qdrant_client.http.exceptions import UnexpectedResponse  # noqa: E402

DIMENSION = 16
COUNT = 300


def make_points(seed=11):
    rng = random.Random(seed)
    points = []
    for n in range(COUNT):
        # Numbers, UUIDs and other strings are all ids.
        point_id = n if n % 3 == 0 else str(uuid.UUID(int=rng.getrandbits(128), version=4)) if n % 3 == 1 else f"name-{n:03}"
        vector = [rng.randint(-64, 64) / 64 for _ in range(DIMENSION)]
        payload = {"n": n, "colour": ["red", "green", "blue"][n % 3 if n % 7 else 0], "tags": [f"t{n % 5}", f"u{n % 4}"],
                   "nested": {"deep": {"value": n * 1.5}}, "text": f"größe {n} 検索", "none": None, "flag": n % 2 == 0}
        points.append(models.PointStruct.model_construct(id=point_id, vector=vector, payload=payload))
    return points


@pytest.fixture
def client(server):
    # The client's own check of versions runs in a thread that may outlive the server; it has a test of its own.
    made = QdrantClient(url=server.url, timeout=60, check_compatibility=False)
    yield made
    made.close()


@pytest.fixture
def filled(client):
    assert client.create_collection("c", vectors_config=models.VectorParams(size=DIMENSION, distance=models.Distance.DOT))
    points = make_points()
    for start in range(0, COUNT, 64):
        result = client.upsert("c", points=points[start:start + 64], wait=True)
        assert result.status == models.UpdateStatus.COMPLETED
    return client, points


def dot(a, b):
    return math.fsum(x * y for x, y in zip(a, b))


def nearest(points, query, limit):
    return sorted(((dot(query, p.vector), p.id) for p in points), key=lambda pair: -pair[0])[:limit]


def same_hits(hits, expected):
    """Scores must agree; ids too, except where scores tie."""
    assert [hit.score for hit in hits] == pytest.approx([score for score, _ in expected], rel=1e-5, abs=1e-5)
    allowed = {}
    for score, point_id in expected:
        allowed.setdefault(round(score, 4), set()).add(point_id)
    lowest = round(expected[-1][0], 4)
    for hit in hits:
        assert round(hit.score, 4) == lowest or hit.id in allowed[round(hit.score, 4)]


def test_the_client_finds_the_server_compatible(server):
    from importlib.metadata import version
    from qdrant_client.common.version_check import get_server_version, is_compatible
    assert is_compatible(version("qdrant-client"), get_server_version(server.url, {}, None, 60))


def test_collections(client):
    assert client.get_collections().collections == []
    assert not client.collection_exists("c")
    with pytest.raises(UnexpectedResponse) as error:
        client.get_collection("c")
    assert error.value.status_code == 404
    client.create_collection("c", vectors_config=models.VectorParams(size=4, distance=models.Distance.COSINE))
    with pytest.raises(UnexpectedResponse) as error:
        client.create_collection("c", vectors_config=models.VectorParams(size=4, distance=models.Distance.COSINE))
    assert error.value.status_code == 409
    assert client.collection_exists("c")
    assert [found.name for found in client.get_collections().collections] == ["c"]
    info = client.get_collection("c")
    assert info.status == models.CollectionStatus.GREEN and info.points_count == 0
    assert info.config.params.vectors == models.VectorParams(size=4, distance=models.Distance.COSINE)
    assert client.delete_collection("c") and not client.collection_exists("c")


@pytest.mark.parametrize("distance, score", [
    (models.Distance.DOT, dot),
    (models.Distance.COSINE, lambda a, b: dot(a, b) / math.sqrt(dot(a, a) * dot(b, b))),
    (models.Distance.EUCLID, lambda a, b: math.dist(a, b)),
    (models.Distance.MANHATTAN, lambda a, b: math.fsum(abs(x - y) for x, y in zip(a, b))),
])
def test_query_points_agrees_with_brute_force(client, distance, score):
    client.create_collection("d", vectors_config=models.VectorParams(size=DIMENSION, distance=distance))
    points = make_points(3)
    client.upsert("d", points=points, wait=True)
    rng = random.Random(4)
    smaller_is_better = distance in (models.Distance.EUCLID, models.Distance.MANHATTAN)
    for _ in range(10):
        query = [rng.uniform(-1, 1) for _ in range(DIMENSION)]
        hits = client.query_points("d", query=query, limit=10, with_payload=False).points
        expected = sorted((score(query, p.vector) for p in points), reverse=not smaller_is_better)[:10]
        assert [hit.score for hit in hits] == pytest.approx(expected, rel=1e-4, abs=1e-5)
        by_id = {p.id: p for p in points}
        for hit in hits:
            assert hit.score == pytest.approx(score(query, by_id[hit.id].vector), rel=1e-4, abs=1e-5)


def test_query_options(filled):
    client, points = filled
    query = points[42].vector
    hits = client.query_points("c", query=query, limit=7, with_payload=True, with_vectors=True).points
    same_hits(hits, nearest(points, query, 7))
    by_id = {p.id: p for p in points}
    for hit in hits:
        assert hit.payload == by_id[hit.id].payload and hit.vector == by_id[hit.id].vector
    paged = client.query_points("c", query=query, limit=4, offset=3).points
    assert [hit.score for hit in paged] == pytest.approx([hit.score for hit in hits[3:7]])
    threshold = (hits[2].score + hits[3].score) / 2
    above = client.query_points("c", query=query, limit=50, score_threshold=threshold).points
    assert [hit.id for hit in above] == [hit.id for hit in hits if hit.score >= threshold]
    red = models.Filter(must=[models.FieldCondition(key="colour", match=models.MatchValue(value="red"))])
    same_hits(client.query_points("c", query=query, query_filter=red, limit=20).points,
              nearest([p for p in points if p.payload["colour"] == "red"], query, 20))
    by_example = client.query_points("c", query=points[42].id, limit=5).points
    same_hits(by_example, nearest([p for p in points if p.id != points[42].id], query, 5))
    batch = client.query_batch_points("c", requests=[models.QueryRequest(query=p.vector, limit=3) for p in points[:5]])
    for response, point in zip(batch, points[:5]):
        same_hits(response.points, nearest(points, point.vector, 3))


def test_scroll_pages_through_everything_once(filled):
    client, points = filled
    seen, offset = [], None
    while True:
        page, offset = client.scroll("c", limit=37, offset=offset, with_payload=True, with_vectors=True)
        seen += page
        if offset is None:
            break
        assert len(page) == 37
    assert len(seen) == COUNT
    by_id = {record.id: record for record in seen}
    assert len(by_id) == COUNT
    for point in points:
        assert by_id[point.id].payload == point.payload and by_id[point.id].vector == point.vector
    ids = [record.id for record in seen]
    numbers = [i for i in ids if isinstance(i, int)]
    assert ids[:len(numbers)] == sorted(numbers), "numbers first, ascending"
    green = models.Filter(must=[models.FieldCondition(key="colour", match=models.MatchValue(value="green"))])
    page, _ = client.scroll("c", scroll_filter=green, limit=COUNT)
    assert {record.id for record in page} == {p.id for p in points if p.payload["colour"] == "green"}


def matching(points, test):
    return sum(1 for p in points if test(p.payload))


def test_count_with_filters(filled):
    client, points = filled
    assert client.count("c", exact=True).count == COUNT
    assert client.get_collection("c").points_count == COUNT
    match = lambda key, value: models.FieldCondition(key=key, match=models.MatchValue(value=value))  # noqa: E731
    cases = [
        (models.Filter(must=[match("tags", "t2")]), lambda p: "t2" in p["tags"]),
        (models.Filter(must=[match("tags[]", "u3")]), lambda p: "u3" in p["tags"]),
        (models.Filter(must=[match("flag", True)]), lambda p: p["flag"]),
        (models.Filter(must=[match("n", 17)]), lambda p: p["n"] == 17),
        (models.Filter(must=[match("colour", "red")], must_not=[match("flag", True)]), lambda p: p["colour"] == "red" and not p["flag"]),
        (models.Filter(should=[match("colour", "green"), match("tags", "t0")]), lambda p: p["colour"] == "green" or "t0" in p["tags"]),
        (models.Filter(must=[models.HasIdCondition(has_id=[p.id for p in points[:9]])]), lambda p: p["n"] < 9),
    ]
    for condition, test in cases:
        assert client.count("c", count_filter=condition).count == matching(points, test), condition


def test_retrieve_and_payload_selectors(filled):
    client, points = filled
    some = [points[n] for n in (3, 4, 5, 100, 200, 299)]
    records = client.retrieve("c", ids=[p.id for p in some] + [10**12, "absent"], with_vectors=True)
    assert {r.id: (r.payload, r.vector) for r in records} == {p.id: (p.payload, p.vector) for p in some}
    one = [some[0].id]
    payload = some[0].payload
    assert client.retrieve("c", one, with_payload=False)[0].payload in (None, {})
    assert client.retrieve("c", one, with_payload=["n", "colour"])[0].payload == {"n": payload["n"], "colour": payload["colour"]}
    assert client.retrieve("c", one, with_payload=["nested.deep"])[0].payload == {"nested": payload["nested"]}
    included = client.retrieve("c", one, with_payload=models.PayloadSelectorInclude(include=["flag"]))
    assert included[0].payload == {"flag": payload["flag"]}
    excluded = client.retrieve("c", one, with_payload=models.PayloadSelectorExclude(exclude=["nested", "tags"]))
    assert excluded[0].payload == {k: v for k, v in payload.items() if k not in ("nested", "tags")}
    assert client.retrieve("c", one)[0].vector is None


def test_ids_are_echoed_in_one_form(client):
    client.create_collection("ids", vectors_config=models.VectorParams(size=2, distance=models.Distance.DOT))
    plain = uuid.UUID("6F1C3A52-6A0E-5D6D-9D7B-0A3F6F3C1F11")
    for form in (str(plain).upper(), plain.hex, plain.urn):
        client.upsert("ids", points=[models.PointStruct(id=form, vector=[1, 2], payload={"form": form})], wait=True)
    assert client.count("ids").count == 1
    record = client.retrieve("ids", ids=[plain.hex])[0]
    assert record.id == str(plain) and record.payload == {"form": plain.urn}
    for point_id in (0, 1, 2**64 - 1, "1", "ключ"):
        client.upsert("ids", points=[models.PointStruct(id=point_id, vector=[3, 4], payload={"id": str(point_id)})], wait=True)
    assert client.count("ids").count == 6, '"1" is not 1'
    assert client.retrieve("ids", ids=[2**64 - 1])[0].id == 2**64 - 1
    assert client.retrieve("ids", ids=["1"])[0].id == "1"


def test_upsert_replaces_and_batch_upsert(filled):
    client, points = filled
    client.upsert("c", points=models.Batch(ids=[0, 3, "name-002"], vectors=[[1.0] * DIMENSION, [2.0] * DIMENSION, [3.0] * DIMENSION],
                                           payloads=[{"new": 1}, {"new": 2}, {"new": 3}]), wait=True)
    assert client.count("c").count == COUNT
    records = {r.id: r for r in client.retrieve("c", ids=[0, 3, "name-002"], with_vectors=True)}
    assert records[3].payload == {"new": 2} and records[3].vector == [2.0] * DIMENSION
    assert records["name-002"].payload == {"new": 3}
    best = client.query_points("c", query=[1.0] * DIMENSION, limit=2).points
    assert [hit.id for hit in best] == ["name-002", 3]


def test_delete_by_ids_and_by_filter(filled):
    client, points = filled
    gone = [p.id for p in points[::10]]
    assert client.delete("c", points_selector=gone, wait=True).status == models.UpdateStatus.COMPLETED
    left = [p for p in points if p.id not in gone]
    assert client.count("c").count == len(left)
    assert client.retrieve("c", ids=gone) == []
    blue = models.Filter(must=[models.FieldCondition(key="colour", match=models.MatchValue(value="blue"))])
    client.delete("c", points_selector=models.FilterSelector(filter=blue), wait=True)
    left = [p for p in left if p.payload["colour"] != "blue"]
    assert client.count("c").count == len(left)
    for point in points[:20]:
        same_hits(client.query_points("c", query=point.vector, limit=10).points, nearest(left, point.vector, 10))


def test_named_vectors(client):
    client.create_collection("named", vectors_config={
        "image": models.VectorParams(size=3, distance=models.Distance.DOT),
        "text": models.VectorParams(size=2, distance=models.Distance.EUCLID)})
    client.upsert("named", wait=True, points=[
        models.PointStruct(id=1, vector={"image": [1, 0, 0], "text": [0, 0]}),
        models.PointStruct(id=2, vector={"image": [0, 1, 0], "text": [5, 5]}),
        models.PointStruct(id=3, vector={"text": [1, 1]})])
    assert [h.id for h in client.query_points("named", query=[0, 2, 0], using="image", limit=5).points] == [2, 1]
    assert [h.id for h in client.query_points("named", query=[0.9, 0.9], using="text", limit=5).points] == [3, 1, 2]
    assert client.retrieve("named", [1], with_vectors=["text"])[0].vector == {"text": [0.0, 0.0]}
    assert set(client.get_collection("named").config.params.vectors) == {"image", "text"}


def test_a_wrong_dimension_reaches_the_caller_with_its_message(filled):
    client, _ = filled
    with pytest.raises(UnexpectedResponse) as error:
        client.upsert("c", points=[models.PointStruct(id=1, vector=[1.0, 2.0])], wait=True)
    assert error.value.status_code == 400 and b"expected dim: 16, got 2" in error.value.content


def test_api_key(tmp_path):
    from kith_server import Server
    with Server(tmp_path / "locked", env={"KITH__SERVER__API_KEY": "secret"}) as locked:
        with pytest.raises(UnexpectedResponse) as error:
            QdrantClient(url=locked.url, check_compatibility=False).get_collections()
        assert error.value.status_code == 401
        # The client warns that the key goes over plain HTTP; that is the test's own choice.
        with pytest.warns(UserWarning, match="insecure"):
            allowed = QdrantClient(url=locked.url, api_key="secret", check_compatibility=False)
        assert allowed.get_collections().collections == []
