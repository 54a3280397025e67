import pytest

from kith_server import Server
from qdrant_face import Face


class Running:
    """One server for all tests; one that died is started again, so that the next tests tell their own tale."""

    def __init__(self, data):
        self.server = Server(data)
        self.server.start()

    def alive(self):
        return self.server.process is not None and self.server.process.poll() is None

    def revive(self):
        code = self.server.process.returncode
        self.server.process.stdout.close()
        self.server.process = None
        tail = self.server.log()[-3000:]
        self.server.start()
        return code, tail


@pytest.fixture(scope="session")
def running(tmp_path_factory):
    made = Running(tmp_path_factory.mktemp("qdrant") / "data")
    yield made
    assert made.server.stop() == 0


@pytest.fixture(scope="session")
def session_api(running):
    return Face(running.server)


@pytest.fixture
def api(running, session_api):
    """Whatever a test sends, the server is there afterwards."""
    yield session_api
    if not running.alive():
        code, log = running.revive()
        pytest.fail(f"the server ended with {code}: {log}")


# The example of Qdrant's own documentation.
CITIES = [
    {"id": 1, "vector": [0.05, 0.61, 0.76, 0.74], "payload": {"city": "Berlin"}},
    {"id": 2, "vector": [0.19, 0.81, 0.75, 0.11], "payload": {"city": ["Berlin", "London"]}},
    {"id": 3, "vector": [0.36, 0.55, 0.47, 0.94], "payload": {"city": ["Berlin", "Moscow"]}},
    {"id": 4, "vector": [0.18, 0.01, 0.85, 0.80], "payload": {"city": ["London", "Moscow"]}},
    {"id": 5, "vector": [0.24, 0.18, 0.22, 0.44], "payload": {"count": [0]}},
    {"id": 6, "vector": [0.35, 0.08, 0.11, 0.44]},
]


@pytest.fixture(scope="session")
def cities_points():
    return CITIES


@pytest.fixture
def cities(api):
    """The example of Qdrant's documentation; a collection that the test may change."""
    return api.collection(4, CITIES)
