"""The envelope, the plain routes, and what each kind of bad request is answered."""

import gzip
import json
import re

import pytest

U64_MAX = 2**64 - 1
SERVICE = "Validation error in JSON body: "
NO_SUCH = "Not found: Collection `none` doesn't exist!"


def test_version(api):
    reply = api.send("GET", "/")
    assert reply.status == 200 and set(reply.json) == {"title", "version", "commit"}
    assert reply.json["title"] == "qdrant - vector search engine"
    assert re.fullmatch(r"1\.19\.\d+", reply.json["version"]) and re.fullmatch(r"[0-9a-f]{40}", reply.json["commit"])


@pytest.mark.parametrize("route, text", [("/healthz", "healthz check passed"), ("/livez", "healthz check passed"),
                                         ("/readyz", "all shards are ready")])
def test_health_is_plain_text(api, route, text):
    reply = api.send("GET", route)
    assert reply.status == 200 and reply.body.decode() == text
    assert reply.headers["content-type"].startswith("text/plain")


def test_trailing_slashes_are_trimmed(api, cities):
    assert api.ok("GET", "/collections/") == api.ok("GET", "/collections")
    assert api.ok("GET", cities.path + "/")["points_count"] == 6
    assert cities.post("/points/count/", {})["count"] == 6


def test_unknown_fields_are_ignored(api, cities):
    assert len(cities.query([1, 0, 0, 0], colour="green", limit=2)) == 2
    cities.write("PUT", "/points", {"points": [{"id": 1, "vector": [1, 2, 3, 4], "colour": "green"}], "size": 9})
    # Except in a filter and in a selector of payload keys, where a typing error would change what is found.
    cities.refused("POST", "/points/count", {"filter": {"must": [], "colour": []}}, 400, says="Format error in JSON body: ")
    cities.refused("POST", "/points/scroll", {"with_payload": {"include": ["a"], "colour": 1}}, 400, says="Format error in JSON body: ")
    assert cities.count(filter={"must": [{"key": "city", "match": {"value": "London"}, "boost": 3}]}) == 2


@pytest.mark.parametrize("method, rest, body", [
    ("PATCH", "", {"optimizers_config": None, "params": None, "hnsw_config": None, "vectors": None, "quantization_config": None,
                   "sparse_vectors": None, "strict_mode_config": None, "metadata": None}),
    ("PUT", "/points", {"points": [{"id": 1, "vector": [1, 2, 3, 4], "payload": None}], "shard_key": None,
                        "update_filter": None, "update_mode": None}),
    ("PUT", "/points", {"batch": {"ids": [1, 2], "vectors": [[1, 2, 3, 4], [1, 2, 3, 5]], "payloads": None}}),
    ("PUT", "/points", {"batch": {"ids": [1, 2], "vectors": [[1, 2, 3, 4], [1, 2, 3, 5]], "payloads": [None, {"a": 1}]}}),
    ("POST", "/points", {"ids": [1], "with_payload": None, "with_vector": None, "shard_key": None}),
    ("POST", "/points/scroll", {"offset": None, "limit": None, "filter": None, "with_payload": None, "with_vector": None,
                                "order_by": None, "shard_key": None}),
    ("POST", "/points/scroll", {"filter": {"must": None, "should": None, "must_not": None, "min_should": None}}),
    ("POST", "/points/count", {"filter": None, "shard_key": None}),
    ("POST", "/points/query", {"prefetch": None, "query": None, "using": None, "filter": None, "params": None,
                               "score_threshold": None, "limit": None, "offset": None, "with_vector": None,
                               "with_payload": None, "lookup_from": None, "shard_key": None}),
    ("POST", "/points/query", {"query": [1, 0, 0, 0], "params": {"hnsw_ef": None, "quantization": None, "acorn": None, "idf": None}}),
    ("POST", "/points/query", {"query": {"recommend": {"positive": [1], "negative": None, "strategy": None}}}),
    ("POST", "/points/query/groups", {"query": [1, 0, 0, 0], "group_by": "city", "group_size": None, "limit": None,
                                      "with_lookup": None, "prefetch": None, "filter": None}),
    ("POST", "/points/payload", {"payload": {"a": 1}, "points": [1], "filter": None, "key": None, "shard_key": None}),
    ("POST", "/points/payload/delete", {"keys": ["a"], "points": [1], "filter": None}),
    ("PUT", "/index", {"field_name": "city", "field_schema": {"type": "keyword", "is_tenant": None, "on_disk": None}}),
    ("POST", "/points/search", {"vector": [1, 0, 0, 0], "limit": 3, "filter": None, "params": None, "offset": None,
                                "with_payload": None, "with_vector": None, "score_threshold": None}),
])
def test_null_is_accepted_for_every_optional_field(cities, method, rest, body):
    cities.ok(method, rest, body)


