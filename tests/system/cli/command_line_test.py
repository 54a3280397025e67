"""The command line from outside: ingest, search, ask, documents, exit codes, JSON, completion."""

import json
import os
import shutil
import signal
import subprocess
import time

import pytest

from corpus import write_documents, write_json_lines
from kith_server import BINARY, Server, environment, kith, wait_until

KEYS = """# Keys

Keys open the service. Every key belongs to one person.

## Rotating keys

To rotate a key, add the new one first. Größe und Café stay as they are: naïve, 検索.
Wait until every client uses it, and only then remove the old key.

## Losing keys

Whoever loses a key tells the operator at once. The operator revokes it within the hour.
"""

BACKUP = """<!doctype html><html><head><title>Backups</title></head><body>
<nav>Home</nav><h1>Backups</h1><p>A backup of the whole folder is taken every night at two.</p>
<h2>Restoring</h2><p>Restore a backup into an empty folder, then start the server &amp; check its health.</p>
</body></html>"""


class Workspace:
    """A folder of documents and a data folder; commands with --json."""

    def __init__(self, root, model=None):
        self.docs, self.data = root / "docs", root / "data"
        self.docs.mkdir()
        # Without a model: none is named, so that whatever lies on this machine is not used either.
        self.model = ["--set", f"embedding.model={model or ''}"]

    def run(self, *arguments, **kwargs):
        return kith("--data", self.data, "--json", *self.model, *arguments, **kwargs)

    def ingest(self, *arguments, code=0, **kwargs):
        outcome = self.run("ingest", *(arguments or (self.docs,)), **kwargs)
        assert outcome.code == code, outcome.err
        return outcome.json

    def documents(self):
        listed = self.run("documents", "list", "--limit", 1000)
        assert listed.code == 0, listed.err
        return {record["uri"].rsplit("/", 1)[-1]: record for record in listed.json["documents"]}

    def chunk_ids(self, uri):
        return self.run("documents", "show", uri).json["chunk_ids"]


@pytest.fixture
def place(tmp_path):
    made = Workspace(tmp_path)
    (made.docs / "keys.md").write_text(KEYS, encoding="utf-8")
    (made.docs / "backup.html").write_text(BACKUP, encoding="utf-8")
    (made.docs / "notes.txt").write_text("The office is closed on Sundays.\n\nThe canteen serves soup on Mondays.\n")
    (made.docs / "rows.jsonl").write_text(
        '{"id": "one", "title": "First", "text": "The first row speaks of whales."}\n'
        '{"id": "two", "title": "Second", "text": "The second row speaks of herons."}\n')
    return made


def counts(summary):
    return {name: summary[name] for name in ("added", "changed", "unchanged", "failed", "deleted")}


def test_ingest_search_and_documents(place):
    assert counts(place.ingest()) == {"added": 5, "changed": 0, "unchanged": 0, "failed": 0, "deleted": 0}
    names = place.documents()
    assert {"keys.md", "backup.html", "notes.txt", "rows.jsonl#one", "rows.jsonl#two"} == set(names)
    for query, expected in [("rotate key", "keys.md"), ("restore a backup", "backup.html"), ("soup", "notes.txt"),
                            ("herons", "rows.jsonl#two")]:
        results = place.run("search", query).json["results"]
        assert results[0]["uri"].endswith(expected), (query, results)
    assert len(place.run("search", "the", "--limit", 2).json["results"]) <= 2
    only = place.run("search", "key backup row", "--document", names["backup.html"]["id"]).json["results"]
    assert only and all(hit["document_id"] == names["backup.html"]["id"] for hit in only)
    assert place.run("search", "xyzzy plugh").json["results"] == []


def test_without_a_model_words_alone_are_searched_and_it_says_so(tmp_path):
    place = Workspace(tmp_path)
    (place.docs / "a.txt").write_text("Whales sing.")
    place.model = []  # the default model, which an empty data folder does not have
    outcome = place.run("ingest", place.docs)
    assert outcome.code == 0
    assert "no embedding model" in outcome.err and "kith models pull" in outcome.err
    found = place.run("search", "whales").json
    assert found["mode"] == "lexical" and len(found["results"]) == 1
    dense = place.run("search", "whales", "--mode", "dense")
    assert dense.code == 1 and "dense" in dense.err


