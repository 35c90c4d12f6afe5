"""Long lists, a page at a time; one row more than shown is read, to know whether there is a next page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.http import HttpRequest

from tenants.errors import NotFound

T = TypeVar("T")
_MAX_NUMBER = 100_000


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