def test_null_when_creating(api):
    made = api.collection({"vectors": {"size": 4, "distance": "Dot", "hnsw_config": None, "quantization_config": None, "on_disk": None,
                                       "datatype": None, "multivector_config": None}, "sparse_vectors": None, "shard_number": None,
                           "sharding_method": None, "replication_factor": None, "write_consistency_factor": None,
                           "on_disk_payload": None, "hnsw_config": None, "wal_config": None, "optimizers_config": None,
                           "quantization_config": None, "strict_mode_config": None, "metadata": None})
    assert made.info()["config"]["params"]["vectors"] == {"size": 4, "distance": "Dot"}


@pytest.mark.parametrize("rest, body", [
    ("/points/query", {"query": [1, 0, 0, 0], "limit": U64_MAX}),
    ("/points/query", {"limit": U64_MAX}),
    ("/points/query", {"query": {"fusion": "rrf"}, "limit": U64_MAX, "prefetch": [{"query": [1, 0, 0, 0], "limit": U64_MAX}]}),
    ("/points/query", {"query": [1, 0, 0, 0], "limit": U64_MAX, "filter": {"must": [{"has_id": [1, 2, 3, 4, 5, 6]}]}}),
    ("/points/query", {"query": {"sample": "random"}, "limit": U64_MAX}),
    ("/points/query", {"query": {"recommend": {"positive": [[1, 0, 0, 0]]}}, "limit": U64_MAX}),
    ("/points/scroll", {"limit": U64_MAX}),
])
def test_the_largest_limit_works(cities, rest, body):
    assert len(cities.post(rest, body)["points"]) == 6


def test_the_largest_limit_of_other_routes(cities):
    cities.index("city", "keyword")
    assert len(cities.post("/points/search", {"vector": [1, 0, 0, 0], "limit": U64_MAX})) == 6
    assert len(cities.post("/facet", {"key": "city", "limit": U64_MAX})["hits"]) == 3
    groups = cities.post("/points/query/groups", {"query": [1, 0, 0, 0], "group_by": "city", "limit": U64_MAX, "group_size": U64_MAX})
    assert len(groups["groups"]) == 3
    assert cities.query([1, 0, 0, 0], offset=U64_MAX, limit=U64_MAX) == []
    assert cities.query([1, 0, 0, 0], offset=4, limit=U64_MAX) == cities.query([1, 0, 0, 0], limit=6)[4:]


