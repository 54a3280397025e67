#!/usr/bin/env python3
"""Mixed load over Qdrant's face: 90 % queries, half of them filtered, and 10 % upserts from many clients at once; then twice
what the server can carry.

    bench/qdrant_load.py [--points N] [--dimension D] [--clients N] [--seconds S] [--overload-seconds S] [--kith PROGRAM]
                         [--set NAME=VALUE]… [--full]

Starts a server on a temporary folder and fills it. Reports throughput, p50/p95/p99 by kind, errors by status, and resident
memory once a second; then offers twice the throughput found, and reports the share refused (503 with Retry-After) and the
latency of what was admitted, counted from when a request was due. Without options a tiny run, so that the program cannot rot;
--full is 200,000 points of 768 dimensions, 100 clients, 300 s. Ends with 1 when anything was answered but 200 (or, in the
overload, 503 with Retry-After).
"""

import argparse
import json
import random
import sys
import time

import qdrant_loop
from kith_server import BenchError, DEFAULT_KITH, Server, machine, wait_until_linked
from qdrant_loop import percentile, request

SEED = 20240817
BATCH = 200
PATH = "/collections/load"
INDEXES = {"group": "integer", "tag": "keyword", "n": "integer"}


def payload(n):
    return f'{{"group":{n % 10},"tag":"t{n % 100}","n":{n},"text":"payload of point {n}"}}'


class Requests:
    """Draws the next request of the mixture."""

    def __init__(self, pool, points, seed):
        self._pool, self._points, self._rng = pool, points, random.Random(seed)

    def filter(self):
        rng = self._rng
        kind = rng.randrange(3)
        if kind == 0:
            return f'{{"must":[{{"key":"group","match":{{"value":{rng.randrange(10)}}}}}]}}'
        if kind == 1:
            return f'{{"must":[{{"key":"tag","match":{{"any":["t{rng.randrange(100)}","t{rng.randrange(100)}"]}}}}]}}'
        low = rng.randrange(self._points)
        return f'{{"must":[{{"key":"n","range":{{"gte":{low},"lt":{low + self._points // 4}}}}}],"must_not":[{{"key":"group","match":{{"value":3}}}}]}}'

    def __call__(self):
        rng, vector = self._rng, self._pool.draw(self._rng)
        if rng.random() < 0.1:
            n = rng.randrange(self._points)
            return "upsert", request("PUT", PATH + "/points", f'{{"points":[{{"id":{n},"vector":{vector},"payload":{payload(n)}}}]}}')
        if rng.random() < 0.5:
            return "query", request("POST", PATH + "/points/query", f'{{"query":{vector},"limit":10}}')
        return "filtered", request("POST", PATH + "/points/query", f'{{"query":{vector},"limit":10,"filter":{self.filter()}}}')


def fill(connection, pool, arguments):
    rng = random.Random(SEED)
    connection.call("PUT", PATH, {"vectors": {"size": arguments.dimension, "distance": "Cosine"}})
    for key, schema in INDEXES.items():
        connection.call("PUT", PATH + "/index?wait=true", {"field_name": key, "field_schema": schema})
    start = time.monotonic()
    for first in range(0, arguments.points, BATCH):
        points = ",".join(f'{{"id":{n},"vector":{pool.draw(rng)},"payload":{payload(n)}}}' for n in range(first,
            min(first + BATCH, arguments.points)))
        connection.call("PUT", PATH + "/points?wait=true", f'{{"points":[{points}]}}')
    seconds = time.monotonic() - start
    linked_s = wait_until_linked(connection, "load")
    print(f"{arguments.points:,} points of {arguments.dimension} dimensions: {arguments.points / seconds:,.0f} points/s "
          f"(one client, {BATCH} a request, {len(INDEXES)} indexes); graph complete {linked_s:.1f} s later", flush=True)


def resident_bytes(process_id):
    """(all, without mapped files)"""
    figures = {}
    with open(f"/proc/{process_id}/status") as status:
        for line in status:
            name, _, rest = line.partition(":")
            if name in ("VmRSS", "RssAnon"):
                figures[name] = int(rest.split()[0]) * 1024
    return figures["VmRSS"], figures["RssAnon"]


