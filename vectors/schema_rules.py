"""What a schema may say: the rules of the wire, each with its words. [pure]"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from tenants.errors import InvalidArgument
from vectors import configuration as configurations
from vectors.limits import MAX_SCHEMA_KEYS

Schema = dict[str, Any]
Range = tuple[float | None, float | None]

DOCUMENT, EMBEDDING = "#document", "#embedding"
# Value types that a filter compares with, and the index that each comparison needs.
INVERTED = {kind: f"{kind}_inverted_index" for kind in ("string", "int", "float", "bool")}
_CMEK = re.compile(r"projects/.+/locations/.+/keyRings/.+/cryptoKeys/.+")
# Least and most that a SPANN index takes, although we build none: what is refused there is refused here.
_SPANN_RANGES: dict[str, Range] = {
    "search_nprobe": (None, 128),
    "search_rng_factor": (1.0, 1.0),
    "search_rng_epsilon": (5.0, 10.0),
    "nreplica_count": (None, 8),
    "write_rng_factor": (1.0, 1.0),
    "write_rng_epsilon": (5.0, 10.0),
    "split_threshold": (50, 200),
    "num_samples_kmeans": (None, 1000),
    "initial_lambda": (100.0, 100.0),
    "reassign_neighbor_count": (None, 64),
    "merge_threshold": (25, 100),
    "num_centers_to_merge_to": (None, 8),
    "write_nprobe": (None, 64),
    "ef_construction": (None, 200),
    "ef_search": (None, 200),
    "max_neighbors": (None, 64),
    "center_drift_threshold": (0.1, 1.0),
}
_HNSW_RANGES: dict[str, Range] = {member: (least, None) for member, least in configurations.LEAST.items()}


def invalid(why: str) -> InvalidArgument:
    """A rule that needs nothing but the schema is broken."""
    return InvalidArgument(f"Validation error: schema: {why}")


def irreconcilable(why: str) -> InvalidArgument:
    """The schema and the rest of the request, or of this server, do not go together."""
    return InvalidArgument(f"Failed to reconcile schema: {why}")


def _indexes(types: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The indexes of one key, or of the defaults, by name."""
    return {name: index for indexes in types.values() for name, index in indexes.items()}


def enabled_sparse_keys(given: Schema) -> list[str]:
    """The keys whose sparse vectors are to be indexed."""
    return [
        key
        for key, types in given["keys"].items()
        if types.get("sparse_vector", {}).get("sparse_vector_index", {}).get("enabled")
    ]


def validate(given: Schema) -> None:
    """Check a schema by the rules that need nothing but the schema.

    Raises:  InvalidArgument, "Validation error: schema: …"
    Source:  contract, section 10.4
    """
    defaults = _indexes(given["defaults"])
    for name, why in _NEVER_BY_DEFAULT.items():
        if defaults.get(name, {}).get("enabled"):
            raise invalid(why)
    if {"hnsw", "spann"} <= defaults.get("vector_index", {}).get("config", {}).keys():
        raise invalid("Both spann and hnsw config cannot be present at the same time.")
    if len(given["keys"]) > MAX_SCHEMA_KEYS:
        raise invalid(f"expected at most {MAX_SCHEMA_KEYS} keys, got {len(given['keys'])}")
    for key, types in given["keys"].items():
        _validate_key(key, types)
    sparse = enabled_sparse_keys(given)
    if len(sparse) > 1:
        keys = orjson.dumps(sparse).decode()
        raise invalid(f"At most one sparse vector index is allowed for the collection: {keys}")
    cmek = given.get("cmek")
    if cmek is not None and not _CMEK.fullmatch(cmek["gcp"]):
        raise invalid(f"CMEK does not match expected pattern: Gcp({orjson.dumps(cmek['gcp']).decode()})")


_NEVER_BY_DEFAULT = {
    "vector_index": (
        "Vector index cannot be enabled by default. It can only be enabled on #embedding field."
    ),
    "sparse_vector_index": (
        "Sparse vector index cannot be enabled by default. Please enable sparse vector index on "
        "specific keys. At most one sparse vector index is allowed for the collection."
    ),
    "fts_index": (
        "Full text search / regular expression index cannot be enabled by default. "
        "It can only be enabled on #document field."
    ),
}


def _validate_key(key: str, types: dict[str, Any]) -> None:
    if key.startswith("#") and key not in (DOCUMENT, EMBEDDING):
        raise invalid(f"key cannot begin with '#'. Keys starting with '#' are reserved for system use: {key}")
    if key == DOCUMENT and types.keys() - {"string"}:
        raise invalid(f"Document field cannot have any value types other than string: {key}")
    if key == EMBEDDING and types.keys() - {"float_list"}:
        raise invalid(f"Embedding field cannot have any value types other than float_list: {key}")
    indexes = _indexes(types)
    enabled = {name for name, index in indexes.items() if index["enabled"]}
    _validate_enabled(key, enabled)
    vector = indexes.get("vector_index", {}).get("config", {})
    if vector.get("source_key", DOCUMENT) != DOCUMENT:
        raise invalid(f"Vector index can only source from {DOCUMENT}")
    sparse = indexes.get("sparse_vector_index", {}).get("config", {})
    _validate_sparse_source(sparse, is_enabled="sparse_vector_index" in enabled)


def _validate_enabled(key: str, enabled: set[str]) -> None:
    if key == DOCUMENT and INVERTED["string"] in enabled:
        raise invalid(f"String inverted index can not be enabled on #document key: {key}")
    if key != DOCUMENT and "fts_index" in enabled:
        raise invalid(
            f"Full text search / regular expression index can only be enabled on #document field: {key}"
        )
    if key != EMBEDDING and "vector_index" in enabled:
        raise invalid(f"Vector index can only be enabled on #embedding field: {key}")


def _validate_sparse_source(config: Mapping[str, Any], *, is_enabled: bool) -> None:
    source_key = config.get("source_key")
    if source_key is None:
        return
    if is_enabled and "embedding_function" not in config:
        raise invalid(
            "If source_key is provided then embedding_function must also be provided "
            "since there is no default embedding function."
        )
    if source_key.startswith("#") and source_key != DOCUMENT:
        raise invalid(
            "source_key cannot begin with '#'. The only valid key starting with '#' is Key.DOCUMENT "
            "or '#document'."
        )


def check_ranges(given: Schema) -> None:
    """Check the numbers of the vector index, which a configuration may give freely.

    Raises:  InvalidArgument, "Failed to reconcile schema: Invalid HNSW configuration: …"
    Source:  contract, sections 9 and 10.1
    """
    for types in (given["defaults"], given["keys"].get(EMBEDDING, {})):
        config = _indexes(types).get("vector_index", {}).get("config", {})
        _check_range("HNSW", _HNSW_RANGES, config.get("hnsw", {}))
        _check_range("SPANN", _SPANN_RANGES, config.get("spann", {}))


def _check_range(kind: str, ranges: Mapping[str, Range], values: Mapping[str, Any]) -> None:
    for member, value in values.items():
        least, most = ranges.get(member, (None, None))
        if (least is not None and value < least) or (most is not None and value > most):
            bounds = {"min": least, "max": most, "value": value}
            told = ", ".join(f'"{name}": Number({n})' for name, n in bounds.items() if n is not None)
            raise irreconcilable(
                f"Invalid {kind} configuration: {member}: Validation error: range [{{{told}}}]"
            )