# What could not be read: 400 and "Format error in JSON body: …".
@pytest.mark.parametrize("method, rest, body", [
    ("POST", "/points/query", b"{"), ("POST", "/points/query", b""), ("POST", "/points/query", b"[]"),
    ("POST", "/points/query", {"limit": -1}), ("POST", "/points/query", {"limit": "10"}), ("POST", "/points/query", {"limit": 1.5}),
    ("POST", "/points/query", {"limit": 2**64}), ("POST", "/points/query", {"offset": -1}),
    ("POST", "/points/query", {"query": {"nonsense": 1}}), ("POST", "/points/query", {"query": [1, "a", 0, 0]}),
    ("POST", "/points/query", {"query": {"fusion": "sum"}}), ("POST", "/points/query", {"query": {"sample": "first"}}),
    ("POST", "/points/query", {"query": True}), ("POST", "/points/query", {"using": 3}),
    ("POST", "/points/query", {"query": {"discover": {"target": [1, 0, 0, 0]}}}),
    ("POST", "/points/query", {"params": {"hnsw_ef": -1}}), ("POST", "/points/query", {"score_threshold": "high"}),
    ("POST", "/points/query", {"with_payload": 3}), ("POST", "/points/query", {"with_vector": 3}),
    ("POST", "/points/query", {"lookup_from": {"vector": "a"}}),
    ("POST", "/points/query", {"filter": {"must": [{"key": "a", "match": {"nothing": 1}}]}}),
    ("POST", "/points/query", {"filter": {"min_should": {"conditions": []}}}),
    ("POST", "/points/query", {"filter": {"must": [{"key": 3, "match": {"value": 1}}]}}),
    ("POST", "/points/query", {"filter": []}), ("POST", "/points/query", {"filter": {"must": 3}}),
    ("POST", "/points/query/batch", {}), ("POST", "/points/query/batch", {"searches": {}}),
    ("POST", "/points/query/groups", {"query": [1, 0, 0, 0]}),
    ("POST", "/points", {}), ("POST", "/points", {"ids": [-1]}), ("POST", "/points", {"ids": [1.5]}), ("POST", "/points", {"ids": 1}),
    ("POST", "/points/scroll", {"order_by": {"direction": "asc"}}),
        ("POST", "/points/scroll", {"order_by": {"key": "n", "direction": "up"}}),
    ("POST", "/points/count", {"exact": "yes"}),
    ("PUT", "/points", {}), ("PUT", "/points", {"points": {}}), ("PUT", "/points", {"points": [{"id": 1, "vector": "x"}]}),
    ("PUT", "/points", {"points": [{"id": 1, "vector": [1, 2, 3, 4], "payload": 3}]}),
    ("PUT", "/points", {"points": [], "update_mode": "replace"}),
    ("POST", "/points/payload", {"points": [1]}), ("POST", "/points/payload", {"payload": [], "points": [1]}),
    ("POST", "/points/payload/delete", {"points": [1]}), ("POST", "/points/delete", {"points": "all"}),
    ("PUT", "/points/vectors", {"points": [{"id": 1}]}), ("POST", "/points/vectors/delete", {"points": [1]}),
    ("POST", "/points/batch", {"operations": [{"upsurt": {}}]}), ("POST", "/points/batch", {}),
    ("PUT", "/index", {"field_name": "a", "field_schema": "kwyword"}), ("PUT", "/index", {"field_schema": "keyword"}),
    ("PUT", "/index", {"field_name": "a", "field_schema": {"type": "text", "tokenizer": "letters"}}),
    ("POST", "/facet", {}), ("POST", "/facet", {"key": "a", "limit": -3}),
    ("PATCH", "", {"hnsw_config": {"m": -1}}), ("PATCH", "", {"metadata": []}),
    ("PUT", "", {"vectors": {"size": "4", "distance": "Dot"}}), ("PUT", "", {"vectors": {"size": -4, "distance": "Dot"}}),
    ("PUT", "", {"vectors": {"size": 4, "distance": "Furlong"}}), ("PUT", "", {"vectors": {"size": 4}}), ("PUT", "", {"vectors": 4}),
    ("PUT", "/vectors/v", {}), ("PUT", "/vectors/v", {"dense": {"size": 3}}),
])
def test_bodies_that_cannot_be_read(cities, method, rest, body):
    cities.refused(method, rest, body, 400, says="Format error in JSON body: ")


