"""A start that cannot work ends at once, with its exit code and a message that says what to do."""

import json
import os
import shutil
import socket
import stat
import subprocess

import pytest

from kith_server import BINARY, Server, environment, kith


def refused_start(*arguments, env=None):
    """`kith … serve` that must end by itself."""
    return kith(*arguments, "serve", "--port", "0", env=env, timeout=60)


def test_port_taken(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        outcome = kith("--data", tmp_path / "data", "serve", "--port", port)
    assert outcome.code == 1
    assert f"port {port} is taken" in outcome.err and "choose another port" in outcome.err


def test_data_folder_is_a_file(tmp_path):
    (tmp_path / "file").write_text("x")
    outcome = refused_start("--data", tmp_path / "file")
    assert outcome.code == 1
    assert "not a folder" in outcome.err and "choose another path" in outcome.err


def test_data_folder_below_a_file(tmp_path):
    (tmp_path / "file").write_text("x")
    outcome = kith("--data", tmp_path / "file" / "data", "ingest", tmp_path)
    assert outcome.code == 1
    assert "not a folder" in outcome.err


def test_folder_not_writable(tmp_path):
    """/sys refuses new folders even to root."""
    outcome = refused_start("--data", "/sys/kith-data")
    assert outcome.code == 1
    assert "/sys/kith-data" in outcome.err and "permi" in outcome.err, outcome.err


@pytest.mark.skipif(os.geteuid() != 0, reason="dropping rights takes root")
def test_folder_not_writable_for_this_user(tmp_path):
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    for parent in [tmp_path, *tmp_path.parents]:
        if parent.stat().st_uid == 0 and not parent.stat().st_mode & stat.S_IXOTH and parent != parent.parent:
            parent.chmod(parent.stat().st_mode | stat.S_IXOTH)
    probe = subprocess.run(["test", "-x", BINARY], user=65534, group=65534, extra_groups=[], check=False)
    if probe.returncode != 0:
        pytest.skip("the binary lies where other users cannot run it")
    done = subprocess.run([BINARY, "--data", str(data), "serve", "--port", "0"], user=65534, group=65534, extra_groups=[],
                          capture_output=True, text=True, timeout=60, env=environment(), cwd="/")
    assert done.returncode == 1, done.stderr
    assert str(data) in done.stderr and "writ" in done.stderr + done.stdout


def test_folder_in_use(tmp_path):
    with Server(tmp_path / "data") as server:
        outcome = refused_start("--data", server.data)
        assert outcome.code == 1
        assert "in use" in outcome.err or "held" in outcome.err, outcome.err
        assert str(server.process.pid) in outcome.err, "who holds it"
        assert server.get("/readyz").status == 200
        # Commands ask that server instead.
        listed = kith("--data", server.data, "--json", "collections", "list")
        assert listed.code == 0 and listed.json == {"collections": []}


@pytest.mark.parametrize("how", ["flag", "environment", "file"])
def test_unknown_parameter_names_the_nearest(tmp_path, how):
    arguments, env = [], {}
    if how == "flag":
        arguments = ["--set", "search.limitmax=3"]
    elif how == "environment":
        env = {"KITH__SEARCH__LIMITMAX": "3"}
    else:
        (tmp_path / "kith.toml").write_text("[search]\nlimitmax = 3\n")
        arguments = ["--config", tmp_path / "kith.toml"]
    for command in (["serve", "--port", "0"], ["config", "check"], ["stats"]):
        outcome = kith("--data", tmp_path / "data", *arguments, *command, env=env)
        assert outcome.code == 2
        assert 'did you mean "search.limit_max"?' in outcome.err
        if how == "file":
            assert "kith.toml:2:1" in outcome.err
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("setting, says", [
    ("search.limit_max=none", "none"), ("search.limit_max=0", "0"), ("store.fsync=sometimes", "interval"),
    ("server.body_bytes_max=12 parsecs", "parsecs"), ("server.request_timeout=soon", "soon"), ("nonsense", "NAME=VALUE"),
])
def test_impossible_values(tmp_path, setting, says):
    outcome = kith("--data", tmp_path / "data", "--set", setting, "config", "check")
    assert outcome.code == 2
    assert says in outcome.err


def test_broken_configuration_file(tmp_path):
    (tmp_path / "kith.toml").write_text("[search\n")
    outcome = kith("config", "check", tmp_path / "kith.toml")
    assert outcome.code == 2 and "kith.toml:1" in outcome.err
    outcome = kith("config", "check", tmp_path / "absent.toml")
    assert outcome.code != 0 and "absent.toml" in outcome.err


def test_other_addresses_than_loopback_need_a_key(tmp_path):
    outcome = refused_start("--data", tmp_path / "data", "--set", "server.bind=0.0.0.0")
    assert outcome.code == 1
    assert "without a key" in outcome.err and "KITH__SERVER__API_KEY" in outcome.err and "--insecure" in outcome.err
    with Server(tmp_path / "data", "--set", "server.bind=0.0.0.0", env={"KITH__SERVER__API_KEY": "k"}) as server:
        server.url = server.url.replace("0.0.0.0", "127.0.0.1")
        assert server.get("/collections").status == 401
    with Server(tmp_path / "data", "--set", "server.bind=0.0.0.0", "--set", "server.insecure=true") as server:
        server.url = server.url.replace("0.0.0.0", "127.0.0.1")
        assert server.get("/collections").status == 200


def truncated(folder):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])