def table(result, kinds):
    print("| kind | answered | /s | p50 ms | p95 ms | p99 ms | max ms |\n|---|---:|---:|---:|---:|---:|---:|")
    for name, chosen in [*((kind, {kind}) for kind in kinds), ("all", set(kinds))]:
        times = result.times(chosen)
        cells = " | ".join(f"{1000 * percentile(times, share):.2f}" for share in (0.5, 0.95, 0.99, 1))
        print(f"| {name} | {len(times)} | {len(times) / result.seconds:.0f} | {cells} |")
    others = {}
    for (_, status), times in result.latencies.items():
        if status != 200:
            others[status] = others.get(status, 0) + len(times)
    print(f"other statuses: {others or 'none'}; broken connections: {result.broken}; load generator: {100 * result.cpu_share:.0f} % of a core")


def memory(samples):
    """How memory moved, the first tenth left out (caches fill)."""
    steady = samples[len(samples) // 10:] or samples
    mebi = [anonymous / (1 << 20) for _, anonymous in steady]
    third = max(1, len(mebi) // 3)
    first, last = sum(mebi[:third]) / third, sum(mebi[-third:]) / third
    print(f"resident: {samples[-1][0] / (1 << 20):.0f} MiB at the end, {max(r for r, _ in samples) / (1 << 20):.0f} MiB at most; "
          f"without mapped files {first:.0f} MiB in the first third, {last:.0f} MiB in the last ({100 * (last / first - 1):+.1f} %)")


def measure(arguments):
    pool = qdrant_loop.Pool(arguments.dimension, SEED)
    with Server(arguments.kith, arguments.set) as server:
        connection = server.connect()
        fill(connection, pool, arguments)
        host, port = server.url.rsplit("/", 1)[1].rsplit(":", 1)
        address, process_id = (host, int(port)), server._process.pid
        requests = Requests(pool, arguments.points, SEED + 1)
        qdrant_loop.run(address, arguments.clients, requests, min(5, arguments.seconds))  # warm
        samples = []
        print(f"\n{arguments.clients} clients, {arguments.seconds} s", flush=True)
        result = qdrant_loop.run(address, arguments.clients, requests, arguments.seconds,
                                 every_second=lambda _: samples.append(resident_bytes(process_id)))
        samples.append(resident_bytes(process_id))
        table(result, ("query", "filtered", "upsert"))
        memory(samples)
        failed = result.count() - result.count(status=200) + result.broken
        capacity = result.count(status=200) / result.seconds

        print(f"\ntwice the capacity: {2 * capacity:.0f} requests/s offered for {arguments.overload_seconds} s over {arguments.overload_clients} connections",
            flush=True)
        over = qdrant_loop.run(address, arguments.overload_clients, requests, arguments.overload_seconds, rate=2 * capacity)
        table(over, ("query", "filtered", "upsert"))
        refused = over.count(status=503)
        refusals = sorted(t for (_, status), times in over.latencies.items() if status == 503 for t in times)
        print(f"refused with 503: {refused} of {over.count()} ({100 * refused / max(1, over.count()):.1f} %), Retry-After on {over.retry_after}, "
              f"p99 of a refusal {1000 * percentile(refusals, 0.99):.2f} ms; due and not sent for want of a connection: {over.not_sent}")
        failed += over.count() - over.count(status=200) - refused + (refused - min(refused, over.retry_after)) + over.broken
        # The server must be its old self afterwards.
        after = qdrant_loop.run(address, arguments.clients, requests, min(3, arguments.seconds))
        failed += after.count() - after.count(status=200)
        print(f"afterwards: {after.count(status=200) / after.seconds:.0f} requests/s, p99 {1000 * percentile(after.times(), 0.99):.2f} ms")
        count = server.connect().call("POST", PATH + "/points/count", {"exact": True})["result"]["count"]
        print(f"points: {count}; machine: {machine()}")
        if count != arguments.points:
            raise BenchError(f"{arguments.points} points were expected")
    if failed:
        raise BenchError(f"{failed} requests were not answered as they should")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=2000)
    parser.add_argument("--dimension", type=int, default=32)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--overload-seconds", type=float, default=2)
    parser.add_argument("--overload-clients", type=int, default=900)
    parser.add_argument("--full", action="store_true", help="200,000 points of 768 dimensions, 100 clients, 300 s and 60 s")
    parser.add_argument("--kith", default=DEFAULT_KITH)
    parser.add_argument("--set", action="append", default=[], help="a parameter of the server, NAME=VALUE")
    arguments = parser.parse_args()
    if arguments.full:
        arguments.points, arguments.dimension, arguments.clients, arguments.seconds, arguments.overload_seconds = 200_000, 768, 100, 300, 60
    try:
        measure(arguments)
    except (BenchError, OSError, json.JSONDecodeError) as error:
        print(f"qdrant_load: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
