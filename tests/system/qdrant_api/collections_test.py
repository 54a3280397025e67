"""Creating, changing, showing and deleting collections: the configuration comes back exactly as it was given."""

import random
import uuid

import pytest

from kith_server import wait_until

DOT4 = {"size": 4, "distance": "Dot"}
HNSW_DEFAULTS = {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000}


@pytest.mark.parametrize("vectors", [
    {"size": 4, "distance": "Cosine"}, {"size": 1, "distance": "Euclid"}, {"size": 65536, "distance": "Manhattan"},
    {"size": 4, "distance": "Dot", "on_disk": True}, {"size": 4, "distance": "Dot", "on_disk": False},
    {"size": 4, "distance": "Dot", "datatype": "float32"}, {"size": 4, "distance": "Dot", "datatype": "float16"},
    {"size": 4, "distance": "Dot", "datatype": "uint8"},
    {"size": 4, "distance": "Dot", "multivector_config": {"comparator": "max_sim"}},
    {"size": 4, "distance": "Dot", "hnsw_config": {"m": 32}},
    {"size": 4, "distance": "Dot", "hnsw_config": {"m": 0, "ef_construct": 123, "full_scan_threshold": 5000, "on_disk": True,
        "payload_m": 8}},
    {"size": 4, "distance": "Dot", "quantization_config": {"scalar": {"type": "int8", "quantile": 0.75}}},
    {"size": 4, "distance": "Dot", "quantization_config": {"scalar": {"type": "int8", "always_ram": True}}},
    {"size": 4, "distance": "Dot", "quantization_config": {"product": {"compression": "x16", "always_ram": False}}},
    {"size": 4, "distance": "Dot", "quantization_config": {"binary": {}}},
    {"size": 4, "distance": "Dot", "quantization_config": {"binary": {"encoding": "two_bits", "query_encoding": "scalar8bits"}}},
    {"a": {"size": 3, "distance": "Dot"}, "b": {"size": 5, "distance": "Cosine"}, "ö": {"size": 7, "distance": "Euclid", "on_disk": True}},
    {"image": {"size": 3, "distance": "Dot", "multivector_config": {"comparator": "max_sim"}, "hnsw_config": {"m": 0}}},
    {"": {"size": 3, "distance": "Dot"}}, {"": {"size": 3, "distance": "Dot"}, "other": {"size": 2, "distance": "Euclid"}},
])
def test_vectors_are_echoed_as_given(api, vectors):
    assert api.collection({"vectors": vectors}).info()["config"]["params"]["vectors"] == vectors


@pytest.mark.parametrize("sparse", [
    {"text": {}}, {"text": {"modifier": "idf"}}, {"text": {"index": {"on_disk": True}}},
    {"text": {"index": {"full_scan_threshold": 77, "on_disk": False, "datatype": "float16"}}, "other": {"index": {"datatype": "uint8"}}},
])
def test_sparse_vectors_are_echoed_as_given(api, sparse):
    params = api.collection({"sparse_vectors": sparse}).info()["config"]["params"]
    assert params["sparse_vectors"] == sparse
    assert params.get("vectors", {}) == {}
    both = api.collection({"vectors": {"d": DOT4}, "sparse_vectors": sparse}).info()["config"]["params"]
    assert both["sparse_vectors"] == sparse and both["vectors"] == {"d": DOT4}


def test_the_whole_info_of_a_plain_collection(api):
    info = api.collection({"vectors": DOT4}).info()
    assert info["status"] == "green" and info["optimizer_status"] == "ok"
    assert info["points_count"] == 0 and info["indexed_vectors_count"] == 0 and info["segments_count"] >= 1
    assert info["payload_schema"] == {}
    config = info["config"]
    assert {"params", "hnsw_config", "optimizer_config", "wal_config", "quantization_config"} <= set(config)
    assert config["quantization_config"] is None
    assert "strict_mode_config" not in config or config["strict_mode_config"] in (None, {"enabled": False})
    assert "metadata" not in config and "warnings" not in info
    params = config["params"]
    assert params["vectors"] == DOT4 and "sparse_vectors" not in params
    assert (params["shard_number"], params["replication_factor"], params["write_consistency_factor"]) == (1, 1, 1)
    assert {key: config["hnsw_config"][key] for key in HNSW_DEFAULTS} == HNSW_DEFAULTS
    optimizer = config["optimizer_config"]
    assert optimizer["deleted_threshold"] == 0.2 and optimizer["vacuum_min_vector_number"] == 1000
    assert isinstance(optimizer["default_segment_number"], int) and isinstance(optimizer["flush_interval_sec"], int)
    assert config["wal_config"]["wal_capacity_mb"] == 32


