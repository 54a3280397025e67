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
print("ok")
