"""Metadata of records: from the decoded JSON of a request to the texts that are stored. [pure]

`jsonb` keeps a number's digits but not its type, so an integral float must keep a fraction in its digits:
`1e22` is stored as 10000000000000000000000.0 and is a float again when it is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

import orjson

from tenants.errors import InvalidArgument, Unprocessable
from vectors.limits import MAX_INT64, MIN_INT64

# SQL for the number under a key, else null: what ranges compare, and what a segment's B-tree indexes hold.
NUMBER_AT = "(CASE jsonb_typeof({metadata} -> {key}) WHEN 'number' THEN ({metadata} -> {key})::numeric END)"

Scalar = str | int | float | bool
Value = Scalar | Sequence[Scalar] | None
Metadata = Mapping[str, Value]

# A number that may be an exponent, or an integer that may be past 64 bits. Also true of some strings, which
# only costs the slower path.
_NEEDS_CARE = re.compile(rb"\d[eE][+-]?\d|\d{19}")
# Every array as a value; sometimes also a string with these characters, which only costs the slower path.
_ARRAY = b":["


def encode(metadatas: Sequence[Metadata | None]) -> list[bytes | None]:
    """JSON texts for `jsonb`, each of whose numbers keeps its type.

    An empty array is written as null, which removes the key.

    Raises:  InvalidArgument for an empty key, a reserved one, or U+0000; Unprocessable for an array of
             several types
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
    if _ARRAY in joined:
        return [
            _encode_carefully(m) if m is not None and text is not None and _ARRAY in text else text
            for m, text in zip(metadatas, texts, strict=True)
        ]
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
    flat = [one for value in metadata.values() for one in (value if isinstance(value, list) else (value,))]
    return "".join(metadata) + "".join(one for one in flat if isinstance(one, str))


def _encode_carefully(metadata: Metadata) -> bytes:
    members = (orjson.dumps(key) + b":" + _encode_value(key, value) for key, value in metadata.items())
    return b"{" + b",".join(members) + b"}"


def _encode_value(key: str, value: Value) -> bytes:
    if value is None or value == []:
        return b"null"
    if isinstance(value, str | int | float):
        return _encode_scalar(value)
    return b"[" + b",".join(map(_encode_scalar, _of_one_type(key, value))) + b"]"


def _of_one_type(key: str, values: Sequence[Scalar]) -> Sequence[Scalar]:
    """The elements of an array; integers become floats beside a float, or beside one past 64 bits."""
    types = set(map(type, values))
    if types == {int} and min(values) >= MIN_INT64 and max(values) <= MAX_INT64:  # type: ignore[operator]
        return values
    if types <= {int, float}:
        return [_to_float(value) for value in values if not isinstance(value, str)]
    if len(types) > 1:
        raise Unprocessable(
            "Failed to deserialize the JSON body into the target type: metadatas: the array under "
            f"{key!r} must have elements of one type",
        )
    return values


def _to_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise InvalidArgument("Validation error: metadatas: a number is past the range of floats") from error


def _encode_scalar(value: Scalar) -> bytes:
    if isinstance(value, int) and not isinstance(value, bool) and not MIN_INT64 <= value <= MAX_INT64:
        value = _to_float(value)  # wire: an integer past 64 bits becomes a float
    if not isinstance(value, float):
        return orjson.dumps(value)
    digits = format(Decimal(repr(value)), "f")
    return (digits if "." in digits else digits + ".0").encode()
