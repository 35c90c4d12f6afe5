"""The databases of a tenant with what is in them, a page at a time.

Names are in the catalogue; sums are asked of each cell once, whatever the number of databases. In the order
of a sum every database is summed first: a tenant has hundreds of them, not millions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db.models import Q, QuerySet

from tenants.actors import Actor
from tenants.errors import InvalidArgument
from tenants.models import Database
from tenants.roles import Action
from tenants.scope import tenant_transaction
from vectors import cursors
from vectors.cells.transaction import execute
from vectors.cursors import Cursor
from vectors.listing import check_text, planned_transaction
from vectors.sql import statement

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Sort(StrEnum):
    """What a list of databases is sorted by."""

    NAME = "name"
    CREATED = "created"
    RECORDS = "records"
    SIZE = "size"
    COLLECTIONS = "collections"
    UNINDEXED = "unindexed"


@dataclass(frozen=True)
class Asked:
    """What part of the list is wanted, in which order.

    text:   a part of the name, in letters of any size; empty: any name
    after:  the `next` of the page before; None: from the beginning
    """

    sort: Sort = Sort.NAME
    is_descending: bool = False
    text: str = ""
    after: str | None = None


@dataclass(frozen=True)
class Totals:
    """What is in a database.

    worst_unindexed_count:  operations that no segment has yet, of the collection with most of them
    unindexed_since:        about when the oldest of those of any collection was written; None without any
    indexing_count:         collections whose indexing waits or runs
    parked_count:           collections whose indexing was stopped
    """

    collections_count: int = 0
    record_count: int = 0
    logical_bytes: int = 0
    worst_unindexed_count: int = 0
    unindexed_since: datetime | None = None
    indexing_count: int = 0
    parked_count: int = 0
    last_write_at: datetime | None = None


@dataclass(frozen=True)
class ListedDatabase:
    """A row of the list."""

    database_id: UUID
    name: str
    created_at: datetime
    totals: Totals


@dataclass(frozen=True)
class DatabasesPage:
    """Rows, and the `after` of the next page; None on the last."""

    rows: Sequence[ListedDatabase]
    next: str | None


_EMPTY = Totals()


def page(by: Actor, tenant_id: UUID, asked: Asked, *, limit_count: int) -> DatabasesPage:
    """A page of a tenant's databases, each with what is in it.

    Raises:      PermissionDenied, InvalidArgument for a cursor of another order or a text that is too long
    Transaction: opens one; one statement, and one for each cell with a database of the page
    """
    by.require(Action.VIEW_DATABASES)
    text = check_text(asked.text)
    with planned_transaction(tenant_id):
        named = Database.objects.filter(tenant_id=tenant_id)
        if text:
            named = named.filter(name__icontains=text)
        if asked.sort in (Sort.NAME, Sort.CREATED):
            found = list(_behind(named, asked)[: limit_count + 1])
            rows = _rows(found[:limit_count], _summed(tenant_id, found[:limit_count]))
            return DatabasesPage(rows, _next(asked, rows, is_last=len(found) <= limit_count))
        found = list(named)
        rows = _sorted(_rows(found, _summed(tenant_id, found, is_whole=not text)), asked)
        return DatabasesPage(
            rows[:limit_count], _next(asked, rows[:limit_count], is_last=len(rows) <= limit_count)
        )


def totals(by: Actor, database: Database) -> Totals:
    """What is in one database.

    Raises:      PermissionDenied
    Transaction: opens one
    """
    by.require(Action.VIEW_DATABASES)
    with tenant_transaction(database.tenant_id):
        return _summed(database.tenant_id, [database]).get(database.database_id, _EMPTY)


@dataclass(frozen=True)
class Held:
    """What a tenant has in all its databases."""

    databases_count: int
    collections_count: int
    record_count: int
    logical_bytes: int


def held(by: Actor, tenant_id: UUID) -> Held:
    """What a tenant has in all its databases.

    Raises:      PermissionDenied
    Transaction: opens one; one statement, and one for each cell with a database of the tenant
    """
    by.require(Action.VIEW_DATABASES)
    with tenant_transaction(tenant_id):
        cells = list(Database.objects.filter(tenant_id=tenant_id).values_list("cell", flat=True))
        values = {"tenant_id": tenant_id}
        rows = [execute("usage_of_tenant", cell, values).fetchone() or (0, 0, 0) for cell in set(cells)]
    return Held(len(cells), *(sum(int(row[place]) for row in rows) for place in range(3)))


def _behind(rows: QuerySet[Database], asked: Asked) -> QuerySet[Database]:
    column = "name" if asked.sort is Sort.NAME else "created_at"
    sign, beyond = ("-", "lt") if asked.is_descending else ("", "gt")
    rows = rows.order_by(f"{sign}{column}", f"{sign}database_id")
    if asked.after is None:
        return rows
    cursor = cursors.decode(asked.after, order=asked.sort, kind=str if column == "name" else int)
    value: object = cursor.value
    if isinstance(value, int):
        try:
            value = _EPOCH + _MICROSECOND * value
        except OverflowError as error:
            raise InvalidArgument(f"after: expected the `next` of a page, got the moment {value}") from error
    return rows.filter(
        Q(**{f"{column}__{beyond}": value}) | Q(**{column: value, f"database_id__{beyond}": cursor.row_id})
    )


def _summed(tenant_id: UUID, databases: Iterable[Database], *, is_whole: bool = False) -> dict[UUID, Totals]:
    """What is in each of the databases; with `is_whole` they are all that the tenant has."""
    by_cell: dict[str, list[UUID]] = {}
    for database in databases:
        by_cell.setdefault(database.cell, []).append(database.database_id)
    found: dict[UUID, Totals] = {}
    for cell, ids in by_cell.items():
        values = {"tenant_id": tenant_id, "database_ids": [] if is_whole else ids}
        chosen = "" if is_whole else statement("chosen_databases")
        rows = execute("totals_of_databases", cell, values, chosen=chosen).fetchall()
        found |= {database_id: Totals(*sums) for database_id, *sums in rows}
    return found


def _rows(databases: Iterable[Database], summed: dict[UUID, Totals]) -> list[ListedDatabase]:
    return [
        ListedDatabase(one.database_id, one.name, one.created_at, summed.get(one.database_id, _EMPTY))
        for one in databases
    ]


def _place(row: ListedDatabase, sort: Sort) -> int | str:
    values: dict[Sort, int | str] = {
        Sort.NAME: row.name,
        Sort.CREATED: (row.created_at - _EPOCH) // _MICROSECOND,
        Sort.RECORDS: row.totals.record_count,
        Sort.SIZE: row.totals.logical_bytes,
        Sort.COLLECTIONS: row.totals.collections_count,
        Sort.UNINDEXED: row.totals.worst_unindexed_count,
    }
    return values[sort]


def _sorted(rows: list[ListedDatabase], asked: Asked) -> list[ListedDatabase]:
    """The rows in the order of a sum, from behind the cursor on."""
    places = sorted(
        ((int(_place(row, asked.sort)), row.database_id, row) for row in rows),
        key=lambda place: place[:2],
        reverse=asked.is_descending,
    )
    if asked.after is None:
        return [row for _, _, row in places]
    cursor = cursors.decode(asked.after, order=asked.sort, kind=int)
    begins = (int(cursor.value), cursor.row_id)
    if asked.is_descending:
        return [row for value, row_id, row in places if (value, row_id) < begins]
    return [row for value, row_id, row in places if (value, row_id) > begins]


def _next(asked: Asked, rows: Sequence[ListedDatabase], *, is_last: bool) -> str | None:
    if is_last:
        return None
    return Cursor(asked.sort, _place(rows[-1], asked.sort), rows[-1].database_id).encode()
