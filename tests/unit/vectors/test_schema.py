"""A collection's schema: merged over the default, reconciled with the configuration, changed and answered."""

from __future__ import annotations

from typing import Any

import pytest

from tenants.errors import InvalidArgument
from vectors import schema as schemas
from vectors.configuration import Configuration

HNSW = {
    "ef_construction": 100,
    "max_neighbors": 16,
    "ef_search": 100,
    "num_threads": 2,
    "batch_size": 100,
    "sync_threshold": 1000,
    "resize_factor": 1.2,
}
ON, OFF = {"enabled": True, "config": {}}, {"enabled": False, "config": {}}
DEFAULT: dict[str, Any] = {
    "defaults": {
        "string": {"fts_index": OFF, "string_inverted_index": ON},
        "float_list": {"vector_index": {"enabled": False, "config": {"space": "l2", "hnsw": HNSW}}},
        "sparse_vector": {
            "sparse_vector_index": {
                "enabled": False,
                "config": {"embedding_function": {"type": "unknown"}, "bm25": False},
            },
        },
        "int": {"int_inverted_index": ON},
        "float": {"float_inverted_index": ON},
        "bool": {"bool_inverted_index": ON},
    },
    "keys": {
        "#embedding": {
            "float_list": {
                "vector_index": {
                    "enabled": True,
                    "config": {"space": "l2", "source_key": "#document", "hnsw": HNSW},
                },
            },
        },
        "#document": {"string": {"fts_index": ON, "string_inverted_index": OFF}},
    },
}
OWN = {"type": "known", "name": "openai", "config": {}}
NAMED_DEFAULT = {"type": "known", "name": "default", "config": {}}
UNKNOWN, LEGACY = {"type": "unknown"}, {"type": "legacy"}
NO_INTS = {"a": {"int": {"int_inverted_index": OFF}}}
BOTH = "^Failed to reconcile schema: Cannot set both collection config and schema simultaneously$"


def schema(defaults: dict[str, Any] | None = None, **keys: object) -> dict[str, Any]:
    """A schema as it is given; `embedding` stands for `#embedding`."""
    special = {"embedding": "#embedding", "document": "#document"}
    return {"defaults": defaults or {}, "keys": {special.get(key, key): value for key, value in keys.items()}}


def vector(*, enabled: bool = True, **config: Any) -> dict[str, Any]:
    """The value types of a key with a vector index."""
    return {"float_list": {"vector_index": {"enabled": enabled, "config": config}}}


def config_of(types: dict[str, Any]) -> dict[str, Any]:
    """The config of a vector index."""
    config: dict[str, Any] = types["float_list"]["vector_index"]["config"]
    return config


def python_default() -> dict[str, Any]:
    """What the Python client sends for `Schema()`: no space, no hnsw, functions that are `legacy`."""
    given = schema(
        {**DEFAULT["defaults"], **vector(enabled=False, embedding_function=LEGACY)},
        embedding=vector(source_key="#document", embedding_function=LEGACY),
        document=DEFAULT["keys"]["#document"],
    )
    sparse = {"enabled": False, "config": {"embedding_function": UNKNOWN}}
    given["defaults"]["sparse_vector"] = {"sparse_vector_index": sparse}
    return given


def test_it_has_the_default_of_the_wire() -> None:
    assert schemas.answer(None, Configuration(), {}) == DEFAULT


def test_it_follows_from_the_configuration() -> None:
    made = schemas.answer(None, Configuration(space="ip", ef_search=7, embedding_function=OWN), {})
    for types in (made["defaults"], made["keys"]["#embedding"]):
        config = config_of(types)
        assert (config["space"], config["hnsw"], config["embedding_function"]) == (
            "ip",
            {**HNSW, "ef_search": 7},
            OWN,
        )