@pytest.mark.parametrize("given, where, expected", [
    ({"hnsw_config": {"m": 7}}, "hnsw_config", {**HNSW_DEFAULTS, "m": 7}),
    ({"hnsw_config": {"m": 0, "ef_construct": 4, "full_scan_threshold": 10, "payload_m": 3}}, "hnsw_config",
     {"m": 0, "ef_construct": 4, "full_scan_threshold": 10, "payload_m": 3}),
    ({"optimizers_config": {"indexing_threshold": 10, "deleted_threshold": 0.5}}, "optimizer_config",
     {"indexing_threshold": 10, "deleted_threshold": 0.5, "vacuum_min_vector_number": 1000}),
    ({"optimizers_config": {"default_segment_number": 3, "flush_interval_sec": 9, "max_segment_size": 4000,
        "memmap_threshold": 5}}, "optimizer_config",
     {"default_segment_number": 3, "flush_interval_sec": 9, "max_segment_size": 4000, "memmap_threshold": 5}),
    ({"wal_config": {"wal_capacity_mb": 8, "wal_segments_ahead": 2}}, "wal_config", {"wal_capacity_mb": 8, "wal_segments_ahead": 2}),
    ({"shard_number": 1, "replication_factor": 1, "write_consistency_factor": 1, "on_disk_payload": True}, "params",
     {"shard_number": 1, "replication_factor": 1, "write_consistency_factor": 1, "on_disk_payload": True}),
    ({"on_disk_payload": False}, "params", {"on_disk_payload": False}),
])
def test_settings_are_echoed(api, given, where, expected):
    config = api.collection({"vectors": DOT4, **given}).info()["config"]
    assert {key: config[where].get(key) for key in expected} == expected


@pytest.mark.parametrize("quantization", [
    {"scalar": {"type": "int8"}}, {"scalar": {"type": "int8", "quantile": 0.99, "always_ram": True}},
    {"product": {"compression": "x4"}}, {"binary": {"always_ram": False}}, {"turbo": {"bits": "bits4"}},
])
def test_quantization_is_echoed(api, quantization):
    made = api.collection({"vectors": DOT4, "quantization_config": quantization})
    assert made.info()["config"]["quantization_config"] == quantization
    made.upsert([{"id": n, "vector": [n, 1, 0, 0]} for n in range(20)])
    hits = made.query([1, 0, 0, 0], limit=3, params={"quantization": {"ignore": False, "rescore": True, "oversampling": 2.0}})
    assert [hit["id"] for hit in hits] == [19, 18, 17]


def test_metadata_and_strict_mode_are_echoed(api):
    metadata = {"owner": "search", "nested": {"numbers": [1, 2.5, None]}, "größe": "検索"}
    config = api.collection({"vectors": DOT4, "metadata": metadata,
        "strict_mode_config": {"enabled": False, "max_query_limit": 30}}).info()["config"]
    assert config["metadata"] == metadata
    assert config["strict_mode_config"]["enabled"] is False and config["strict_mode_config"]["max_query_limit"] == 30


@pytest.mark.parametrize("config, says", [
    ({"vectors": {"image": DOT4}, "sparse_vectors": {"image": {}}},
        "Dense and sparse vector names must be unique - duplicate found with 'image'"),
    ({"sparse_vectors": {"": {}}}, "Sparse vector name cannot be empty"),
    ({"sparse_vectors": {"s": {"index": {"datatype": "turbo4"}}}}, "sparse vectors do not support"),
])
def test_impossible_configurations(api, config, says):
    api.refused("PUT", "/collections/impossible", config, (400, 422), says=says)
    assert api.ok("GET", "/collections/impossible/exists") == {"exists": False}


def test_a_collection_without_any_vector(api):
    made = api.collection({})
    made.upsert([{"id": 1, "vector": {}, "payload": {"a": 1}}, {"id": 2, "vector": {}}])
    assert made.points() == {1: ({"a": 1}, {}), 2: ({}, {})}


def test_existing_listed_deleted(api):
    name = "life-" + uuid.uuid4().hex
    path = "/collections/" + name
    assert api.ok("GET", path + "/exists") == {"exists": False}
    assert api.ok("DELETE", path) is False
    assert api.ok("PUT", path + "?timeout=60", {"vectors": DOT4}) is True
    api.refused("PUT", path, {"vectors": DOT4}, 409, says=["Wrong input: ", name, "already exists"])
    assert api.ok("GET", path + "/exists") == {"exists": True}
    assert {"name": name} in api.ok("GET", "/collections")["collections"]
    assert api.ok("DELETE", path + "?timeout=60") is True
    assert api.ok("DELETE", path) is False
    assert {"name": name} not in api.ok("GET", "/collections")["collections"]
    api.refused("GET", path, status=404, exactly=f"Not found: Collection `{name}` doesn't exist!")


