"""A whole application through the newest official Python client: create, upsert, index, filter, query, hybrid, groups, facets,
delete. Each answer is compared with the client's own in-memory implementation over the same calls, and each response must be
what the client's models say: nothing missing, nothing of another type, nothing that the models do not know.
"""

import asyncio
import json
import math
import random

import pytest

pytest.importorskip("qdrant_client", reason="package qdrant-client is not installed")

from pydantic import TypeAdapter  # noqa: E402
from qdrant_client import AsyncQdrantClient, QdrantClient, models  # noqa: E402
from qdrant_client.http import api_client  # noqa: E402
from qdrant_client.http.exceptions import UnexpectedResponse  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

COUNT, DENSE = 250, 12
COLOURS = ["red", "green", "blue", "violet"]


def make_points():
    rng = random.Random(21)
    points = []
    for n in range(COUNT):
        vector = {"dense": [round(rng.uniform(-1, 1), 3) for _ in range(DENSE)]}
        if n % 5:
            indices = sorted(rng.sample(range(40), rng.randint(2, 8)))
            vector["sparse"] = models.SparseVector(indices=indices, values=[round(rng.uniform(0.1, 2), 3) for _ in indices])
        if n % 4:
            vector["multi"] = [[round(rng.uniform(-1, 1), 3) for _ in range(4)] for _ in range(rng.randint(1, 4))]
        payload = {"n": n, "colour": COLOURS[n % 7 % 4], "price": n / 8, "flag": n % 3 == 0, "tags": [f"t{n % 6}", f"u{n % 5}"],
                   "when": f"2024-{n % 12 + 1:02}-{n % 28 + 1:02}T{n % 24:02}:00:00Z", "document": n // 4,
                   "loc": {"lon": (n % 60) - 30.0, "lat": (n % 30) + 20.0}, "uid": f"00000000-0000-4000-8000-{n % 9:012}",
                   "text": f"{COLOURS[n % 4]} apples and {COLOURS[(n + 1) % 4]} pears",
                       "parts": [{"kind": f"k{n % 3}", "size": n % 10}, {"kind": "k9", "size": n % 4}],
                   "maybe": None if n % 2 else n}
        if n % 11 == 0:
            del payload["colour"]
        points.append(models.PointStruct(id=n if n % 2 else f"00000000-0000-4000-9000-{n:012}", vector=vector, payload=payload))
    return points


@pytest.fixture(scope="module")
def points():
    return make_points()


VECTORS = {"dense": models.VectorParams(size=DENSE, distance=models.Distance.COSINE),
           "multi": models.VectorParams(size=4, distance=models.Distance.DOT,
               multivector_config=models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM))}
SPARSE = {"sparse": models.SparseVectorParams()}
INDEXES = {"colour": models.PayloadSchemaType.KEYWORD, "n": models.IntegerIndexParams(type="integer", lookup=True, range=True),
    "price": models.PayloadSchemaType.FLOAT,
           "flag": models.PayloadSchemaType.BOOL, "when": models.PayloadSchemaType.DATETIME, "loc": models.PayloadSchemaType.GEO,
               "uid": models.PayloadSchemaType.UUID,
           "tags": models.KeywordIndexParams(type="keyword", is_tenant=True), "parts[].size": models.PayloadSchemaType.INTEGER}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    from kith_server import Server
    with Server(tmp_path_factory.mktemp("flow") / "data") as server:
        yield server


@pytest.fixture(scope="module", autouse=True)
def checked_responses():
    """Each response, back from the client's model to JSON, is what was sent."""
    original, adapters, seen = api_client.parse_response, {}, set()

    def checked(content, type_):
        parsed = original(content, type_)
        adapter = adapters.setdefault(type_, TypeAdapter(type_)) if not isinstance(type_, type) else TypeAdapter(type_)
        model = adapter.validate_json(content)
        back = json.loads(adapter.dump_json(model, exclude_unset=True))
        assert same_json(back, json.loads(content)), f"{type_}: {content[:2000]!r}"
        seen.add(str(type_))
        return parsed
    api_client.parse_response = checked
    yield
    api_client.parse_response = original
    assert len(seen) > 5


