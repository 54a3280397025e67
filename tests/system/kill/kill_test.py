"""kill -9 at random moments. The next start opens, nothing acknowledged is missing, and the end is the same.

KITH_TEST_KILLS says how many running processes each test kills (6); the long run makes 30. Seeds are printed.
"""

import json
import os
import random
import shutil
import signal
import struct
import subprocess
import threading
import time
import urllib.parse

import pytest

from corpus import write_documents
from kith_server import BINARY, Server, environment, kith

KILLS = int(os.environ.get("KITH_TEST_KILLS") or 6)
DOCUMENTS = 60
# Frequent checkpoints: kills meet them too, not only the store.
SETTINGS = ["--set", "index.checkpoint_changes=20", "--set", "index.checkpoint_age=100ms"]


def contents(data, settings):
    """Everything that a reader can see: points with payloads and vectors, documents with chunk ids, answers."""
    with Server(data, *settings) as server:
        listed = server.get("/v1/collections/default/documents?limit=1000")
        if listed.status == 404:
            return None
        documents = {}
        for record in listed.json["documents"]:
            shown = server.get("/v1/collections/default/documents/" + urllib.parse.quote(record["id"], safe="")).json
            documents[record["id"]] = (shown["chunk_ids"], shown["text"], record["content_hash"], record["title"])
        scrolled = server.post("/collections/default/points/scroll", {"limit": 100_000, "with_vector": True}).json["result"]
        assert scrolled["next_page_offset"] is None
        points = {point["id"]: (point["payload"], point.get("vector")) for point in scrolled["points"]}
        info = server.get("/v1/collections/default").json
        searches = {}
        for query in ("key rotation", "checkpoint journal", "größe", "検索"):
            for mode in ("lexical", "dense") if info["vectors"] else ("lexical",):
                # Exact: the graph depends on the order of inserts, the truth does not.
                body = {"collection": "default", "query": query, "mode": mode, "limit": 100, "exact": True}
                searches[query, mode] = {hit["id"]: hit["score"] for hit in server.post("/v1/search", body).json["results"]}
        return {"documents": documents, "points": points, "searches": searches,
                "counts": (info["documents"], info["points"], info["lexical_points"], [v["vectors"] for v in info["vectors"]])}


def check_same_end(found, whole):
    for part in ("documents", "points", "counts"):
        assert found[part] == whole[part], part
    for search, expected in whole["searches"].items():
        hits = found["searches"][search]
        assert len(hits) == len(expected) > 0, search
        # Hits whose scores tie with the last one may be any of those that tie.
        last = min(expected.values()) + 1e-4
        for point in hits.keys() | expected.keys():
            if point in hits and point in expected:
                assert hits[point] == pytest.approx(expected[point], abs=1e-4), (search, point)
            else:
                assert hits.get(point, expected.get(point)) <= last, (search, point)


def check_partial(found, whole):
    """What a crash left: whole documents only, each as in the undisturbed run, and nothing beside them."""
    if found is None:
        return
    for name, document in found["documents"].items():
        assert document == whole["documents"][name], name
    expected = {chunk for document in found["documents"].values() for chunk in document[0]}
    assert set(found["points"]) == expected, "chunks without their document, or the other way round"
    for chunk in expected:
        assert found["points"][chunk] == whole["points"][chunk], chunk
    assert found["counts"][0] == len(found["documents"]) and found["counts"][1] == len(expected)
    assert found["counts"][2] == len(expected), "the word index has what the store has"