def test_a_deleted_collection_leaves_nothing_to_its_successor(api, cities_points):
    path = "/collections/again-" + uuid.uuid4().hex
    for size in (4, 3):
        assert api.ok("PUT", path, {"vectors": {"size": size, "distance": "Dot"}})
        assert api.ok("GET", path)["points_count"] == 0 and api.ok("GET", path)["payload_schema"] == {}
        api.ok("PUT", path + "/points?wait=true", {"points": [{**p, "vector": p["vector"][:size]} for p in cities_points]})
        api.ok("PUT", path + "/index?wait=true", {"field_name": "city", "field_schema": "keyword"})
        assert len(api.ok("POST", path + "/points/query", {"query": [1.0] * size})["points"]) == 6
        assert api.ok("DELETE", path)


# ── PATCH ────────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("changes, where, expected", [
    ([{"optimizers_config": {"indexing_threshold": 1234}}], "optimizer_config", {"indexing_threshold": 1234, "deleted_threshold": 0.3}),
    ([{"optimizers_config": {"deleted_threshold": 0.9}}, {"optimizers_config": {"indexing_threshold": 5}}], "optimizer_config",
     {"deleted_threshold": 0.9, "indexing_threshold": 5}),
    ([{"hnsw_config": {"ef_construct": 200}}], "hnsw_config", {"m": 24, "ef_construct": 200, "full_scan_threshold": 10000}),
    ([{"hnsw_config": {"ef_construct": 200}}, {"hnsw_config": {"m": 4}}], "hnsw_config", {"m": 4, "ef_construct": 200}),
    ([{"quantization_config": {"scalar": {"type": "int8"}}}], "quantization_config", {"scalar": {"type": "int8"}}),
    ([{"quantization_config": {"scalar": {"type": "int8"}}}, {"quantization_config": "Disabled"}], "quantization_config", None),
    ([{"metadata": {"b": 2, "c": {"d": 1}}}], "metadata", {"a": 1, "b": 2, "c": {"d": 1}}),
    ([{"metadata": {"a": None, "b": 2}}], "metadata", {"b": 2}),
    ([{"strict_mode_config": {"enabled": True, "max_timeout": 9}}, {"strict_mode_config": {"max_query_limit": 50}}], "strict_mode_config",
     {"enabled": True, "max_timeout": 9, "max_query_limit": 50}),
    ([{}], "hnsw_config", {"m": 24}),
])
def test_patch_merges(api, changes, where, expected):
    made = api.collection({"vectors": DOT4, "hnsw_config": {"m": 24}, "optimizers_config": {"deleted_threshold": 0.3},
        "metadata": {"a": 1}})
    before = made.info()["config"]
    for change in changes:
        assert made.ok("PATCH", "", change) is True
    config = made.info()["config"]
    if where in ("quantization_config", "metadata"):
        assert config[where] == expected
    else:
        assert {key: config[where].get(key) for key in expected} == expected
    for other in set(before) - {where}:
        assert config[other] == before[other], f"{other} must stay as it was"


def test_patch_of_vectors(api):
    unnamed = api.collection({"vectors": DOT4})
    assert unnamed.ok("PATCH", "", {"vectors": {"": {"hnsw_config": {"m": 8}, "on_disk": True}}}) is True
    assert unnamed.ok("PATCH", "", {"vectors": {"": {"hnsw_config": {"ef_construct": 50}, "quantization_config": {"binary": {}}}}}) is True
    assert unnamed.info()["config"]["params"]["vectors"] == {
        **DOT4, "hnsw_config": {"m": 8, "ef_construct": 50}, "on_disk": True, "quantization_config": {"binary": {}}}
    named = api.collection({"vectors": {"a": DOT4, "b": DOT4}, "sparse_vectors": {"s": {}}})
    assert named.ok("PATCH", "", {"vectors": {"b": {"on_disk": True}},
        "sparse_vectors": {"s": {"index": {"full_scan_threshold": 3}}}}) is True
    params = named.info()["config"]["params"]
    assert params["vectors"] == {"a": DOT4, "b": {**DOT4, "on_disk": True}}
    assert params["sparse_vectors"]["s"]["index"]["full_scan_threshold"] == 3
    named.refused("PATCH", "", {"vectors": {"missing": {"on_disk": True}}}, 400, says="Not existing vector name error: missing")
    named.refused("PATCH", "", {"sparse_vectors": {"missing": {}}}, 400, says="Not existing vector name error: missing")


