"""A collection's configuration: wishes, defaults, changes, and what the old metadata keys say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from tenants.errors import InvalidArgument
from vectors import configuration as configurations
from vectors import schema as schemas
from vectors.configuration import Configuration

OPENAI = {"type": "known", "name": "openai", "config": {"a": [1, None]}}


def create(
    hnsw: Mapping[str, Any] | None = None,
    spann: Mapping[str, Any] | None = None,
    function: object = None,
    metadata: Mapping[str, Any] | None = None,
) -> Configuration:
    """The configuration of a new collection."""
    return configurations.create(hnsw=hnsw, spann=spann, embedding_function=function, metadata=metadata)


def test_it_starts_from_the_wires_defaults() -> None:
    assert configurations.to_wire(create()) == {
        "hnsw": {
            "space": "l2",
            "ef_construction": 100,
            "ef_search": 100,
            "max_neighbors": 16,
            "resize_factor": 1.2,
            "sync_threshold": 1000,
        },
        "spann": None,
        "embedding_function": None,
    }


def test_it_takes_what_is_given_and_defaults_for_nulls() -> None:
    wanted = create(hnsw={"space": "ip", "ef_search": None, "max_neighbors": 5, "sync_threshold": 1})
    assert wanted == Configuration(space="ip", max_neighbors=5, sync_threshold=1)


@pytest.mark.parametrize(
    ("spann", "space"), [({}, "l2"), ({"space": "cosine", "ef_search": 7}, "cosine"), ({"space": None}, "l2")]
)
def test_it_keeps_only_the_space_of_spann(spann: dict[str, Any], space: str) -> None:
    assert create(spann=spann, function=OPENAI) == Configuration(space=space, embedding_function=OPENAI)


def test_it_refuses_two_index_kinds() -> None:
    with pytest.raises(InvalidArgument, match=r"^Multiple vector index configurations provided$"):
        create(hnsw={}, spann={})
    with pytest.raises(InvalidArgument, match=r"^Multiple vector index configurations provided$"):
        configurations.modify(Configuration(), hnsw={}, spann={}, embedding_function=None)


def test_it_reads_every_old_key_of_the_metadata() -> None:
    metadata = {
        "hnsw:space": "cosine",
        "hnsw:construction_ef": 1,
        "hnsw:search_ef": 2,
        "hnsw:M": 3,
        "hnsw:num_threads": 4,
        "hnsw:resize_factor": 5,
        "hnsw:batch_size": 6,
        "hnsw:sync_threshold": 7,
        "other": "x",
    }
    assert create(metadata=metadata) == Configuration("cosine", 1, 2, 3, 5, 7, 4, 6)


def test_it_ignores_the_old_keys_when_the_configuration_says_something() -> None:
    metadata = {"hnsw:space": "cosine", "hnsw:unknown": 1}
    assert create(spann={}, metadata=metadata) == Configuration()
    assert create(hnsw={"ef_search": 7}, metadata=metadata) == Configuration(ef_search=7)


@pytest.mark.parametrize("hnsw", [{}, {"space": "l2"}, {"ef_search": 100, "space": None}])
def test_it_reads_the_old_keys_when_the_configuration_says_only_defaults(hnsw: dict[str, Any]) -> None:
    metadata = {"hnsw:space": "cosine", "hnsw:M": 5}
    wanted = Configuration(space="cosine", max_neighbors=5, embedding_function=OPENAI)
    assert create(hnsw=hnsw, function=OPENAI, metadata=metadata) == wanted
    with pytest.raises(InvalidArgument):
        create(hnsw=hnsw, metadata={"hnsw:unknown": 1})


@pytest.mark.parametrize(
    "metadata",
    [
        {"hnsw:unknown": 1},
        {"hnsw:": 1},
        {"hnsw:M": "16"},
        {"hnsw:M": 1.5},
        {"hnsw:M": True},
        {"hnsw:space": 1},
        {"hnsw:space": "euclid"},
        {"hnsw:M": -1},
        {"hnsw:sync_threshold": 1},
        {"hnsw:batch_size": 1},
        {"hnsw:resize_factor": "x"},
    ],
)
def test_it_refuses_bad_old_keys(metadata: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match=r"^Failed to parse hnsw parameters from segment metadata"):
        create(metadata=metadata)


@pytest.mark.parametrize("bad", [{"space": "euclid"}, {"ef_search": -1}, {"max_neighbors": 2**31}])
def test_it_refuses_values_that_cannot_be_kept(bad: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        create(hnsw=bad)


def deep(levels: int) -> list[Any]:
    """Lists in lists."""
    nested: list[Any] = []
    for _ in range(levels):
        nested = [nested]
    return nested


def test_it_keeps_an_embedding_function_only_if_it_can_be_answered() -> None:
    kept = create(function=deep(230))
    answer = [{"schema": schemas.default(kept), "configuration_json": configurations.to_wire(kept)}]
    assert orjson.dumps(answer)
    for function in (deep(250), {"n": 10**30}):
        with pytest.raises(InvalidArgument, match="embedding_function"):
            create(function=function)


@pytest.mark.parametrize(
    ("wanted", "is_default"),
    [
        (Configuration(), True),
        (Configuration(embedding_function={"type": "unknown"}), True),
        (Configuration(embedding_function={"type": "known", "name": "default", "config": {}}), True),
        (Configuration(embedding_function={"type": "legacy"}), False),
        (Configuration(embedding_function=OPENAI), False),
        (Configuration(space="ip"), False),
        (Configuration(num_threads=3), False),
    ],
)
def test_it_knows_whether_it_says_anything(wanted: Configuration, is_default: bool) -> None:
    assert configurations.is_default(wanted) is is_default


def test_it_modifies_what_is_given_and_keeps_the_rest() -> None:
    before = create(hnsw={"space": "ip", "ef_search": 9}, function=OPENAI)
    after = configurations.modify(
        before, hnsw={"max_neighbors": 5, "ef_search": None}, spann=None, embedding_function=None
    )
    assert after == Configuration(space="ip", ef_search=9, max_neighbors=5, embedding_function=OPENAI)


def test_it_replaces_an_embedding_function_whole() -> None:
    legacy = {"type": "legacy"}
    after = configurations.modify(create(function=OPENAI), hnsw=None, spann=None, embedding_function=legacy)
    assert after.embedding_function == legacy


def test_it_ignores_a_change_of_the_index_kind_it_has_not() -> None:
    after = configurations.modify(Configuration(), hnsw=None, spann={"ef_search": 3}, embedding_function=None)
    assert after == Configuration()


def test_it_comes_back_from_the_store_as_it_went() -> None:
    wanted = create(hnsw={"space": "cosine", "num_threads": 3, "resize_factor": 2.5}, function=OPENAI)
    assert configurations.from_stored(orjson.loads(orjson.dumps(configurations.to_stored(wanted)))) == wanted
