import os
import random
from pathlib import Path

import pytest

from kith_server import Server

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def server(tmp_path):
    """A server over a new, empty folder; lexical only."""
    with Server(tmp_path / "data") as running:
        yield running


@pytest.fixture(scope="session")
def tiny_model():
    """A real BERT with random weights (48 dimensions) that the repository holds."""
    folder = ROOT / "src/model/testdata/tiny_bert"
    assert (folder / "model.safetensors").is_file()
    return folder


@pytest.fixture(scope="session")
def real_model():
    """Folder of all-MiniLM-L6-v2."""
    folder = os.environ.get("KITH_TEST_MODEL", "")
    if not folder:
        pytest.skip("KITH_TEST_MODEL is not set (folder of all-MiniLM-L6-v2; tools/test_model prints it)")
    assert Path(folder, "model.safetensors").is_file(), f"KITH_TEST_MODEL={folder} holds no model.safetensors"
    return Path(folder).resolve()


@pytest.fixture
def seeded(request):
    """A random generator whose seed is printed; KITH_TEST_SEED repeats a run."""
    seed = int(os.environ.get("KITH_TEST_SEED") or random.SystemRandom().randrange(2**32))
    print(f"{request.node.name}: KITH_TEST_SEED={seed}")
    generator = random.Random(seed)
    generator.seed_value = seed
    return generator
