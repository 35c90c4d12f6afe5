"""Sorted and filtered lists: what the address asks for, and the heads of the columns that lead on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from django.http import HttpRequest, QueryDict

from tenants.errors import InvalidArgument
from vectors import database_listing, listing

E = TypeVar("E", bound=StrEnum)
_ASCENDING, _DESCENDING = "asc", "desc"


@dataclass(frozen=True)
class Column:
    """A column of a list.

    sort:           by what it is sorted; empty: by nothing
    is_descending:  whether the first click puts the largest first
    kind:           figure for numbers, which stand on the right
    """

    label: str
    sort: str = ""
    is_descending: bool = False
    kind: str = ""


@dataclass(frozen=True)
class Head:
    """The head of a column: where a click leads, and how the list is sorted by it now.

    aria_sort:  ascending, descending, or empty
    """

    label: str
    kind: str
    query: str
    aria_sort: str


DATABASE_COLUMNS = (
    Column("Database", "name"),
    Column("Collections", "collections", is_descending=True, kind="figure"),
    Column("Records", "records", is_descending=True, kind="figure"),
    Column("Size", "size", is_descending=True, kind="figure"),
    Column("Requests, 24 h", kind="figure"),
    Column("Cost this month", kind="figure"),
    Column("Indexing", "unindexed", is_descending=True),
)
COLLECTION_COLUMNS = (
    Column("Collection", "name"),
    Column("Records", "records", is_descending=True, kind="figure"),
    Column("Dimension", kind="figure"),
    Column("Space"),
    Column("Size", "size", is_descending=True, kind="figure"),
    Column("Indexed", "unindexed", is_descending=True),
    Column("Cost this month", kind="figure"),
    Column("Last write", "last_write", is_descending=True),
)
# Orders that no column stands for are in the form only.
SORT_LABELS = {
    "name": "Name",
    "created": "Created",
    "records": "Records",
    "size": "Size",
    "collections": "Collections",
    "unindexed": "Unindexed",
    "last_write": "Last write",
}
STATE_LABELS = {
    listing.State.INDEXING: "Indexing",
    listing.State.PARKED: "Stopped",
    listing.State.EMPTY: "Empty",
}


def databases(query: QueryDict) -> database_listing.Asked:
    """What a page of databases is asked for.

    Raises:  InvalidArgument for an order that there is not
    """
    sort = _one_of(database_listing.Sort, query.get("sort"), "sort") or database_listing.Sort.NAME
    return database_listing.Asked(sort, _is_descending(query), query.get("q", ""), query.get("after") or None)


def collections(query: QueryDict) -> listing.Asked:
    """What a page of collections is asked for.

    Raises:  InvalidArgument for an order or a state that there is not
    """
    return listing.Asked(
        _one_of(listing.Sort, query.get("sort"), "sort") or listing.Sort.NAME,
        _is_descending(query),
        query.get("q", ""),
        _one_of(listing.State, query.get("state"), "state"),
        query.get("after") or None,
    )


def heads(request: HttpRequest, columns: Sequence[Column], *, sort: str, is_descending: bool) -> list[Head]:
    """The heads of a list's columns; a click on the one that it is sorted by turns it around."""
    found = []
    for column in columns:
        is_here = bool(column.sort) and column.sort == sort
        turned = not is_descending if is_here else column.is_descending
        query = ""
        if column.sort:
            query = _with(request, sort=column.sort, order=_DESCENDING if turned else _ASCENDING)
        aria_sort = ("descending" if is_descending else "ascending") if is_here else ""
        found.append(Head(column.label, column.kind, query, aria_sort))
    return found


def sorts(kind: type[StrEnum]) -> list[tuple[str, str]]:
    """The orders of a list, with what people call them."""
    return [(one.value, SORT_LABELS[one.value]) for one in kind]


def _with(request: HttpRequest, **changes: str) -> str:
    query = request.GET.copy()
    query.pop("after", None)
    for name, value in changes.items():
        query[name] = value
    return f"?{query.urlencode()}"


def _is_descending(query: QueryDict) -> bool:
    order = query.get("order") or _ASCENDING
    if order not in (_ASCENDING, _DESCENDING):
        raise InvalidArgument(f"order: expected {_ASCENDING} or {_DESCENDING}, got {order[:40]!r}")
    return order == _DESCENDING


def _one_of(kind: type[E], text: str | None, name: str) -> E | None:
    if not text:
        return None
    try:
        return kind(text)
    except ValueError as error:
        expected = ", ".join(one.value for one in kind)
        raise InvalidArgument(f"{name}: expected one of {expected}, got {text[:40]!r}") from error
