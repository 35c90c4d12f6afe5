"""Collections: create and delete (contract, sections 8.2 and 8.5)."""

from __future__ import annotations

import uuid
from typing import Any

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
    create,
    limited,
    over,
    text,
)

HNSW = {
    "space": "l2",
    "ef_construction": 100,
    "ef_search": 100,
    "max_neighbors": 16,
    "resize_factor": 1.2,
    "sync_threshold": 1000,
}
INTEGRATED = {"type": "known", "name": "openai", "config": {"model_name": "m", "list": [1, 2.0, None]}}


def test_it_creates_a_collection_with_defaults(acme: Cast) -> None:
    answer = create(acme, name="docs", metadata=None, configuration=None, schema=None, get_or_create=False)
    assert answer.status == 200
    schema = answer.body.pop("schema")
    assert set(schema) == {"defaults", "keys"}
    assert set(schema["keys"]) == {"#embedding", "#document"}
    assert answer.body == {
        "id": str(uuid.UUID(answer.body["id"])),
        "name": "docs",
        "configuration_json": {"hnsw": HNSW, "spann": None, "embedding_function": None},
        "metadata": None,
        "dimension": None,
        "tenant": acme.name,
        "database": "main",
        "log_position": 0,
        "version": 0,
    }


def test_it_refuses_a_read_only_key_to_create(acme: Cast) -> None:
    for extra in ({}, {"get_or_create": True}):
        assert_forbidden(acme.read_only.post(f"{acme.place}/collections", {"name": "docs", **extra}))
    assert acme.wire.get(f"{acme.place}/collections_count").body == 0


def test_it_gives_an_outsider_nothing(acme: Cast, globex: Cast) -> None:
    place = acme.collection(name="docs")
    for method, path, body in (
        ("POST", f"{acme.place}/collections", {"name": "more"}),
        ("GET", f"{acme.place}/collections", None),
        ("GET", f"{acme.place}/collections_count", None),
        ("GET", f"{acme.place}/collections/docs", None),
        ("GET", f"{acme.place}/collections/by-id/{place.collection_id}", None),
        ("DELETE", f"{acme.place}/collections/docs", None),
    ):
        assert_forbidden(globex.wire.send(method, path, body))
    assert acme.wire.get(f"{acme.place}/collections_count").body == 1


def test_it_finds_no_collection_of_another_tenant_in_the_outsiders_own_database(
    acme: Cast, globex: Cast
) -> None:
    place = acme.collection(name="docs")
    by_id = globex.wire.get(f"{globex.place}/collections/by-id/{place.collection_id}")
    assert_error(by_id, 404, MISSING, f"Collection [{place.collection_id}] does not exist.")
    assert_error(
        globex.wire.get(f"{globex.place}/collections/docs"), 404, MISSING, "Collection [docs] does not exist"
    )
    assert_error(globex.wire.delete(f"{globex.place}/collections/docs"), 404, MISSING)
    assert globex.wire.get(f"{globex.place}/collections").body == []


def test_it_refuses_a_key_of_other_databases(acme: Cast) -> None:
    acme.wire.post(f"/tenants/{acme.name}/databases", {"name": "other"})
    place = acme.collection(name="docs")
    key = limited(acme, "other")
    assert_forbidden(key.get(f"{acme.place}/collections"))
    assert_error(
        key.get(f"{place.path}/count"), 404, MISSING, f"Collection [{place.collection_id}] does not exist."
    )
    assert key.get(f"/tenants/{acme.name}/databases/other/collections").body == []


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"name": None}, "name"),
        ({"name": 5}, "name"),
        ({"metadata": "x"}, "metadata"),
        ({"metadata": {"k": None}}, "metadata"),
        ({"get_or_create": "yes"}, "get_or_create"),
        ({"configuration": []}, "configuration"),
        ({"configuration": {"hnsw": {"space": "euclid"}}}, "configuration.hnsw.space"),
        ({"configuration": {"hnsw": {"unknown": 1}}}, "configuration.hnsw"),
        ({"configuration": {"hnsw": {"ef_search": "many"}}}, "configuration.hnsw.ef_search"),
        ({"configuration": {"spann": {"unknown": 1}}}, "configuration.spann"),
        ({"configuration": {"spann": {"space": "l3"}}}, "configuration.spann.space"),
    ],
)
def test_it_refuses_a_body_of_another_shape(shelf: Place, body: dict[str, Any], path: str) -> None:
    assert_error(create(shelf.cast, **body), 422, PLAIN, UNSHAPED + path)


def test_it_needs_a_name(shelf: Place) -> None:
    answer = shelf.cast.wire.post(f"{shelf.cast.place}/collections", {})
    assert_error(answer, 422, PLAIN, UNSHAPED)