# What was read but makes no sense: 422, the path of the field and the bound.
@pytest.mark.parametrize("method, rest, body, says", [
    ("POST", "/points/query", {"query": [1, 0, 0, 0], "limit": 0}, "[internal.limit: value 0 invalid, must be 1 or larger]"),
    ("POST", "/points/query", {"limit": 0}, "[internal.limit: value 0 invalid, must be 1 or larger]"),
    ("POST", "/points/query", {"query": [1, 0, 0, 0], "params": {"hnsw_ef": 0}}, "hnsw_ef: value 0 invalid, must be 1 or larger"),
    ("POST", "/points/query", {"query": {"rrf": {"k": 0}}, "prefetch": [{"query": [1, 0, 0, 0]}]},
        "k: value 0 invalid, must be 1 or larger"),
    ("POST", "/points/query", {"prefetch": [{"query": [1, 0, 0, 0], "limit": 0}], "query": {"fusion": "rrf"}}, "limit: value 0 invalid"),
    ("POST", "/points/query", {"query": {"recommend": {"positive": [], "negative": []}}}, ""),
    ("POST", "/points/query", {"filter": {"must": [{"key": "city"}]}}, "At least one field condition must be specified"),
    ("POST", "/points/query/groups", {"query": [1, 0, 0, 0], "group_by": "city", "limit": 0},
        "limit: value 0 invalid, must be 1 or larger"),
    ("POST", "/points/query/groups", {"query": [1, 0, 0, 0], "group_by": "city", "group_size": 0},
        "group_size: value 0 invalid, must be 1 or larger"),
    ("POST", "/points/scroll", {"limit": 0}, "limit: value 0 invalid, must be 1 or larger"),
    ("POST", "/points/scroll", {"filter": {"must": [{"key": "city"}]}}, "At least one field condition must be specified"),
    ("POST", "/points/count", {"filter": {"should": {"key": "city"}}}, "At least one field condition must be specified"),
    ("POST", "/points/count", {"filter": {"must": [{"slice": {"total": 3, "index": 3}}]}}, ""),
    ("POST", "/facet", {"key": "city", "limit": 0}, "limit: value 0 invalid, must be 1 or larger"),
    ("PUT", "", {"vectors": {"size": 65537, "distance": "Dot"}}, "[vectors.size: value 65537 invalid, must be from 1 to 65536]"),
    ("PUT", "", {"vectors": {"size": 0, "distance": "Dot"}}, "[vectors.size: value 0 invalid, must be from 1 to 65536]"),
    ("PUT", "", {"vectors": {"a": {"size": 0, "distance": "Dot"}}}, "size: value 0 invalid, must be from 1 to 65536"),
    ("PUT", "", {"vectors": {"size": 4, "distance": "Dot"}, "hnsw_config": {"ef_construct": 3}},
        "hnsw_config.ef_construct: value 3 invalid, must be 4 or larger"),
    ("PUT", "", {"vectors": {"size": 4, "distance": "Dot", "hnsw_config": {"ef_construct": 0}}},
        "hnsw_config.ef_construct: value 0 invalid, must be 4 or larger"),
    ("PUT", "", {"vectors": {"size": 4, "distance": "Dot"}, "shard_number": 0}, "shard_number: value 0 invalid, must be 1 or larger"),
    ("PUT", "", {"vectors": {"size": 4, "distance": "Dot"}, "replication_factor": 0},
        "replication_factor: value 0 invalid, must be 1 or larger"),
    ("PUT", "", {"vectors": {"size": 4, "distance": "Dot"}, "write_consistency_factor": 0},
        "write_consistency_factor: value 0 invalid, must be 1 or larger"),
    ("PUT", "", {"vectors": {"size": 4, "distance": "Dot"}, "optimizers_config": {"deleted_threshold": 1.5}},
        "optimizers_config.deleted_threshold: value 1.5 invalid, must be from 0.0 to 1.0"),
    ("PUT", "", {"vectors": {"size": 4, "distance": "Dot"}, "quantization_config": {"scalar": {"type": "int8", "quantile": 0.2}}},
        "quantile: value 0.2 invalid, must be from 0.5 to 1"),
    ("PATCH", "", {"hnsw_config": {"ef_construct": 1}}, "hnsw_config.ef_construct: value 1 invalid, must be 4 or larger"),
    ("PUT", "/points", {"points": [{"id": 1, "vector": []}]}, "dense vector must not be empty"),
    # A question mark stands where the name of the vector would.
    ("PUT", "/points", {"points": [{"id": 1, "vector": {"m": [[]]}}]}, "[points[0].vector.?.data: all vectors must be non-empty]"),
    ("PUT", "/points", {"points": [{"id": 1, "vector": {"m": [[1, 2, 3, 4], [1, 2, 3]]}}]},
     "points[0].vector.?.data: all vectors must have the same dimension, found vector with dimension 3"),
    ("PUT", "/points", {"points": [{"id": 9, "vector": [1, 2, 3, 4]}, {"id": 1, "vector": {"s": {"indices": [1, 2], "values": [1]}}}]},
     "points[1].vector.?.values: Validation error: must be the same length as indices [{}]"),
    ("PUT", "/points", {"points": [{"id": 1, "vector": {"s": {"indices": [1, 1], "values": [1, 2]}}}]},
     "points[0].vector.?.indices: Validation error: must be unique [{}]"),
    ("PUT", "/points/vectors", {"points": [{"id": 1, "vector": {}}]}, "points[0].vector: must specify vectors to update for point"),
    ("PUT", "/points/vectors", {"points": []}, "points"),
    ("POST", "/points/vectors/delete", {"points": [1], "vector": []}, "vector"),
    ("PUT", "/index", {"field_name": "n", "field_schema": {"type": "integer", "lookup": False, "range": False}},
     "Validation error: the 'lookup' and 'range' capabilities can't be both disabled"),
])
def test_bodies_that_make_no_sense(api, cities, method, rest, body, says):
    message = cities.refused(method, rest, body, 422, says=says)
    assert message.startswith(SERVICE), message
    assert cities.count() == 6


