"""After kill -9 and a new start every answer is the same: named, sparse and multi vectors, indexes, aliases, configuration."""

import random
import time

import pytest

from kith_server import Server
from qdrant_face import Collection, Face

CONFIG = {"vectors": {"dense": {"size": 8, "distance": "Cosine", "hnsw_config": {"m": 8}},
    "half": {"size": 3, "distance": "Euclid", "datatype": "float16"},
                      "bytes": {"size": 4, "distance": "Dot", "datatype": "uint8"},
                          "multi": {"size": 2, "distance": "Dot", "multivector_config": {"comparator": "max_sim"}}},
          "sparse_vectors": {"words": {}, "idf": {"modifier": "idf"}}, "metadata": {"owner": "test"},
              "optimizers_config": {"indexing_threshold": 50},
          "quantization_config": {"scalar": {"type": "int8", "quantile": 0.9}}}
INDEXES = {"colour": {"type": "keyword", "is_tenant": True}, "n": "integer", "price": "float", "flag": "bool", "when": "datetime",
    "loc": "geo", "uid": "uuid",
           "text": {"type": "text", "tokenizer": "word", "phrase_matching": True}, "list[].k": "integer"}


def point(rng, n):
    vector = {"dense": [rng.uniform(-1, 1) for _ in range(8)], "half": [rng.randint(0, 9) for _ in range(3)],
        "bytes": [rng.randint(0, 255) for _ in range(4)]}
    if n % 2:
        vector["multi"] = [[rng.randint(-3, 3), 1] for _ in range(rng.randint(1, 3))]
    if n % 3:
        vector["words"] = vector["idf"] = {"indices": sorted(rng.sample(range(20), 3)), "values": [1.5, 2, 0.5]}
    payload = {"colour": ["red", ["green", "red"], None][n % 3], "n": n, "price": n / 4, "flag": n % 2 == 0,
        "when": f"2024-01-{n % 28 + 1:02}T00:00:00Z",
               "loc": {"lon": n % 90, "lat": n % 45}, "uid": f"00000000-0000-4000-8000-{n:012}",
                   "text": f"word{n % 7} and word{n % 5}", "list": [{"k": n % 4}, {"k": n % 6}]}
    point_id = n if n % 4 else f"11111111-0000-4000-8000-{n:012}" if n % 8 else f"name {n}"
    return {"id": point_id, "vector": vector, "payload": payload}


def match(key, **what):
    return {"must": [{"key": key, "match": what}]}


FILTERS = [match("colour", value="red"), match("n", any=[1, 2, 3, 50]),
    {"must": [{"key": "price", "range": {"gte": 3, "lt": 20}}]}, match("flag", value=True),
           {"must": [{"key": "when", "range": {"gte": "2024-01-10", "lt": "2024-01-12"}}]}, match("text", text="word3 word1"),
               match("text", phrase="and word2"),
           {"must": [{"key": "loc", "geo_radius": {"center": {"lon": 10, "lat": 10}, "radius": 500_000}}]},
               match("uid", value="00000000-0000-4000-8000-000000000033"),
           match("list[].k", value=5), {"must_not": [{"is_null": {"key": "colour"}}, {"has_vector": "multi"}]},
               {"must": {"nested": {"key": "list", "filter": match("k", value=3)}}},
           {"must": {"slice": {"total": 4, "index": 1}}}]


def answers(c):
    """What a client can ask. Exact searches: a graph may be linked in another order after a start."""
    exact = {"limit": 15, "params": {"exact": True}}
    info = c.info()
    found = {"config": info["config"], "schema": info["payload_schema"], "count": info["points_count"],
        "aliases": c.face.ok("GET", "/aliases")}
    found["points"] = c.scroll(limit=1000, with_vector=True)
    for name, query in (("dense", [1, 0, 0.5, 0, 0, 1, 0, 0.25]), ("half", [1, 2, 3]), ("bytes", [1, 0, 2, 0]), ("multi", [[1, 1], [0, 2]]),
                        ("words", {"indices": [1, 2, 3], "values": [1, 2, 3]}), ("idf", {"indices": [4, 5], "values": [1, 1]})):
        found[name] = c.query(query, using=name, **exact)
    for n, tree in enumerate(FILTERS):
        found["filter", n] = c.ids(filter=tree)
        found["query", n] = c.query([1, 0, 0, 0, 0, 0, 0, 0], using="dense", filter=tree, **exact)
    found["order"] = c.scroll(order_by={"key": "n", "direction": "desc"}, limit=20)
    found["facet"] = c.post("/facet", {"key": "colour"})
    found["groups"] = c.post("/points/query/groups", {"query": [1, 2, 3], "using": "half", "group_by": "colour", "params": {"exact": True}})
    found["recommend"] = c.query({"recommend": {"positive": [1, 2], "negative": [3]}}, using="dense", **exact)
    found["hybrid"] = c.query({"fusion": "rrf"}, prefetch=[{"query": [1, 2, 3], "using": "half", "params": {"exact": True}},
        {"query": {"indices": [1], "values": [1]}, "using": "words"}])
    return found