def test_patched_params(api):
    made = api.collection({"vectors": DOT4})
    assert made.ok("PATCH", "?timeout=10", {"params": {"on_disk_payload": True, "read_fan_out_factor": 2}}) is True
    params = made.info()["config"]["params"]
    assert params["on_disk_payload"] is True and params["read_fan_out_factor"] == 2 and params["vectors"] == DOT4


# ── Indexed vectors, payload schema ──────────────────────────────────────────────────────────────────────

def random_points(count, size):
    rng = random.Random(5)
    return [{"id": n, "vector": [rng.uniform(-1, 1) for _ in range(size)]} for n in range(count)]


def test_indexed_vectors_are_counted(api):
    made = api.collection({"vectors": {"size": 256, "distance": "Cosine"}, "optimizers_config": {"indexing_threshold": 10}},
        random_points(100, 256))
    assert wait_until(lambda: made.info()["indexed_vectors_count"], 20, "indexed_vectors_count") > 0
    assert made.info()["status"] == "green" and made.info()["points_count"] == 100
    never = api.collection({"vectors": {"size": 256, "distance": "Cosine"}, "optimizers_config": {"indexing_threshold": 0}},
        random_points(100, 256))
    assert never.info()["indexed_vectors_count"] == 0


@pytest.mark.parametrize("schema, data_type, good, bad", [
    ("keyword", "keyword", "x", 3), ("integer", "integer", 3, "x"), ("float", "float", 1.5, "x"), ("bool", "bool", True, "x"),
    ("geo", "geo", {"lon": 1.0, "lat": 2.0}, {"lon": 1.0}), ("text", "text", "some words", 3),
    ("datetime", "datetime", "2024-01-01T00:00:00Z", "yesterday"), ("uuid", "uuid", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "no uuid"),
    ({"type": "keyword", "is_tenant": True, "on_disk": False}, "keyword", "x", 3),
    ({"type": "integer", "lookup": True, "range": False}, "integer", 3, "x"),
        ({"type": "integer", "is_principal": True, "lookup": True, "range": True}, "integer", 3, "x"),
    ({"type": "float", "on_disk": True}, "float", 2, "x"), ({"type": "datetime", "is_principal": False}, "datetime", "2024-01-01", 5),
    ({"type": "uuid", "is_tenant": False}, "uuid", "f47ac10b58cc4372a5670e02b2c3d479", 5),
        ({"type": "bool", "on_disk": True}, "bool", False, 0),
    ({"type": "geo", "on_disk": False}, "geo", {"lon": 1, "lat": 2}, [1, 2]),
    ({"type": "text", "tokenizer": "prefix", "min_token_len": 2, "max_token_len": 9, "lowercase": True}, "text", "some words", 3),
    ({"type": "text", "tokenizer": "multilingual", "phrase_matching": True, "stopwords": "english"}, "text", "words", 3),
    ({"type": "text", "stopwords": {"languages": ["german"], "custom": ["foo"]}}, "text", "words", 3),
    ({"type": "text", "stemmer": {"type": "snowball", "language": "english"}, "ascii_folding": True}, "text", "words", 3),
])
def test_payload_schema(api, schema, data_type, good, bad):
    made = api.collection(2, [{"id": 1, "vector": [1, 2], "payload": {"f": good}}, {"id": 2, "vector": [1, 2], "payload": {"f": bad}},
                              {"id": 3, "vector": [1, 2], "payload": {"f": [good, good]}}, {"id": 4, "vector": [1, 2]}])
    made.index("f", schema)
    expected = {"data_type": data_type, "points": 2} | ({"params": schema} if isinstance(schema, dict) else {})
    assert made.info()["payload_schema"] == {"f": expected}
    made.upsert([{"id": 5, "vector": [1, 2], "payload": {"f": good}}])
    made.write("POST", "/points/delete", {"points": [1]})
    made.upsert([{"id": 3, "vector": [1, 2]}])
    assert made.info()["payload_schema"]["f"]["points"] == 1
    made.write("DELETE", "/index/f", None)
    assert made.info()["payload_schema"] == {}
    made.write("DELETE", "/index/f", None)


