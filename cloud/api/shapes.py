"""Saying where a body has the wrong shape: `metadatas[2]["year"]`, not the decoder's `metadatas[...][...]`.

Looked for only after a refusal, by halving: a list or object that is refused is refused for its first half or
for its second, so the place is found in about as much work as reading the body twice.
"""

from __future__ import annotations

import contextlib
import re
from typing import Any

import msgspec
import orjson

PREFIX = "Failed to deserialize the JSON body into the target type: "
_STEP = re.compile(r"\.([\w$]+)|\[(\d+|\.\.\.)\]")

# wire: the reference's words where clients may look for them
_WORDS = (
    (re.compile(r"^Invalid enum value '?(.*?)'?$"), r"unknown variant `\1`"),
    (re.compile(r"^Object missing required field (`.*`)$"), r"missing field \1"),
    (re.compile(r"^Object contains unknown field (`.*`)$"), r"unknown field \1"),
)


def complaint(kind: type, body: bytes, error: msgspec.ValidationError) -> str:
    """The wire's text for a body of another shape, with the place as far as it can be told.

    Source:  contract, section 2.3
    """
    what, _, path = str(error).partition(" - at `$")
    place = path.rstrip("`")
    with contextlib.suppress(msgspec.MsgspecError, RecursionError):  # the place with its dots is still true
        place = _exact(kind, msgspec.json.decode(body), place)
    for ours, wire in _WORDS:
        what = ours.sub(wire, what)
    return f"{PREFIX}{place.removeprefix('.')}: {what}" if place else PREFIX + what


def _exact(kind: type, body: Any, path: str) -> str:
    """The path with each `[...]` replaced by the index or key that is to blame."""
    inner, exact = body, ""
    for member, index in _STEP.findall(path):
        name: Any = member or index
        if index == "...":
            name = _first_refused(kind, body, inner, path)
        elif index:
            name = int(index)
        exact += f".{name}" if member else f"[{orjson.dumps(name).decode()}]"
        inner = inner[name]
    return exact


def _first_refused(kind: type, body: Any, inner: Any, path: str) -> Any:
    """The first index or key in `inner`, a part of `body`, that is refused at this path.

    `inner` is emptied and filled again in place, so that the body around it stays as it was sent.
    """
    entries = list(inner.items()) if isinstance(inner, dict) else list(enumerate(inner))
    low, high = 0, len(entries)
    while high - low > 1:
        middle = (low + high) // 2
        _fill(inner, entries[low:middle])
        low, high = (low, middle) if _is_refused(kind, body, path) else (middle, high)
    _fill(inner, entries)
    return entries[low][0]


def _fill(inner: Any, entries: list[tuple[Any, Any]]) -> None:
    inner.clear()
    if isinstance(inner, dict):
        inner.update(entries)
    else:
        inner.extend(value for _, value in entries)


def _is_refused(kind: type, body: Any, path: str) -> bool:
    try:
        msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        return str(error).endswith(f"at `${path}`")
    return False
