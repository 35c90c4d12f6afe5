"""Long lists, a page at a time.

By keyset where a list may be long: the cursor is the sort key of the last row that was shown, so page 1,000
costs what page 1 costs, and rows that come or go meanwhile neither hide nor repeat others. By number where
the list is short. One row more than shown is read, to know whether there is a next page.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import orjson
from django.http import HttpRequest

from tenants.errors import InvalidArgument, NotFound

T = TypeVar("T")
_MAX_NUMBER = 100_000
_MAX_CURSOR_CHARACTERS = 2_000
Key = tuple[str | int | float | None, ...]


def encode(key: Key) -> str:
    """A sort key as text for an address. It is no secret: it says what the page showed."""
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def decode(cursor: str) -> Key:
    """The sort key in an address.

    Raises:  InvalidArgument for what `encode` did not make
    """
    try:
        padded = cursor[:_MAX_CURSOR_CHARACTERS] + "=" * (-len(cursor) % 4)
        key = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        key = None
    if not isinstance(key, list) or not all(
        part is None or isinstance(part, str | int | float) for part in key
    ):
        raise InvalidArgument("expected the cursor of a page that was shown; go back to the first page")
    return tuple(key)


@dataclass(frozen=True)
class Stretch(Generic[T]):
    """Some rows of a long list, and the cursor behind the last one.

    next_cursor:  empty on the last page
    is_first:     whether the list begins here
    """

    rows: Sequence[T]
    next_cursor: str
    is_first: bool


def stretch(
    request: HttpRequest,
    rows_count: int,
    fetch: Callable[[Key | None, int], Sequence[T]],
    key: Callable[[T], Key],
) -> Stretch[T]:
    """The rows after the cursor in the address (`after`).

    fetch:   takes the key after which to begin, or None, and how many rows to read at most
    key:     the sort key of a row
    Raises:  InvalidArgument for a cursor that is none
    """
    cursor = request.GET.get("after", "")
    rows = fetch(decode(cursor) if cursor else None, rows_count + 1)
    shown = rows[:rows_count]
    more = encode(key(shown[-1])) if len(rows) > rows_count else ""
    return Stretch(shown, more, is_first=not cursor)


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows, and where they stand."""

    rows: Sequence[T]
    number: int
    has_next: bool

    @property
    def previous_number(self) -> int | None:
        """The page before, None on the first."""
        return self.number - 1 if self.number > 1 else None

    @property
    def next_number(self) -> int | None:
        """The page after, None on the last."""
        return self.number + 1 if self.has_next else None


def read(request: HttpRequest, rows_count: int, fetch: Callable[[int, int], Sequence[T]]) -> Page[T]:
    """The page that the address asks for; `fetch` takes a limit and an offset.

    Raises:  NotFound for a page that is not there
    """
    text = request.GET.get("page", "1")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= number <= _MAX_NUMBER:
        raise NotFound
    rows = fetch(rows_count + 1, (number - 1) * rows_count)
    if number > 1 and not rows:
        raise NotFound
    return Page(rows[:rows_count], number, has_next=len(rows) > rows_count)
