"""Metadata of collections: what may be in it, and the JSON text that is stored. [pure]

Unlike a record's it is never filtered by, so an array is text like everything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tenants.errors import InvalidArgument, Unimplemented, Unprocessable
from vectors import metadata as metadatas

Metadata = Mapping[str, Any]
# The types of an array's values that make it an array of the first one's type.
_ELEMENTS: tuple[set[type], ...] = ({str}, {bool}, {int}, {int, float})


def check_shape(metadata: Metadata | None) -> None:
    """Refuse what is no value of metadata: mixed or nested arrays, objects.

    Raises:  Unprocessable, Unimplemented for a sparse vector
    Source:  contract, section 12
    """
    for key, value in (metadata or {}).items():
        if isinstance(value, dict):
            if {"indices", "values"} <= value.keys():
                raise Unimplemented("Sparse vectors in metadata are not supported yet")
            raise _misshapen(key, "expected a string, number, boolean or array, got an object")
        if isinstance(value, list) and value and not any(set(map(type, value)) <= one for one in _ELEMENTS):
            raise _misshapen(key, "expected an array of strings, of numbers or of booleans")


def check_no_nulls(metadata: Metadata | None) -> None:
    """Refuse nulls, which mean something only where metadata is replaced.

    Raises:  Unprocessable
    """
    for key, value in (metadata or {}).items():
        if value is None:
            raise _misshapen(key, "expected a value, got null")


def encode(metadata: Metadata | None) -> str | None:
    """The text to store; null values and empty arrays are not stored.

    Raises:  InvalidArgument for `{}`, a reserved key, or what cannot be stored
    Source:  contract, sections 8.2 and 8.4
    """
    if metadata is None:
        return None
    if not metadata:
        raise InvalidArgument("Validation error: metadata: Metadata cannot be empty")
    for key in metadata:
        if not key:
            raise InvalidArgument("Validation error: metadata: Metadata key cannot be empty")
        if key[0] in "#$":
            raise InvalidArgument(
                f"Validation error: metadata: Metadata key cannot start with '#' or '$': {key}"
            )
        if "\x00" in key:
            raise InvalidArgument("Validation error: metadata: U+0000 cannot be stored in a key")
    stored = {key: value for key, value in metadata.items() if value is not None and value != []}
    (text,) = metadatas.encode([stored or None])
    return None if text is None else text.decode()


def _misshapen(key: str, what: str) -> Unprocessable:
    return Unprocessable(f"Failed to deserialize the JSON body into the target type: metadata.{key}: {what}")
