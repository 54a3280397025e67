"""Aliases: other names of a collection, changed all together or not at all."""

import uuid

import pytest


@pytest.fixture
def two(api, cities_points):
    return api.collection(4, cities_points), api.collection(4, cities_points[:2])


def change(api, *actions, **kwargs):
    return api.ok("POST", "/collections/aliases", {"actions": list(actions)}, **kwargs)


def create(alias, collection):
    return {"create_alias": {"alias_name": alias, "collection_name": collection.name}}


def listed(api):
    return {a["alias_name"]: a["collection_name"] for a in api.ok("GET", "/aliases")["aliases"]}


def name():
    return "alias-" + uuid.uuid4().hex[:10]


def test_create_list_rename_delete(api, two):
    first, second = two
    a, b, renamed = name(), name(), name()
    assert change(api, create(a, first), create(b, second)) is True
    assert listed(api).items() >= {a: first.name, b: second.name}.items()
    assert first.ok("GET", "/aliases") == {"aliases": [{"alias_name": a, "collection_name": first.name}]}
    assert second.ok("GET", "/aliases") == {"aliases": [{"alias_name": b, "collection_name": second.name}]}
    assert a not in [c["name"] for c in api.ok("GET", "/collections")["collections"]]
    assert change(api, {"rename_alias": {"old_alias_name": a, "new_alias_name": renamed}}) is True
    assert a not in listed(api) and listed(api)[renamed] == first.name
    assert change(api, {"delete_alias": {"alias_name": renamed}}) is True
    assert renamed not in listed(api) and b in listed(api)


def test_every_route_takes_an_alias(api, two):
    first, _ = two
    alias = name()
    change(api, create(alias, first))
    path = "/collections/" + alias
    assert api.ok("GET", path)["points_count"] == 6
    assert api.ok("GET", path + "/exists") == {"exists": True}
    assert api.ok("GET", path + "/points/1")["payload"] == {"city": "Berlin"}
    assert api.ok("POST", path + "/points/count", {})["count"] == 6
    assert api.ok("POST", path + "/points/query", {"query": [1, 0, 0, 0]}) == first.post("/points/query", {"query": [1, 0, 0, 0]})
    assert api.ok("PUT", path + "/points?wait=true", {"points": [{"id": 7, "vector": [1, 1, 1, 1]}]})["status"] == "completed"
    assert first.count() == 7
    api.ok("PUT", path + "/index?wait=true", {"field_name": "city", "field_schema": "keyword"})
    assert api.ok("POST", path + "/facet", {"key": "city"}) == first.post("/facet", {"key": "city"})
    assert api.ok("PATCH", path, {"metadata": {"by": "alias"}}) is True
    assert first.info()["config"]["metadata"] == {"by": "alias"}


def test_a_swap_is_one_step(api, two):
    first, second = two
    alias = name()
    change(api, create(alias, first))
    change(api, {"delete_alias": {"alias_name": alias}}, create(alias, second))
    assert api.ok("POST", f"/collections/{alias}/points/count", {})["count"] == 2
    change(api, create(alias, first))  # an alias that exists is moved
    assert api.ok("POST", f"/collections/{alias}/points/count", {})["count"] == 6


def test_all_or_nothing(api, two):
    first, second = two
    a, b = name(), name()
    before = listed(api)
    api.refused("POST", "/collections/aliases", {"actions": [create(a, first),
        {"create_alias": {"alias_name": b, "collection_name": "none"}}]}, 404, says="none")
    assert listed(api) == before
    api.refused("POST", "/collections/aliases", {"actions": [create(a, first), create(second.name, first)]}, 409)
    assert listed(api) == before


def test_names_do_not_clash(api, two):
    first, second = two
    alias = name()
    api.refused("POST", "/collections/aliases", {"actions": [create(second.name, first)]}, 409, says=["Wrong input", second.name])
    change(api, create(alias, first))
    api.refused("PUT", "/collections/" + alias, {"vectors": {"size": 4, "distance": "Dot"}}, 400, says=alias)
    api.refused("POST", "/collections/aliases", {"actions": [{"rename_alias": {"old_alias_name": name(), "new_alias_name": name()}}]}, 404)


def test_aliases_go_with_their_collection(api, two):
    first, second = two
    alias, other = name(), name()
    change(api, create(alias, first), create(other, second))
    assert api.ok("DELETE", first.path) is True
    assert alias not in listed(api) and other in listed(api)
    api.refused("GET", "/collections/" + alias, status=404)


@pytest.mark.parametrize("body", [{}, {"actions": {}}, {"actions": [{"make_alias": {}}]},
    {"actions": [{"create_alias": {"alias_name": "x"}}]}])
def test_bodies_that_cannot_be_read(api, body):
    api.refused("POST", "/collections/aliases", body, 400, says="Format error in JSON body: ")


def test_no_actions_and_timeout(api):
    assert change(api) is True
    api.refused("POST", "/collections/aliases?timeout=0", {"actions": []}, 422,
        says="in query parameters: [timeout: value 0 invalid, must be 1 or larger]")