@pytest.mark.parametrize("question", ["How do I rotate a key?", "When is a backup taken?", "Who revokes a lost key?",
                                      "What does the canteen serve on Mondays?", "Größe und Café"])
def test_sources_cut_the_text_out_of_the_document(place, question):
    place.ingest()
    answer = place.run("ask", question).json
    assert answer["sources"], answer
    texts = {}
    for source in answer["sources"]:
        shown = place.run("documents", "show", source["document_id"]).json
        texts[source["n"]] = stored = shown["text"].encode()
        assert stored[source["start"]:source["end"]].decode() == source["text"]
        assert source["verified"] and source["chunk_id"] in shown["chunk_ids"]
    best = answer["best"]
    assert texts[best["source"]][best["start"]:best["end"]].decode() == best["text"] == answer["answer"]


def test_the_answer_is_the_sentence_that_says_it(place):
    place.ingest()
    assert place.run("ask", "how do I rotate a key").json["answer"] == "To rotate a key, add the new one first."
    assert "every night at two" in place.run("ask", "when is a backup taken").json["answer"]


def test_ingesting_again_embeds_nothing(place, tiny_model):
    place.model = ["--set", f"embedding.model={tiny_model}"]
    first = place.ingest()
    assert first["chunks_embedded"] == first["chunks_written"] > 0
    before = place.run("collections", "show", "default").json
    again = place.ingest()
    assert counts(again) == {"added": 0, "changed": 0, "unchanged": 5, "failed": 0, "deleted": 0}
    assert (again["chunks_embedded"], again["chunks_written"], again["chunks_deleted"]) == (0, 0, 0)
    after = place.run("collections", "show", "default").json
    assert after["change_seq"] == before["change_seq"] and after["points"] == before["points"]
    # Touched but not changed.
    os.utime(place.docs / "keys.md")
    assert place.ingest()["unchanged"] == 5


def test_a_changed_paragraph_embeds_only_its_chunk(tmp_path, tiny_model):
    place = Workspace(tmp_path, tiny_model)
    sections = [f"## Section {n}\n\n" + " ".join(f"Sentence {n} {k} speaks about subject {n * 100 + k}." for k in range(12))
                for n in range(12)]
    path = place.docs / "long.md"
    path.write_text("# Long\n\n" + "\n\n".join(sections) + "\n")
    first = place.ingest()
    assert first["chunks_written"] >= 12
    uri = next(iter(place.documents().values()))["id"]
    before = place.chunk_ids(uri)
    sections[5] = sections[5].replace("Sentence 5 4 speaks", "Sentence 5 4 is silent")
    path.write_text("# Long\n\n" + "\n\n".join(sections) + "\n")
    changed = place.ingest()
    assert counts(changed)["changed"] == 1
    after = place.chunk_ids(uri)
    new = set(after) - set(before)
    assert 1 <= len(new) <= 2, "the chunk itself, and one more when the overlap repeats the sentence"
    assert changed["chunks_embedded"] == len(new) and changed["chunks_deleted"] == len(set(before) - set(after))
    assert len(after) == len(set(after))
    hit = place.run("search", "--mode", "lexical", "silent").json["results"][0]
    assert hit["id"] in new
    text = place.run("documents", "show", uri).json["text"].encode()
    for result in place.run("search", "--mode", "lexical", "--limit", 50, "sentence").json["results"]:
        assert text[result["start"]:result["end"]].decode() == result["text"], "offsets moved with the text"


def test_delete_removes_only_what_vanished_under_the_paths_of_the_call(place):
    other = place.docs.parent / "other"
    other.mkdir()
    (other / "kept.txt").write_text("Kept although it vanishes.")
    place.ingest(place.docs, other)
    (place.docs / "notes.txt").unlink()
    (place.docs / "rows.jsonl").write_text('{"id": "two", "title": "Second", "text": "The second row speaks of herons."}\n')
    (other / "kept.txt").unlink()
    assert place.ingest()["deleted"] == 0
    summary = place.ingest(place.docs, "--delete")
    assert summary["deleted"] == 2 and summary["unchanged"] == 3
    assert set(place.documents()) == {"keys.md", "backup.html", "rows.jsonl#two", "kept.txt"}
    assert place.run("search", "soup whales").json["results"] == []