def same_json(a, b):
    """Times and numbers may be spelled in several ways."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same_json(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same_json, a, b))
    if isinstance(a, str) and isinstance(b, str) and a != b:
        return a[:19].replace(" ", "T") == b[:19].replace(" ", "T") and a[4:5] == "-"
    return a == b


def fill(client, points):
    assert client.create_collection("flow", vectors_config=VECTORS, sparse_vectors_config=SPARSE)
    client.upload_points("flow", points, batch_size=64, wait=True)
    for key, schema in INDEXES.items():
        client.create_payload_index("flow", key, field_schema=schema, wait=True)
    return client


@pytest.fixture(scope="module")
def pair(served, points):
    remote = fill(QdrantClient(url=served.url, timeout=60, check_compatibility=False), points)
    local = fill(QdrantClient(":memory:"), points)
    yield remote, local
    remote.close()


def hits_of(answer):
    return answer.points if hasattr(answer, "points") else answer


def same_hits(ours, theirs, tolerance=1e-4):
    assert [hit.score for hit in ours] == pytest.approx([hit.score for hit in theirs], abs=tolerance, rel=1e-4)
    lowest = theirs[-1].score if theirs else 0
    scores = {hit.id: hit.score for hit in theirs}
    for hit in ours:  # which of several equal ones stands where is each server's own affair
        assert hit.id in scores and abs(scores[hit.id] - hit.score) <= tolerance or abs(hit.score - lowest) <= tolerance, hit
    payloads = {hit.id: hit.payload for hit in theirs}
    assert all(hit.payload == payloads[hit.id] for hit in ours if hit.id in payloads)


def flat(vector):
    if isinstance(vector, models.SparseVector):
        return [*vector.indices, *vector.values]
    return [len(vector), *(x for row in vector for x in row)]


def match(key, value):
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))


FILTERS = {
    "none": None,
    "value": models.Filter(must=[match("colour", "red")]),
    "not": models.Filter(must_not=[match("colour", "red")]),
    "any": models.Filter(must=[models.FieldCondition(key="tags", match=models.MatchAny(any=["t1", "u3"]))]),
    "except": models.Filter(must=[models.FieldCondition(key="colour", match=models.MatchExcept(**{"except": ["red", "blue"]}))]),
    "range": models.Filter(must=[models.FieldCondition(key="price", range=models.Range(gte=3, lt=9.5))]),
    "time": models.Filter(must=[models.FieldCondition(key="when", range=models.DatetimeRange(gte="2024-03-01T00:00:00Z",
        lt="2024-06-01T00:00:00Z"))]),
    "radius": models.Filter(must=[models.FieldCondition(key="loc",
        geo_radius=models.GeoRadius(center=models.GeoPoint(lon=0, lat=30), radius=900_000))]),
    "box": models.Filter(must=[models.FieldCondition(key="loc",
        geo_bounding_box=models.GeoBoundingBox(top_left=models.GeoPoint(lon=-10.5, lat=40.5),
        bottom_right=models.GeoPoint(lon=10.5, lat=25.5)))]),
    "polygon": models.Filter(must=[models.FieldCondition(key="loc", geo_polygon=models.GeoPolygon(exterior=models.GeoLineString(points=[
        models.GeoPoint(lon=-20.5, lat=20.5), models.GeoPoint(lon=-20.5, lat=45.5), models.GeoPoint(lon=15.5, lat=45.5),
            models.GeoPoint(lon=-20.5, lat=20.5)])))]),
    "count": models.Filter(must=[models.FieldCondition(key="tags", values_count=models.ValuesCount(gte=2))]),
    "empty": models.Filter(must=[models.IsEmptyCondition(is_empty=models.PayloadField(key="colour"))]),
    "null": models.Filter(must=[models.IsNullCondition(is_null=models.PayloadField(key="maybe"))]),
    "ids": models.Filter(must=[models.HasIdCondition(has_id=[1, 3, 5, "00000000-0000-4000-9000-000000000004"])]),
    "vector": models.Filter(must=[models.HasVectorCondition(has_vector="multi")]),
    "nested": models.Filter(must=[models.NestedCondition(nested=models.Nested(key="parts",
        filter=models.Filter(must=[match("kind", "k9"), match("size", 2)])))]),
    "path": models.Filter(must=[models.FieldCondition(key="parts[].size", range=models.Range(gte=8))]),
    "uuid": models.Filter(must=[match("uid", "00000000-0000-4000-8000-000000000004")]),
    "text": models.Filter(must=[models.FieldCondition(key="text", match=models.MatchText(text="violet"))]),
    "should": models.Filter(should=[match("flag", True), match("n", 17)], must_not=[match("colour", "violet")]),
    "min_should": models.Filter(min_should=models.MinShould(conditions=[match("flag", True), match("colour", "red"),
        models.FieldCondition(key="n", range=models.Range(lt=100))], min_count=2)),
    "deep": models.Filter(must=[models.Filter(should=[match("colour", "red"),
        models.Filter(must=[match("flag", False), match("tags", "t2")])])]),
}


@pytest.mark.parametrize("name", FILTERS)
def test_filters(pair, name):
    remote, local = pair
    chosen = FILTERS[name]
    ours, _ = remote.scroll("flow", scroll_filter=chosen, limit=1000, with_payload=True, with_vectors=True)
    theirs, _ = local.scroll("flow", scroll_filter=chosen, limit=1000, with_payload=True, with_vectors=True)
    assert {p.id: p.payload for p in ours} == {p.id: p.payload for p in theirs}
    assert 0 < len(ours) <= COUNT
    for mine, other in zip(sorted(ours, key=lambda p: str(p.id)), sorted(theirs, key=lambda p: str(p.id))):
        assert mine.vector.keys() == other.vector.keys()
        assert mine.vector["dense"] == pytest.approx(other.vector["dense"], abs=1e-6)
        for name in mine.vector.keys() - {"dense"}:
            assert flat(mine.vector[name]) == pytest.approx(flat(other.vector[name]), abs=1e-6)
    assert remote.count("flow", count_filter=chosen).count == len(theirs)
    query = [math.cos(n) for n in range(DENSE)]
    same_hits(remote.query_points("flow", query=query, using="dense", query_filter=chosen, limit=30).points,
              local.query_points("flow", query=query, using="dense", query_filter=chosen, limit=30).points)


QUERY = [math.sin(n + 2) for n in range(DENSE)]
SPARSE_QUERY = models.SparseVector(indices=[3, 7, 11, 20], values=[1.0, 0.5, 2.0, 0.25])
MULTI_QUERY = [[0.5, -0.5, 0.25, 1.0], [1.0, 0.0, 0.0, -1.0]]
LEGS = [models.Prefetch(query=QUERY, using="dense", limit=20), models.Prefetch(query=SPARSE_QUERY, using="sparse", limit=20)]
QUERIES = {
    "dense": dict(query=QUERY, using="dense"),
    "sparse": dict(query=SPARSE_QUERY, using="sparse"),
    "multi": dict(query=MULTI_QUERY, using="multi"),
    "by id": dict(query=17, using="dense"),
    "sparse by id": dict(query=17, using="sparse"),
    "multi by id": dict(query=17, using="multi"),
    "threshold": dict(query=QUERY, using="dense", score_threshold=0.2),
    "offset": dict(query=QUERY, using="dense", offset=7, limit=9),
    "hybrid rrf": dict(query=models.FusionQuery(fusion=models.Fusion.RRF), prefetch=LEGS),
    "hybrid rrf k": dict(query=models.RrfQuery(rrf=models.Rrf(k=20, weights=[2.0, 0.5])), prefetch=LEGS),
    "hybrid dbsf": dict(query=models.FusionQuery(fusion=models.Fusion.DBSF), prefetch=LEGS),
    "hybrid filtered": dict(query=models.FusionQuery(fusion=models.Fusion.RRF), prefetch=LEGS, query_filter=FILTERS["value"]),
    "rescored": dict(query=MULTI_QUERY, using="multi", prefetch=LEGS),
    "nested": dict(query=models.FusionQuery(fusion=models.Fusion.RRF),
        prefetch=[models.Prefetch(prefetch=LEGS, query=MULTI_QUERY, using="multi", limit=8), LEGS[0]]),
    "recommend": dict(query=models.RecommendQuery(recommend=models.RecommendInput(positive=[1, 3, QUERY], negative=[5])), using="dense"),
    "recommend best": dict(query=models.RecommendQuery(recommend=models.RecommendInput(positive=[1, 3], negative=[5, 7],
        strategy=models.RecommendStrategy.BEST_SCORE)), using="dense"),
    "recommend sum": dict(query=models.RecommendQuery(recommend=models.RecommendInput(positive=[1, 3], negative=[5, 7],
        strategy=models.RecommendStrategy.SUM_SCORES)), using="dense"),
    "discover": dict(query=models.DiscoverQuery(discover=models.DiscoverInput(target=9,
        context=[models.ContextPair(positive=1, negative=3), models.ContextPair(positive=5, negative=QUERY)])), using="dense"),
    "context": dict(query=models.ContextQuery(context=[models.ContextPair(positive=1, negative=3),
        models.ContextPair(positive=5, negative=7)]), using="dense"),
}


@pytest.mark.parametrize("name", QUERIES)
def test_queries(pair, name):
    remote, local = pair
    asked = {"limit": 15, "with_payload": ["n", "colour"], **QUERIES[name]}
    ours, theirs = (client.query_points("flow", **asked).points for client in (remote, local))
    assert ours, "it must find something"
    same_hits(ours, theirs)
    again = remote.query_batch_points("flow", requests=[models.QueryRequest(
        **{{"query_filter": "filter"}.get(key, key): value for key, value in asked.items()})] * 2)
    assert [hits_of(answer) for answer in again] == [ours, ours]


def test_order_and_facets(pair):
    remote, local = pair
    for order in (models.OrderBy(key="price", direction=models.Direction.DESC), models.OrderBy(key="n", start_from=100), "when"):
        ours, _ = remote.scroll("flow", order_by=order, limit=20)
        theirs, _ = local.scroll("flow", order_by=order, limit=20)
        if order != "when":
            assert [p.id for p in ours] == [p.id for p in theirs]
        key = order if isinstance(order, str) else order.key
        assert [p.payload[key] for p in ours] == [p.payload[key] for p in theirs]
    for key, limit, chosen in (("colour", 10, None), ("tags", 4, None), ("tags", 20, FILTERS["range"]), ("uid", 3, None),
        ("flag", 5, None), ("n", 7, None)):
        ours = remote.facet("flow", key=key, limit=limit, facet_filter=chosen, exact=True).hits
        theirs = local.facet("flow", key=key, limit=1000, facet_filter=chosen, exact=True).hits
        everyone = sorted(((-hit.count, hit.value) for hit in theirs))
        assert [(-hit.count, hit.value) for hit in ours] == everyone[:limit]


@pytest.mark.parametrize("group_by", ["document", "colour", "tags", "n"])
def test_groups(pair, group_by):
    remote, local = pair
    asked = dict(query=QUERY, using="dense", group_by=group_by, limit=4, group_size=2, with_payload=["n"])
    ours, theirs = (client.query_points_groups("flow", **asked).groups for client in (remote, local))
    assert [group.id for group in ours] == [group.id for group in theirs]
    for mine, other in zip(ours, theirs):
        same_hits(mine.hits, other.hits)


def test_info(pair, points):
    remote, _ = pair
    info = remote.get_collection("flow")
    assert info.status == models.CollectionStatus.GREEN and info.points_count == COUNT
    assert info.config.params.vectors == VECTORS and info.config.params.sparse_vectors == SPARSE
    assert info.payload_schema["n"].points == COUNT and info.payload_schema["n"].params == INDEXES["n"]
    assert info.payload_schema["colour"].data_type == models.PayloadSchemaType.KEYWORD and info.payload_schema["colour"].params is None
    assert info.payload_schema["colour"].points == sum("colour" in p.payload for p in points)
    assert set(info.payload_schema) == set(INDEXES)


def changes(client):
    """Every kind of write; what is left afterwards."""
    name = "changed"
    client.create_collection(name, vectors_config={"a": models.VectorParams(size=2, distance="Dot"),
        "b": models.VectorParams(size=3, distance="Euclid")},
                             sparse_vectors_config={"s": models.SparseVectorParams()})
    client.upsert(name, points=models.Batch(ids=list(range(1, 9)),
        vectors={"a": [[n, 1] for n in range(8)], "b": [[n, 0, 1] for n in range(8)]},
                                            payloads=[{"n": n, "o": {"x": n}} for n in range(8)]), wait=True)
    client.set_payload(name, payload={"new": "yes"}, points=[1, 2], wait=True)
    client.set_payload(name, payload={"y": [1]}, points=[1, 3], key="o", wait=True)
    client.overwrite_payload(name, payload={"only": 1}, points=models.Filter(must=[match("n", 5)]), wait=True)
    client.delete_payload(name, keys=["n"], points=[4], wait=True)
    client.clear_payload(name, points_selector=[5], wait=True)
    client.update_vectors(name, points=[models.PointVectors(id=1, vector={"a": [9, 9],
        "s": models.SparseVector(indices=[1], values=[2])})], wait=True)
    client.delete_vectors(name, vectors=["b"], points=[2, 3], wait=True)
    client.batch_update_points(name, wait=True, update_operations=[
        models.UpsertOperation(upsert=models.PointsList(points=[models.PointStruct(id=20, vector={"a": [1, 1]}, payload={"k": 1})])),
        models.SetPayloadOperation(set_payload=models.SetPayload(payload={"k": 2}, points=[20])),
        models.DeleteOperation(delete=models.PointIdsList(points=[8])),
        models.DeleteVectorsOperation(delete_vectors=models.DeleteVectors(points=[7], vector=["a"])),
    ])
    client.delete(name, points_selector=models.Filter(must=[match("n", 6)]), wait=True)
    found = {p.id: (p.payload, p.vector) for p in client.scroll(name, limit=100, with_vectors=True)[0]}
    left = [hit.id for hit in client.query_points(name, query=[1.0, 0.0], using="a", limit=20).points]
    return found, left


def test_changes(pair):
    remote, local = pair
    ours, theirs = changes(remote), changes(local)
    assert ours[0] == theirs[0] and sorted(ours[1]) == sorted(theirs[1])


def test_aliases_and_patches(pair):
    remote, _ = pair
    remote.update_collection_aliases([models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name="flow",
        alias_name="current"))])
    assert remote.count("current").count == COUNT
    assert [(a.alias_name, a.collection_name) for a in remote.get_aliases().aliases] == [("current", "flow")]
    assert len(remote.get_collection_aliases("flow").aliases) == 1
    remote.update_collection_aliases([models.RenameAliasOperation(rename_alias=models.RenameAlias(old_alias_name="current",
        new_alias_name="latest")),
                                      models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name="latest"))])
    assert remote.get_aliases().aliases == []
    assert remote.update_collection("flow", optimizers_config=models.OptimizersConfigDiff(indexing_threshold=777),
        hnsw_config=models.HnswConfigDiff(ef_construct=128),
                                    quantization_config=models.ScalarQuantization(scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8)))
    config = remote.get_collection("flow").config
    assert config.optimizer_config.indexing_threshold == 777 and config.hnsw_config.ef_construct == 128 and config.hnsw_config.m == 16
    assert config.quantization_config.scalar.type == models.ScalarType.INT8


def test_vectors_come_and_go(pair):
    remote, _ = pair
    remote.create_collection("vectors", vectors_config={"a": models.VectorParams(size=2, distance="Dot")})
    remote.upsert("vectors", points=[models.PointStruct(id=1, vector={"a": [1, 2]})], wait=True)
    remote.create_vector_name("vectors", "b",
        vector_name_config=models.DenseVectorNameConfig(dense=models.DenseVectorConfig(size=3, distance="Cosine")))
    remote.update_vectors("vectors", points=[models.PointVectors(id=1, vector={"b": [1, 0, 0]})], wait=True)
    assert remote.query_points("vectors", query=[1.0, 0.0, 0.0], using="b").points[0].score == pytest.approx(1)
    assert set(remote.get_collection("vectors").config.params.vectors) == {"a", "b"}
    remote.delete_vector_name("vectors", "b")
    assert remote.retrieve("vectors", [1], with_vectors=True)[0].vector == {"a": [1, 2]}


def test_service(pair):
    remote, _ = pair
    assert remote.info().version.startswith("1.19.")
    assert remote.cluster_status().status == "disabled"
    assert remote.collection_cluster_info("flow").shard_count == 1
    assert remote.get_optimizations("flow").summary.queued_optimizations >= 0
    remote.http.service_api.telemetry(details_level=3)
    issues = remote.http.beta_api.get_issues()["result"]["issues"]
    assert any("changed" in str(issue) and "'n'" in str(issue) for issue in issues), "a filter over a field without an index was used above"
    assert remote.http.beta_api.clear_issues().result is True
    assert remote.http.beta_api.get_issues()["result"] == {"issues": []}


def test_asynchronous_client(served, pair, points):
    async def run():
        client = AsyncQdrantClient(url=served.url, timeout=60, check_compatibility=False)
        answers = await asyncio.gather(*(client.query_points("flow", query=p.vector["dense"], using="dense", limit=1) for p in points[:40]))
        await client.close()
        return [answer.points[0].id for answer in answers]
    assert asyncio.run(run()) == [p.id for p in points[:40]]


def test_the_end(pair):
    remote, _ = pair
    assert remote.delete(collection_name="flow", points_selector=models.FilterSelector(filter=models.Filter()),
        wait=True).status == models.UpdateStatus.COMPLETED
    assert remote.count("flow").count == 0 and remote.facet("flow", key="colour").hits == []
    assert remote.delete_collection("flow") is True and remote.delete_collection("flow") is False
    with pytest.raises(UnexpectedResponse) as error:
        remote.scroll("flow")
    assert error.value.status_code == 404
