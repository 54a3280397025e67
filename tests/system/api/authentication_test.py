"""The API key: which routes are open, and what the others answer."""

import pytest

from kith_server import Server

KEY = "a-key-of-the-test"
CLOSED = [("GET", "/metrics"), ("GET", "/collections"), ("PUT", "/collections/x"), ("DELETE", "/collections/x"),
          ("POST", "/collections/x/points/query"), ("GET", "/v1/collections"), ("POST", "/v1/search"),
          ("POST", "/v1/embeddings"), ("GET", "/v1/jobs"), ("GET", "/v1/stats"), ("GET", "/v1/parameters"),
          ("GET", "/v1/models"), ("GET", "/nowhere"), ("GET", "/livez/x"), ("GET", "//metrics")]


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("key") / "data", env={"KITH__SERVER__API_KEY": KEY}) as server:
        yield server


@pytest.mark.parametrize("route", ["/", "/healthz", "/livez", "/readyz"])
def test_open_routes_need_no_key(api, route):
    assert api.get(route).status == 200


@pytest.mark.parametrize("method, route", CLOSED)
def test_other_routes_need_the_key(api, method, route):
    missing = api.send(method, route, b"{}")
    assert missing.status == 401
    for wrong in ("", KEY[:-1], KEY + "x", KEY.upper()):
        assert api.send(method, route, b"{}", headers={"api-key": wrong}).status == 401
        assert api.send(method, route, b"{}", headers={"authorization": "Bearer " + wrong}).status == 401


@pytest.mark.parametrize("headers", [{"api-key": KEY}, {"Authorization": "Bearer " + KEY}, {"Authorization": "bearer " + KEY}])
def test_the_right_key_opens(api, headers):
    assert api.get("/collections", headers=headers).status == 200
    assert api.get("/v1/collections", headers=headers).status == 200


def test_the_messages_say_what_to_send(api):
    error = api.post("/v1/search", {}).json["error"]
    assert error["type"] == "authentication_error" and error["code"] == "invalid_api_key"
    assert "api-key" in error["message"] and "Bearer" in error["message"]
    assert b"API key" in api.get("/collections").body


def test_the_key_is_shown_nowhere(api):
    headers = {"api-key": KEY}
    api.get("/collections?api-key=" + "x", headers=headers)
    for route in ("/v1/parameters", "/v1/stats", "/metrics"):
        assert KEY.encode() not in api.get(route, headers=headers).body
    assert KEY not in api.log()
