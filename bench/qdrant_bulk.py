#!/usr/bin/env python3
"""Bulk upsert through the official Python client, and with prepared bodies: points a second, and where the time goes.

    bench/qdrant_bulk.py [--points N] [--dimension D] [--batch N] [--connections N] [--kith PROGRAM] [--set NAME=VALUE]…
                         [--raw-only] [--full]

Client: its own serialising (models to JSON), waiting for the server, reading the answer. Raw: the same points as prepared
bodies over kept connections; and two more passes over the same bodies that say what the server does in that time: sent to a
route that does not exist (HTTP alone), and with a last point of a wrong dimension (HTTP and parsing, nothing stored).
Needs the package qdrant-client unless --raw-only; tests/system/clients/requirements.txt names the version. Without options a
tiny run; --full is 200,000 points of 768 dimensions.
"""

import argparse
import collections
import random
import sys
import time

import qdrant_loop
from kith_server import BenchError, DEFAULT_KITH, Server, machine, wait_until_linked
from qdrant_loop import request

SEED = 20240817


def payload(n):
    return {"group": n % 10, "tag": f"t{n % 100}", "n": n}


def create(connection, name, dimension):
    connection.call("PUT", f"/collections/{name}", {"vectors": {"size": dimension, "distance": "Cosine"}})


def finish(connection, name, arguments):
    linked_s = wait_until_linked(connection, name)
    count = connection.call("POST", f"/collections/{name}/points/count", {"exact": True})["result"]["count"]
    if count != arguments.points:
        raise BenchError(f"{name} has {count} points, {arguments.points} were sent")
    connection.call("DELETE", f"/collections/{name}")
    return linked_s


def row(name, points, seconds, note=""):
    print(f"| {name} | {points / seconds:,.0f} | {seconds:.2f} | {note} |", flush=True)


# ── Through the client ───────────────────────────────────────────────────────────────────────────────────

class Watch:
    """Adds up the seconds of the parts of a client's request."""

    def __init__(self, client):
        self.seconds = collections.Counter()
        self._api = client.http.client
        self._wrap(self._api._client, "build_request", "to HTTP request")
        self._wrap(self._api, "send_inner", "waiting for the server")

    def _wrap(self, owner, name, label):
        inner = getattr(owner, name)

        def timed(*args, **kwargs):
            start = time.perf_counter()
            try:
                return inner(*args, **kwargs)
            finally:
                self.seconds[label] += time.perf_counter() - start
        setattr(owner, name, timed)


def through_client(server, connection, arguments):
    try:
        from qdrant_client import QdrantClient, models
    except ImportError as error:
        raise BenchError("the package qdrant-client is missing: pip install it, run this with the Python of a venv that has it, or say --raw-only") from error
    rng = random.Random(SEED)
    rows = [[rng.gauss(0, 1) for _ in range(arguments.dimension)] for _ in range(min(arguments.points, 2000))]

    def points():
        # Other numbers for every point without drawing them all: a row of the pool, turned.
        for n in range(arguments.points):
            vector = rows[n % len(rows)]
            turn = n // len(rows) % arguments.dimension
            yield n, vector[turn:] + vector[:turn]

    for way in ("upsert", "upload_points"):
        create(connection, way, arguments.dimension)
        client = QdrantClient(url=server.url, timeout=300, check_compatibility=False)
        watch = Watch(client)
        start = time.perf_counter()
        if way == "upsert":
            building = 0.0
            batch = []
            for n, vector in points():
                began = time.perf_counter()
                batch.append(models.PointStruct(id=n, vector=vector, payload=payload(n)))
                building += time.perf_counter() - began
                if len(batch) == arguments.batch:
                    client.upsert(way, points=batch, wait=True)
                    batch = []
            if batch:
                client.upsert(way, points=batch, wait=True)
        else:
            building = 0.0
            client.upload_points(way, (models.PointStruct(id=n, vector=vector, payload=payload(n)) for n, vector in points()),
                batch_size=arguments.batch, wait=True)
        seconds = time.perf_counter() - start
        parts = {"models": building, **watch.seconds}
        parts["rest of the client (JSON, checks)"] = seconds - sum(parts.values())
        client.close()
        note = "; ".join(f"{name} {100 * part / seconds:.0f} %" for name,
            part in parts.items()) if way == "upsert" else "the client's own batching"
        row(f"client, {way}", arguments.points, seconds, note)
        finish(connection, way, arguments)