NAME_RULE = (
    "Expected a name containing 3-512 characters from [a-zA-Z0-9._-], starting and ending "
    "with a character in [a-zA-Z0-9]. Got: "
)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ab",
        "-abc",
        "abc_",
        ".abc",
        "a b c",
        "a..b",
        "käse",
        "a/b",
        "a+b+c",
        "192.168.0.1",
        "x" * 513,
        "abc\n",
        "a\0b",
    ],
)
def test_it_refuses_a_bad_name(shelf: Place, name: str) -> None:
    assert_error(create(shelf.cast, name=name), 400, INVALID, NAME_RULE + name)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"metadata": {}}, "Validation error: metadata: Metadata cannot be empty"),
        ({"metadata": {"": 1}}, "Validation error: metadata"),
        ({"metadata": {"#k": 1}}, "Validation error: metadata"),
        ({"metadata": {"$k": 1}}, "Validation error: metadata"),
        ({"metadata": {"k": "\0"}}, "Validation error: metadata"),
        ({"configuration": {"hnsw": {}, "spann": {}}}, "Multiple vector index configurations provided"),
        ({"metadata": {"hnsw:unknown": 1}}, "Failed to parse hnsw parameters from segment metadata"),
        ({"metadata": {"hnsw:M": "many"}}, "Failed to parse hnsw parameters from segment metadata"),
        ({"metadata": {"hnsw:space": "euclid"}}, ""),
    ],
)
def test_it_refuses_what_breaks_a_rule(shelf: Place, body: dict[str, Any], message: str) -> None:
    assert_error(create(shelf.cast, **body), 400, INVALID, message)


def test_it_refuses_a_name_that_is_taken(acme: Cast) -> None:
    acme.collection(name="docs")
    assert_error(create(acme, name="docs"), 409, PLAIN, "Collection [docs] already exists")


def test_it_gives_back_the_stored_collection_with_get_or_create(acme: Cast) -> None:
    first = create(acme, name="docs", metadata={"k": 1}, get_or_create=True)
    wanted = {"metadata": {"k": 2}, "configuration": {"hnsw": {"space": "ip"}}}
    again = create(acme, name="docs", get_or_create=True, **wanted)
    assert (first.status, again.status) == (200, 200)
    assert again.body == first.body
    answer = create(acme, name="docs", get_or_create=True, metadata={})
    assert_error(answer, 400, INVALID, "Validation error: metadata: Metadata cannot be empty")


def test_it_keeps_metadata_as_it_was_written(acme: Cast) -> None:
    body = b'{"name":"docs","metadata":{"i":1,"f":2.0,"x":1e22,"b":false,"s":"t","big":9223372036854775807}}'
    text(acme, "POST", f"{acme.place}/collections", body)
    answer = text(acme, "GET", f"{acme.place}/collections/docs").replace('": ', '":').replace(", ", ",")
    for member in (
        '"i":1',
        '"f":2.0',
        '"x":10000000000000000000000.0',
        '"b":false',
        '"s":"t"',
        '"big":9223372036854775807',
    ):
        assert member in answer


def test_it_keeps_the_configuration(acme: Cast) -> None:
    hnsw = {
        "space": "cosine",
        "ef_construction": 7,
        "ef_search": 8,
        "max_neighbors": 9,
        "resize_factor": 2,
        "sync_threshold": 1,
    }
    wanted = {
        "hnsw": {**hnsw, "num_threads": 3, "batch_size": 1},
        "spann": None,
        "embedding_function": INTEGRATED,
    }
    made = create(acme, name="docs", configuration=wanted).body
    assert made["configuration_json"] == {
        "hnsw": {**hnsw, "resize_factor": 2.0},
        "spann": None,
        "embedding_function": INTEGRATED,
    }
    index = made["schema"]["keys"]["#embedding"]["float_list"]["vector_index"]["config"]
    assert (index["space"], index["hnsw"]["num_threads"], index["hnsw"]["batch_size"]) == ("cosine", 3, 1)
    assert index["embedding_function"] == INTEGRATED
    assert acme.wire.get(f"{acme.place}/collections/docs").body == made


@pytest.mark.parametrize("function", [{"type": "legacy"}, {"type": "unknown"}, None])
def test_it_keeps_embedding_functions_verbatim(acme: Cast, function: object) -> None:
    made = create(acme, configuration={"embedding_function": function}).body
    assert made["configuration_json"]["embedding_function"] == function