@pytest.mark.parametrize(
    "given",
    [
        schema(),
        schema({"string": {}}, embedding={}, document={"string": {}}),
        schema({"string": {"string_inverted_index": ON}}),
        schema(vector(enabled=False, space="l2", hnsw={"ef_search": 100})),
        schema(embedding=vector(hnsw={}, source_key="#document")),
        schema(embedding=vector(embedding_function=NAMED_DEFAULT)),
        schema(embedding=vector(embedding_function=UNKNOWN)),
        DEFAULT,
    ],
)
def test_it_keeps_no_schema_that_says_nothing(given: dict[str, Any]) -> None:
    assert schemas.reconcile(given, Configuration()) == (Configuration(), None)
    wanted = Configuration(space="ip", embedding_function=OWN)
    assert schemas.reconcile(given, wanted) == (wanted, None)


def test_it_takes_the_python_clients_own_default_for_the_default() -> None:
    wanted = Configuration(ef_search=7, embedding_function=OWN)
    assert schemas.reconcile(python_default(), wanted) == (wanted, None)
    alone, kept = schemas.reconcile(python_default(), Configuration())
    assert (alone, kept) == (Configuration(embedding_function=LEGACY), None)


@pytest.mark.parametrize(
    "given",
    [
        schema(a={}),
        schema(**NO_INTS),
        schema({"int": {"int_inverted_index": OFF}}),
        schema(embedding=vector(space="cosine")),
        schema(embedding=vector(hnsw={"ef_search": 7})),
        schema(embedding=vector(spann={"ef_search": 7})),
        schema(embedding=vector(embedding_function=OWN)),
        schema(embedding=vector(embedding_function=LEGACY)),
        schema(embedding=vector(enabled=False)),
        schema(vector(enabled=False, space="ip")),
        {**schema(), "cmek": {"gcp": "projects/p/locations/l/keyRings/k/cryptoKeys/c"}},
    ],
)
@pytest.mark.parametrize(
    "configuration",
    [
        Configuration(space="ip"),
        Configuration(ef_search=7),
        Configuration(embedding_function=OWN),
        Configuration(embedding_function=LEGACY),
    ],
)
def test_it_refuses_a_schema_beside_a_configuration(
    given: dict[str, Any], configuration: Configuration
) -> None:
    with pytest.raises(InvalidArgument, match=BOTH):
        schemas.reconcile(given, configuration)
    assert schemas.reconcile(given, Configuration())[1] is not None


@pytest.mark.parametrize("function", [None, UNKNOWN, NAMED_DEFAULT])
def test_it_lets_the_schema_win_over_a_configuration_that_says_nothing(function: object) -> None:
    kept = {"defaults": DEFAULT["defaults"], "keys": {**DEFAULT["keys"], **NO_INTS}}
    assert schemas.reconcile(schema(**NO_INTS), Configuration(embedding_function=function)) == (
        Configuration(),
        kept,
    )


def test_it_merges_what_is_given_and_derives_the_configuration_from_the_embeddings_key() -> None:
    given = schema(
        vector(enabled=False, hnsw={"ef_search": 5}, space="cosine"),
        embedding=vector(space="ip", hnsw={"max_neighbors": 3}, embedding_function=OWN),
        document={"string": {"fts_index": OFF}},
        a={"string": {}},
        b=vector(enabled=False, hnsw={"sync_threshold": 1}, spann={}),
    )
    configuration, kept = schemas.reconcile(given, Configuration())
    assert configuration == Configuration(space="ip", max_neighbors=3, embedding_function=OWN)
    assert kept is not None
    assert config_of(kept["defaults"]) == {"space": "cosine", "hnsw": {**HNSW, "ef_search": 5}}
    assert config_of(kept["keys"]["#embedding"]) == {
        "space": "ip",
        "source_key": "#document",
        "embedding_function": OWN,
        "hnsw": {**HNSW, "max_neighbors": 3},
    }
    assert kept["keys"]["#document"]["string"] == {"fts_index": OFF, "string_inverted_index": OFF}
    assert (kept["keys"]["a"], kept["keys"]["b"]) == (given["keys"]["a"], given["keys"]["b"])
    assert kept["defaults"]["string"] == DEFAULT["defaults"]["string"]