def test_an_index_again_replaces_it(api):
    made = api.collection(2, [{"id": 1, "vector": [1, 2], "payload": {"a": {"b": "One Two"}, "c": ["x", "y"]}}], {"a.b": "keyword"})
    assert made.count(filter={"must": {"key": "a.b", "match": {"text": "two"}}}) == 0
    made.index("a.b", {"type": "text", "lowercase": True})
    assert made.info()["payload_schema"]["a.b"]["data_type"] == "text"
    assert made.count(filter={"must": {"key": "a.b", "match": {"text": "two"}}}) == 1
    made.index("a.b", {"type": "text", "lowercase": False})
    assert made.info()["payload_schema"]["a.b"]["params"] == {"type": "text", "lowercase": False}
    assert made.count(filter={"must": {"key": "a.b", "match": {"text": "two"}}}) == 0
    assert made.count(filter={"must": {"key": "a.b", "match": {"text": "Two"}}}) == 1
    made.write("DELETE", "/index/a.b", None)
    made.refused("PUT", "/index", {"field_name": "a[", "field_schema": "keyword"}, (400, 422))


# ── Vectors of a living collection ───────────────────────────────────────────────────────────────────────

def test_a_vector_is_added_used_and_removed(api):
    made = api.collection({"vectors": {"first": DOT4}}, [{"id": n, "vector": {"first": [n, 0, 0, 0]}} for n in range(1, 6)])
    made.write("PUT", "/vectors/extra", {"dense": {"size": 2, "distance": "Euclid"}})
    made.write("PUT", "/vectors/multi", {"dense": {"size": 2, "distance": "Dot", "multivector_config": {"comparator": "max_sim"},
        "datatype": "float16"}})
    made.write("PUT", "/vectors/words", {"sparse": {"modifier": "idf"}})
    params = made.info()["config"]["params"]
    assert params["vectors"] == {"first": DOT4, "extra": {"size": 2, "distance": "Euclid"},
                                 "multi": {"size": 2, "distance": "Dot", "multivector_config": {"comparator": "max_sim"},
                                     "datatype": "float16"}}
    assert params["sparse_vectors"] == {"words": {"modifier": "idf"}}
    assert made.query([1, 1], using="extra") == []
    made.write("PUT", "/points/vectors", {"points": [{"id": 2, "vector": {"extra": [3, 4], "multi": [[1, 2], [3, 4]],
        "words": {"indices": [7], "values": [2]}}}]})
    assert [(h["id"], h["score"]) for h in made.query([0, 0], using="extra")] == [(2, 5.0)]
    assert [(h["id"], h["score"]) for h in made.query([[1, 1]], using="multi")] == [(2, 7.0)]
    assert [h["id"] for h in made.query({"indices": [7], "values": [1]}, using="words")] == [2]
    assert made.count(filter={"must": {"has_vector": "extra"}}) == 1
    for name in ("extra", "multi", "words"):
        made.write("DELETE", "/vectors/" + name, None)
        made.refused("POST", "/points/query", {"query": [1, 1], "using": name}, 400,
            exactly=f"Wrong input: Not existing vector name error: {name}")
        made.refused("DELETE", "/vectors/" + name, None, (400, 404), says=name)
    assert made.point(2)["vector"] == {"first": [2, 0, 0, 0]}
    assert made.info()["config"]["params"]["vectors"] == {"first": DOT4}
    # A new vector of the same name has nothing of the old one.
    made.write("PUT", "/vectors/extra", {"dense": {"size": 3, "distance": "Dot"}})
    assert made.query([1, 1, 1], using="extra") == [] and made.point(2)["vector"] == {"first": [2, 0, 0, 0]}
    made.write("PUT", "/points/vectors", {"points": [{"id": 3, "vector": {"extra": [1, 1, 1]}}]})
    assert [(h["id"], h["score"]) for h in made.query([1, 2, 3], using="extra")] == [(3, 6.0)]


@pytest.mark.parametrize("config, says", [
    ({"dense": {"size": 0, "distance": "Dot"}}, "size"), ({"dense": {"size": 65537, "distance": "Dot"}}, "size"),
    ({"sparse": {"datatype": "turbo4"}}, "sparse vectors do not support"),
])
def test_vectors_that_cannot_be_added(api, config, says):
    made = api.collection({"vectors": {"first": DOT4}})
    made.refused("PUT", "/vectors/extra", config, (400, 422), says=says)
    assert made.info()["config"]["params"]["vectors"] == {"first": DOT4}


def test_optimizations(api, cities):
    result = cities.ok("GET", "/optimizations?with=queued,completed,idle_segments&completed_limit=4")
    assert set(result["summary"]) == {"queued_optimizations", "queued_segments", "queued_points", "idle_segments"}
    assert isinstance(result["running"], list)