def test_the_message_of_a_zero_limit_is_exact(cities):
    cities.refused("POST", "/points/query", {"limit": 0}, 422,
                   exactly="Validation error in JSON body: [internal.limit: value 0 invalid, must be 1 or larger]")


@pytest.mark.parametrize("method, rest, body", [
    ("POST", "/points/query", {}), ("POST", "/points/scroll", {}), ("POST", "/points/count", {}), ("POST", "/points", {"ids": [1]}),
    ("PUT", "/points", {"points": []}), ("POST", "/points/delete", {"points": [1]}), ("POST", "/facet", {"key": "city"}),
    ("PATCH", "", {}), ("DELETE", "", None), ("PUT", "", {"vectors": {"size": 4, "distance": "Dot"}}),
    ("POST", "/points/query/batch", {"searches": []}), ("POST", "/points/query/groups", {"query": [1, 0, 0, 0], "group_by": "city"}),
    ("PUT", "/index", {"field_name": "city", "field_schema": "keyword"}), ("DELETE", "/index/city", None),
    ("POST", "/points/payload", {"payload": {}, "points": [1]}), ("POST", "/points/batch", {"operations": []}),
])
def test_timeout_zero(cities, method, rest, body):
    cities.refused(method, rest + "?timeout=0", body, 422, says="in query parameters: [timeout: value 0 invalid, must be 1 or larger]")
    assert cities.count() == 6


@pytest.mark.parametrize("query", ["timeout=-1", "timeout=soon", "wait=perhaps", "ordering=loose"])
def test_query_parameters_that_cannot_be_read(cities, query):
    cities.refused("PUT", "/points?" + query, {"points": [{"id": 70, "vector": [1, 2, 3, 4]}]}, 400, says="in query parameters")
    assert cities.count() == 6


@pytest.mark.parametrize("consistency", ["majority", "quorum", "all", "1"])
def test_consistency_is_accepted(cities, consistency):
    assert cities.post(f"/points/count?consistency={consistency}&timeout=30", {})["count"] == 6
    assert cities.ok("GET", f"/points/1?consistency={consistency}")["id"] == 1


def test_consistency_zero_or_unknown(cities):
    for bad in ("0", "some"):
        cities.refused("POST", f"/points/count?consistency={bad}", {}, (400, 422), says="query parameters")


def test_names_of_collections(api):
    config = {"vectors": {"size": 2, "distance": "Dot"}}
    longest = "n" * 255
    assert api.ok("PUT", "/collections/" + longest, config) is True
    assert api.ok("GET", f"/collections/{longest}/exists") == {"exists": True}
    assert api.ok("DELETE", "/collections/" + longest) is True
    api.refused("PUT", "/collections/" + "n" * 256, config, 422, says="in path parameters")
    for strange in ("größe", "with space", "a.b-c_d", "検索"):
        target = "/collections/" + "".join(f"%{byte:02X}" for byte in strange.encode())
        assert api.ok("PUT", target, config) is True
        assert strange in [c["name"] for c in api.ok("GET", "/collections")["collections"]]
        assert api.ok("DELETE", target) is True