def check(found, before):
    assert found.keys() == before.keys()
    for key in before:
        assert found[key] == before[key], key


@pytest.mark.parametrize("settings", [[], ["--set", "index.checkpoint_changes=7", "--set", "index.checkpoint_age=100ms", "--set",
    "index.exact_rows_max=20"]],
                         ids=["from_the_feed", "from_checkpoints"])
def test_the_same_answers_after_kill(tmp_path, seeded, settings):
    with Server(tmp_path / "data", *settings) as server:
        face = Face(server)
        assert face.ok("PUT", "/collections/rich", CONFIG) is True
        c = Collection(face, "rich")
        for key in list(INDEXES)[:5]:
            c.index(key, INDEXES[key])
        for start in range(1, 200, 20):
            c.upsert([point(seeded, n) for n in range(start, start + 20)])
        for key in list(INDEXES)[5:]:
            c.index(key, INDEXES[key])
        face.ok("POST", "/collections/aliases", {"actions": [{"create_alias": {"alias_name": "other", "collection_name": "rich"}}]})
        before = answers(c)
        assert all(before["filter", n] for n in range(len(FILTERS))), "each filter must find something"
        server.kill()
        server.start()
        check(answers(c), before)

        # Changes of every kind, without a pause before the kill.
        c.write("POST", "/points/delete", {"points": [5, 6, 7]})
        c.write("POST", "/points/payload", {"payload": {"k": 5}, "key": "list[]", "filter": match("colour", value="green")})
        c.write("PUT", "/points/vectors", {"points": [{"id": 9, "vector": {"multi": [[9, 9]], "words": {"indices": [1], "values": [50]}}}]})
        c.write("POST", "/points/vectors/delete", {"points": [11], "vector": ["dense", "multi"]})
        c.write("PUT", "/points/payload", {"payload": {"n": -1, "colour": "violet"}, "points": [13]})
        c.write("PUT", "/vectors/added", {"dense": {"size": 2, "distance": "Dot"}})
        c.write("PUT", "/points/vectors", {"points": [{"id": 9, "vector": {"added": [1, 2]}}]})
        c.write("DELETE", "/vectors/bytes", None)
        c.write("PUT", "/vectors/bytes", {"dense": {"size": 4, "distance": "Dot"}})
        c.write("PUT", "/points/vectors", {"points": [{"id": 10, "vector": {"bytes": [1.5, 2, 3, 4]}}]})
        c.write("DELETE", "/index/flag", None)
        c.ok("PATCH", "", {"metadata": {"owner": None, "by": "patch"}, "quantization_config": "Disabled"})
        face.ok("POST", "/collections/aliases", {"actions": [{"rename_alias": {"old_alias_name": "other", "new_alias_name": "renamed"}}]})
        before = answers(c)
        assert [hit["id"] for hit in before["bytes"]] == [10]
        server.kill()
        server.start()
        check(answers(c), before)
        assert Collection(face, "renamed").count() == before["count"]
        added = c.query([1, 1], using="added")
        assert [(hit["id"], hit["score"]) for hit in added] == [(9, 3.0)]

        # Once more through an orderly stop.
        assert server.stop() == 0
        server.start()
        check(answers(c), before)


def test_a_deleted_collection_stays_deleted(tmp_path):
    with Server(tmp_path / "data") as server:
        face = Face(server)
        for _ in range(2):
            c = face.collection(2, [{"id": n, "vector": [n, 1], "payload": {"k": "x"}} for n in range(50)], {"k": "keyword"})
            face.ok("POST", "/collections/aliases", {"actions": [{"create_alias": {"alias_name": "a", "collection_name": c.name}}]})
            face.ok("DELETE", c.path)
        server.kill()
        server.start()
        assert face.ok("GET", "/collections") == {"collections": []} and face.ok("GET", "/aliases") == {"aliases": []}


def test_kill_while_an_index_is_built(tmp_path, seeded):
    """Whenever the kill comes, the index is there or not, and filters find the same."""
    with Server(tmp_path / "data") as server:
        face = Face(server)
        rng = random.Random(seeded.seed_value)
        c = face.collection(4, [{"id": n, "vector": [n % 5, 1, 2, 3], "payload": {"k": f"v{n % 10}", "n": n}} for n in range(3000)])
        expected = {f"v{k}": list(range(k, 3000, 10)) for k in range(10)}
        for round_number in range(4):
            for key, schema in (("k", "keyword"), ("n", "integer")):
                face.send("PUT", f"{c.path}/index?wait=false", {"field_name": key, "field_schema": schema})
            time.sleep(rng.uniform(0, 0.05))
            server.kill()
            server.start()
            for k, wanted in expected.items():
                assert c.ids(filter=match("k", value=k)) == wanted, f"round {round_number}"
            assert c.count(filter={"must": {"key": "n", "range": {"gte": 1000, "lt": 2000}}}) == 1000
            for key in ("k", "n"):
                c.write("DELETE", "/index/" + key, None)
