"""Run with an old qdrant-client, whose search() calls points/search."""

import random
import sys
import warnings

from qdrant_client import QdrantClient, models

warnings.simplefilter("ignore")
client = QdrantClient(url=sys.argv[1], timeout=60)
rng = random.Random(1)
points = [models.PointStruct(id=n, vector=[rng.randint(-32, 32) / 32 for _ in range(8)], payload={"even": n % 2 == 0})
          for n in range(1, 101)]
assert client.create_collection("old", vectors_config=models.VectorParams(size=8, distance=models.Distance.DOT))
client.upsert("old", points=points, wait=True)


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


for query in (p.vector for p in points[:10]):
    hits = client.search("old", query_vector=query, limit=6, with_payload=True, with_vectors=True)
    scores = sorted((dot(query, p.vector) for p in points), reverse=True)[:6]
    assert all(abs(hit.score - score) < 1e-4 for hit, score in zip(hits, scores)) and len(hits) == 6
    assert all(points[hit.id - 1].vector == hit.vector and points[hit.id - 1].payload == hit.payload for hit in hits)
even = models.Filter(must=[models.FieldCondition(key="even", match=models.MatchValue(value=True))])
hits = client.search("old", query_vector=points[0].vector, query_filter=even, limit=100)
assert sorted(hit.id for hit in hits) == list(range(2, 101, 2))
page, following = client.scroll("old", limit=60)
assert [r.id for r in page] == list(range(1, 61)) and following == 61
assert client.count("old", exact=True).count == 100
client.delete("old", points_selector=[1, 2, 3], wait=True)
assert client.count("old").count == 97
assert client.delete_collection("old")

# A whole application. This client has no points/query: no prefetch and no facets; hybrid is search_batch and its own fusion.
client.create_collection("app", vectors_config={"a": models.VectorParams(size=4, distance=models.Distance.COSINE),
    "b": models.VectorParams(size=2, distance=models.Distance.EUCLID)})
units = [models.PointStruct(id=n, vector={"a": [rng.uniform(-1, 1) for _ in range(4)], "b": [n % 7, n % 5]},
                            payload={"n": n, "colour": ["red", "green"][n % 2], "document": n // 5,
                                "text": f"words {n % 3}"}) for n in range(1, 61)]
assert client.upsert("app", points=units, wait=True).status == models.UpdateStatus.COMPLETED
for key, schema in (("colour", "keyword"), ("n", "integer"), ("document", "integer"),
    ("text", models.TextIndexParams(type="text", tokenizer="word"))):
    client.create_payload_index("app", key, field_schema=schema, wait=True)
# Not get_collection: this client's model demands vectors_count and forbids keys that version 1.19 answers with.


def brute(query, test=lambda p: True):
    def cosine(v):
        return dot(query, v) / (dot(query, query) * dot(v, v)) ** 0.5
    return sorted(((cosine(p.vector["a"]), p.id) for p in units if test(p.payload)), reverse=True)


query = [0.5, -1, 0.25, 1]
green = models.Filter(must=[models.FieldCondition(key="colour", match=models.MatchValue(value="green")),
    models.FieldCondition(key="n", range=models.Range(gte=20))],
                      must_not=[models.HasIdCondition(has_id=[31])])
hits = client.search("app", query_vector=("a", query), query_filter=green, limit=5, with_payload=["n"])
assert [hit.id for hit in hits] == [i for _, i in brute(query, lambda p: p["colour"] == "green" and p["n"] >= 20 and p["n"] != 31)][:5]
assert hits[0].payload == {"n": hits[0].id}
text = models.Filter(must=[models.FieldCondition(key="text", match=models.MatchText(text="words 2"))])
assert client.count("app", count_filter=text).count == 20
batch = client.search_batch("app", requests=[models.SearchRequest(vector=models.NamedVector(name="a", vector=query), limit=3),
                                             models.SearchRequest(vector=models.NamedVector(name="b", vector=[3, 3]), limit=4,
                                                 with_payload=True)])
assert [hit.id for hit in batch[0]] == [i for _, i in brute(query)][:3]
assert len(batch[1]) == 4 and [hit.score for hit in batch[1]] == sorted(hit.score for hit in batch[1])
groups = client.search_groups("app", query_vector=("a", query), group_by="document", limit=3, group_size=2).groups
best = {}
for score, point in brute(query):
    best.setdefault(point // 5, []).append(point)
assert [(g.id, [h.id for h in g.hits]) for g in groups] == [(key, members[:2]) for key, members in list(best.items())[:3]]
hits = client.recommend("app", positive=[1, 2], negative=[3], using="a", limit=5)
assert len(hits) == 5 and not {1, 2, 3} & {hit.id for hit in hits}
assert len(client.recommend_batch("app", requests=[models.RecommendRequest(positive=[1], limit=2, using="a")])[0]) == 2
assert len(client.recommend_groups("app", positive=[1], using="a", group_by="document", limit=2).groups) == 2
client.set_payload("app", payload={"new": 1}, points=[1, 2], wait=True)
client.overwrite_payload("app", payload={"only": 1}, points=[3], wait=True)
client.delete_payload("app", keys=["text"], points=[4], wait=True)
client.clear_payload("app", points_selector=[5], wait=True)
client.update_vectors("app", points=[models.PointVectors(id=6, vector={"b": [100, 100]})], wait=True)
client.delete_vectors("app", vectors=["b"], points=[7], wait=True)
found = {r.id: r for r in client.retrieve("app", ids=[1, 3, 4, 5, 6, 7], with_vectors=True)}
assert found[1].payload["new"] == 1 and found[3].payload == {"only": 1} and "text" not in found[4].payload and found[5].payload == {}
assert found[6].vector["b"] == [100, 100] and set(found[7].vector) == {"a"}
client.batch_update_points("app", update_operations=[models.DeleteOperation(delete=models.PointIdsList(points=[8])), models.UpsertOperation(
    upsert=models.PointsList(points=[models.PointStruct(id=70, vector={"a": [1, 1, 1, 1]})]))])
assert client.count("app").count == 60
client.update_collection_aliases([models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name="app", alias_name="live"))])
assert client.count("live").count == 60 and client.get_aliases().aliases[0].alias_name == "live"
client.delete("app", points_selector=models.FilterSelector(filter=green), wait=True)
assert client.count("app").count == 60 - sum(p.payload["colour"] == "green" and 20 <= p.id != 31 for p in units)
assert client.delete_collection("app")
print("ok")