@pytest.mark.parametrize("method, rest, body", [
    ("GET", "", None), ("PATCH", "", {}), ("PUT", "/index", {"field_name": "a", "field_schema": "keyword"}), ("DELETE", "/index/a", None),
    ("PUT", "/points", {"points": [{"id": 1, "vector": [1, 2]}]}), ("POST", "/points", {"ids": [1]}), ("GET", "/points/1", None),
    ("POST", "/points/delete", {"points": [1]}), ("POST", "/points/payload", {"payload": {}, "points": [1]}),
    ("PUT", "/points/payload", {"payload": {}, "points": [1]}), ("POST", "/points/payload/delete", {"keys": ["a"], "points": [1]}),
    ("POST", "/points/payload/clear", {"points": [1]}), ("PUT", "/points/vectors", {"points": [{"id": 1, "vector": [1, 2]}]}),
    ("POST", "/points/vectors/delete", {"points": [1], "vector": [""]}),
        ("POST", "/points/batch", {"operations": [{"delete": {"points": [1]}}]}),
    ("POST", "/points/scroll", {}), ("POST", "/points/count", {}), ("POST", "/facet", {"key": "a"}), ("POST", "/points/query", {}),
    ("POST", "/points/query/batch", {"searches": [{}]}), ("POST", "/points/query/groups", {"query": [1, 2], "group_by": "a"}),
    ("POST", "/points/search", {"vector": [1, 2], "limit": 3}), ("POST", "/points/recommend", {"positive": [1], "limit": 3}),
    ("GET", "/cluster", None), ("GET", "/aliases", None), ("PUT", "/vectors/v", {"dense": {"size": 3, "distance": "Dot"}}),
    ("DELETE", "/vectors/v", None), ("GET", "/optimizations", None),
])
def test_a_missing_collection(api, method, rest, body):
    if rest == "/aliases":  # Qdrant answers the empty list
        reply = api.send(method, "/collections/none" + rest, body)
        assert reply.status == 404 or reply.json["result"] == {"aliases": []}
        return
    api.refused(method, "/collections/none" + rest, body, 404, exactly=NO_SUCH)


def test_unknown_routes(api):
    for method, target in (("GET", "/nowhere"), ("POST", "/collections/a/points/nowhere"), ("GET", "/collections/a/b/c/d")):
        assert api.send(method, target, b"{}").status in (404, 405)  # 405 where the path fits another method's route


# ── Bodies and connections ───────────────────────────────────────────────────────────────────────────────

def test_gzip_for_those_who_accept_it(api, cities):
    cities.upsert([{"id": n, "vector": [n, 1, 2, 3], "payload": {"text": "words " * 50}} for n in range(100, 200)])
    body = {"limit": 1000, "with_vector": True}
    target = cities.path + "/points/scroll"
    plain = api.send("POST", target, body)
    assert "content-encoding" not in plain.headers
    packed = api.send("POST", target, body, headers={"Accept-Encoding": "gzip, deflate"})
    assert packed.headers["content-encoding"] == "gzip" and len(packed.body) < len(plain.body) / 3
    assert json.loads(gzip.decompress(packed.body))["result"] == plain.json["result"]
    refused = api.send("POST", target, body, headers={"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in refused.headers


def test_cors(api):
    reply = api.send("GET", "/collections", headers={"Origin": "http://somewhere.example"})
    assert reply.headers["access-control-allow-origin"] in ("*", "http://somewhere.example")
    asked = api.send("OPTIONS", "/collections/x/points/query", headers={
        "Origin": "http://somewhere.example", "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "api-key,content-type"})
    assert asked.status in (200, 204) and "POST" in asked.headers["access-control-allow-methods"]
    assert "api-key" in asked.headers["access-control-allow-headers"].lower() or asked.headers["access-control-allow-headers"] == "*"


def test_content_type_does_not_matter(cities):
    for kind in ("application/json", "application/json; charset=utf-8", "text/plain"):
        assert cities.post("/points/count", {}, headers={"Content-Type": kind})["count"] == 6
