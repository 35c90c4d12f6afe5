"""What a tenant used: the ledgers of all cells, written to by reads and by the clock, and summed up.

A write's row is in the write's own statement (`vectors/sql/log.sql`). Reads are counted in their process and
arrive here an hour's worth at a time; storage is sampled once an hour.

    usage_ledger   one row per write │ per flush, hour, collection, key and meter of reads │ per hour stored
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson

from tenants.errors import InvalidArgument
from tenants.prices import Meter, Prices, cost_nano
from tenants.scope import tenant_transaction
from vectors import rollup
from vectors.cells.transaction import execute, transaction
from vectors.sql import in_cell

MAX_HOURLY_DAYS = 31
MAX_DAILY_DAYS = 400
MAX_ROWS = 20_000
HOUR = timedelta(hours=1)
# Hours for which a service that was away catches up.
_MAX_HOURS = 31 * 24
_SAMPLES = UUID("6f4ee2a3-4c39-4b0c-9f0b-1f2f2f4e9a51")


class By(StrEnum):
    """What a report can be split by; every report is split by meter, for units do not add up."""

    DAY = "day"
    HOUR = "hour"
    DATABASE = "database"
    COLLECTION = "collection"
    KEY = "key"
    METER = "meter"
    OPERATION = "operation"


# What a report may be limited to; each with the dimension that it needs.
_FILTERS = {
    By.DATABASE: "l.database_id = %(database)s::uuid",
    By.COLLECTION: "l.collection_id = %(collection)s::uuid",
    By.KEY: "l.key_id = %(key)s::uuid",
    By.METER: "l.meter = %(meter)s::text",
    By.OPERATION: "l.operation = %(operation)s::text",
}
# Times are written out once they are few.
_FORMS = {By.DAY: "%Y-%m-%d", By.HOUR: "%Y-%m-%dT%H:00:00Z"}
_BOUNDS = "AND l.tenant_id = %(tenant_id)s AND l.at >= %(since)s AND l.at < %(until)s"
_DIMENSIONS = {
    By.DAY: "date_trunc('day', l.at, 'UTC')",
    By.HOUR: "date_trunc('hour', l.at, 'UTC')",
    By.DATABASE: "l.database_id::text",
    By.COLLECTION: "l.collection_id::text",
    By.KEY: "coalesce(l.key_id::text, '')",
    By.OPERATION: "l.operation",
}


@dataclass(frozen=True)
class ReadEntry:
    """What reads of one collection by one key used of one meter in one hour.

    at:  the beginning of the hour
    """

    database_id: UUID
    collection_id: UUID
    key_id: UUID | None
    meter: Meter
    operation: str
    at: datetime
    quantity: int
    requests: int


@dataclass(frozen=True)
class UsageRow:
    """A line of a report.

    dimensions: what it was split by, without the meter; ids, or times in UTC; without a key: empty
    """

    dimensions: dict[By, str]
    meter: Meter
    quantity: int
    requests: int
    cost_nano: int


@dataclass(frozen=True)
class Report:
    """What was used between two moments.

    totals:     per meter, and what each costs: the lines of a bill
    cost_nano:  of the totals; the rows are rounded each for itself and may add up to a little else
    """

    rows: list[UsageRow]
    totals: dict[Meter, tuple[int, int]]
    cost_nano: int
    requests: int


def cells() -> list[str]:
    """Every cell that this database has, also of databases that are gone."""
    return [name for (name,) in execute("all_cells", "cell", {}).fetchall()]


def append_reads(cell: str, tenant_id: UUID, entries: Iterable[ReadEntry], *, flush_id: UUID) -> None:
    """Write what reads used; sent again under the same id it counts once.

    Transaction: opens one
    Idempotent:  yes, by flush_id
    """
    rows = [
        {
            "database_id": one.database_id,
            "collection_id": one.collection_id,
            "key_id": one.key_id,
            "meter": one.meter.value,
            "operation": one.operation,
            "quantity": one.quantity,
            "requests": one.requests,
            "at": one.at,
        }
        for one in entries
    ]
    values = {"tenant_id": tenant_id, "flush_id": flush_id, "rows": orjson.dumps(rows).decode()}
    with transaction(tenant_id) as pipeline:
        pipeline.run(in_cell("append_reads", cell), values)


def sample_storage(cell: str, *, now: datetime) -> tuple[int, int]:
    """Enter what each collection of the cell holds, for every hour since the last sample; rows and hours.

    After a pause the hours in between are entered as of now, 31 days of them at most. A collection is not
    entered for hours before it was made, nor once it is deleted.

    Transaction: opens one
    Idempotent:  yes, by hour and collection
    """
    last = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hours = [last - HOUR * back for back in range(_MAX_HOURS)]
    values: dict[str, object] = {
        "hours": hours,
        "flush_ids": [uuid.uuid5(_SAMPLES, hour.isoformat()) for hour in hours],
    }
    row = execute("sample_storage", cell, values).fetchone()
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


def meter_totals(tenant_id: UUID, *, since: datetime, until: datetime) -> dict[Meter, int]:
    """How much of each meter the tenant used from `since` (inclusive) to `until` (exclusive), by the ledger.

    For invoices, their recount and what is sent to Stripe; reports and estimates ask `rolled_totals`.
    Transaction: joins the open one, or opens one
    """
    totals = dict.fromkeys(Meter, 0)
    values = {"tenant_id": tenant_id, "since": since, "until": until}
    with tenant_transaction(tenant_id):
        for cell in cells():
            for meter, quantity in execute("meter_totals", cell, values).fetchall():
                totals[Meter(meter)] += quantity
    return totals


def rolled_totals(tenant_id: UUID, *, since: datetime, until: datetime) -> dict[Meter, int]:
    """The same by the roll-up and what it has not yet; a moment to come is as good as now.

    For the running month, budgets, alerts and forecasts.
    Transaction: joins the open one, or opens one
    """
    totals = dict.fromkeys(Meter, 0)
    for meter, quantity, _ in read_usage(tenant_id, [], since=since, until=until):
        totals[Meter(meter)] += quantity
    return totals


def report(
    tenant_id: UUID,
    *,
    since: datetime,
    until: datetime,
    by: Collection[By],
    prices: Prices,
    only: Mapping[By, UUID | str] | None = None,
) -> Report:
    """What the tenant used, split as asked, in the order of the dimensions.

    only:        what it is limited to: one database, collection, key, meter or operation
    Raises:      InvalidArgument for more than 31 days by hour, more than 400 days, or more than MAX_ROWS rows
    Transaction: joins the open one, or opens one
    """
    _check_range(since, until, by)
    asked = [one for one in By if one in by and one is not By.METER]
    found = read_usage(tenant_id, asked, since=since, until=until, only=only or {})
    sums: dict[tuple[Any, ...], list[int]] = {}
    totals: dict[Meter, int] = dict.fromkeys(Meter, 0)
    requests = 0
    for *key, meter, quantity, count in found:
        summed = sums.setdefault((*key, Meter(meter)), [0, 0])
        summed[0] += quantity
        summed[1] += count
        totals[Meter(meter)] += quantity
        requests += 0 if meter == Meter.BYTES_SCANNED else count
    rows = [
        UsageRow(
            dimensions=dict(zip(asked, key, strict=True)),
            meter=meter,
            quantity=quantity,
            requests=count,
            cost_nano=cost_nano(meter, quantity, prices),
        )
        for (*key, meter), (quantity, count) in sorted(sums.items())
    ]
    priced = {meter: (total, cost_nano(meter, total, prices)) for meter, total in totals.items()}
    return Report(rows, priced, sum(cost for _, cost in priced.values()), requests)


def _check_range(since: datetime, until: datetime, by: Collection[By]) -> None:
    if since >= until:
        raise InvalidArgument("since: expected a moment before until")
    days = MAX_HOURLY_DAYS if By.HOUR in by else MAX_DAILY_DAYS
    if until - since > timedelta(days=days):
        raise InvalidArgument(f"since: expected at most {days} days before until")


def read_usage(
    tenant_id: UUID,
    asked: Sequence[By],
    *,
    since: datetime,
    until: datetime,
    only: Mapping[By, UUID | str] = MappingProxyType({}),
) -> list[tuple[Any, ...]]:
    """Rows of what was asked for, a time first, then meter, quantity and requests; some may come twice.

    One statement per cell, and one more for an hour that is cut by `since` or `until`.
    Raises:      InvalidArgument for more than MAX_ROWS rows
    Transaction: joins the open one, or opens one
    """
    wanted = {one.value for one in (*asked, *only)} - {By.DAY.value, By.HOUR.value}
    grain = "hour" if By.HOUR in asked else "day" if By.DAY in asked else "month"
    now = datetime.now(UTC)
    bounds = " AND ".join([_BOUNDS, *(_FILTERS[one] for one in only)])
    shape = {
        "dimensions": "".join(f"{_DIMENSIONS[one]}, " for one in asked),
        "places": ", ".join(str(place + 1) for place in range(len(asked) + 1)),
        "bounds": bounds,
    }
    found: list[tuple[Any, ...]] = []
    with tenant_transaction(tenant_id):
        rollup.plan_for_values()
        for cell in cells():
            for part in rollup.parts(wanted, grain, since=since, until=until, now=now):
                values = {
                    "tenant_id": tenant_id,
                    "since": part.since,
                    "until": part.until,
                    "count": MAX_ROWS + 1,
                    **{one.value: value for one, value in only.items()},
                }
                if part.source is None:
                    found += execute("report_usage", cell, values, **shape).fetchall()
                else:
                    found += rollup.read(cell, part.source, values, **shape)
            if len(found) > MAX_ROWS:
                raise InvalidArgument(
                    f"by: more than {MAX_ROWS} rows; ask for a shorter time or fewer dimensions"
                )
    form = next((_FORMS[one] for one in asked if one in _FORMS), None)
    if form is None:
        return found
    # `By` puts the time first.
    return [(at.astimezone(UTC).strftime(form), *rest) for at, *rest in found]
