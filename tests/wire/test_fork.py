"""`POST K/fork` and `GET K/fork_count` (contract, section 18)."""

from __future__ import annotations

import uuid

import pytest

from cloud.processes import Service
from tenants.key_scopes import Template
from tests.compact import compact
from tests.factories import Cast, Place, Wire, batch, issue, make_tenant
from tests.wire.helpers import (
    INVALID,
    MISSING,
    PLAIN,
    UNPARSED,
    UNSHAPED,
    Settle,
    assert_error,
    assert_forbidden,
    create,
    limited,
    outside,
    over,
)

EVERYTHING = {"include": ["documents", "metadatas", "embeddings", "uris"]}


def fork(place: Place, name: str | None = None) -> Place:
    """Fork a collection."""
    wanted = {"new_name": name or f"{place.name}-{uuid.uuid4().hex[:6]}"}
    made = place.cast.wire.post(f"{place.path}/fork", wanted)
    assert made.status == 200, made
    return Place(place.cast, uuid.UUID(made.body["id"]), made.body["name"])


def forks(place: Place) -> int:
    """What the collection says of its tree."""
    answer = place.cast.wire.get(f"{place.path}/fork_count")
    assert (answer.status, list(answer.body)) == (200, ["count"])
    count: int = answer.body["count"]
    return count


def test_a_fork_answers_as_its_source_and_has_a_new_id(acme: Cast, settle: Settle) -> None:
    configuration = {"hnsw": {"space": "cosine", "ef_search": 77}}
    made = create(acme, metadata={"topic": "birds"}, configuration=configuration)
    source = Place(acme, uuid.UUID(made.body["id"]), made.body["name"])
    source.call("add", batch(40))
    settle(source)
    source.call("add", batch(10, first=40))
    source.call("delete", {"ids": ["r3", "r44"]})
    copy = fork(source)
    shown, before = (acme.wire.get(f"{acme.place}/collections/{one.name}").body for one in (copy, source))
    assert shown == before | {"id": str(copy.collection_id), "name": copy.name}
    assert copy.collection_id != source.collection_id
    assert copy.call("get", EVERYTHING) == source.call("get", EVERYTHING)
    assert copy.nearest([0.5] * 8, 5) == source.nearest([0.5] * 8, 5)
    status = [one.cast.wire.get(f"{one.path}/indexing_status").body for one in (copy, source)]
    assert status[0] == status[1]


def test_it_answers_with_the_new_collection(acme: Cast) -> None:
    source = acme.collection()
    made = acme.wire.post(f"{source.path}/fork", {"new_name": "the-fork"})
    assert made.status == 200
    assert made.body == acme.wire.get(f"{acme.place}/collections/the-fork").body
    assert made.headers["x-request-cost"] == "30000000"
    assert acme.wire.get(f"{acme.place}/collections_count").body == 2


def test_both_go_on_by_themselves(acme: Cast, settle: Settle) -> None:
    source = acme.collection()
    source.call("add", batch(20))
    settle(source)
    copy = fork(source)
    copy.call("delete", {"ids": ["r0", "r1"]})
    source.call("update", {"ids": ["r0"], "documents": ["only here"]})
    source.call("add", batch(1, first=20))
    copy.call("upsert", {"ids": ["r2", "mine"], "embeddings": [[9.0] * 8] * 2})
    assert source.ids() == [f"r{number}" for number in range(21)]
    assert copy.ids() == [*(f"r{number}" for number in range(2, 20)), "mine"]
    assert source.call("get", {"ids": ["r0"]})["documents"] == ["only here"]
    assert source.call("get", {"ids": ["r2"]})["documents"] == ["document number 2"]
    assert (source.count(), copy.count()) == (21, 19)


def test_an_empty_collection_has_empty_forks_of_any_dimension(acme: Cast) -> None:
    source = acme.collection()
    copy = fork(source)
    source.call("add", batch(2))
    copy.call("add", batch(2, dimension=3))
    assert (source.count(), copy.count()) == (2, 2)


def test_the_whole_tree_is_counted_with_what_was_deleted(acme: Cast) -> None:
    root, other = acme.collection(), acme.collection()
    assert forks(root) == 0
    first = fork(root)
    second = fork(first)
    third = fork(root)
    assert [forks(one) for one in (root, first, second, third)] == [3] * 4
    for gone in (first, root):
        assert acme.wire.delete(f"{acme.place}/collections/{gone.name}").status == 200
    assert [forks(one) for one in (second, third)] == [3, 3]
    assert forks(fork(third)) == 4
    assert forks(other) == 0


def test_the_plan_bounds_the_edges_of_a_tree() -> None:
    cast = make_tenant("few", {"forks_count": 2})
    root = cast.collection()
    leaf = fork(fork(root))
    refused = cast.wire.post(f"{leaf.path}/fork", {"new_name": "one-too-many"})
    assert_error(refused, 422, PLAIN, over("Number of forks", "Fork Collection", 3, 2))
    assert cast.wire.get(f"{cast.place}/collections/one-too-many").status == 404
    assert [forks(root), forks(leaf)] == [2, 2]
    assert forks(fork(cast.collection())) == 1


def test_the_plan_bounds_collections_and_names() -> None:
    cast = make_tenant("full", {"collections_count": 1})
    root = cast.collection()
    refused = cast.wire.post(f"{root.path}/fork", {"new_name": "second"})
    assert_error(refused, 422, PLAIN, over("Number of collections", "Fork Collection", 2, 1))
    refused = cast.wire.post(f"{root.path}/fork", {"new_name": "n" * 129})
    assert_error(refused, 422, PLAIN, over("Name size (bytes)", "Fork Collection", 129, 128))


