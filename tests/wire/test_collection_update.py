"""`PUT K`: rename, replace metadata, configure (contract, section 8.4)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from cloud.processes import Service
from tests.compact import compact
from tests.factories import Answer, Cast, Place, Wire, batch, make_tenant
from tests.wire.helpers import INVALID, MISSING, PLAIN, UNSHAPED, Settle, assert_error, assert_forbidden, over


def put(place: Place, body: object, wire: Wire | None = None) -> Answer:
    """PUT a change."""
    return (wire or place.cast.wire).send("PUT", place.path, body)


def read(place: Place) -> dict[str, Any]:
    """The collection object, by id."""
    body: dict[str, Any] = place.cast.wire.get(
        f"{place.cast.place}/collections/by-id/{place.collection_id}"
    ).body
    return body


def test_it_renames(acme: Cast) -> None:
    place = acme.collection(name="old")
    answer = put(place, {"new_name": "new"})
    assert (answer.status, answer.body) == (200, {})
    assert read(place)["name"] == "new"
    assert acme.wire.get(f"{acme.place}/collections/new").status == 200
    assert_error(acme.wire.get(f"{acme.place}/collections/old"), 404, MISSING)


def test_it_refuses_a_read_only_key(shelf: Place) -> None:
    assert_forbidden(put(shelf, {"new_name": "taken-over"}, shelf.cast.read_only))
    assert read(shelf)["name"] == "shelf"


def test_it_gives_an_outsider_nothing(globex: Cast, shelf: Place) -> None:
    assert put(shelf, {"new_name": "taken-over"}, globex.wire).status in (403, 404)
    own = globex.wire.send(
        "PUT", f"{globex.place}/collections/{shelf.collection_id}", {"new_name": "taken-over"}
    )
    assert_error(own, 404, MISSING, f"Collection [{shelf.collection_id}] does not exist.")
    assert read(shelf)["name"] == "shelf"


def test_it_finds_no_collection_of_another_database(acme: Cast, globex: Cast) -> None:
    acme.wire.post(f"/tenants/{acme.name}/databases", {"name": "other"})
    place = acme.collection()
    path = f"/tenants/{acme.name}/databases/other/collections/{place.collection_id}"
    answer = acme.wire.send("PUT", path, {"new_name": "elsewhere"})
    assert_error(answer, 404, MISSING, f"Collection [{place.collection_id}] does not exist.")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"new_name": 1}, "new_name"),
        ({"new_metadata": []}, "new_metadata"),
        ({"new_configuration": {"hnsw": {"space": "ip"}}}, "new_configuration.hnsw"),
        ({"new_configuration": {"hnsw": {"ef_construction": 5}}}, "new_configuration.hnsw"),
        ({"new_configuration": {"spann": {"write_nprobe": 5}}}, "new_configuration.spann"),
        ({"new_configuration": {"hnsw": {"ef_search": "x"}}}, "new_configuration.hnsw.ef_search"),
    ],
)
def test_it_refuses_a_body_of_another_shape(shelf: Place, body: object, path: str) -> None:
    assert_error(put(shelf, body), 422, PLAIN, UNSHAPED + path)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"new_name": "a"}, "Expected a name containing 3-512 characters"),
        ({"new_metadata": {}}, "Validation error: "),
        ({"new_metadata": {"#k": 1}}, "Validation error: metadata"),
        ({"new_configuration": {"hnsw": {}, "spann": {}}}, "Multiple vector index configurations provided"),
    ],
)
def test_it_refuses_what_breaks_a_rule(shelf: Place, body: object, message: str) -> None:
    assert_error(put(shelf, body), 400, INVALID, message)


def test_it_knows_a_collection_by_id_only(shelf: Place) -> None:
    path = f"{shelf.cast.place}/collections"
    by_name = shelf.cast.wire.send("PUT", f"{path}/shelf", {})
    assert_error(by_name, 400, INVALID, "Collection ID is not a valid UUIDv4")
    missing = uuid.uuid4()
    answer = shelf.cast.wire.send("PUT", f"{path}/{missing}", {})
    assert_error(answer, 404, MISSING, f"Collection [{missing}] does not exist.")


def test_it_refuses_a_name_that_is_taken(acme: Cast) -> None:
    acme.collection(name="taken")
    place = acme.collection(name="mine")
    assert_error(put(place, {"new_name": "taken"}), 409, PLAIN, "Collection [taken] already exists")
    assert read(place)["name"] == "mine"
    assert put(place, {"new_name": "mine"}).status == 200


@pytest.mark.parametrize("body", [{}, {"new_name": None, "new_metadata": None, "new_configuration": None}])
def test_it_changes_nothing_when_told_nothing(shelf: Place, body: object) -> None:
    before = read(shelf)
    assert put(shelf, body).body == {}
    assert read(shelf) == before


def test_it_replaces_metadata_whole_and_drops_nulls(acme: Cast) -> None:
    place = acme.collection()
    put(place, {"new_metadata": {"a": 1, "b": 2.0}})
    assert read(place)["metadata"] == {"a": 1, "b": 2.0}
    put(place, {"new_metadata": {"c": True, "a": None}})
    assert read(place)["metadata"] == {"c": True}


def test_it_changes_what_a_search_may_cost(acme: Cast, settle: Settle) -> None:
    place = acme.collection(space="cosine", ef_construction=50)
    place.call("add", batch(20))
    settle(place)
    hnsw = {
        "ef_search": 17,
        "max_neighbors": 11,
        "resize_factor": 1.5,
        "sync_threshold": 5,
        "num_threads": 9,
        "batch_size": 7,
    }
    assert put(place, {"new_configuration": {"hnsw": hnsw}}).body == {}
    changed = read(place)
    index = changed["schema"]["keys"]["#embedding"]["float_list"]["vector_index"]["config"]["hnsw"]
    assert index == {"ef_construction": 50, **hnsw}
    unreturned = ("num_threads", "batch_size")
    visible = {name: value for name, value in hnsw.items() if name not in unreturned}
    assert changed["configuration_json"]["hnsw"] == {"space": "cosine", "ef_construction": 50, **visible}
    assert len(place.nearest([1.0] * 8, 20)) == 20


def test_it_ignores_the_index_kind_that_the_collection_has_not(acme: Cast) -> None:
    place = acme.collection()
    before = read(place)
    assert put(place, {"new_configuration": {"spann": {"ef_search": 7, "search_nprobe": 3}}}).status == 200
    assert read(place) == before


def test_it_replaces_the_embedding_function_whole(acme: Cast) -> None:
    place = acme.collection()
    for function in ({"type": "known", "name": "a", "config": {"x": 1}}, {"type": "legacy"}):
        put(place, {"new_configuration": {"embedding_function": function}})
        changed = read(place)
        assert changed["configuration_json"]["embedding_function"] == function
        index = changed["schema"]["keys"]["#embedding"]["float_list"]["vector_index"]["config"]
        assert index["embedding_function"] == function


def test_it_refuses_a_name_longer_than_the_plan_allows(acme: Cast) -> None:
    small = make_tenant("small", {})
    place = small.collection()
    words = over("Name size (bytes)", "Update Collection", 129, 128)
    assert_error(put(place, {"new_name": "x" * 129}), 422, PLAIN, words)


def test_it_changes_all_or_nothing(acme: Cast) -> None:
    acme.collection(name="taken")
    place = acme.collection(name="mine")
    before = read(place)
    answer = put(
        place,
        {"new_name": "taken", "new_metadata": {"a": 1}, "new_configuration": {"hnsw": {"ef_search": 5}}},
    )
    assert answer.status == 409
    assert read(place) == before


def test_it_counts_compactions_and_not_changes_as_versions(database: Service, acme: Cast) -> None:
    place = acme.collection()
    place.call("add", batch(20))
    compact(database, place)
    path = f"{acme.place}/collections/{place.name}"
    before = acme.wire.get(path).body["version"]
    changed = {"new_configuration": {"hnsw": {"ef_search": 50}}}
    assert acme.wire.send("PUT", place.path, changed).status == 200
    assert (before, acme.wire.get(path).body["version"]) == (1, 1)
    assert len(place.nearest([0.0] * 8)) == 10
