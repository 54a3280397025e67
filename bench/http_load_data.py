#!/usr/bin/env python3
"""Data of the load test: fills a running server, writes request bodies for wrk (one a line), measures recall.

    http_load_data.py fill URL FOLDER --points N --dimension D [--documents N]
    http_load_data.py bodies FOLDER --ef E       FOLDER/points-E.jsonl
    http_load_data.py recall URL PATH TESTED.jsonl EXACT.jsonl

Vectors are like text embeddings: unit length, 20 overlapping clusters, spread along eight of 64 common directions, chosen
anew for each vector, and a little noise in all dimensions. The seed is fixed; queries are fresh draws of the same kind.
"""

import argparse
import array
import json
import math
import os
import random
import sys
import time

import own_text
from kith_server import BenchError, Connection, wait_until_linked

SEED = 20240817
CLUSTERS = 20
DIRECTIONS = 64
DIRECTIONS_OF_VECTOR = 8
BATCH = 500
QUERIES = 200
K = 10


class Clusters:
    def __init__(self, dimension):
        self._random = random.Random(SEED)
        self._dimension = dimension
        self._centres = [self._gauss(0.7) for _ in range(CLUSTERS)]
        self._directions = [self._gauss(0.5) for _ in range(DIRECTIONS)]
        self._noise = array.array("f", (self._random.gauss(0, 0.2) for _ in range(50_000 + dimension)))

    def _gauss(self, sigma):
        return [self._random.gauss(0, sigma) for _ in range(self._dimension)]

    def draw(self):
        centre = self._random.choice(self._centres)
        directions = self._random.sample(self._directions, DIRECTIONS_OF_VECTOR)
        weights = [self._random.gauss(0, 1) for _ in directions]
        start = self._random.randrange(len(self._noise) - self._dimension)
        noise = self._noise[start:start + self._dimension]
        vector = [c + n + sum(w * d for w, d in zip(weights, column)) for c, n, column in
                  zip(centre, noise, zip(*directions))]
        length = math.sqrt(sum(x * x for x in vector))
        return [round(x / length, 6) for x in vector]


def write_lines(path, bodies):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(body) + "\n" for body in bodies)


def fill_points(connection, arguments):
    clusters = Clusters(arguments.dimension)
    queries = [clusters.draw() for _ in range(QUERIES)]
    write_lines(os.path.join(arguments.folder, "queries.jsonl"), queries)
    vectors = {"vectors": {"size": arguments.dimension, "distance": "Cosine"}}
    connection.call("PUT", "/collections/load", vectors)
    seconds = 0.0
    for first in range(0, arguments.points, BATCH):
        points = [{"id": i, "vector": clusters.draw(), "payload": {"group": i % 10}}
                  for i in range(first, min(first + BATCH, arguments.points))]
        body = json.dumps({"points": points})
        start = time.monotonic()
        connection.call("PUT", "/collections/load/points?wait=true", body)
        seconds += time.monotonic() - start
    linked_s = wait_until_linked(connection, "load")
    print(f"{arguments.points:,} points of {arguments.dimension} dimensions upserted at {arguments.points / seconds:,.0f} points/s "
          f"(one client, {BATCH} a request, searchable when acknowledged); graph complete {linked_s:.1f} s after the last one")


def fill_documents(connection, arguments):
    texts = own_text.documents(arguments.documents)
    chunks = 0
    start = time.monotonic()
    for first in range(0, len(texts), 50):
        body = {"documents": [{"id": i, "title": title, "text": text} for i, title, text in texts[first:first + 50]]}
        for result in connection.call("POST", "/v1/collections/texts/documents?wait=true", body)["results"]:
            if result["status"] != "added":
                raise BenchError(f"document {result['id']}: {result['status']} {result.get('error', '')}")
            chunks += result["chunks"]
    seconds = time.monotonic() - start
    print(f"{len(texts)} documents ({chunks} chunks) ingested at {chunks / seconds:.1f} chunks/s")
    asked = [{"collection": "texts", "query": query, "mode": "hybrid", "limit": K}
             for _, query in own_text.queries(texts, QUERIES)]
    write_lines(os.path.join(arguments.folder, "search.jsonl"), asked)
    write_lines(os.path.join(arguments.folder, "search-exact.jsonl"), [{**body, "exact": True} for body in asked])


def fill(arguments):
    connection = Connection(arguments.url)
    fill_points(connection, arguments)
    if arguments.documents:
        fill_documents(connection, arguments)


def bodies(arguments):
    params = {"exact": {"exact": True}, "default": {}}.get(arguments.ef)
    if params is None:
        params = {"hnsw_ef": int(arguments.ef)}
    with open(os.path.join(arguments.folder, "queries.jsonl"), encoding="utf-8") as file:
        queries = [json.loads(line) for line in file]
    write_lines(os.path.join(arguments.folder, f"points-{arguments.ef}.jsonl"),
                [{"query": query, "limit": K, "params": params} for query in queries])


def answers(connection, path, bodies_path):
    with open(bodies_path, encoding="utf-8") as file:
        for body in file:
            answer = connection.call("POST", path, body.strip())
            hits = answer["results"] if "results" in answer else answer["result"]["points"]
            yield {hit["id"] for hit in hits}


def recall(arguments):
    connection = Connection(arguments.url)
    found = wanted = 0
    for tested, exact in zip(answers(connection, arguments.path, arguments.tested),
                             list(answers(connection, arguments.path, arguments.exact)), strict=True):
        found += len(tested & exact)
        wanted += len(exact)
    if wanted == 0:
        raise BenchError("the exact searches found nothing")
    print(f"{found / wanted:.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("fill")
    command.set_defaults(run=fill)
    command.add_argument("url")
    command.add_argument("folder")
    command.add_argument("--points", type=int, required=True)
    command.add_argument("--dimension", type=int, required=True)
    command.add_argument("--documents", type=int, default=0, help="so many at most, to search by words and meaning")
    command = commands.add_parser("bodies")
    command.set_defaults(run=bodies)
    command.add_argument("folder")
    command.add_argument("--ef", required=True, help="a number, default or exact")
    command = commands.add_parser("recall")
    command.set_defaults(run=recall)
    for name in ("url", "path", "tested", "exact"):
        command.add_argument(name)
    arguments = parser.parse_args()
    try:
        arguments.run(arguments)
    except BenchError as error:
        print(f"http_load_data: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