def rewrite(name, content):
    return lambda folder: (folder / name).write_bytes(content)


@pytest.mark.parametrize("harm, names", [
    (truncated, "model.safetensors"),
    (rewrite("model.safetensors", b""), "model.safetensors"),
    (rewrite("model.safetensors", b"\xff" * 100), "model.safetensors"),
    (rewrite("tokenizer.json", b'{"model":'), "tokenizer.json"),
    (rewrite("config.json", b"[]"), "config.json"),
    (lambda folder: (folder / "config.json").unlink(), "config.json"),
    (lambda folder: (folder / "model.safetensors").unlink(), "model.safetensors"),
    (lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"), "safetensors"),
])
def test_broken_model_folder(tmp_path, tiny_model, harm, names):
    model = tmp_path / "model"
    shutil.copytree(tiny_model, model)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("Some text to embed.")
    arguments = ["--data", tmp_path / "data", "--set", f"embedding.model={model}"]
    good = kith(*arguments, "ingest", tmp_path / "docs")
    assert good.code == 0, good.err
    harm(model)
    outcome = kith("--data", tmp_path / "other", "--set", f"embedding.model={model}", "ingest", tmp_path / "docs")
    assert outcome.code in (1, 2, 4), outcome.err
    assert names in outcome.err, outcome.err
    # An existing collection: its documents are still found by words, or the message names the file.
    search = kith(*arguments, "--json", "search", "--mode", "lexical", "text")
    assert search.code == 0 or names in search.err, search.err


def test_a_model_that_was_asked_for_must_be_there(tmp_path):
    outcome = kith("--data", tmp_path / "data", "collections", "create", "docs", "--embedder", "no-such-model")
    assert outcome.code == 4
    assert "no-such-model" in outcome.err and "kith models" in outcome.err


def test_config_check_and_schema(tmp_path):
    (tmp_path / "kith.toml").write_text('[search]\nlimit_max = 7\n[log]\nlevel = "info"\n')
    assert kith("config", "check", tmp_path / "kith.toml").code == 0
    shown = kith("--config", tmp_path / "kith.toml", "--json", "config", "show", "--effective", "--origin").json
    parameter = next(p for p in shown["parameters"] if p["name"] == "search.limit_max")
    assert parameter["value"] == 7 and parameter["origin"]["layer"] == "file"
    schema = json.loads(kith("config", "schema").out)
    assert schema["properties"]["search"]["properties"]["limit_max"]["minimum"] == 1