def test_a_name_that_is_taken_is_refused_and_nothing_is_left(acme: Cast) -> None:
    source, other = acme.collection(), acme.collection()
    for taken in (source.name, other.name):
        refused = acme.wire.post(f"{source.path}/fork", {"new_name": taken})
        assert_error(refused, 409, PLAIN, f"Collection [{taken}] already exists")
    assert (forks(source), acme.wire.get(f"{acme.place}/collections_count").body) == (0, 2)


@pytest.mark.parametrize("name", ["a", "with spaces", "Ünï..code", "127.0.0.1"])
def test_the_pattern_of_names_does_not_hold(acme: Cast, name: str) -> None:
    copy = fork(acme.collection(), name)
    assert acme.wire.get(f"{acme.place}/collections/by-id/{copy.collection_id}").body["name"] == name


@pytest.mark.parametrize(
    ("body", "status", "name", "message"),
    [
        ({}, 422, PLAIN, UNSHAPED),
        ({"new_name": 1}, 422, PLAIN, UNSHAPED),
        ({"new_name": None}, 422, PLAIN, UNSHAPED),
        ({"new_name": ""}, 400, INVALID, "new_name"),
        ({"new_name": "a\0b"}, 400, INVALID, "new_name"),
        (b"{", 400, INVALID, UNPARSED),
    ],
)
def test_malformed_bodies_are_refused(
    shelf: Place, body: object, status: int, name: str, message: str
) -> None:
    assert_error(shelf.cast.wire.send("POST", f"{shelf.path}/fork", body), status, name, message)


ROUTES = [("POST", "fork", {"new_name": "copy"}), ("GET", "fork_count", None)]


@pytest.mark.parametrize(("method", "route", "body"), ROUTES)
def test_an_outsider_learns_nothing(
    globex: Cast, shelf: Place, method: str, route: str, body: object
) -> None:
    outside(globex, shelf, method, route, body)
    assert_error(Wire(None).send(method, f"{shelf.path}/{route}", body), 401, PLAIN)


@pytest.mark.parametrize(("method", "route", "body"), ROUTES)
def test_a_missing_collection_is_not_found(shelf: Place, method: str, route: str, body: object) -> None:
    path = f"{shelf.cast.place}/collections/{uuid.uuid4()}/{route}"
    assert_error(shelf.cast.wire.send(method, path, body), 404, MISSING)
    assert_error(
        shelf.cast.wire.send(method, f"{shelf.cast.place}/collections/x/{route}", body), 400, INVALID
    )


def test_a_deleted_source_is_not_found(acme: Cast) -> None:
    source = acme.collection()
    assert acme.wire.delete(f"{acme.place}/collections/{source.name}").status == 200
    assert_error(acme.wire.post(f"{source.path}/fork", {"new_name": "late"}), 404, MISSING)
    assert_error(acme.wire.get(f"{source.path}/fork_count"), 404, MISSING)


def test_the_scopes_of_a_key_decide(acme: Cast) -> None:
    source = acme.collection()
    fork(source)
    reading = acme.read_only
    assert_forbidden(reading.post(f"{source.path}/fork", {"new_name": "copy"}))
    assert reading.get(f"{source.path}/fork_count").body == {"count": 1}
    one = Wire(
        issue(
            acme.tenant_id,
            template=Template.ONE_COLLECTION,
            collection_ids=frozenset({source.collection_id}),
        ).secret
    )
    assert_forbidden(one.post(f"{source.path}/fork", {"new_name": "copy"}))
    assert one.get(f"{source.path}/fork_count").body == {"count": 1}
    other = acme.collection()
    assert_error(one.get(f"{other.path}/fork_count"), 404, MISSING)


def test_a_key_with_a_forced_filter_may_not_fork(acme: Cast) -> None:
    source = acme.collection()
    key = Wire(issue(acme.tenant_id, forced_where='{"tag": "t1"}').secret)
    assert_forbidden(key.post(f"{source.path}/fork", {"new_name": "copy"}))
    assert key.get(f"{source.path}/fork_count").body == {"count": 0}


def test_a_key_of_a_database_forks_within_it(acme: Cast) -> None:
    source = acme.collection()
    assert acme.wire.post(f"/tenants/{acme.name}/databases", {"name": "other"}).status == 200
    for wire, status in ((limited(acme, acme.database), 200), (limited(acme, "other"), 404)):
        assert wire.post(f"{source.path}/fork", {"new_name": "copy"}).status == status
    elsewhere = f"/tenants/{acme.name}/databases/other"
    assert_error(
        acme.wire.post(f"{elsewhere}/collections/{source.collection_id}/fork", {"new_name": "b"}),
        404,
        MISSING,
    )


def test_a_schema_comes_along_and_changes_alone(acme: Cast, database: Service) -> None:
    source = acme.collection()
    source.call("add", batch(30))
    compact(database, source)
    copy = fork(source)
    change = {"new_configuration": {"hnsw": {"ef_search": 333}}, "new_metadata": {"a": 1}}
    assert acme.wire.send("PUT", copy.path, change).status == 200
    copy.call("upsert", {"ids": ["r0"], "embeddings": [[0.0] * 8], "metadatas": [{"newkey": 1.5}]})
    compact(database, copy)
    shown, before = (acme.wire.get(f"{acme.place}/collections/{one.name}").body for one in (copy, source))
    assert "newkey" in shown["schema"]["keys"]
    assert "newkey" not in before["schema"]["keys"]
    assert (shown["configuration_json"]["hnsw"]["ef_search"], before["metadata"]) == (333, None)
    assert before["configuration_json"]["hnsw"]["ef_search"] == 100
