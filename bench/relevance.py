#!/usr/bin/env python3
"""Relevance of a whole server on a test collection in BEIR layout: nDCG@10 and R@100, searching by vectors, by words and by
both, in two set-ups:

  points     one point per document, text = title + " " + text; vectors from POST /v1/embeddings (the model cuts off what
             is over its limit), points through PUT /collections/{c}/points
  documents  the same corpus through POST /v1/collections/{c}/documents, which cuts it into chunks; the best chunk of a
             document stands for it

    bench/relevance.py FOLDER [--queries N] [--model none] [--set NAME=VALUE] [--check]

The reference figures beside the measured ones: all-MiniLM-L6-v2 by sentence-transformers in f32 with exact search; BM25 with
k1 1.2, b 0.75, Snowball and stop words; RRF k = 60 over the first 100 of each. They hold for the set-up "points" and all
judged queries.
"""

import argparse
import array
import base64
import json
import sys
import time

import beir
from kith_server import (DEFAULT_KITH, DEFAULT_MODEL, DEFAULT_MODELS, BenchError, Server, machine, require_model,
                         require_program, wait_until_linked)

LIMIT = 100

# nDCG@10; dense, lexical, hybrid
REFERENCES = {
    "scifact": (0.6451, 0.6853, 0.7160),
    "nq_qed": (0.9172, 0.8069, 0.8784),
    "cosqa": (0.6031, 0.3331, 0.4927),
    "cranfield": (0.4001, 0.3843, 0.4356),
    "cacm": (0.4093, 0.4764, 0.5471),
    "vaswani_npl": (0.4335, 0.4342, 0.4914),
    "anthropic_docs": (0.6827, 0.7008, 0.7903),
    "drcd": (0.1619, 0.9545, 0.5089),
    "xquad_mixed": (0.4526, 0.9087, 0.6844),
    "medquad_qa": (0.6736, 0.5392, 0.6548),
}
MODES = ("dense", "lexical", "hybrid")
DENSE_DIFFERENCE_MAX = 0.005
LEXICAL_DIFFERENCE_MAX = 0.0055


def batches(items, size):
    return (items[start:start + size] for start in range(0, len(items), size))


def embed(connection, texts):
    body = {"input": texts, "encoding_format": "base64", "input_type": "document"}
    vectors = []
    for entry in connection.call("POST", "/v1/embeddings", body)["data"]:
        vector = array.array("f", base64.b64decode(entry["embedding"]))
        if sys.byteorder != "little":
            vector.byteswap()
        vectors.append(vector.tolist())
    return vectors


def create(connection, collection, arguments):
    body = {"language": arguments.language}
    if arguments.model == "none":
        body["embedder"] = "none"
    connection.call("PUT", f"/v1/collections/{collection}", body)


def fill_points(connection, test_set, arguments):
    """Answers {point id: document id} and a line on the speed."""
    create(connection, "points", arguments)
    embed_s = write_s = 0.0
    ids = {}
    for batch in batches(list(enumerate(test_set.documents, 1)), arguments.batch):
        texts = [beir.joined(title, text) for _, (_, title, text) in batch]
        start = time.monotonic()
        vectors = embed(connection, texts) if arguments.model != "none" else [{}] * len(texts)
        embedded = time.monotonic()
        points = [{"id": n, "vector": vector, "payload": {"text": text}}
                  for (n, _), vector, text in zip(batch, vectors, texts)]
        connection.call("PUT", "/collections/points/points?wait=true", {"points": points})
        embed_s += embedded - start
        write_s += time.monotonic() - embedded
        ids.update({n: document for n, (document, _, _) in batch})
        progress(f"points: {len(ids)} of {len(test_set.documents)}")
    linked_s = wait_until_linked(connection, "points")
    count = len(ids)
    return ids, (f"points: {count} documents, {count / (embed_s + write_s):.1f} docs/s "
                 f"(embedding {embed_s:.1f} s, writing {write_s:.1f} s, graph complete {linked_s:.1f} s later)")


def fill_documents(connection, test_set, arguments):
    create(connection, "documents", arguments)
    chunks = done = 0
    start = time.monotonic()
    for batch in batches(test_set.documents, arguments.batch):
        body = {"documents": [{"id": i, "title": title, "text": text} for i, title, text in batch]}
        for result in connection.call("POST", "/v1/collections/documents/documents?wait=true", body)["results"]:
            if result["status"] != "added":
                raise BenchError(f"document {result['id']}: {result['status']} {result.get('error', '')}")
            chunks += result["chunks"]
        done += len(batch)
        progress(f"documents: {done} of {len(test_set.documents)}")
    seconds = time.monotonic() - start
    linked_s = wait_until_linked(connection, "documents")
    return (f"documents: {done} documents, {done / seconds:.1f} docs/s = {done / seconds * 3600:,.0f} docs/h, "
            f"{chunks} chunks, {chunks / seconds:.1f} chunks/s (graph complete {linked_s:.1f} s later)")


class Row:
    """One line of the table."""

    def __init__(self, setup, mode, test_set, answers, times_ms, distrusted):
        count = len(answers)
        judged = [(answer, test_set.relevant[query]) for query, answer in answers.items()]
        self.setup, self.mode, self.distrusted = setup, mode, distrusted / count
        self.ndcg = sum(beir.ndcg(answer, relevant) for answer, relevant in judged) / count
        self.recall = sum(beir.recall(answer, relevant) for answer, relevant in judged) / count
        self.times_ms = sorted(times_ms)

    def percentile_ms(self, share):
        return self.times_ms[min(len(self.times_ms) - 1, int(share * len(self.times_ms)))]


