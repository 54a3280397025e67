"""The service's own routes: telemetry, metrics, issues, cluster, and those that a single node refuses."""

import pytest

POST_CLUSTER = [{"move_shard": {"shard_id": 0, "to_peer_id": 1, "from_peer_id": 2}},
    {"replicate_shard": {"shard_id": 0, "to_peer_id": 1, "from_peer_id": 2}},
                {"create_sharding_key": {"shard_key": "a"}}, {"start_resharding": {"direction": "up"}}]


@pytest.mark.parametrize("query", ["", "?details_level=0", "?details_level=3", "?details_level=10&anonymize=true",
    "?anonymize=false&per_collection=true&timeout=10"])
def test_telemetry(api, cities, query):
    result = api.ok("GET", "/telemetry" + query)
    assert isinstance(result["id"], str) and result["collections"]["number_of_collections"] >= 1
    assert result["app"]["name"] and result["app"]["version"] and result["app"]["startup"].startswith("20")
    if "anonymize=true" in query:
        assert cities.name not in str(result)


def test_metrics(api, cities):
    text = api.send("GET", "/metrics?per_collection=true").body.decode()
    assert 'kith_http_requests_total{route="/collections/{collection}",method="PUT",code="2xx"}' in text and cities.count() == 6


def test_issues_name_the_index_that_would_help(api):
    api.ok("DELETE", "/issues")
    c = api.collection(1, [{"id": n, "vector": [n], "payload": {"colour": f"c{n % 50}"}} for n in range(12000)])
    for n in range(40):
        c.query([1.0], limit=1, filter={"must": {"key": "colour", "match": {"value": f"c{n}"}}})
    issues = api.ok("GET", "/issues")["issues"]
    assert isinstance(issues, list)
    mine = [issue for issue in issues if c.name in str(issue)]
    assert mine and "colour" in str(mine) and "keyword" in str(mine) and f"/collections/{c.name}/index" in str(mine)
    assert api.ok("DELETE", "/issues") is True
    assert not [issue for issue in api.ok("GET", "/issues")["issues"] if c.name in str(issue)]


def test_one_node(api, cities):
    assert api.ok("GET", "/cluster") == {"status": "disabled"}
    info = cities.ok("GET", "/cluster")
    assert info["shard_count"] == 1 and info["remote_shards"] == [] and info["shard_transfers"] == [] and isinstance(info["peer_id"], int)
    [shard] = info["local_shards"]
    assert shard["shard_id"] == 0 and shard["points_count"] == 6 and shard["state"] == "Active"


@pytest.mark.parametrize("method, target, body", [
    ("POST", "/cluster/recover", None), ("DELETE", "/cluster/peer/7", None), ("DELETE", "/cluster/peer/7?force=true", None),
    *[("POST", "{c}/cluster", body) for body in POST_CLUSTER],
    ("PUT", "{c}/shards", {"shard_key": "a"}), ("POST", "{c}/shards/delete", {"shard_key": "a"}),
])
def test_a_single_node_refuses(api, cities, method, target, body):
    message = api.refused(method, target.format(c=cities.path), body, (400, 405))
    assert message
    assert cities.count() == 6


def test_shards_of_a_single_node(api, cities):
    reply = api.send("GET", cities.path + "/shards")
    assert (reply.status == 200 and not reply.json["result"].get("shard_keys")) or reply.status in (400, 405), reply.body


def test_cluster_telemetry(api):
    reply = api.send("GET", "/cluster/telemetry?details_level=2")
    assert reply.status in (200, 405), reply.body
    assert "collections" in reply.json["result"] if reply.status == 200 else reply.message


def test_quotas(api):
    status = api.ok("GET", "/quotas")
    assert isinstance(status["config"], dict) and isinstance(status["usage"], dict)


@pytest.mark.parametrize("method, target, body", [
    ("GET", "{c}/snapshots", None), ("POST", "{c}/snapshots", None), ("PUT", "{c}/snapshots/recover", {"location": "file:///x"}),
        ("GET", "{c}/snapshots/a", None),
    ("DELETE", "{c}/snapshots/a", None), ("GET", "/snapshots", None), ("POST", "/snapshots", None), ("GET", "/snapshots/a", None),
        ("DELETE", "/snapshots/a", None),
    ("POST", "{c}/snapshots/upload", b""), ("GET", "{c}/shards/0/snapshots", None), ("POST", "{c}/shards/0/snapshots", None),
        ("GET", "{c}/shards/0/snapshot", None),
    ("PUT", "{c}/shards/0/snapshots/recover", {"location": "x"}), ("POST", "{c}/shards/0/snapshots/upload", b""),
        ("GET", "{c}/shards/0/snapshots/a", None),
    ("DELETE", "{c}/shards/0/snapshots/a", None), ("PUT", "/quotas", {"enabled": True}),
    ("POST", "{c}/points/search/matrix/pairs", {"sample": 10, "limit": 3}),
        ("POST", "{c}/points/search/matrix/offsets", {"sample": 10, "limit": 3}),
])
def test_what_is_not_there_yet_is_refused_plainly(api, cities, method, target, body):
    """Snapshots, quotas that can be set, and distance matrices are not in this version."""
    message = api.refused(method, target.format(c=cities.path), body, 501)
    assert len(message) > 20, message
    assert cities.count() == 6
