import asyncio
import inspect
import math
import uuid

import pytest

from kith_server import Server


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("frameworks") / "data") as server:
        yield server


@pytest.fixture
def client(served):
    from qdrant_client import QdrantClient
    made = QdrantClient(url=served.url, timeout=60, check_compatibility=False)
    yield made
    made.close()


@pytest.fixture
def collection_name():
    return "store-" + uuid.uuid4().hex


def words_as_sparse(text):
    """(indices, values): each word has a number of its own, each occurrence counts. Deterministic, and it means something."""
    counts = {}
    for word in text.lower().split():
        number = int.from_bytes(uuid.uuid5(uuid.NAMESPACE_OID, word).bytes[:4], "big")
        counts[number] = counts.get(number, 0.0) + 1.0
    return sorted(counts), [counts[index] for index in sorted(counts)]


def words_as_dense(text, size=32):
    """The same words, folded into `size` dimensions and normalised."""
    vector = [0.0] * size
    for index, value in zip(*words_as_sparse(text)):
        vector[index % size] += value
        vector[index // size % size] += value / 2
    length = math.sqrt(sum(x * x for x in vector)) or 1.0
    return [x / length for x in vector]


@pytest.fixture(scope="session")
def sparse_of():
    return words_as_sparse


@pytest.fixture(scope="session")
def dense_of():
    return words_as_dense
    return words_as_dense


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """The standard tests hold coroutines; a plugin would need a setting in pytest.ini, which other environments share."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}))
    return True
