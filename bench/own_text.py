"""Real text that every checkout has: the sections of the project's own documents and the opening comments of its headers.

Small, but language and not noise; for load that searches words, and for the tiny run that keeps the programs alive.

    own_text.py FOLDER [DOCUMENTS]     writes it, or so many documents of it, as a test collection in BEIR layout
"""

import glob
import json
import os
import re
import sys

from kith_server import REPOSITORY


def _markdown_sections():
    for path in sorted(glob.glob(os.path.join(REPOSITORY, "docs/*.md")) + glob.glob(os.path.join(REPOSITORY, "*.md"))):
        title, body = None, []
        with open(path, encoding="utf-8") as file:
            for line in [*file, "# end"]:
                heading = re.match(r"#+\s+(.*)", line)
                if heading is None:
                    body.append(line)
                    continue
                if title and len("".join(body)) > 200:
                    yield title, "".join(body)[:4000].strip()
                title, body = f"{os.path.basename(path)}: {heading[1].strip()}", []


def _header_comments():
    pattern = os.path.join(REPOSITORY, "{}/**/*.h")
    for path in sorted(p for root in ("include", "src", "apps") for p in glob.glob(pattern.format(root), recursive=True)):
        with open(path, encoding="utf-8") as file:
            lines = []
            for line in file:
                if not line.startswith("//"):
                    break
                lines.append(line[2:].strip())
        if len(" ".join(lines)) > 120:
            yield os.path.relpath(path, REPOSITORY), " ".join(lines)


def documents(count=None):
    """[(id, title, text)], all or `count` of them, evenly spread."""
    sections = [*_markdown_sections(), *_header_comments()]
    if count:
        sections = sections[::max(1, len(sections) // count)][:count]
    return [(f"own-{i}", title, text) for i, (title, text) in enumerate(sections)]


def queries(texts, count):
    """Nine consecutive words out of the middle of `count` texts, spread evenly: [(document id, query)]."""
    usable = [(document, text.split()) for document, _, text in texts if len(text.split()) >= 30]
    step = max(1, len(usable) // count)
    return [(document, " ".join(words[len(words) // 2:][:9])) for document, words in usable[::step]][:count]


def write_test_collection(folder, count=None):
    """Known items: the words of a query come from one document, which is the one to find."""
    texts = documents(count)
    asked = [(f"q{i}", document, query) for i, (document, query) in enumerate(queries(texts, 40))]
    os.makedirs(os.path.join(folder, "qrels"), exist_ok=True)
    files = {
        "corpus.jsonl": [json.dumps({"_id": i, "title": title, "text": text}) for i, title, text in texts],
        "queries.jsonl": [json.dumps({"_id": i, "text": query}) for i, _, query in asked],
        "qrels/test.tsv": ["query-id\tcorpus-id\tscore", *(f"{i}\t{document}\t1" for i, document, _ in asked)],
    }
    for name, lines in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    write_test_collection(sys.argv[1], *map(int, sys.argv[2:]))
