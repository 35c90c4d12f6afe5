"""Each limit of a plan, over the wire, in the wire's words; nothing changes (contract, section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.factories import Cast, Place, batch, make_tenant
from tests.wire.helpers import PLAIN, assert_error, over

SMALL = {
    "records_per_write_count": 12,
    "embedding_dimension": 9,
    "id_bytes": 4,
    "document_bytes": 20,
    "uri_bytes": 5,
    "metadata_key_bytes": 5,
    "metadata_value_bytes": 8,
    "metadata_keys_count": 3,
    "collection_metadata_value_bytes": 8,
    "name_bytes": 12,
    "where_predicates_count": 2,
    "where_value_bytes": 8,
    "where_document_predicates_count": 1,
    "where_document_characters": 4,
    "regex_characters": 3,
    "limit_value": 7,
    "results_count": 6,
    "query_embeddings_count": 2,
    "query_ids_count": 3,
    "collection_records_count": 11,
    "collections_count": 2,
    "databases_count": 1,
}
ONE = [[0.0] * 8]


@pytest.fixture(scope="module")
def small(database: object) -> Place:
    """Ten records of a tenant with small limits."""
    del database
    place = make_tenant("small", SMALL).collection(name="shelf")
    place.call("add", batch(10))
    return place


WRITES: dict[str, tuple[dict[str, Any], str, int]] = {
    "records_per_write_count": (batch(13, first=20), "Number of records", 13),
    "embedding_dimension": ({"embeddings": [[0.0] * 10]}, "Embedding dimension", 10),
    "id_bytes": ({"ids": ["ééé"], "embeddings": ONE}, "ID size (bytes)", 6),
    "document_bytes": ({"documents": ["x" * 21]}, "Document size (bytes)", 21),
    "uri_bytes": ({"uris": ["s3://x"]}, "URI size (bytes)", 6),
    "metadata_key_bytes": ({"metadatas": [{"colour": 1}]}, "Size of metadata dictionary key (bytes)", 6),
    "metadata_value_bytes": (
        {"metadatas": [{"k": "ééééé"}]},
        "Size of metadata dictionary value (bytes)",
        10,
    ),
    "metadata_keys_count": (
        {"metadatas": [{"a": 1, "b": 1, "c": 1, "d": 1}]},
        "Number of metadata dictionary keys",
        4,
    ),
}


@pytest.mark.parametrize("verb", ["add", "update", "upsert"])
@pytest.mark.parametrize("limit", list(WRITES))
def test_it_refuses_a_write_above_a_limit(small: Place, verb: str, limit: str) -> None:
    given, usage, current = WRITES[limit]
    body = {"ids": ["new"], "embeddings": ONE, **given}
    answer = small.cast.wire.post(f"{small.path}/{verb}", body)
    assert_error(answer, 422, PLAIN, over(usage, verb.capitalize(), current, SMALL[limit]))
    assert small.count() == 10


def test_it_allows_a_write_at_every_limit(small: Place) -> None:
    body = {
        "ids": ["abcd"],
        "embeddings": ONE,
        "documents": ["x" * 20],
        "uris": ["s3://"],
        "metadatas": [{"fives": "éé", "b": "12345678", "c": 10**18}],
    }
    assert small.call("upsert", body) == {}
    assert small.count() == 11
    small.call("delete", {"ids": ["abcd"]})


READS: dict[str, tuple[str, dict[str, Any], str, int]] = {
    "limit_value": ("get", {"limit": 8}, "Limit value", 8),
    "results_count": ("query", {"query_embeddings": ONE, "n_results": 7}, "Number of results", 7),
    "query_embeddings_count": ("query", {"query_embeddings": ONE * 3}, "Number of query embeddings", 3),
    "query_ids_count": (
        "query",
        {"query_embeddings": ONE, "n_results": 1, "ids": ["a", "b", "c", "d"]},
        "Number of IDs to filter by in a query",
        4,
    ),
}


@pytest.mark.parametrize("limit", list(READS))
def test_it_refuses_a_read_above_a_limit(small: Place, limit: str) -> None:
    verb, body, usage, current = READS[limit]
    answer = small.cast.wire.post(f"{small.path}/{verb}", {"n_results": 1, **body})
    assert_error(answer, 422, PLAIN, over(usage, verb.capitalize(), current, SMALL[limit]))


FILTERS: list[tuple[dict[str, Any], str, int, int]] = [
    (
        {"where": {"$and": [{"n": 1}, {"n": {"$in": [1, 2]}}, {"#id": "a"}]}},
        "Number of where clause predicates",
        3,
        2,
    ),
    ({"where": {"k": {"$in": ["a", "ééééé"]}}}, "Size of where clause value (bytes)", 10, 8),
    (
        {"where": {"#document": {"$contains": "a"}}, "where_document": {"$regex": "a"}},
        "Number of where document predicates",
        2,
        1,
    ),
    ({"where_document": {"$not_contains": "ééééé"}}, "Length of where document value", 5, 4),
    ({"where_document": {"$regex": "a..b"}}, "Length of regex pattern", 4, 3),
]


@pytest.mark.parametrize("verb", ["get", "query", "delete"])
@pytest.mark.parametrize(("given", "usage", "current", "limit"), FILTERS)
def test_it_refuses_a_filter_above_a_limit(
    small: Place, verb: str, given: dict[str, Any], usage: str, current: int, limit: int
) -> None:
    body = {"query_embeddings": ONE, "n_results": 1, **given}
    answer = small.cast.wire.post(f"{small.path}/{verb}", body)
    assert_error(answer, 422, PLAIN, over(usage, verb.capitalize(), current, limit))
    assert small.count() == 10


def test_it_lets_the_limit_stand_in_where_none_is_given(small: Place) -> None:
    assert len(small.ids()) == 7


def test_it_refuses_a_collection_that_outgrows_its_plan(small: Place) -> None:
    answer = small.cast.wire.post(f"{small.path}/add", batch(2, first=20))
    assert_error(answer, 422, PLAIN, over("Collection size (records)", "Add", 12, 11))
    assert small.count() == 10


CREATIONS: list[tuple[Mapping[str, object], str, int, int]] = [
    ({"name": "x" * 13}, "Name size (bytes)", 13, 12),
    ({"metadata": {"k": "éééé1"}}, "Size of metadata dictionary value (bytes)", 9, 8),
    ({"metadata": {"colour": 1}}, "Size of metadata dictionary key (bytes)", 6, 5),
    ({"metadata": {"a": 1, "b": 2, "c": 3, "d": 4}}, "Number of metadata dictionary keys", 4, 3),
]


@pytest.mark.parametrize(("given", "usage", "current", "limit"), CREATIONS)
def test_it_refuses_a_collection_above_a_limit(
    small: Place, given: Mapping[str, object], usage: str, current: int, limit: int
) -> None:
    answer = small.cast.wire.post(f"{small.cast.place}/collections", {"name": "another", **given})
    assert_error(answer, 422, PLAIN, over(usage, "Create Collection", current, limit))
    changes = {f"new_{name}": value for name, value in given.items()}
    answer = small.cast.wire.send("PUT", small.path, changes)
    assert_error(answer, 422, PLAIN, over(usage, "Update Collection", current, limit))


def test_it_counts_the_collections_of_a_database(database: object) -> None:
    del database
    cast = make_tenant("few", SMALL)
    for name in ("first", "second"):
        cast.collection(name=name)
    answer = cast.wire.post(f"{cast.place}/collections", {"name": "third"})
    assert_error(answer, 422, PLAIN, over("Number of collections", "Create Collection", 3, 2))
    again = cast.wire.post(f"{cast.place}/collections", {"name": "first", "get_or_create": True})
    assert again.status == 200
    cast.wire.delete(f"{cast.place}/collections/first")
    assert cast.wire.post(f"{cast.place}/collections", {"name": "third"}).status == 200


def test_it_counts_the_databases_of_a_tenant(small: Place) -> None:
    answer = small.cast.wire.post(f"/tenants/{small.cast.name}/databases", {"name": "second"})
    assert_error(answer, 422, PLAIN, over("Number of databases", "Create Database", 2, 1))


def test_it_holds_other_tenants_to_their_own_limits(small: Place, acme: Cast) -> None:
    place = acme.collection()
    place.call("add", batch(20))
    assert len(place.ids(limit=20)) == 20
    assert small.count() == 10
