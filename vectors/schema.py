"""A collection's schema: which indexes there are, per metadata key and type of value. [pure]

    given ─ rules ─ merge over the default ─┬─ says something of its own: kept, the configuration follows
                                               └─ says nothing: not kept, it follows from the configuration

A schema is the wire's JSON as plain values, in the form of an answer (contract, section 10). Keys that
records brought are not in it: the collection's state has them, and `answer` puts them in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from vectors import configuration as configurations
from vectors import schema_rules as rules
from vectors.configuration import Configuration
from vectors.limits import MAX_SCHEMA_BYTES
from vectors.schema_rules import DOCUMENT, EMBEDDING, INVERTED, Schema

# Of `hnsw` inside a schema; the space stands beside it.
_HNSW = (
    "ef_construction",
    "max_neighbors",
    "ef_search",
    "num_threads",
    "batch_size",
    "sync_threshold",
    "resize_factor",
)
_SPARSE = {"embedding_function": {"type": "unknown"}, "bm25": False}
_LEGACY = {"type": "legacy"}


def reconcile(
    given: Schema | None,
    configuration: Configuration,
    *,
    is_sparse_indexed: bool = False,
) -> tuple[Configuration, Schema | None]:
    """What a new collection keeps: its configuration, and its schema when that says something of its own.

    given: as the wire has it, with plain names (`cloud/api/schemas/schema.py`)
    is_sparse_indexed: whether this server can build an index over sparse vectors
    Raises:  InvalidArgument
    Source:  contract, sections 10.3 and 10.4
    """
    if given is None:
        return configuration, None
    rules.validate(given)
    rules.check_ranges(given)
    if not is_sparse_indexed and rules.enabled_sparse_keys(given):
        raise rules.irreconcilable("Invalid schema input: Sparse vector indexing is not enabled in local")
    merged = _merged(given)
    if _is_default(merged):
        function = configuration.embedding_function or _legacy_function(merged)
        return replace(configuration, embedding_function=function), None
    if not configurations.is_default(configuration):
        raise rules.irreconcilable("Cannot set both collection config and schema simultaneously")
    kept = _without_spann(merged)
    return configurations.checked(_configuration(kept)), kept


def encode(schema: Schema | None) -> str | None:
    """A schema as the catalogue keeps it.

    Raises:  InvalidArgument for one that is too large, or that could not be answered
    """
    if schema is None:
        return None
    configurations.require_answerable("schema", schema)
    text = orjson.dumps(schema).decode()
    if len(text) > MAX_SCHEMA_BYTES:
        raise rules.invalid(f"expected at most {MAX_SCHEMA_BYTES} bytes of JSON, got {len(text)}")
    return text


def modify(schema: Schema | None, *, hnsw: Mapping[str, Any], embedding_function: Any) -> Schema | None:
    """A kept schema after a change of the configuration: in the defaults and for `#embedding` alike.

    hnsw, embedding_function: what changes; nothing, or None, leaves as it is
    Source:  contract, section 8.4
    """
    if schema is None:
        return None
    config: dict[str, Any] = {"hnsw": {name: value for name, value in hnsw.items() if value is not None}}
    if embedding_function is not None:
        config["embedding_function"] = embedding_function
    patch = _vector_index({"config": config})
    keys = schema["keys"]
    return {
        **schema,
        "defaults": _over(schema["defaults"], patch),
        "keys": {**keys, EMBEDDING: _over(keys[EMBEDDING], patch)},
    }


def answer(
    schema: Schema | None,
    configuration: Configuration,
    metadata_keys: Mapping[str, list[str]],
) -> Schema:
    """`schema` of the collection object: the kept one or the default, and the keys that records brought.

    Source:  contract, sections 10.2 and 10.3
    """
    base = default(configuration) if schema is None else schema
    keys = dict(base["keys"])
    for key, kinds in metadata_keys.items():
        if not key.startswith("chroma:"):
            seen = {kind: base["defaults"][kind] for kind in kinds if kind in base["defaults"]}
            keys[key] = seen | keys.get(key, {})
    return {**base, "keys": keys}


def has_full_text(schema: Schema | None) -> bool:
    """Whether filters may look into documents."""
    return schema is None or bool(schema["keys"][DOCUMENT]["string"]["fts_index"]["enabled"])


def default(configuration: Configuration) -> Schema:
    """The schema of a collection that was given none.

    Source:  contract, section 10.2
    """
    config: dict[str, Any] = {
        "space": configuration.space,
        "hnsw": {name: getattr(configuration, name) for name in _HNSW},
    }
    if configuration.embedding_function is not None:
        config["embedding_function"] = configuration.embedding_function
    text = {"fts_index": _index(enabled=False), INVERTED["string"]: _index(enabled=True)}
    numbers = {kind: {INVERTED[kind]: _index(enabled=True)} for kind in ("int", "float", "bool")}
    return {
        "defaults": {
            "string": text,
            **_vector_index(_index(config, enabled=False)),
            "sparse_vector": {"sparse_vector_index": _index(_SPARSE, enabled=False)},
            **numbers,
        },
        "keys": {
            EMBEDDING: _vector_index(_index({**config, "source_key": DOCUMENT}, enabled=True)),
            DOCUMENT: {
                "string": {"fts_index": _index(enabled=True), INVERTED["string"]: _index(enabled=False)},
            },
        },
    }


def _index(config: Mapping[str, Any] | None = None, *, enabled: bool) -> dict[str, Any]:
    return {"enabled": enabled, "config": dict(config or {})}


def _vector_index(index: dict[str, Any]) -> dict[str, Any]:
    return {"float_list": {"vector_index": index}}


def _over(base: Any, given: Any) -> Any:
    """`given` over `base`, member by member; an embedding function is one value and replaced whole."""
    if not isinstance(base, dict) or not isinstance(given, dict):
        return given
    merged = dict(base)
    for name, value in given.items():
        is_whole = name not in merged or name == "embedding_function"
        merged[name] = value if is_whole else _over(merged[name], value)
    return merged


def _merged(given: Schema) -> Schema:
    """A schema over the default one: what it does not mention stays as it is there."""
    base = default(Configuration())
    merged = {
        "defaults": _over(base["defaults"], given["defaults"]),
        "keys": _over(base["keys"], given["keys"]),
    }
    return {**merged, "cmek": given["cmek"]} if "cmek" in given else merged


def _vector_configs(schema: Schema) -> list[dict[str, Any]]:
    places = (schema["defaults"], schema["keys"][EMBEDDING])
    return [place["float_list"]["vector_index"]["config"] for place in places]


def _is_default(merged: Schema) -> bool:
    functions = [config.get("embedding_function") for config in _vector_configs(merged)]
    is_silent = all(map(configurations.is_default_function, functions)) or functions == [_LEGACY, _LEGACY]
    plain = orjson.loads(orjson.dumps(merged))
    for config in _vector_configs(plain):
        config.pop("embedding_function", None)
        if config.get("spann") == {}:
            del config["spann"]
    return is_silent and bool(plain == default(Configuration()))


def _legacy_function(merged: Schema) -> dict[str, Any] | None:
    """wire: the Python client's own default names its embedding function `legacy`, and that is answered."""
    return _LEGACY if _vector_configs(merged)[1].get("embedding_function") == _LEGACY else None


def _without_spann(merged: Schema) -> Schema:
    for config in _vector_configs(merged):
        config.pop("spann", None)
    return merged


def _configuration(schema: Schema) -> Configuration:
    config = _vector_configs(schema)[1]
    function = config.get("embedding_function")
    return Configuration(space=config["space"], embedding_function=function, **config["hnsw"])
