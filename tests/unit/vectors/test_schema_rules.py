"""What a schema may say: each rule with its words."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tenants.errors import InvalidArgument
from tests.unit.vectors.test_schema import OFF, ON, OWN, UNKNOWN, schema, vector
from vectors import schema as schemas
from vectors import schema_rules as rules
from vectors.configuration import Configuration
from vectors.limits import MAX_SCHEMA_KEYS

STRINGS = {"string": {"string_inverted_index": ON}}
CMEK = "projects/p/locations/l/keyRings/k/cryptoKeys/c"


def sparse(*, enabled: bool = True, **config: object) -> dict[str, Any]:
    """The value types of a key with a sparse index."""
    return {"sparse_vector": {"sparse_vector_index": {"enabled": enabled, "config": config}}}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (schema(vector()), "Vector index cannot be enabled by default. It can only be enabled on #embedding"),
        (schema(sparse()), "Sparse vector index cannot be enabled by default."),
        (schema({"string": {"fts_index": ON}}), "Full text search / regular expression index cannot be enab"),
        (
            schema(vector(enabled=False, hnsw={}, spann={})),
            "Both spann and hnsw config cannot be present at the same time.",
        ),
        (
            {"defaults": {}, "keys": {"#a": {}}},
            "key cannot begin with '#'. Keys starting with '#' are reserved for system use: #a",
        ),
        ({"defaults": {}, "keys": {"#id": STRINGS}}, "key cannot begin with '#'."),
        (
            schema(document={"int": {"int_inverted_index": OFF}}),
            "Document field cannot have any value types other than string: #document",
        ),
        (
            schema(embedding={"string": {"string_inverted_index": OFF}}),
            "Embedding field cannot have any value types other than float_list: #embedding",
        ),
        (schema(embedding=sparse()), "Embedding field cannot have any value types other than float_list"),
        (schema(document=STRINGS), "String inverted index can not be enabled on #document key: #document"),
        (
            schema(a={"string": {"fts_index": ON}}),
            "Full text search / regular expression index can only be enabled on #document field: a",
        ),
        (schema(a=vector()), "Vector index can only be enabled on #embedding field: a"),
        (schema(embedding=vector(source_key="a")), "Vector index can only source from #document"),
        (schema(a=vector(enabled=False, source_key="b")), "Vector index can only source from #document"),
        (
            schema(a=sparse(source_key="b")),
            "If source_key is provided then embedding_function must also be provided since there is no",
        ),
        (
            schema(a=sparse(source_key="#b", embedding_function=OWN)),
            "source_key cannot begin with '#'. The only valid key starting with '#' is Key.DOCUMENT",
        ),
        (schema(a=sparse(enabled=False, source_key="#b")), "source_key cannot begin with '#'."),
        (
            schema(a=sparse(), b=sparse()),
            'At most one sparse vector index is allowed for the collection: ["a","b"]',
        ),
        ({**schema(), "cmek": {"gcp": "foo"}}, 'CMEK does not match expected pattern: Gcp("foo")'),
        ({**schema(), "cmek": {"gcp": "x/" + CMEK}}, "CMEK does not match expected pattern"),
        ({**schema(), "cmek": {"gcp": CMEK + "\n"}}, "CMEK does not match expected pattern"),
        ({**schema(), "cmek": {"gcp": CMEK.replace("/p/", "//")}}, "CMEK does not match expected pattern"),
        (
            {"defaults": {}, "keys": {str(n): {} for n in range(MAX_SCHEMA_KEYS + 1)}},
            f"expected at most {MAX_SCHEMA_KEYS} keys, got {MAX_SCHEMA_KEYS + 1}",
        ),
    ],
)
def test_it_refuses_what_breaks_a_rule(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArgument, match=r"^" + re.escape(f"Validation error: schema: {words}")):
        schemas.reconcile(given, Configuration())


@pytest.mark.parametrize(
    "given",
    [
        schema(document={"string": {"fts_index": OFF}}),
        schema(a={"string": {"fts_index": OFF}}),
        schema(a=vector(enabled=False)),
        schema(a=vector(enabled=False, hnsw={}, spann={})),
        schema(embedding=vector(hnsw={}, spann={})),
        schema(embedding=vector(source_key="#document")),
        schema(a=sparse(enabled=False, source_key="b")),
        schema(a=sparse(source_key="#document", embedding_function=UNKNOWN)),
        {"defaults": {}, "keys": {"": STRINGS, "$a": STRINGS, "chroma:a": STRINGS}},
        {**schema(), "cmek": {"gcp": CMEK}},
        {**schema(), "cmek": {"gcp": CMEK + "/versions/1"}},
    ],
)
def test_it_accepts_what_breaks_none(given: dict[str, Any]) -> None:
    rules.validate(given)


def test_it_takes_sparse_indexes_only_where_they_can_be_built() -> None:
    given = schema(a=sparse())
    words = "Failed to reconcile schema: Invalid schema input: Sparse vector indexing is not enabled in local"
    with pytest.raises(InvalidArgument, match=f"^{words}$"):
        schemas.reconcile(given, Configuration())
    kept = schemas.reconcile(given, Configuration(), is_sparse_indexed=True)[1]
    assert kept is not None
    assert kept["keys"]["a"] == given["keys"]["a"]


@pytest.mark.parametrize(
    ("kind", "member", "bad", "words"),
    [
        ("hnsw", "sync_threshold", 1, '"min": Number(2), "value": Number(1)'),
        ("hnsw", "batch_size", 1, '"min": Number(2), "value": Number(1)'),
        ("spann", "search_nprobe", 129, '"max": Number(128), "value": Number(129)'),
        ("spann", "write_nprobe", 65, '"max": Number(64)'),
        ("spann", "max_neighbors", 65, '"max": Number(64)'),
        ("spann", "reassign_neighbor_count", 65, '"max": Number(64)'),
        ("spann", "ef_construction", 201, '"max": Number(200)'),
        ("spann", "ef_search", 201, '"max": Number(200)'),
        ("spann", "split_threshold", 49, '"min": Number(50), "max": Number(200), "value": Number(49)'),
        ("spann", "merge_threshold", 24, '"min": Number(25), "max": Number(100)'),
        ("spann", "search_rng_factor", 2.0, '"min": Number(1.0), "max": Number(1.0)'),
        ("spann", "write_rng_factor", 0.5, '"min": Number(1.0), "max": Number(1.0)'),
        ("spann", "search_rng_epsilon", 4.9, '"min": Number(5.0), "max": Number(10.0)'),
        ("spann", "write_rng_epsilon", 10.1, '"min": Number(5.0), "max": Number(10.0)'),
        ("spann", "nreplica_count", 9, '"max": Number(8)'),
        ("spann", "num_samples_kmeans", 1001, '"max": Number(1000)'),
        ("spann", "initial_lambda", 99.0, '"min": Number(100.0), "max": Number(100.0)'),
        ("spann", "num_centers_to_merge_to", 9, '"max": Number(8)'),
        ("spann", "center_drift_threshold", 0.05, '"min": Number(0.1), "max": Number(1.0)'),
    ],
)
def test_it_holds_numbers_to_their_ranges(kind: str, member: str, bad: float, words: str) -> None:
    start = f"Failed to reconcile schema: Invalid {kind.upper()} configuration: {member}: Validation error: "
    config: dict[str, Any] = {kind: {member: bad}}
    for given in (schema(vector(enabled=False, **config)), schema(embedding=vector(**config))):
        with pytest.raises(InvalidArgument, match=r"^" + re.escape(start + "range [{" + words)):
            schemas.reconcile(given, Configuration())
    schemas.reconcile(schema(a=vector(enabled=False, **config)), Configuration())
