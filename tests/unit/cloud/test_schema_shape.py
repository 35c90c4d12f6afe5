"""The shape of a schema: what clients may write, and the path of what is wrong."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cloud.api.schemas.schema import read
from tenants.errors import Unprocessable
from tests.unit.vectors.test_schema import OFF, ON

PREFIX = "Failed to deserialize the JSON body into the target type: "


def vector(**config: object) -> dict[str, Any]:
    """A schema with a vector index on `a`."""
    index = {"enabled": True, "config": config}
    return {"defaults": {}, "keys": {"a": {"float_list": {"vector_index": index}}}}


def sparse(**config: object) -> dict[str, Any]:
    """A schema with a sparse index on `a`."""
    index = {"enabled": True, "config": config}
    return {"defaults": {}, "keys": {"a": {"sparse_vector": {"sparse_vector_index": index}}}}


def test_it_reads_every_way_to_write_a_name() -> None:
    given = {
        "defaults": {"#string": {"$string_inverted_index": OFF, "fts_index": OFF}, "int": {}, "float": None},
        "key_overrides": {
            "#a": {"#bool": {"$bool_inverted_index": ON}},
            "b": {"string": {"fts_index": None}},
        },
        "cmek": None,
        "unknown": 1,
    }
    assert read(given) == {
        "defaults": {"string": {"string_inverted_index": OFF, "fts_index": OFF}, "int": {}},
        "keys": {"#a": {"bool": {"bool_inverted_index": ON}}, "b": {"string": {}}},
    }


@pytest.mark.parametrize(
    "given",
    [
        vector(space="ip", source_key="x", hnsw={"ef_search": 1, "resize_factor": 2.0}, spann={}),
        vector(spann={"quantize": "four_bit_rabit_q_with_u_search", "initial_lambda": 100.0}),
        vector(embedding_function={"type": "known", "name": "x", "config": {"deep": [1, None]}}),
        vector(embedding_function={"type": "legacy"}),
        sparse(bm25=False, algorithm="max_score", embedding_function={"type": "unknown"}),
        {
            "defaults": {"string": {"fts_index": {"enabled": True, "config": {"algorithm": "token_bitmap"}}}},
            "keys": {},
        },
        {"defaults": {}, "keys": {}, "cmek": {"gcp": "x"}},
    ],
)
def test_it_gives_back_what_was_written(given: dict[str, Any]) -> None:
    assert read(given) == given


def test_it_omits_what_is_not_set_and_the_default_of_an_algorithm() -> None:
    empty = vector()
    assert read(vector(space=None, hnsw=None, embedding_function=None)) == empty
    assert read(vector(spann={"quantize": "none"})) == vector(spann={})
    assert read(sparse(algorithm="wand", bm25=None)) == sparse()


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({}, "schema: missing field `defaults`"),
        ({"defaults": {}}, "schema: missing field `keys`"),
        ({"defaults": None, "keys": {}}, "schema.defaults: "),
        ({"defaults": {}, "keys": []}, "schema.keys: "),
        ({"defaults": {}, "keys": {"a": 1}}, "schema.keys.a: "),
        ({"defaults": {}, "keys": {}, "key_overrides": {}}, "schema: duplicate field `keys`"),
        (
            {"defaults": {"string": {}, "#string": {}}, "keys": {}},
            "schema.defaults: duplicate field `string`",
        ),
        (
            {"defaults": {"int": {"int_inverted_index": {"config": {}}}}, "keys": {}},
            "schema.defaults.int.int_inverted_index: ",
        ),
        (
            {"defaults": {"int": {"int_inverted_index": {"enabled": True}}}, "keys": {}},
            "schema.defaults.int.int_inverted_index: ",
        ),
        (
            {"defaults": {"int": {"int_inverted_index": {"enabled": 1, "config": {}}}}, "keys": {}},
            "schema.defaults.int.int_inverted_index.enabled: ",
        ),
        (
            {
                "defaults": {"bool": {"bool_inverted_index": {"enabled": True, "config": {"x": 1}}}},
                "keys": {},
            },
            "schema.defaults.bool.bool_inverted_index.config: ",
        ),
        (vector(unknown=1), "schema.keys.a.float_list.vector_index.config: "),
        (vector(space="l3"), "schema.keys.a.float_list.vector_index.config.space: "),
        (vector(hnsw={"space": "l2"}), "schema.keys.a.float_list.vector_index.config.hnsw: "),
        (vector(hnsw={"ef_search": -1}), "schema.keys.a.float_list.vector_index.config.hnsw.ef_search: "),
        (vector(hnsw={"ef_search": 10**30}), "schema.keys.a.float_list.vector_index.config.hnsw.ef_search: "),
        (vector(spann={"space": "l2"}), "schema.keys.a.float_list.vector_index.config.spann: "),
        (vector(spann={"quantize": "x"}), "schema.keys.a.float_list.vector_index.config.spann.quantize: "),
        (vector(embedding_function="x"), "schema.keys.a.float_list.vector_index.config.embedding_function: "),
        (vector(embedding_function={"type": "x"}), "schema.keys.a.float_list.vector_index.config.embedding"),
        (
            vector(embedding_function={"type": "known", "name": "x"}),
            "schema.keys.a.float_list.vector_index.config.embedding_function: ",
        ),
        (sparse(algorithm="x"), "schema.keys.a.sparse_vector.sparse_vector_index.config.algorithm: "),
        ({"defaults": {}, "keys": {}, "cmek": {"aws": "x"}}, "schema.cmek: "),
        ({"defaults": {}, "keys": {}, "cmek": {}}, "schema.cmek: "),
    ],
)
def test_it_names_what_has_another_shape(given: dict[str, Any], path: str) -> None:
    with pytest.raises(Unprocessable, match="^" + re.escape(PREFIX + path)):
        read(given)
