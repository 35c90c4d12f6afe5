"""Which comparisons a collection's schema has an index for; a filter that needs another is refused. [pure]

Nothing of ours depends on it: every filter could be answered. But the wire says that a disabled index answers
no filter, and clients count on the refusal (contract, section 10.5).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tenants.errors import InvalidArgument
from vectors import schema as schemas
from vectors.schema_rules import DOCUMENT, INVERTED, Schema
from vectors.types import Indexed
from vectors.where import (
    Compares,
    Contains,
    DocumentContains,
    DocumentMatches,
    Equals,
    HasId,
    Leaf,
    Scalar,
    Where,
    leaves,
    operands,
)


@dataclass(frozen=True)
class _Values:
    """A leaf needs the inverted index of each value's type."""

    key: str
    values: Sequence[Scalar]


_FULL_TEXT = "full text"
# What each kind of leaf needs. A new kind of leaf is a line here.
_NEEDS: dict[type[Leaf], Callable[[Any], _Values | str]] = {
    Equals: lambda leaf: _Values(leaf.key, operands(leaf)),
    Compares: lambda leaf: _Values(leaf.key, operands(leaf)),
    Contains: lambda leaf: _Values(leaf.key, operands(leaf)),
    HasId: lambda leaf: _Values("#id", operands(leaf)),
    DocumentContains: lambda _: _FULL_TEXT,
    DocumentMatches: lambda _: _FULL_TEXT,
}
# A Python type: the schema's name for it, and the wire's in its refusal.
_KINDS = {str: ("string", "Str"), int: ("int", "Int"), float: ("float", "Float"), bool: ("bool", "Bool")}


def summarize(schema: Schema) -> Indexed | None:
    """What a kept schema lets filters ask; None when that is everything."""
    defaults = schema["defaults"]
    kinds = {kind for kind, name in INVERTED.items() if defaults[kind][name]["enabled"]}
    exceptions = {
        (key, kind)
        for key, types in schema["keys"].items()
        for kind, name in INVERTED.items()
        if name in types.get(kind, {}) and types[kind][name]["enabled"] is not (kind in kinds)
    }
    has_full_text = schemas.has_full_text(schema)
    if has_full_text and kinds == INVERTED.keys() and exceptions == {(DOCUMENT, "string")}:
        return None
    return Indexed(frozenset(kinds), frozenset(exceptions), has_full_text)


def require(where: Where | None, indexed: Indexed | None) -> None:
    """Refuse a filter that needs an index which the schema disables.

    Raises:  InvalidArgument for the first such leaf, in the order of the filter
    Source:  contract, section 10.5
    """
    if where is None or indexed is None:
        return
    for leaf in leaves(where):
        need = _NEEDS[type(leaf)](leaf)
        if isinstance(need, _Values):
            _require_values(need, indexed)
        elif not indexed.has_full_text:
            raise InvalidArgument("Cannot filter using full-text search because FTS indexing is disabled")


def require_sparse(keys: Sequence[str]) -> None:
    """Refuse a search of sparse vectors: no collection has an index over them.

    Raises:  InvalidArgument for the first key
    Source:  contract, section 10.5; a schema that enables such an index is refused at creation
    """
    for key in keys:
        raise _disabled(key, "SparseVector")


def _require_values(need: _Values, indexed: Indexed) -> None:
    for value_type in dict.fromkeys(map(type, need.values)):
        kind, name = _KINDS[value_type]
        if not indexed.allows(need.key, kind):
            raise _disabled(need.key, name)


def _disabled(key: str, name: str) -> InvalidArgument:
    return InvalidArgument(
        f"Cannot filter using metadata key '{key}' with type '{name}' because indexing is disabled"
    )
