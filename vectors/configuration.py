"""A collection's configuration: what may be asked for, what is stored, what is answered. [pure]

We build HNSW graphs and say so: a request for SPANN keeps its space and embedding function (contract,
section 9: "the index kind given is a wish"). `vectors/schema.py` says how it meets a schema.
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
# The least that is taken in legacy metadata and in schemas, and only there (contract, section 9).
LEAST = {"sync_threshold": 2, "batch_size": 2}
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

    metadata: its legacy `hnsw:` keys count when neither index kind is given, or nothing but HNSW's defaults
    Raises:   InvalidArgument
    Source:   contract, sections 8.2 and 9
    """
    if hnsw is not None and spann is not None:
        raise InvalidArgument("Multiple vector index configurations provided")
    given = hnsw if spann is None else {"space": spann.get("space")}
    wanted = _over(Configuration(embedding_function=embedding_function), given)
    if spann is None and replace(wanted, embedding_function=None) == Configuration():
        wanted = replace(wanted, **_legacy(metadata or {}))
    return checked(wanted)


def is_default(configuration: Configuration) -> bool:
    """Whether it says nothing, so that a schema may be given beside it."""
    without = replace(configuration, embedding_function=None)
    return without == Configuration() and is_default_function(configuration.embedding_function)


def is_default_function(function: Any) -> bool:
    """None, `unknown` and the one called `default` say nothing (contract, section 9)."""
    if function is None:
        return True
    kind, name = function.get("type"), function.get("name")
    return bool(kind == "unknown" or (kind == "known" and name == "default"))


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
    changed = _over(configuration, hnsw)
    if embedding_function is not None:
        changed = replace(changed, embedding_function=embedding_function)
    return checked(changed)


def _over(configuration: Configuration, given: Mapping[str, Any] | None) -> Configuration:
    known = {name: value for name, value in (given or {}).items() if value is not None}
    return replace(configuration, **known)


def _legacy(metadata: Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for key, value in metadata.items():
        if not key.startswith("hnsw:"):
            continue
        member = _LEGACY.get(key)
        if member is None or not _is_legacy_value(member, value):
            raise InvalidArgument(f"Failed to parse hnsw parameters from segment metadata: {key}")
        given[member] = float(value) if member == "resize_factor" else value
    return given


def _is_legacy_value(member: str, value: object) -> bool:
    if member == "space":
        return value in SPACES
    if isinstance(value, bool):
        return False
    if member == "resize_factor":
        return isinstance(value, int | float)
    return isinstance(value, int) and value >= LEAST.get(member, 0)


def checked(configuration: Configuration) -> Configuration:
    """The configuration, if it can be kept and answered.

    Raises:  InvalidArgument
    """
    if configuration.space not in SPACES:
        raise InvalidArgument(f"space must be one of {', '.join(SPACES)}, got {configuration.space!r}")
    for member in fields(Configuration):
        value = getattr(configuration, member.name)
        if isinstance(value, int) and not 0 <= value <= _LARGEST:
            raise InvalidArgument(f"{member.name} must be between 0 and {_LARGEST}, got {value}")
    require_answerable("embedding_function", configuration.embedding_function)
    return configuration


def require_answerable(name: str, value: Any) -> None:
    """Refuse what could be stored but never answered: nested too deep, or a number past 64 bits.

    Raises:  InvalidArgument
    """
    nested = value
    for _ in range(_ANSWER_DEPTH):
        nested = [nested]
    try:
        orjson.dumps(nested)
    except TypeError as error:
        raise InvalidArgument(f"{name} cannot be kept: {error}") from error


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
