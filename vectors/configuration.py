"""A collection's configuration: what may be asked for, what is stored, the schema that follows. [pure]

We build HNSW graphs and say so: a request for SPANN keeps its space and embedding function (contract,
section 9: "the index kind given is a wish").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import orjson

from tenants.errors import InvalidArgument
from vectors.distance import SPACES


@dataclass(frozen=True)
class Configuration:
    """The parameters of a collection's index; the defaults are the wire's (contract, sections 9 and 10.2)."""

    space: str = "l2"
    ef_construction: int = 100
    ef_search: int = 100
    max_neighbors: int = 16
    resize_factor: float = 1.2
    sync_threshold: int = 1000
    num_threads: int = 2
    batch_size: int = 100
    embedding_function: Any = None


_RETURNED = ("space", "ef_construction", "ef_search", "max_neighbors", "resize_factor", "sync_threshold")
_IN_SCHEMA = (
    "ef_construction",
    "max_neighbors",
    "ef_search",
    "num_threads",
    "batch_size",
    "sync_threshold",
    "resize_factor",
)
_LEGACY = {
    "hnsw:space": "space",
    "hnsw:construction_ef": "ef_construction",
    "hnsw:search_ef": "ef_search",
    "hnsw:M": "max_neighbors",
    "hnsw:num_threads": "num_threads",
    "hnsw:resize_factor": "resize_factor",
    "hnsw:batch_size": "batch_size",
    "hnsw:sync_threshold": "sync_threshold",
}
_LARGEST = 2**31 - 1
# An answer nests an embedding function at most this deep; what could be stored but not answered is refused.
_ANSWER_DEPTH = 16


def create(
    *,
    hnsw: Mapping[str, Any] | None,
    spann: Mapping[str, Any] | None,
    embedding_function: Any,
    metadata: Mapping[str, Any] | None,
) -> Configuration:
    """The configuration of a new collection; absent or null members take their default.

    metadata: its legacy `hnsw:` keys count when neither index kind is given
    Raises:   InvalidArgument
    Source:   contract, sections 8.2 and 9
    """
    if hnsw is not None and spann is not None:
        raise InvalidArgument("Multiple vector index configurations provided")
    given = dict(hnsw or {})
    if spann is not None:
        given = {"space": spann.get("space")}
    if hnsw is None and spann is None:
        given = _legacy(metadata or {})
    known = {name: value for name, value in given.items() if value is not None}
    return _checked(replace(Configuration(embedding_function=embedding_function), **known))


def modify(
    configuration: Configuration,
    *,
    hnsw: Mapping[str, Any] | None,
    spann: Mapping[str, Any] | None,
    embedding_function: Any,
) -> Configuration:
    """The configuration after an update; a wish for the other index kind is ignored.

    Source:  contract, section 8.4
    """
    if hnsw is not None and spann is not None:
        raise InvalidArgument("Multiple vector index configurations provided")
    known = {name: value for name, value in (hnsw or {}).items() if value is not None}
    if embedding_function is not None:
        known["embedding_function"] = embedding_function
    return _checked(replace(configuration, **known))


def _legacy(metadata: Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for key, value in metadata.items():
        if not key.startswith("hnsw:"):
            continue
        member = _LEGACY.get(key)
        default = getattr(Configuration, member) if member else None
        allowed = (int, float) if isinstance(default, float) else (type(default),)
        if member is None or isinstance(value, bool) or not isinstance(value, allowed):
            raise InvalidArgument(f"Failed to parse hnsw parameters from segment metadata: {key}")
        given[member] = value
    return given


def _checked(configuration: Configuration) -> Configuration:
    if configuration.space not in SPACES:
        raise InvalidArgument(f"space must be one of {', '.join(SPACES)}, got {configuration.space!r}")
    for member in fields(Configuration):
        value = getattr(configuration, member.name)
        if isinstance(value, int) and not 0 <= value <= _LARGEST:
            raise InvalidArgument(f"{member.name} must be between 0 and {_LARGEST}, got {value}")
    nested = configuration.embedding_function
    for _ in range(_ANSWER_DEPTH):
        nested = [nested]
    try:
        orjson.dumps(nested)
    except TypeError as error:
        raise InvalidArgument(f"embedding_function cannot be kept: {error}") from error
    return configuration


def to_stored(configuration: Configuration) -> dict[str, Any]:
    """What the catalogue keeps."""
    return asdict(configuration)


def from_stored(stored: Mapping[str, Any]) -> Configuration:
    """What the catalogue kept."""
    return Configuration(**stored)


def to_wire(configuration: Configuration) -> dict[str, Any]:
    """`configuration_json` of the collection object."""
    return {
        "hnsw": {name: getattr(configuration, name) for name in _RETURNED},
        "spann": None,
        "embedding_function": configuration.embedding_function,
    }


def schema(configuration: Configuration, metadata_keys: Mapping[str, list[str]]) -> dict[str, Any]:
    """`schema` of the collection object: the default one, these parameters, and the keys seen so far.

    Source:  contract, section 10.2; keys appear with the compaction that first saw them, as on Cloud
    """
    index = {
        "space": configuration.space,
        "hnsw": {name: getattr(configuration, name) for name in _IN_SCHEMA},
    }
    if configuration.embedding_function is not None:
        index = {"embedding_function": configuration.embedding_function} | index
    inverted = {f"{kind}_inverted_index": _index(enabled=True) for kind in ("int", "float", "bool", "string")}
    defaults = {
        "string": {
            "fts_index": _index(enabled=False),
            "string_inverted_index": inverted["string_inverted_index"],
        },
        "float_list": {"vector_index": _index(index, enabled=False)},
        "sparse_vector": {
            "sparse_vector_index": _index(
                {"embedding_function": {"type": "unknown"}, "bm25": False},
                enabled=False,
            ),
        },
        "int": {"int_inverted_index": inverted["int_inverted_index"]},
        "float": {"float_inverted_index": inverted["float_inverted_index"]},
        "bool": {"bool_inverted_index": inverted["bool_inverted_index"]},
    }
    keys: dict[str, Any] = {
        "#embedding": {
            "float_list": {"vector_index": _index({**index, "source_key": "#document"}, enabled=True)},
        },
        "#document": {
            "string": {"fts_index": _index(enabled=True), "string_inverted_index": _index(enabled=False)},
        },
    }
    for key, kinds in metadata_keys.items():
        if not key.startswith("chroma:"):
            keys[key] = {kind: defaults[kind] for kind in kinds if kind in defaults}
    return {"defaults": defaults, "keys": keys}


def _index(config: Mapping[str, Any] | None = None, *, enabled: bool) -> dict[str, Any]:
    return {"enabled": enabled, "config": dict(config or {})}
