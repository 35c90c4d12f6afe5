"""Databases: create, list, get, delete (contract, section 7)."""

from __future__ import annotations

import uuid

import pytest

from tests.factories import Cast, Place, batch, make_tenant
from tests.wire.helpers import (
    INVALID,
    MISSING,
    PLAIN,
    UNSHAPED,
    Settle,
    assert_error,
    assert_forbidden,
    limited,
    operator,
    over,
)


def test_it_creates_gets_and_deletes_a_database(acme: Cast) -> None:
    path = f"/tenants/{acme.name}/databases"
    made = acme.wire.post(path, {"name": "second"})
    assert (made.status, made.body) == (200, {})
    found = acme.wire.get(f"{path}/second")
    assert found.status == 200
    assert found.body == {"id": str(uuid.UUID(found.body["id"])), "name": "second", "tenant": acme.name}
    gone = acme.wire.delete(f"{path}/second")
    assert (gone.status, gone.body) == (200, {})
    assert_error(
        acme.wire.get(f"{path}/second"), 404, MISSING, "Database [second] not found. Are you sure it exists?"
    )


def test_it_refuses_a_read_only_key_where_it_writes(acme: Cast) -> None:
    assert_forbidden(acme.read_only.post(f"/tenants/{acme.name}/databases", {"name": "second"}))
    assert_forbidden(acme.read_only.delete(acme.place))
    assert acme.read_only.get(acme.place).body["name"] == "main"


def test_it_gives_an_outsider_nothing(acme: Cast, globex: Cast) -> None:
    for method, path, body in (
        ("GET", f"/tenants/{acme.name}/databases", None),
        ("POST", f"/tenants/{acme.name}/databases", {"name": "second"}),
        ("GET", acme.place, None),
        ("DELETE", acme.place, None),
        ("GET", f"/tenants/{acme.name}/databases/nothing-here", None),
        ("GET", "/tenants/nobody-at-all/databases", None),
    ):
        assert_forbidden(globex.wire.send(method, path, body))
    assert [one["name"] for one in acme.wire.get(f"/tenants/{acme.name}/databases").body] == ["main"]


@pytest.mark.parametrize("body", [{}, {"name": None}, {"name": 3}, []])
def test_it_refuses_a_body_of_another_shape(shelf: Place, body: object) -> None:
    answer = shelf.cast.wire.post(f"/tenants/{shelf.cast.name}/databases", body)
    assert_error(answer, 422, PLAIN, UNSHAPED)


@pytest.mark.parametrize("name", ["", "ab", "a b", "a..b", "-abc", "10.0.0.1", "x" * 513])
def test_it_refuses_a_bad_name(shelf: Place, name: str) -> None:
    answer = shelf.cast.wire.post(f"/tenants/{shelf.cast.name}/databases", {"name": name})
    assert_error(answer, 400, INVALID, "Expected a name containing 3-512 characters from [a-zA-Z0-9._-]")
    assert answer.body["message"].endswith(f"Got: {name}")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tilt-spanning+main", "Not supported"),
        ("a+b+c", "Expected a name containing"),
        ("abc+", "Expected a name containing"),
    ],
)
def test_it_knows_no_topology_for_several_regions(acme: Cast, name: str, words: str) -> None:
    assert_error(acme.wire.post(f"/tenants/{acme.name}/databases", {"name": name}), 400, INVALID, words)
    assert acme.wire.get(f"/tenants/{acme.name}/databases/{name.replace('+', '%2B')}").status == 404


def test_it_refuses_a_name_that_is_taken(acme: Cast) -> None:
    answer = acme.wire.post(f"/tenants/{acme.name}/databases", {"name": "main"})
    assert_error(answer, 409, PLAIN, "Database [main] already exists")


def test_it_lets_two_tenants_use_one_name(acme: Cast, globex: Cast) -> None:
    assert acme.wire.get(acme.place).body["id"] != globex.wire.get(globex.place).body["id"]


