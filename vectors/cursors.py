"""Where a page of a sorted list begins: behind a row, known by its sort value and its id. [pure]

A cursor is the JSON of [order, value, id] in base64 for addresses. It is opaque to clients and holds nothing
that they were not shown, so it is not signed: whoever makes one up begins somewhere in their own list.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from uuid import UUID

import orjson

from tenants.errors import InvalidArgument

_MOST_CHARACTERS = 1_200  # of the longest name, with the rest
_MOST_VALUE_CHARACTERS = 512
_MOST_NUMBER = 2**63 - 1


@dataclass(frozen=True)
class Cursor:
    """Behind which row a page begins.

    order:  what the list is sorted by; a cursor of another order is refused
    value:  of the row, in that order
    """

    order: str
    value: str | int
    row_id: UUID

    def encode(self) -> str:
        """As it travels in an address."""
        text = orjson.dumps([self.order, self.value, self.row_id.hex])
        return base64.urlsafe_b64encode(text).decode().rstrip("=")


def decode(text: str, *, order: str, kind: type[str | int]) -> Cursor:
    """The cursor that a client sent back.

    Raises:  InvalidArgument for anything but the `next` of a page in the same order
    """
    try:
        padded = text[:_MOST_CHARACTERS].encode("ascii") + b"=" * (-len(text) % 4)
        found_order, value, row_id = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        found = Cursor(found_order, value, UUID(row_id))
    except (ValueError, TypeError, AttributeError) as error:
        raise _refused(text) from error
    if found.order != order or type(value) is not kind or not _is_bounded(found.value):
        raise _refused(text)
    return found


def _refused(text: str) -> InvalidArgument:
    return InvalidArgument(f"after: expected the `next` of a page in the same order, got {text[:60]!r}")


def _is_bounded(value: str | int) -> bool:
    if isinstance(value, str):
        return len(value) <= _MOST_VALUE_CHARACTERS and "\x00" not in value
    return -_MOST_NUMBER <= value <= _MOST_NUMBER