# ── Prepared bodies ──────────────────────────────────────────────────────────────────────────────────────

def bodies(arguments, wrong_last):
    pool, rng = qdrant_loop.Pool(arguments.dimension, SEED), random.Random(SEED)
    for first in range(0, arguments.points, arguments.batch):
        points = [f'{{"id":{n},"vector":{pool.draw(rng)},"payload":{{"group":{n % 10},"tag":"t{n % 100}","n":{n}}}}}'
                  for n in range(first, min(first + arguments.batch, arguments.points))]
        if wrong_last:
            points.append('{"id":0,"vector":[1]}')
        yield '{"points":[' + ",".join(points) + "]}"


def send_all(server, arguments, method, target, wrong_last, expected):
    """Seconds spent between the first byte sent and the last answer, the making of bodies left out."""
    host, port = server.url.rsplit("/", 1)[1].rsplit(":", 1)
    seconds = sent_bytes = 0
    group = []

    def flush():
        nonlocal seconds
        waiting, left = collections.deque(group), len(group)

        def next_request():
            return ("bulk", waiting.popleft()) if waiting else None
        start = time.perf_counter()
        result = qdrant_loop.run((host, int(port)), min(arguments.connections, left), next_request, 3600)
        seconds += time.perf_counter() - start
        if result.count(status=expected) != left:
            raise BenchError(f"{method} {target}: {left} requests, answered {[(k, len(v)) for k, v in result.latencies.items()]}")
        group.clear()

    for body in bodies(arguments, wrong_last):
        data = request(method, target, body)
        sent_bytes += len(data)
        group.append(data)
        if len(group) == 64:
            flush()
    if group:
        flush()
    return seconds, sent_bytes


def raw(server, connection, arguments):
    create(connection, "raw", arguments.dimension)
    path = "/collections/raw/points?wait=true"
    seconds, size = send_all(server, arguments, "PUT", path, False, 200)
    linked_s = finish(connection, "raw", arguments)
    row(f"prepared bodies, {arguments.connections} connections", arguments.points, seconds,
        f"{size / seconds / 1e6:.0f} MB/s; graph complete {linked_s:.1f} s later")
    create(connection, "raw", arguments.dimension)
    http_s, _ = send_all(server, arguments, "POST", "/collections/raw/nowhere/at/all", False, 404)
    parse_s, _ = send_all(server, arguments, "PUT", path, True, 400)
    connection.call("DELETE", "/collections/raw")
    row("the same, HTTP alone (404)", arguments.points, http_s)
    row("the same, HTTP and parsing (400)", arguments.points, parse_s)
    print(f"\nof the server's time: HTTP {100 * http_s / seconds:.0f} %, parsing {100 * max(0, parse_s - http_s) / seconds:.0f} %, "
          f"store and tail {100 * max(0, seconds - parse_s) / seconds:.0f} %")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=2000)
    parser.add_argument("--dimension", type=int, default=32)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--connections", type=int, default=2)
    parser.add_argument("--raw-only", action="store_true")
    parser.add_argument("--full", action="store_true", help="200,000 points of 768 dimensions")
    parser.add_argument("--kith", default=DEFAULT_KITH)
    parser.add_argument("--set", action="append", default=[], help="a parameter of the server, NAME=VALUE")
    arguments = parser.parse_args()
    if arguments.full:
        arguments.points, arguments.dimension = 200_000, 768
    try:
        with Server(arguments.kith, arguments.set) as server:
            connection = server.connect()
            print(f"{arguments.points:,} points of {arguments.dimension} dimensions, {arguments.batch} a request\n")
            print("| way | points/s | seconds | |\n|---|---:|---:|---|")
            if not arguments.raw_only:
                through_client(server, connection, arguments)
            raw(server, connection, arguments)
            print(f"server: at most {server.peak_memory_bytes() >> 20} MiB resident; machine: {machine()}")
    except (BenchError, OSError) as error:
        print(f"qdrant_bulk: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
