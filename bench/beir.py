"""Test collections in BEIR layout (corpus.jsonl, queries.jsonl, qrels/*.tsv) and the two figures taken on them.

nDCG and recall as in Jarvelin & Kekalainen 2002 with binary gains: a judgement above 0 is relevant.
"""

import json
import math
import os

from kith_server import BenchError


class TestSet:
    """documents: [(id, title, text)]; queries: [(id, text)], judged ones only; relevant: {query id: {document id}}."""

    def __init__(self, name, documents, queries, relevant):
        self.name, self.documents, self.queries, self.relevant = name, documents, queries, relevant

    def sample(self, count):
        """The same queries for the same count: evenly spread over the list."""
        if count and count < len(self.queries):
            step = len(self.queries) / count
            self.queries = [self.queries[int(i * step)] for i in range(count)]


def joined(title, text):
    return f"{title} {text}" if title else text


def _lines(path):
    try:
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.strip()]
    except OSError as error:
        raise BenchError(f"cannot read {path}: {error.strerror}; give a folder in BEIR layout") from error
    except ValueError as error:
        raise BenchError(f"{path} is not JSON, one object a line: {error}") from error


def _judgements_path(folder, name):
    for candidate in [name] if name else ["test", "same_language"]:
        path = os.path.join(folder, "qrels", candidate + ".tsv")
        if os.path.exists(path):
            return path
    raise BenchError(f"{folder}/qrels has no {name or 'test'}.tsv; name another with --judgements")


def load(folder, judgements=None):
    relevant = {}
    with open(_judgements_path(folder, judgements), encoding="utf-8") as file:
        next(file)  # the heading
        for line in file:
            query, document, score = line.rstrip("\n").split("\t")
            if float(score) > 0:
                relevant.setdefault(query, set()).add(document)
    documents = [(d["_id"], d.get("title") or "", d["text"]) for d in _lines(os.path.join(folder, "corpus.jsonl"))]
    queries = [(q["_id"], q["text"]) for q in _lines(os.path.join(folder, "queries.jsonl")) if q["_id"] in relevant]
    if not documents or not queries:
        raise BenchError(f"{folder} has no documents, or no query with a judgement")
    return TestSet(os.path.basename(os.path.normpath(folder)), documents, queries, relevant)


def ndcg(ranked, relevant, depth=10):
    gain = sum(1 / math.log2(i + 2) for i, document in enumerate(ranked[:depth]) if document in relevant)
    ideal = sum(1 / math.log2(i + 2) for i in range(min(len(relevant), depth)))
    return gain / ideal


def recall(ranked, relevant, depth=100):
    return len(relevant.intersection(ranked[:depth])) / len(relevant)
