"""Generated documents: the same seed gives the same folder."""

import json
import random
from pathlib import Path

WORDS = ("index store vector search engine key rotation backup restore snapshot replica cluster query filter payload "
         "cache memory disk latency network certificate token parser chunk sentence language model server client "
         "answer source manual operator upgrade rollback checkpoint journal segment tail größe café naïve 検索 文書").split()


def sentence(rng):
    words = [rng.choice(WORDS) for _ in range(rng.randint(6, 16))]
    return " ".join(words).capitalize() + rng.choice([".", ".", "?", "!"])


def paragraph(rng):
    return " ".join(sentence(rng) for _ in range(rng.randint(2, 6)))


def markdown(rng, number, sections):
    parts = [f"# Chapter {number}"]
    for section in range(sections):
        parts += [f"## Part {number}.{section}", paragraph(rng), paragraph(rng)]
    return "\n\n".join(parts) + "\n"


def html(rng, number, sections):
    body = "".join(f"<h2>Part {number}.{s}</h2><p>{paragraph(rng)}</p><ul><li>{sentence(rng)}</li></ul>"
                   for s in range(sections))
    return f"<!doctype html><html><head><meta charset=utf-8><title>Page {number}</title></head><body><h1>Page {number}</h1>{body}</body></html>"


def text(rng, _number, sections):
    return "\n\n".join(paragraph(rng) for _ in range(2 * sections)) + "\n"


def write_documents(folder, count, seed, sections=8):
    """count files (Markdown, HTML and text in turn); the paths."""
    rng = random.Random(seed)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    kinds = (("md", markdown), ("html", html), ("txt", text))
    paths = []
    for number in range(count):
        suffix, make = kinds[number % len(kinds)]
        path = folder / f"document-{number:03}.{suffix}"
        path.write_text(make(rng, number, rng.randint(1, sections)), encoding="utf-8")
        paths.append(path)
    return paths


def write_json_lines(path, count, seed):
    rng = random.Random(seed)
    with open(path, "w", encoding="utf-8") as out:
        for number in range(count):
            out.write(json.dumps({"id": f"row-{number}", "title": f"Row {number}", "text": paragraph(rng)}) + "\n")