def test_it_keeps_the_space_of_spann_and_nothing_else() -> None:
    given = schema(embedding=vector(space="ip", embedding_function=OWN, spann={"ef_search": 7}))
    configuration, kept = schemas.reconcile(given, Configuration())
    assert configuration == Configuration(space="ip", embedding_function=OWN)
    assert kept is not None
    assert set(config_of(kept["keys"]["#embedding"])) == {
        "space",
        "hnsw",
        "source_key",
        "embedding_function",
    }


def test_it_replaces_an_embedding_function_whole() -> None:
    given = schema({"sparse_vector": {"sparse_vector_index": {"enabled": False, "config": {}}}})
    given["defaults"]["sparse_vector"]["sparse_vector_index"]["config"] = {"embedding_function": OWN}
    kept = schemas.reconcile(given, Configuration())[1]
    assert kept is not None
    index = kept["defaults"]["sparse_vector"]["sparse_vector_index"]
    assert index["config"] == {"embedding_function": OWN, "bm25": False}


def test_it_leaves_the_default_as_it_was() -> None:
    schemas.reconcile(schema(embedding=vector(space="ip", hnsw={"ef_search": 1})), Configuration())
    assert schemas.default(Configuration()) == DEFAULT


def test_it_changes_the_defaults_and_the_embeddings_key_alike() -> None:
    given = schema(
        vector(enabled=False, hnsw={"ef_search": 5}),
        embedding=vector(hnsw={"ef_search": 6}),
        a=vector(enabled=False, hnsw={"ef_search": 4}),
    )
    kept = schemas.reconcile(given, Configuration())[1]
    changed = schemas.modify(kept, hnsw={"max_neighbors": 9, "num_threads": None}, embedding_function=OWN)
    assert changed is not None
    for types, ef_search in ((changed["defaults"], 5), (changed["keys"]["#embedding"], 6)):
        config = config_of(types)
        assert config["hnsw"] == {**HNSW, "ef_search": ef_search, "max_neighbors": 9}
        assert config["embedding_function"] == OWN
    assert config_of(changed["keys"]["a"]) == {"hnsw": {"ef_search": 4}}
    assert schemas.modify(None, hnsw={"ef_search": 1}, embedding_function=OWN) is None


def test_it_answers_keys_that_records_brought_from_the_defaults() -> None:
    kept = schemas.reconcile(schema({"int": {"int_inverted_index": OFF}}, **NO_INTS), Configuration())[1]
    seen = {"n": ["int", "float"], "chroma:x": ["int"], "odd": ["unknown"], "a": ["int", "string"]}
    made = schemas.answer(kept, Configuration(), seen)
    assert set(made["keys"]) == {"#embedding", "#document", "n", "odd", "a"}
    assert made["keys"]["n"] == {
        "int": {"int_inverted_index": OFF},
        "float": {"float_inverted_index": ON},
    }
    assert made["keys"]["a"] == {**NO_INTS["a"], "string": DEFAULT["defaults"]["string"]}


def test_it_lets_a_key_that_was_given_win_over_what_records_brought() -> None:
    kept = schemas.reconcile(schema(**NO_INTS), Configuration())[1]
    assert schemas.answer(kept, Configuration(), {"a": ["int"]})["keys"]["a"] == NO_INTS["a"]


def test_it_refuses_what_cannot_be_kept_or_answered() -> None:
    assert schemas.encode(None) is None
    nested: list[Any] = []
    for _ in range(250):
        nested = [nested]
    for function in ({**OWN, "config": nested}, {**OWN, "config": 10**30}):
        with pytest.raises(InvalidArgument, match=r"^schema cannot be kept: "):
            schemas.encode(schema(embedding=vector(embedding_function=function)))
    with pytest.raises(InvalidArgument, match=r"^Validation error: schema: expected at most"):
        schemas.encode(schema(embedding=vector(embedding_function={**OWN, "config": "x" * 2**20})))
