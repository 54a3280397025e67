"""Operating a server: metrics, request ids, shutdown with work under way, restart."""

import json
import random
import re
import shutil
import socket
import subprocess
import threading
import time

import pytest

from corpus import markdown
from kith_server import Server, wait_until


def some_traffic(server):
    assert server.put("/collections/traffic", {"vectors": {"size": 3, "distance": "Cosine"}}).status == 200
    assert server.put("/collections/traffic/points?wait=true", {"points": [
        {"id": n, "vector": [n, 1, 2], "payload": {"n": n}} for n in range(1, 20)]}).status == 200
    assert server.post("/collections/traffic/points/query", {"query": [1, 2, 3]}).status == 200
    documents = [{"id": f"d{n}", "text": f"Document {n} is about keys and \"backups\"."} for n in range(5)]
    assert server.post("/v1/collections/docs/documents?wait=true", {"documents": documents}).status == 200
    assert server.post("/v1/search", {"collection": "docs", "query": "backups"}).status == 200
    assert server.get("/nowhere%0a\"}").status == 404


def test_metrics_pass_promtool(server):
    some_traffic(server)
    metrics = server.get("/metrics")
    assert metrics.status == 200 and metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    text = metrics.body.decode()
    assert re.search(r'^kith_http_requests_total\{[^}]*code="2xx"[^}]*\} [1-9]', text, re.M)
    assert re.search(r'^kith_documents\{collection="docs"\} 5$', text, re.M)
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert checked.returncode == 0 and checked.stderr == "", checked.stdout + checked.stderr


@pytest.fixture
def logging_server(tmp_path):
    with Server(tmp_path / "data", "--set", "log.level=info", "--set", "log.format=json") as running:
        yield running


def test_every_answer_has_a_request_id(logging_server):
    server = logging_server
    seen = {server.get(route).headers["x-request-id"] for route in ("/", "/livez", "/collections", "/nowhere", "/v1/stats")}
    assert len(seen) == 5
    given = server.get("/collections", headers={"X-Request-Id": "from-the-caller-1"})
    assert given.headers["x-request-id"] == "from-the-caller-1"
    wait_until(lambda: "from-the-caller-1" in server.log(), what="the id in the access log")
    forged = server.get("/collections", headers={"X-Request-Id": "a b\x7fc" + "x" * 500})
    assert re.fullmatch(r"[\x21-\x7e]{1,200}", forged.headers["x-request-id"])


def test_readiness_tells_of_each_collection(server):
    some_traffic(server)
    checks = {check["name"]: check for check in server.get("/readyz?verbose").json["checks"]}
    assert checks["collection traffic"]["ok"] and checks["writes"]["ok"]


def test_idle_server_stops_at_once(server):
    some_traffic(server)
    started = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started < 10


def test_a_request_in_flight_is_finished_at_sigterm(tmp_path):
    rng = random.Random(7)
    documents = [{"id": f"d{n}", "text": markdown(rng, n, 60), "media_type": "text/markdown"} for n in range(300)]
    with Server(tmp_path / "data") as server:
        replies = []
        worker = threading.Thread(target=lambda: replies.append(
            server.post("/v1/collections/docs/documents?wait=true", {"documents": documents}, timeout=120)))
        worker.start()
        wait_until(lambda: server.get("/collections/docs/exists").json["result"]["exists"], what="the work to begin")
        assert not replies, "the request was over too soon to be in flight"
        assert server.stop() == 0
        worker.join(120)
        assert [reply.status for reply in replies] == [200]
        results = replies[0].json["results"]
        assert len(results) == 300 and all(result["status"] == "added" for result in results)
    with Server(tmp_path / "data") as server:
        assert server.get("/v1/collections/docs").json["documents"] == 300


def test_a_body_on_its_way_at_sigterm(tmp_path):
    """A client that goes on sending is answered or cut off; the server ends within the drain time either way."""
    with Server(tmp_path / "data", "--set", "server.drain_timeout=2s") as server:
        assert server.put("/collections/c", {"vectors": {"size": 2, "distance": "Dot"}}).status == 200
        with socket.create_connection(server.address, timeout=30) as sock:
            sock.sendall(b"PUT /collections/c/points?wait=true HTTP/1.1\r\nHost: k\r\nContent-Length: 1000\r\n\r\n{")
            started = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - started < 20


def test_new_connections_are_refused_after_stop_and_state_survives(tmp_path):
    server = Server(tmp_path / "data").start()
    some_traffic(server)
    before = server.post("/collections/traffic/points/scroll", {"limit": 100, "with_vector": True}).json["result"]
    address = server.address
    assert server.stop() == 0
    with pytest.raises(OSError):
        socket.create_connection(address, timeout=5).close()
    with server:
        assert server.post("/collections/traffic/points/scroll", {"limit": 100, "with_vector": True}).json["result"] == before
        assert server.get("/v1/collections/docs").json["documents"] == 5


def test_jobs_report_their_end(server):
    documents = [{"id": f"d{n}", "text": f"Text number {n}."} for n in range(20)]
    accepted = server.post("/v1/collections/docs/documents", {"documents": documents})
    assert accepted.status == 202
    job = accepted.json["job"]

    def ended():
        state = server.get(f"/v1/jobs/{job}").json
        return state if state["state"] in ("done", "failed", "cancelled") else None

    state = wait_until(ended, what="the job to end")
    assert state["state"] == "done" and state["done"] == 20 and state["errors"] == []
    assert any(entry["id"] == job for entry in server.get("/v1/jobs").json["jobs"])
    assert server.get("/v1/collections/docs").json["documents"] == 20
    assert server.get("/v1/jobs/no-such-job").status == 404


def test_a_run_time_parameter_is_set_and_survives(tmp_path):
    server = Server(tmp_path / "data").start()
    some_traffic(server)
    search = {"collection": "docs", "query": "backups", "limit": 8}
    assert server.post("/v1/search", search).status == 200
    changed = server.put("/v1/parameters/search.limit_max", {"value": 5})
    assert changed.status == 200, changed.body
    assert server.post("/v1/search", search).status == 400
    server.kill()
    with server:
        assert server.post("/v1/search", search).status == 400
        assert json.loads(server.get("/v1/parameters").body)["parameters"]
