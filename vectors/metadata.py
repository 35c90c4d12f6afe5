"""Metadata of records: from the decoded JSON of a request to the texts that are stored. [pure]

`jsonb` keeps a number's digits but not its type, so an integral float must keep a fraction in its digits:
`1e22` is stored as 10000000000000000000000.0 and is a float again when it is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

import orjson

from tenants.errors import InvalidArgument
from vectors.limits import MAX_INT64, MIN_INT64

# SQL for the number under a key, else null: what ranges compare, and what a segment's B-tree indexes hold.
NUMBER_AT = "(CASE jsonb_typeof({metadata} -> {key}) WHEN 'number' THEN ({metadata} -> {key})::numeric END)"

Value = str | int | float | bool | None
Metadata = Mapping[str, Value]

# A number that may be an exponent, or an integer that may be past 64 bits. Also true of some strings, which
# only costs the slower path.
_NEEDS_CARE = re.compile(rb"\d[eE][+-]?\d|\d{19}")


def encode(metadatas: Sequence[Metadata | None]) -> list[bytes | None]:
    """JSON texts for `jsonb`, each of whose numbers keeps its type.

    Raises:  InvalidArgument for an empty key, a reserved one, or U+0000
    Source:  contract, sections 11.2 and 12
    """
    keys: set[str] = set().union(*(m for m in metadatas if m is not None))
    if any(not key or key[0] in "#$" for key in keys):
        _fail(metadatas)
    try:
        texts = [None if m is None else orjson.dumps(m) for m in metadatas]
    except TypeError:  # an integer past 64 bits
        texts = [None if m is None else _encode_carefully(m) for m in metadatas]
    joined = b"".join(text for text in texts if text)
    if b"\\u0000" in joined and any("\x00" in _strings(m) for m in metadatas if m):
        raise InvalidArgument("Validation error: metadatas: U+0000 cannot be stored in a key or value")
    if _NEEDS_CARE.search(joined):
        return [None if m is None else _encode_carefully(m) for m in metadatas]
    return texts


def _fail(metadatas: Sequence[Metadata | None]) -> None:
    for index, metadata in enumerate(metadatas):
        for key in metadata or ():
            if not key or key[0] in "#$":
                raise InvalidArgument(
                    f"Validation error: metadatas: Invalid metadata at index {index}: keys must not be empty "
                    f"or start with '#' or '$', got {key!r}",
                )


def _strings(metadata: Metadata) -> str:
    return "".join(metadata) + "".join(value for value in metadata.values() if isinstance(value, str))


def _encode_carefully(metadata: Metadata) -> bytes:
    members = (orjson.dumps(key) + b":" + _encode_value(value) for key, value in metadata.items())
    return b"{" + b",".join(members) + b"}"


def _encode_value(value: Value) -> bytes:
    if isinstance(value, int) and not isinstance(value, bool) and not MIN_INT64 <= value <= MAX_INT64:
        try:
            value = float(value)  # wire: an integer past 64 bits becomes a float
        except OverflowError as error:
            raise InvalidArgument(
                "Validation error: metadatas: a number is past the range of floats"
            ) from error
    if not isinstance(value, float):
        return orjson.dumps(value)
    digits = format(Decimal(repr(value)), "f")
    return (digits if "." in digits else digits + ".0").encode()