def test_delete_with_an_absent_path_deletes_nothing(place):
    place.ingest()
    shutil.move(place.docs, place.docs.with_name("away"))
    outcome = place.run("ingest", place.docs, "--delete")
    assert outcome.code == 4 and str(place.docs) in outcome.err
    assert len(place.documents()) == 5


def test_bad_files_are_reported_and_skipped(place):
    (place.docs / "binary.txt").write_bytes(bytes(range(256)) * 40)
    (place.docs / "broken.jsonl").write_text('{"id": "ok", "text": "A good row."}\n{"id": "bad", "text": \n')
    (place.docs / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    outcome = place.run("ingest", place.docs)
    assert outcome.code == 3
    summary = outcome.json
    assert summary["added"] == 6 and summary["failed"] == 2 and summary["skipped"] == 1
    failures = {failure["name"].rsplit("/", 1)[-1]: failure["error"] for failure in summary["failures"]}
    assert set(failures) == {"binary.txt", "broken.jsonl:2"}
    assert "binary" in failures["binary.txt"].lower(), failures
    assert "binary.txt" in outcome.err and "broken.jsonl:2" in outcome.err
    assert "picture" not in str(failures)


def test_a_file_that_is_deleted_while_being_read(place):
    """Standard input comes first, so the folder is listed before it ends: what is deleted meanwhile has vanished."""
    process = subprocess.Popen([BINARY, "--data", str(place.data), "--json", *place.model, "ingest", "-", str(place.docs),
                                "--media-type", "text/plain"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, env=environment())
    wait_until(lambda: place.data.is_dir() and any(place.data.iterdir()), what="the data folder")
    time.sleep(3)  # opening and listing take milliseconds
    (place.docs / "keys.md").unlink()
    out, err = process.communicate("From standard input.", timeout=60)
    assert process.returncode == 3, err
    summary = json.loads(out)
    assert summary["failed"] == 1 and "deleted while being read" in summary["failures"][0]["error"]
    assert summary["failures"][0]["name"].endswith("keys.md")
    assert summary["added"] == 4


def test_standard_input(place):
    summary = place.ingest("-", "--media-type", "text/markdown", stdin="# From a pipe\n\nPenguins live here.\n")
    assert summary["added"] == 1
    assert place.run("search", "penguins").json["results"][0]["title"] == "From a pipe"


def test_metadata_and_filter(place):
    place.ingest(place.docs / "keys.md", "--metadata", '{"team": "red"}')
    place.ingest(place.docs / "backup.html", "--metadata", '{"team": "blue"}')
    for team, name in (("red", "keys.md"), ("blue", "backup.html")):
        condition = json.dumps({"must": [{"key": "metadata.team", "match": {"value": team}}]})
        hits = place.run("search", "key backup", "--filter", condition).json["results"]
        assert hits and all(hit["uri"].endswith(name) for hit in hits)
    assert place.run("ingest", place.docs, "--metadata", "[1]").code == 2


@pytest.mark.parametrize("arguments, code, says", [
    (["frobnicate"], 2, ""),
    (["search"], 2, "query"),
    (["ingest"], 2, "paths"),
    (["ingest", "/no/such/path"], 4, "/no/such/path"),
    (["search", "x", "--limit", "101"], 2, "from 1 to 100"),
    (["search", "x", "--mode", "psychic"], 2, "auto, dense, lexical or hybrid"),
    (["search", "x", "--filter", "{"], 2, ""),
    (["--collection", "none", "search", "x"], 4, "none"),
    (["collections", "show", "none"], 4, "none"),
    (["documents", "show", "none"], 4, "none"),
    (["documents", "delete", "none"], 2, "--yes"),
    (["models", "pull", "no-such-model"], 4, "all-MiniLM-L6-v2"),
    (["--url", "http://127.0.0.1:1", "stats"], 69, "127.0.0.1:1"),
    (["completion", "tcsh"], 2, "bash"),
])
def test_exit_codes(place, arguments, code, says):
    place.ingest(place.docs / "notes.txt")
    outcome = kith("--data", place.data, *arguments)
    assert outcome.code == code, outcome
    assert says in outcome.err and outcome.err.strip(), outcome


def test_every_json_output_parses_and_stderr_stays_out_of_it(place):
    place.ingest()
    for command in (["search", "key", "--explain"], ["search", "key", "--group-by-document"], ["ask", "key", "--explain"],
                    ["collections"], ["collections", "show", "default"], ["documents"], ["stats"], ["jobs"],
                    ["models", "list"], ["config", "show", "--origin"], ["version"], ["health"]):
        outcome = place.run(*command)
        assert outcome.code == 0, (command, outcome)
        assert isinstance(json.loads(outcome.out), dict), command
    quiet = kith("--data", place.data, "--quiet", "search", "key")
    assert quiet.code == 0 and quiet.err == "" and "Keys" in quiet.out
    assert "\x1b" not in kith("--data", place.data, "ask", "key").out, "no colours but on a terminal"


def test_documents_and_collections_are_deleted(place):
    place.ingest()
    uri = place.documents()["keys.md"]["id"]
    assert place.run("--yes", "documents", "delete", uri).code == 0
    assert "keys.md" not in place.documents()
    assert place.run("search", "rotate").json["results"] == []
    assert place.run("collections", "delete", "default").code == 2
    assert place.run("--yes", "collections", "delete", "default").code == 0
    assert place.run("collections", "list").json == {"collections": []}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_valid(shell, tmp_path):
    script = kith("completion", shell)
    assert script.code == 0 and "ingest" in script.out and "collection" in script.out and "group-by-document" in script.out
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "script").write_text(script.out)
    checked = subprocess.run([shell, "-n", tmp_path / "script"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_bash_completes_commands(tmp_path):
    (tmp_path / "script").write_text(kith("completion", "bash").out)
    probe = ("source ./script; spec=$(complete -p kith); f=${spec#*-F }; f=${f%% *}; "
             "COMP_WORDS=(kith se); COMP_CWORD=1; COMP_LINE='kith se'; COMP_POINT=7; $f kith se kith; echo \"${COMPREPLY[@]}\"")
    done = subprocess.run(["bash", "-c", probe], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert {"search", "serve"} <= set(done.stdout.split()), done


def test_ingest_into_a_live_server(place):
    with Server(place.data, "--set", "embedding.model=") as server:
        summary = kith("--url", server.url, "--json", "ingest", place.docs)
        assert summary.code == 0, summary.err
        assert summary.json["added"] == 5
        again = kith("--data", place.data, "--json", "ingest", place.docs).json
        assert again["added"] == 0 and again["unchanged"] == 5, "the folder's holder is asked"
        assert kith("--url", server.url, "--json", "search", "herons").json["results"][0]["title"] == "Second"
        there = place.documents()
        assert {"keys.md", "backup.html", "notes.txt", "rows.jsonl#one", "rows.jsonl#two"} == set(there)
        refused = kith("--url", server.url, "ingest", place.docs, "--delete")
        assert refused.code == 1 and "stop the server" in refused.err
    # The same documents read by the program itself have the same identity and the same chunks.
    here = place.ingest()
    assert counts(here) == {"added": 0, "changed": 0, "unchanged": 5, "failed": 0, "deleted": 0}
    assert (here["chunks_written"], here["chunks_deleted"]) == (0, 0)
    assert set(place.documents()) == set(there)


def test_interrupt_drains_and_the_next_run_goes_on(tmp_path, tiny_model):
    place = Workspace(tmp_path, tiny_model)
    write_documents(place.docs, 400, seed=5, sections=20)
    write_json_lines(place.docs / "rows.jsonl", 400, seed=6)
    process = subprocess.Popen([BINARY, "--data", str(place.data), "--json", *place.model, "ingest", str(place.docs)],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    wait_until(lambda: place.data.is_dir() and any(place.data.iterdir()), what="the data folder")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    if process.returncode == 0:
        pytest.skip("the ingest was over before the interrupt")
    assert process.returncode == 130 and "run the same command again" in err, err
    stopped = json.loads(out)
    assert stopped["cancelled"]
    assert len(place.documents()) == stopped["added"] < 800
    resumed = place.ingest()
    assert resumed["added"] == 800 - stopped["added"] and resumed["unchanged"] == stopped["added"]
