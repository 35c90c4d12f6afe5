"""The ledger rolled up: made by the sweep, read by reports, checked by the recount. The ledger is the truth.

ledger   ▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪│▪▫▪▪▫▪▪      ▫ committed late: seen by no roll-up yet
sums     ─── added up, seen by `rolled_to` ───│ tail    sums + tail = ledger, in every snapshot

usage_hour              hour, collection, key, meter, operation      one collection; everything by the hour
usage_database_hour     hour, database, key, meter, operation        the last days by the hour
usage_database_day      day, database, key, meter, operation         by day, by database, by key
usage_collection_month  month, collection, meter                     the dearest collections
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from django.db import transaction

from tenants.scope import tenant_transaction
from vectors.cells.transaction import Row, connect, execute
from vectors.sql import identifier, statement

HOUR = timedelta(hours=1)
# A caller's "now" may be so old.
_MOMENT = timedelta(minutes=1)
_ALL = frozenset({"database", "collection", "key", "meter", "operation"})
_COLUMNS = {
    "database": "l.database_id",
    "collection": "l.collection_id",
    "key": "l.key_id",
    "meter": "l.meter",
    "operation": "l.operation",
}
_AMOUNTS = "l.at, l.quantity, l.requests"
_SEEN = "AND pg_visible_in_snapshot(l.transaction_id, (SELECT pg_current_snapshot()))"
_ROLLED = f"l.tenant_id, {', '.join(_COLUMNS.values())}, {_AMOUNTS}, l.records"


@dataclass(frozen=True)
class Source:
    """A table of sums.

    grain:  what its rows are summed over: hour, day or month of UTC
    has:    what its rows are told apart by, besides
    """

    table: str
    grain: str
    has: frozenset[str]

    @property
    def columns(self) -> str:
        """What a report reads of it, and of the ledger beside it."""
        return ", ".join([text for name, text in _COLUMNS.items() if name in self.has] + [_AMOUNTS])


BY_MONTH = Source("usage_collection_month", "month", frozenset({"database", "collection", "meter"}))
# The one with the fewest rows first: a tenant has fewer keys and databases than collections.
SOURCES = (
    Source("usage_database_day", "day", _ALL - {"collection"}),
    BY_MONTH,
    Source("usage_database_hour", "hour", _ALL - {"collection"}),
    Source("usage_hour", "hour", _ALL),
)


@dataclass(frozen=True)
class Part:
    """A stretch of time, and where its sums are; without a source they are in the ledger alone."""

    since: datetime
    until: datetime
    source: Source | None


def parts(
    wanted: Collection[str], grain: str, *, since: datetime, until: datetime, now: datetime
) -> list[Part]:
    """Where a report from `since`, before `until`, is read; in order, without gap or overlap. [pure]

    Whole hours are read from the cheapest table that has them, the rest of an hour from the ledger. Nothing
    is written down for times to come: a report up to now is read as one to the end of its hour, day or month.
    wanted:  what rows are told apart or filtered by
    grain:   hour, day or month: the finest time that they are told apart by
    """
    is_open = until > now - _MOMENT
    for source in SOURCES:
        if not source.has.issuperset(wanted) or _ORDER[source.grain] > _ORDER[grain]:
            continue
        end = _ceiling(until, source.grain) if is_open else until
        if _floor(since, source.grain) == since and _floor(end, source.grain) == end:
            return [Part(since, end, source)]
    source = next(one for one in SOURCES if one.grain == "hour" and one.has.issuperset(wanted))
    end = _ceiling(until, "hour") if is_open else until
    begin, stop = min(_ceiling(since, "hour"), end), _floor(end, "hour")
    if begin >= stop:
        return [Part(since, end, None)]
    found = [Part(since, begin, None), Part(begin, stop, source), Part(stop, end, None)]
    return [one for one in found if one.since < one.until]


_ORDER = {"hour": 0, "day": 1, "month": 2}


def _floor(at: datetime, grain: str) -> datetime:
    hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if grain == "hour":
        return hour
    return hour.replace(hour=0) if grain == "day" else hour.replace(day=1, hour=0)


def _ceiling(at: datetime, grain: str) -> datetime:
    floor = _floor(at, grain)
    if floor == at:
        return floor
    step = {"hour": HOUR, "day": timedelta(days=1), "month": timedelta(days=31)}[grain]
    return _floor(floor + step, grain)


def fragments(source: Source, cell: str, bounds: str) -> dict[str, str]:
    """What a statement over a table of sums and the tail is put together from. [pure]"""
    place = identifier(cell)
    return {
        "clock": statement("clock", cell=place),
        "tail": statement("tail", cell=place, columns=source.columns, bounds=bounds),
        "columns": source.columns,
        "bounds": bounds,
    }


def ranking(cell: str, bounds: str) -> dict[str, str]:
    """What the statement `dearest_collections` is put together from. [pure]"""
    shape = fragments(BY_MONTH, cell, bounds)
    tail = statement(
        "tail", cell=identifier(cell), columns="l.collection_id, l.meter, l.quantity", bounds=bounds
    )
    return {"clock": shape["clock"], "bounds": bounds, "tail": tail}


def plan_for_values() -> None:
    """Have the statements that follow in this transaction planned for their values.

    Transaction: needs one
    """
    psycopg.Cursor(connect()).execute(statement("plan_for_values").encode())


def read(
    cell: str,
    source: Source,
    values: Mapping[str, object],
    *,
    bounds: str,
    dimensions: str,
    places: str,
) -> list[Row]:
    """Sums and tail of one cell, grouped.

    Transaction: needs one that is bound to the tenant
    """
    shape = fragments(source, cell, bounds)
    found = execute(
        "rolled_usage", cell, values, table=source.table, dimensions=dimensions, places=places, **shape
    )
    return found.fetchall()


# --- the sweep ---------------------------------------------------------------------------------------


def roll_up(cell: str, *, anew: bool = False) -> int:
    """Add to the sums what the ledger has and they have not; how many rows of the ledger.

    anew:        forget the sums first; also done where they are of another cluster, after a restore
    Transaction: opens one, for which roll-ups of the cell wait; writers and readers do not
    Idempotent:  yes: each row is added once, whoever crashes when
    """
    with transaction.atomic():
        row = execute("lock_rollup", cell, {}).fetchone()
        if anew or row is None or not row[0]:
            execute("clear_rollup", cell, {})
        place = identifier(cell)
        tail = statement("tail", cell=place, columns=_ROLLED, bounds=_SEEN)
        added = execute("roll_up", cell, {}, clock=statement("clock", cell=place), tail=tail).fetchone()
    return int(added[0]) if added else 0


# --- the recount -------------------------------------------------------------------------------------


def differences(cell: str, tenant_id: UUID) -> Iterator[tuple[str, int]]:
    """Tables of sums that, with the tail, are not what the ledger says; each with its number of wrong sums.

    Transaction: opens one
    """
    place = identifier(cell)
    values: dict[str, Any] = {"tenant_id": tenant_id}
    tail = statement("tail", cell=place, columns=_ROLLED, bounds="AND l.tenant_id = %(tenant_id)s")
    with tenant_transaction(tenant_id):
        found = execute(
            "compare_rollup", cell, values, clock=statement("clock", cell=place), tail=tail
        ).fetchall()
    yield from found