def measure(connection, setup, mode, test_set, document_of):
    answers, times_ms, distrusted = {}, [], 0
    for query, text in test_set.queries:
        body = {"collection": setup, "query": text, "mode": mode, "limit": LIMIT,
                "group_by_document": setup == "documents", "explain": mode == "hybrid"}
        start = time.monotonic()
        answer = connection.call("POST", "/v1/search", body)
        times_ms.append((time.monotonic() - start) * 1000)
        answers[query] = [document_of(hit) for hit in answer["results"]]
        if mode == "hybrid":
            distrusted += any(leg["trust"] < 1 for leg in answer["plan"]["legs"])
    progress(f"{setup}: {mode} measured")
    return Row(setup, mode, test_set, answers, times_ms, distrusted)


def print_table(test_set, rows, complete):
    references = dict(zip(MODES, REFERENCES[test_set.name])) if complete and test_set.name in REFERENCES else {}
    print(f"\n{test_set.name}: {len(test_set.documents)} documents, {len(test_set.queries)} queries\n")
    print("| set-up | mode | nDCG@10 | reference | difference | R@100 | p50 ms | p99 ms |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    for row in rows:
        reference = references.get(row.mode) if row.setup == "points" else None
        known = f"{reference:.4f} | {row.ndcg - reference:+.4f}" if reference else "– | –"
        print(f"| {row.setup} | {row.mode} | {row.ndcg:.4f} | {known} | {row.recall:.4f} | "
              f"{row.percentile_ms(0.5):.1f} | {row.percentile_ms(0.99):.1f} |")
    print()
    for row in rows:
        if row.mode == "hybrid":
            print(f"{row.setup}: hybrid distrusts a leg on {row.distrusted:.1%} of the queries")


def problems(test_set, rows, complete, arguments):
    """What --check and --least find wrong."""
    found = [f"{row.setup}/{row.mode}: nDCG@10 {row.ndcg:.4f} is under {arguments.least}"
             for row in rows if arguments.least is not None and row.ndcg < arguments.least]
    if not arguments.check:
        return found
    points = {row.mode: row.ndcg for row in rows if row.setup == "points"}
    if not complete or test_set.name not in REFERENCES or len(points) != len(MODES):
        return found + ["--check needs a set with references, all its queries, and a model"]
    dense, lexical, _ = REFERENCES[test_set.name]
    if abs(points["dense"] - dense) > DENSE_DIFFERENCE_MAX:
        found.append(f"dense {points['dense']:.4f} is not within {DENSE_DIFFERENCE_MAX} of {dense}")
    if points["lexical"] < lexical - LEXICAL_DIFFERENCE_MAX:
        found.append(f"lexical {points['lexical']:.4f} is under {lexical} - {LEXICAL_DIFFERENCE_MAX}")
    if points["hybrid"] <= max(points["dense"], points["lexical"]):
        found.append(f"hybrid {points['hybrid']:.4f} is not above both legs")
    return found


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="test collection in BEIR layout")
    parser.add_argument("--kith", default=DEFAULT_KITH)
    parser.add_argument("--models", default=DEFAULT_MODELS, help="models folder (default %(default)s)")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="none: words only (default %(default)s)")
    parser.add_argument("--language", default="en", help="of stemming; none: no stemming (default %(default)s)")
    parser.add_argument("--judgements", help="name of the file in qrels/, without .tsv (default test)")
    parser.add_argument("--queries", type=int, help="only so many")
    parser.add_argument("--setups", nargs="+", choices=("points", "documents"), default=["points", "documents"])
    parser.add_argument("--batch", type=int, default=64, help="documents in one request (default %(default)s)")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="parameter of the server")
    parser.add_argument("--json", help="write the rows to this file as well")
    parser.add_argument("--check", action="store_true", help="exit 1 when a figure misses its reference")
    parser.add_argument("--least", type=float, help="exit 1 when an nDCG@10 is lower")
    return parser.parse_args()


def run(arguments):
    test_set = beir.load(arguments.folder, arguments.judgements)
    judged = len(test_set.queries)
    test_set.sample(arguments.queries)
    complete = len(test_set.queries) == judged
    require_program(arguments.kith)
    settings = [f"models.folder={arguments.models}", f"embedding.model={arguments.model}", *arguments.set]
    if arguments.model == "none":
        settings[1:2] = []
    else:
        require_model(arguments.kith, arguments.models, arguments.model)
    rows, speeds = [], []
    modes = MODES if arguments.model != "none" else ("lexical",)
    with Server(arguments.kith, settings) as server:
        connection = server.connect()
        for setup in arguments.setups:
            if setup == "points":
                ids, speed = fill_points(connection, test_set, arguments)
                document_of = lambda hit, ids=ids: ids[hit["id"]]
            else:
                speed = fill_documents(connection, test_set, arguments)
                document_of = lambda hit: hit["document_id"]
            speeds.append(speed)
            rows += [measure(connection, setup, mode, test_set, document_of) for mode in modes]
        memory = server.peak_memory_bytes()
    progress("")
    print_table(test_set, rows, complete)
    print("\n".join(speeds))
    print(f"server: at most {memory / (1 << 20):.0f} MiB resident\nmachine: {machine()}")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump([{"set": test_set.name, "setup": r.setup, "mode": r.mode, "ndcg_10": r.ndcg, "recall_100": r.recall,
                        "p50_ms": r.percentile_ms(0.5), "p99_ms": r.percentile_ms(0.99)} for r in rows], file, indent=1)
    return problems(test_set, rows, complete, arguments)


def main():
    try:
        found = run(parse_arguments())
    except BenchError as error:
        print(f"relevance: {error}", file=sys.stderr)
        return 2
    for problem in found:
        print(f"relevance: {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
