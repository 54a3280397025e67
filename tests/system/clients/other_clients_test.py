"""Clients that run in a process of their own: an old Python client and the two JavaScript ones.

Each script prints "ok" as its last line when every check in it held.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from kith_server import Server, environment

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ["KITH_TEST_CACHE"])


def run_script(command, env=None):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, check=False,
                          env=environment(env))
    assert done.returncode == 0 and done.stdout.rstrip().endswith("ok"), done.stdout + done.stderr


def node_script(name, *arguments, env=None):
    packages = CACHE / "test-node"
    if shutil.which("node") is None or not (packages / "installed.json").is_file():
        pytest.skip("node or its packages are missing")
    # Packages are found beside the script.
    script = packages / name
    shutil.copy(HERE / name, script)
    run_script(["node", script, *arguments], env)


def test_old_python_client_searches(server):
    python = CACHE / "test-venv-old/bin/python3"
    if not (CACHE / "test-venv-old/installed.txt").is_file():
        pytest.skip("the old qdrant-client is not installed")
    run_script([python, HERE / "old_client.py", server.url])


def test_javascript_qdrant_client(server):
    node_script("qdrant_client.mjs", server.url)


def test_javascript_openai_client(tmp_path, real_model):
    with Server(tmp_path / "data", "--set", f"models.folder={real_model.parent}",
                "--set", f"embedding.model={real_model.name}") as running:
        node_script("openai_client.mjs", running.url, real_model.name)