@pytest.mark.parametrize("depth", [230, 240, 250, 300, 5_000])
def test_it_keeps_or_refuses_an_embedding_function_however_deep(acme: Cast, depth: int) -> None:
    config = b"[" * depth + b"]" * depth
    function = b'{"type":"known","name":"x","config":' + config + b"}"
    body = b'{"name":"docs","configuration":{"embedding_function":' + function + b"}}"
    answer = acme.wire.send("POST", f"{acme.place}/collections", body)
    assert answer.status in (200, 400)
    assert len(acme.wire.get(f"{acme.place}/collections").body) == (answer.status == 200)


def test_it_refuses_an_embedding_function_with_a_number_past_64_bits(acme: Cast) -> None:
    body = (
        b'{"name":"docs","configuration":{"embedding_function":{"type":"known","name":"x","config":'
        + b"1" * 30
        + b"}}}"
    )
    assert_error(acme.wire.send("POST", f"{acme.place}/collections", body), 400, INVALID)


def test_it_takes_spann_as_a_wish(acme: Cast) -> None:
    wanted = {
        "spann": {"space": "ip", "search_nprobe": 10, "ef_search": 77},
        "embedding_function": INTEGRATED,
    }
    made = create(acme, configuration=wanted).body["configuration_json"]
    assert made == {"hnsw": {**HNSW, "space": "ip"}, "spann": None, "embedding_function": INTEGRATED}


def test_it_reads_the_old_metadata_keys_of_hnsw(acme: Cast) -> None:
    metadata = {"hnsw:space": "cosine", "hnsw:M": 20, "hnsw:search_ef": 30, "hnsw:construction_ef": 40}
    made = create(acme, metadata=metadata).body
    expected = {**HNSW, "space": "cosine", "max_neighbors": 20, "ef_search": 30, "ef_construction": 40}
    assert made["configuration_json"]["hnsw"] == expected
    assert made["metadata"] == metadata


def test_it_lets_the_configuration_win_over_the_old_metadata_keys(acme: Cast) -> None:
    made = create(acme, metadata={"hnsw:space": "cosine"}, configuration={"hnsw": {"space": "ip"}}).body
    assert made["configuration_json"]["hnsw"]["space"] == "ip"


def test_it_builds_a_graph_whatever_was_wished_for(acme: Cast, settle: Settle) -> None:
    hnsw: dict[str, Any] = {"max_neighbors": 5_000, "ef_construction": 1, "ef_search": 100_000}
    place = acme.collection(**hnsw)
    place.call("add", batch(50))
    settle(place)
    assert len(place.nearest([0.0] * 8, 20)) == 20


def test_it_refuses_a_name_longer_than_the_plan_allows(acme: Cast) -> None:
    small = make_tenant("small", {})
    words = over("Name size (bytes)", "Create Collection", 129, 128)
    assert_error(create(small, name="x" * 129), 422, PLAIN, words)
    assert create(small, name="x" * 128).status == 200


def test_it_deletes_by_name(acme: Cast, settle: Settle) -> None:
    place = acme.collection(name="docs")
    place.call("add", batch(3))
    settle(place)
    answer = acme.wire.delete(f"{acme.place}/collections/docs")
    assert (answer.status, answer.body) == (200, {})
    assert_error(acme.wire.get(f"{acme.place}/collections/docs"), 404, MISSING)
    assert_error(
        acme.wire.delete(f"{acme.place}/collections/docs"), 404, MISSING, "Collection [docs] does not exist"
    )


def test_it_refuses_a_read_only_key_to_delete(shelf: Place) -> None:
    assert_forbidden(shelf.cast.read_only.delete(f"{shelf.cast.place}/collections/shelf"))
    assert shelf.count() == 10


def test_it_forgets_the_records_of_a_deleted_collection(acme: Cast, settle: Settle) -> None:
    place = acme.collection(name="docs")
    place.call("add", batch(3))
    settle(place)
    acme.wire.delete(f"{acme.place}/collections/docs")
    missing = f"Collection [{place.collection_id}] does not exist."
    bodies: dict[str, object] = {
        "add": batch(1, first=9),
        "update": {"ids": ["r0"], "documents": ["x"]},
        "upsert": batch(1),
        "delete": {"ids": ["r0"]},
        "get": {},
        "query": {"query_embeddings": [[0.0] * 8]},
    }
    for verb, body in bodies.items():
        assert_error(acme.wire.post(f"{place.path}/{verb}", body), 404, MISSING, missing)
    for verb in ("count", "indexing_status"):
        assert_error(acme.wire.get(f"{place.path}/{verb}"), 404, MISSING, missing)


def test_it_makes_a_new_collection_of_a_deleted_ones_name(acme: Cast) -> None:
    old = acme.collection(name="docs")
    old.call("add", batch(3))
    acme.wire.delete(f"{acme.place}/collections/docs")
    new = acme.collection(name="docs")
    assert new.collection_id != old.collection_id
    assert new.count() == 0