def start_ingest(data, settings, docs):
    return subprocess.Popen([BINARY, "--data", str(data), "--json", *settings, "ingest", str(docs)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())


def kill_after(process, seconds):
    """True when the process was still running."""
    time.sleep(seconds)
    killed = process.poll() is None
    if killed:
        process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    return killed


@pytest.mark.parametrize("embedding", ["words_only", "tiny_model"])
def test_killed_ingest_resumes_to_the_same_end(tmp_path, seeded, tiny_model, embedding):
    settings = [*SETTINGS, "--set", "embedding.model=" + (str(tiny_model) if embedding == "tiny_model" else "")]
    docs = tmp_path / "docs"
    write_documents(docs, DOCUMENTS, seed=1, sections=25 if embedding == "tiny_model" else 80)
    started = time.monotonic()
    undisturbed = start_ingest(tmp_path / "whole", settings, docs)
    _, errors = undisturbed.communicate(timeout=300)
    duration = time.monotonic() - started
    assert undisturbed.returncode == 0, errors
    whole = contents(tmp_path / "whole", settings)
    assert whole["counts"][0] == DOCUMENTS and len(whole["points"]) > DOCUMENTS

    landed = partial = round_number = 0
    while landed < KILLS:
        round_number += 1
        assert round_number <= 3 * KILLS + 5, "hardly any kill met a running ingest"
        data = tmp_path / f"data-{round_number}"
        kills = 1 + seeded.randrange(2)  # now and then the resumed run is killed as well
        seen = {}
        for _ in range(kills):
            moment = seeded.uniform(duration / 10, duration)
            killed = kill_after(start_ingest(data, settings, docs), moment)
            landed += killed
            # A run that was faster than the undisturbed one: the machine has become quieter.
            duration *= 1 if killed else 0.8
            found = contents(data, settings)
            try:
                check_partial(found, whole)
                if found:
                    assert seen.keys() <= found["documents"].keys(), "a document that was there has gone"
                    seen = found["documents"]
            except AssertionError as error:
                raise AssertionError(f"round {round_number}, killed after {moment:.3f} s of {duration:.3f} s: {error}") from error
        partial += 0 < len(seen) < DOCUMENTS
        resumed = kith("--data", data, "--json", *settings, "ingest", docs)
        assert resumed.code == 0, resumed.err
        summary = resumed.json
        assert summary["unchanged"] == len(seen) and summary["added"] == DOCUMENTS - len(seen)
        try:
            check_same_end(contents(data, settings), whole)
        except AssertionError as error:
            raise AssertionError(f"round {round_number}: the resumed run ended differently: {error}") from error
        again = kith("--data", data, "--json", *settings, "ingest", docs).json
        assert again["unchanged"] == DOCUMENTS and again["chunks_embedded"] == again["chunks_written"] == 0
        shutil.rmtree(data)
    print(f"{landed} kills met a running ingest in {round_number} rounds, {partial} left a part; a run takes {duration:.2f} s")


class Writer(threading.Thread):
    """Upserts and deletes points of its own range, one request after the other, and knows what was acknowledged."""

    def __init__(self, server, number, seed, acknowledged, next_version):
        super().__init__()
        self.server, self.base, self.rng = server, number * 1000, random.Random(seed)
        self.acknowledged = acknowledged        # id → (vector, payload)
        self.in_doubt = None                    # the state if the request without an answer was carried out
        self.version = next_version
        self.count = 0

    def run(self):
        while True:
            after = dict(self.acknowledged)
            if after and self.rng.random() < 0.25:
                ids = self.rng.sample(sorted(after), min(len(after), self.rng.randint(1, 8)))
                for point in ids:
                    del after[point]
                target, body = "POST /collections/c/points/delete?wait=true", {"points": ids}
            else:
                points = []
                for point in self.rng.sample(range(self.base, self.base + 60), self.rng.randint(1, 24)):
                    self.version += 1
                    vector = [self.version % 251 / 4, point % 97 / 8, self.rng.randint(-512, 512) / 256, 1.0]
                    payload = {"version": self.version, "note": "größe " * self.rng.randint(0, 5)}
                    points.append({"id": point, "vector": vector, "payload": payload})
                    after[point] = (vector, payload)
                target, body = "PUT /collections/c/points?wait=true", {"points": points}
            self.in_doubt = after
            try:
                reply = self.server.send(*target.split(" "), body, timeout=30)
            except OSError:
                return
            except Exception as error:  # the answer broke off in the middle: http.client has several names for that
                if type(error).__module__.startswith("http."):
                    return
                raise
            assert reply.status == 200, reply.body
            self.acknowledged, self.in_doubt = after, None
            self.count += 1


@pytest.mark.parametrize("fsync", ["always", "os"])
def test_acknowledged_points_survive_a_killed_server(tmp_path, seeded, fsync):
    """With fsync = os too: the process dies here, not the machine."""
    settings = [*SETTINGS, "--set", f"store.fsync={fsync}", "--set", "index.exact_rows_max=50"]
    server = Server(tmp_path / "data", *settings).start()
    assert server.put("/collections/c", {"vectors": {"size": 4, "distance": "Dot"}}).status == 200
    states, versions, requests = [{}, {}, {}], [0, 0, 0], 0
    for round_number in range(KILLS):
        writers = [Writer(server, n, seeded.random(), states[n], versions[n]) for n in range(3)]
        for writer in writers:
            writer.start()
        time.sleep(seeded.uniform(0.02, 1.5))
        server.kill()
        for writer in writers:
            writer.join(60)
            assert not writer.is_alive()
        server.start()
        found = server.post("/collections/c/points/scroll", {"limit": 100_000, "with_vector": True}).json["result"]["points"]
        for n, writer in enumerate(writers):
            there = {p["id"]: (as_f32(p["vector"]), p["payload"]) for p in found if writer.base <= p["id"] < writer.base + 1000}
            allowed = [writer.acknowledged] + ([writer.in_doubt] if writer.in_doubt is not None else [])
            assert there in allowed, f"round {round_number}, writer {n}: {difference(there, allowed)}"
            states[n], versions[n] = there, writer.version
            requests += writer.count
        check_index(server, states, seeded)
    assert server.stop() == 0
    print(f"{requests} requests acknowledged in {KILLS} rounds")
    assert requests > KILLS


def as_f32(vector):
    """Numbers come back as the shortest decimals that name the same f32."""
    return list(struct.unpack(f"<{len(vector)}f", struct.pack(f"<{len(vector)}f", *vector)))


def difference(there, allowed):
    wanted = allowed[0]
    return json.dumps({"missing": sorted(set(wanted) - set(there))[:5], "extra": sorted(set(there) - set(wanted))[:5],
                       "differ": [i for i in wanted if i in there and wanted[i] != there[i]][:5], "in_doubt": len(allowed) > 1})


def check_index(server, states, rng):
    """The vector view after the crash finds what the store has: compared with brute force."""
    points = {point: vector for state in states for point, (vector, _) in state.items()}
    assert server.post("/collections/c/points/count", {"exact": True}).json["result"]["count"] == len(points)
    for _ in range(5):
        query = [rng.uniform(-1, 1) for _ in range(4)]
        hits = server.post("/collections/c/points/query", {"query": query, "limit": 10, "params": {"exact": True}}).json["result"]["points"]
        best = sorted((sum(a * b for a, b in zip(query, vector)) for vector in points.values()), reverse=True)[:10]
        assert [hit["score"] for hit in hits] == pytest.approx(best, rel=1e-4, abs=1e-4)