def test_it_lists_by_age_in_pages(acme: Cast) -> None:
    path = f"/tenants/{acme.name}/databases"
    for name in ("zeta", "alpha"):
        acme.wire.post(path, {"name": name})

    def listed(query: str) -> list[str]:
        return [one["name"] for one in acme.wire.get(path + query).body]

    assert listed("") == ["main", "zeta", "alpha"]
    assert listed("?limit=1&offset=1") == ["zeta"]
    assert listed("?limit=0") == listed("?offset=3") == []
    assert set(acme.wire.get(path).body[0]) == {"id", "name", "tenant"}


@pytest.mark.parametrize("query", ["limit=x", "limit=-1", "offset=4294967296"])
def test_it_refuses_a_bad_page(shelf: Place, query: str) -> None:
    answer = shelf.cast.wire.get(f"/tenants/{shelf.cast.name}/databases?{query}")
    assert_error(answer, 400, INVALID, "Failed to deserialize query string: ")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_it_refuses_a_name_under_three_characters_in_the_path(shelf: Place, method: str) -> None:
    answer = shelf.cast.wire.send(method, f"/tenants/{shelf.cast.name}/databases/ab")
    assert_error(answer, 400, INVALID, "database name must be at least 3 characters")


def test_it_finds_no_database_of_an_impossible_name(shelf: Place) -> None:
    for name in ("a%00b", "%F0%9F%99%82%20x", "a%2Bb%2Bc"):
        for method in ("GET", "DELETE"):
            answer = shelf.cast.wire.send(method, f"/tenants/{shelf.cast.name}/databases/{name}")
            assert_error(answer, 404, MISSING, "Database [")


def test_it_says_which_database_could_not_be_deleted(acme: Cast) -> None:
    answer = acme.wire.delete(f"/tenants/{acme.name}/databases/nothing-here")
    assert_error(answer, 404, MISSING, "Database [nothing-here] not found")
    assert answer.body["message"] == "Database [nothing-here] not found"


def test_it_deletes_the_collections_with_their_database(acme: Cast, settle: Settle) -> None:
    place = acme.collection(name="docs")
    place.call("add", batch(3))
    settle(place)
    assert acme.wire.delete(acme.place).status == 200
    assert_error(
        acme.wire.get(f"{place.path}/count"), 404, MISSING, f"Collection [{place.collection_id}] does not"
    )
    acme.wire.post(f"/tenants/{acme.name}/databases", {"name": "main"})
    assert acme.wire.get(f"{acme.place}/collections").body == []
    assert_error(acme.wire.post(f"{place.path}/get", {}), 404, MISSING)


def test_it_shows_a_limited_key_its_databases_only(acme: Cast) -> None:
    path = f"/tenants/{acme.name}/databases"
    acme.wire.post(path, {"name": "second"})
    key = limited(acme, "second")
    assert [one["name"] for one in key.get(path).body] == ["second"]
    assert key.get(f"{path}/second").status == 200
    for method, place in (("GET", f"{path}/main"), ("DELETE", f"{path}/main"), ("GET", f"{path}/missing")):
        assert_forbidden(key.send(method, place))
    assert_forbidden(key.post(path, {"name": "third"}))


def test_it_refuses_more_databases_than_the_plan_allows(acme: Cast) -> None:
    small = make_tenant("small", {"databases_count": 2})
    path = f"/tenants/{small.name}/databases"
    assert small.wire.post(path, {"name": "second"}).status == 200
    words = over("Number of databases", "Create Database", 3, 2)
    assert_error(small.wire.post(path, {"name": "third"}), 422, PLAIN, words)


def test_it_refuses_a_name_longer_than_the_plan_allows(acme: Cast) -> None:
    answer = acme.wire.post(f"/tenants/{acme.name}/databases", {"name": "x" * 129})
    words = over("Name size (bytes)", "Create Database", 129, 128)
    assert_error(answer, 422, PLAIN, words)


def test_it_tells_an_operator_of_a_missing_tenant(acme: Cast) -> None:
    answer = operator(acme).post("/tenants/nobody-at-all/databases", {"name": "main"})
    assert_error(answer, 404, MISSING, "Tenant [nobody-at-all] not found")
