"""The collections of a database, sorted and filtered, a page at a time.

Names and states live apart, so a page is read in two statements, or in three with a filter on the other side:

    by name, created            [ids of the state →] names → states by ids
    by records, size, writes    [ids of the name →] states → names by ids

Statements are planned by their values: a plan that is kept takes any array for ten ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from tenants.actors import Actor
from tenants.errors import InvalidArgument
from tenants.models import Database
from tenants.roles import Action
from tenants.scope import tenant_transaction
from vectors import cursors
from vectors.cells.transaction import connect, execute
from vectors.cursors import Cursor
from vectors.query.plan import PLAN_BY_VALUES
from vectors.sql import statement

# So many ids one side hands to the other.
MAX_CHOSEN = 20_000
MAX_TEXT_CHARACTERS = 128
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Sort(StrEnum):
    """What a list of collections is sorted by; rows that are equal in it, by their ids."""

    NAME = "name"
    CREATED = "created"
    RECORDS = "records"
    SIZE = "size"
    LAST_WRITE = "last_write"
    UNINDEXED = "unindexed"


class State(StrEnum):
    """What a list of collections is narrowed to.

    parked:    its indexing was stopped after several attempts
    indexing:  work on it waits or runs
    empty:     it has no records
    """

    PARKED = "parked"
    INDEXING = "indexing"
    EMPTY = "empty"


# Of the catalogue: the column, and the type that a cursor's value is read as.
_NAME_KEYS = {Sort.NAME: ("c.name_folded", "text"), Sort.CREATED: ("c.created_at", "timestamptz")}
_STATE_KEYS = {
    Sort.RECORDS: "s.record_count",
    Sort.SIZE: "s.logical_bytes",
    Sort.LAST_WRITE: statement("last_write_microseconds"),
    Sort.UNINDEXED: "(s.log_head - s.compacted_to)",
}


@dataclass(frozen=True)
class Asked:
    """What part of a list is wanted, in which order.

    text:   a part of the name, in letters of any size; empty: any name
    after:  the `next` of the page before; None: from the beginning
    """

    sort: Sort = Sort.NAME
    is_descending: bool = False
    text: str = ""
    state: State | None = None
    after: str | None = None


@dataclass(frozen=True)
class ListedCollection:
    """A row of the list.

    last_write_at:  None before the first write
    job_state:      of the background work that is not done: queued, running, parked, or empty without any
    """

    collection_id: UUID
    name: str
    created_at: datetime
    dimension: int | None
    space: str
    record_count: int
    logical_bytes: int
    log_head: int
    compacted_to: int
    segment_rows: int
    last_write_at: datetime | None
    job_state: str
    job_phase: str
    job_cause: str

    @property
    def indexed_ratio(self) -> float:
        """The share of operations that are in a segment; 1.0 before the first write."""
        return 1.0 if self.log_head == 0 else self.compacted_to / self.log_head

    @property
    def unindexed_count(self) -> int:
        """Operations that no segment has yet; queries search them exactly."""
        return self.log_head - self.compacted_to


@dataclass(frozen=True)
class CollectionsPage:
    """Rows, and the `after` of the next page; None on the last."""

    rows: Sequence[ListedCollection]
    next: str | None


def page(by: Actor, database: Database, asked: Asked, *, limit_count: int) -> CollectionsPage:
    """A page of a database's collections.

    Raises:      PermissionDenied; InvalidArgument for a cursor of another order, for a text that is too long,
                 and when more than MAX_CHOSEN collections pass a filter of the side that does not sort
    Transaction: opens one; two or three statements
    """
    by.require(Action.VIEW_COLLECTIONS)
    text = check_text(asked.text)
    with planned_transaction(database.tenant_id):
        if asked.sort in _NAME_KEYS:
            return _by_names(database, asked, text, limit_count)
        return _by_states(database, asked, text, limit_count)


def count(by: Actor, database: Database, *, text: str = "", at_most: int) -> int:
    """How many collections a database has, or how many with this in their name; counted up to `at_most`.

    Raises:      PermissionDenied, InvalidArgument
    Transaction: opens one
    """
    by.require(Action.VIEW_COLLECTIONS)
    text = check_text(text)
    with planned_transaction(database.tenant_id):
        values: dict[str, object] = {"database_id": database.database_id, "text": text, "count": at_most}
        row = execute("count_names", database.cell, values, conditions=_named(text)).fetchone()
    return 0 if row is None else int(row[0])


@contextmanager
def planned_transaction(tenant_id: UUID) -> Iterator[None]:
    """A transaction bound to a tenant, in which each statement is planned by the values that it comes with.

    Transaction: opens one, or joins the open one
    """
    with tenant_transaction(tenant_id):
        connect().execute(f"SET LOCAL {PLAN_BY_VALUES}".encode())
        yield


def check_text(text: str) -> str:
    """A text to look for in names, without blanks around it.

    Raises:  InvalidArgument for one longer than MAX_TEXT_CHARACTERS
    """
    text = text.replace("\x00", "\ufffd").strip()  # what PostgreSQL cannot be asked for is in no name
    if len(text) > MAX_TEXT_CHARACTERS:
        raise InvalidArgument(
            f"A name is looked for by at most {MAX_TEXT_CHARACTERS} characters, got {len(text)}"
        )
    return text


def _by_names(database: Database, asked: Asked, text: str, limit_count: int) -> CollectionsPage:
    key, kind = _NAME_KEYS[asked.sort]
    values: dict[str, object] = {"database_id": database.database_id, "text": text, "count": limit_count + 1}
    conditions = [_named(text)]
    if asked.state is not None:
        values["chosen"] = _ids("ids_of_states", database, _in_state(asked), values)
        conditions.append(statement("list_chosen", row="c"))
    conditions.append(_beyond(asked, values, row="c", key=key, kind=kind))
    found = _read("list_names", database, asked, values, key=key, conditions=conditions)
    rows = found[:limit_count]
    states = _by_id("states_of", database, [row[0] for row in rows])
    return CollectionsPage(
        [ListedCollection(*row[:3], *states[row[0]]) for row in rows if row[0] in states],
        _next(asked, rows, is_last=len(found) <= limit_count),
    )


def _by_states(database: Database, asked: Asked, text: str, limit_count: int) -> CollectionsPage:
    key = _STATE_KEYS[asked.sort]
    values: dict[str, object] = {"database_id": database.database_id, "text": text, "count": limit_count + 1}
    conditions = [_in_state(asked)]
    if text:
        values["chosen"] = _ids("ids_of_names", database, _named(text), values)
        conditions.append(statement("list_chosen", row="s"))
    conditions.append(_beyond(asked, values, row="s", key=key, kind="bigint"))
    found = _read("list_states", database, asked, values, key=key, conditions=conditions)
    rows = found[:limit_count]
    called = _by_id("names_of", database, [row[0] for row in rows])
    return CollectionsPage(
        # A collection that was deleted between the statements has no name any more.
        [ListedCollection(row[0], *called[row[0]], *row[1:-1]) for row in rows if row[0] in called],
        _next(asked, rows, is_last=len(found) <= limit_count),
    )


def _named(text: str) -> str:
    return statement("list_named") if text else ""


def _in_state(asked: Asked) -> str:
    return "" if asked.state is None else statement(f"list_{asked.state}")


def _read(
    name: str,
    database: Database,
    asked: Asked,
    values: dict[str, object],
    *,
    key: str,
    conditions: Sequence[str],
) -> list[tuple[Any, ...]]:
    fragments = {
        "key": key,
        "direction": "DESC" if asked.is_descending else "ASC",
        "conditions": " ".join(conditions),
    }
    return execute(name, database.cell, values, **fragments).fetchall()


def _beyond(asked: Asked, values: dict[str, object], *, row: str, key: str, kind: str) -> str:
    """The condition that leaves what stands behind the cursor; its values are added to `values`."""
    if asked.after is None:
        return ""
    cursor = cursors.decode(asked.after, order=asked.sort, kind=str if kind == "text" else int)
    values["after"], values["after_id"] = cursor.value, cursor.row_id
    if kind == "timestamptz" and isinstance(cursor.value, int):
        values["after"] = _moment(cursor.value)
    beyond = "<" if asked.is_descending else ">"
    return statement("list_beyond", row=row, key=key, kind=kind, beyond=beyond)


def _moment(microseconds: int) -> datetime:
    try:
        return _EPOCH + _MICROSECOND * microseconds
    except OverflowError as error:
        raise InvalidArgument(
            f"after: expected the `next` of a page, got the moment {microseconds}"
        ) from error


def _next(asked: Asked, rows: Sequence[tuple[Any, ...]], *, is_last: bool) -> str | None:
    if is_last:
        return None
    value = rows[-1][-1]
    if isinstance(value, datetime):
        value = (value - _EPOCH) // _MICROSECOND
    return Cursor(asked.sort, value, rows[-1][0]).encode()


def _ids(name: str, database: Database, conditions: str, values: dict[str, object]) -> str:
    """The ids that one side's filter leaves, as the text of an array for the other side.

    Raises:  InvalidArgument for more than MAX_CHOSEN
    """
    bounded = values | {"count": MAX_CHOSEN + 1}
    ((count, ids),) = execute(name, database.cell, bounded, conditions=conditions).fetchall()
    if count > MAX_CHOSEN:
        raise InvalidArgument(
            f"More than {MAX_CHOSEN:,} collections pass this filter: narrow it, or sort by "
            + ("name" if name == "ids_of_names" else "records")
        )
    return str(ids)


def _by_id(name: str, database: Database, ids: Sequence[UUID]) -> dict[UUID, tuple[Any, ...]]:
    if not ids:
        return {}
    found = execute(name, database.cell, {"collection_ids": list(ids)}).fetchall()
    return {row[0]: row[1:] for row in found}
