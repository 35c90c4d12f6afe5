"""How a tenant's requests went: series and sums over stretches of time, and its busiest collections.

Read from rows as coarse as can be (`metric_ranges.pieces`), so the cost depends on the range and on the
number of databases, and never on that of collections or requests. Times are of answers below 400: how long a
refusal took tells nobody anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from tenants import latencies, metric_ranges
from tenants.actors import Actor
from tenants.errors import InvalidArgument
from tenants.metric_ranges import DAY_SECONDS, HOUR_SECONDS, Marks, Piece
from tenants.models import MetricClock
from tenants.request_counts import OPERATIONS, UNKNOWN, Outcome
from tenants.roles import Action
from tenants.scope import tenant_transaction

MOST_COLLECTIONS_COUNT = 20
RATIOS = (0.5, 0.9, 0.95, 0.99)

_WITHIN = """
FROM unnest(%(resolutions)s::int[], %(sinces)s::timestamptz[], %(untils)s::timestamptz[])
  AS p (resolution_seconds, since, until)
JOIN {table} AS m ON m.tenant_id = %(tenant_id)s AND m.resolution_seconds = p.resolution_seconds
  AND m.at >= p.since AND m.at < p.until
WHERE (%(database_id)s::uuid IS NULL OR m.database_id = %(database_id)s)
  AND (%(operation)s::text IS NULL OR m.operation = %(operation)s)
"""
_DATABASES = _WITHIN.format(table="tenants_requestmetric")
_COLLECTIONS = _WITHIN.format(table="tenants_collectionrequestmetric")
_SLOT = "floor(extract(epoch FROM m.at - %(origin)s) / %(step_seconds)s)::int"
_SERIES_REQUESTS = (
    f"SELECT {_SLOT}, m.operation, m.outcome, sum(m.requests)::bigint {_DATABASES} GROUP BY 1, 2, 3"
)
_SERIES_OF_COLLECTION = (
    f"SELECT {_SLOT}, m.operation, m.outcome, sum(m.requests)::bigint {_COLLECTIONS} "
    "AND m.collection_id = %(collection_id)s GROUP BY 1, 2, 3"
)
_FLAT = _DATABASES.replace(
    "\nWHERE", ", unnest(m.buckets, m.counts) AS u (bucket, n)\nWHERE m.outcome = 'ok' AND"
)
_SERIES_LATENCIES = f"SELECT {_SLOT}, u.bucket, sum(u.n)::bigint {_FLAT} GROUP BY 1, 2"
_SUMS = f"SELECT m.operation, m.outcome, sum(m.requests)::bigint {_DATABASES} GROUP BY 1, 2"
_SUMS_LATENCIES = f"SELECT m.operation, u.bucket, sum(u.n)::bigint {_FLAT} GROUP BY 1, 2"
_BY_DATABASE = f"SELECT m.database_id, sum(m.requests)::bigint {_DATABASES} GROUP BY 1"
_TOP = f"""
SELECT m.database_id, m.collection_id, sum(m.requests)::bigint,
  (sum(m.requests) FILTER (WHERE m.outcome <> 'ok'))::bigint, sum(m.microseconds)::bigint
{_COLLECTIONS} GROUP BY 1, 2 ORDER BY 3 DESC, 2 LIMIT %(count)s
"""


@dataclass(frozen=True)
class Latencies:
    """Seconds that half, 90 %, 95 % and 99 % of the requests took at most; None without a request."""

    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None


@dataclass(frozen=True)
class Point:
    """One step of a series.

    at:        when it begins
    requests:  by outcome; an outcome that did not happen is left out
    """

    at: datetime
    requests: Mapping[Outcome, int]
    by_operation: Mapping[str, int]
    latencies: Latencies

    @property
    def total(self) -> int:
        """All requests of the step."""
        return sum(self.requests.values())


@dataclass(frozen=True)
class Series:
    """Every step from `since` (inclusive) to `until` (exclusive), those without requests too."""

    since: datetime
    until: datetime
    step_seconds: int
    points: Sequence[Point]


@dataclass(frozen=True)
class OperationSums:
    """One operation over a range, or all of them."""

    operation: str
    requests: Mapping[Outcome, int]
    latencies: Latencies

    @property
    def total(self) -> int:
        """All requests."""
        return sum(self.requests.values())

    @property
    def errors(self) -> int:
        """Those that were not answered with what was asked for."""
        return self.total - self.requests.get(Outcome.OK, 0)

    @property
    def error_ratio(self) -> float:
        """Their share, 0 to 1."""
        return self.errors / self.total if self.total else 0.0


@dataclass(frozen=True)
class Summary:
    """A range in sums; `operations` are those with requests, the busiest first."""

    since: datetime
    until: datetime
    total: OperationSums
    operations: Sequence[OperationSums]


@dataclass(frozen=True)
class CollectionSums:
    """A collection over a range: how many requests, how many not answered, how long all took together."""

    database_id: UUID
    collection_id: UUID
    requests: int
    errors: int
    seconds: float


@dataclass
class _Cell:
    requests: dict[Outcome, int] = field(default_factory=dict)
    by_operation: dict[str, int] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)


def series(
    by: Actor,
    tenant_id: UUID,
    *,
    since: datetime,
    until: datetime,
    step_seconds: int,
    database_id: UUID | None = None,
    collection_id: UUID | None = None,
    operation: str | None = None,
) -> Series:
    """Requests and latencies, step by step; the first step begins at or before `since`.

    collection_id:  of one collection, in steps of hours or days and without latencies
    Raises:         PermissionDenied, InvalidArgument for a range or a step that is not kept, or an operation
                    that there is not
    Transaction:    opens one, of three statements
    """
    by.require(Action.VIEW_METRICS)
    now = datetime.now(UTC)
    if collection_id is not None and step_seconds < HOUR_SECONDS:
        raise InvalidArgument("step_seconds: collections are counted by the hour")
    if since >= until:
        raise InvalidArgument("since: expected a moment before until")
    metric_ranges.check_step(since, until, step_seconds, now)
    first, last = metric_ranges.floor(since, step_seconds), metric_ranges.ceil(until, step_seconds)
    unit = metric_ranges.coarsest_of(step_seconds)
    with tenant_transaction(tenant_id):
        values: dict[str, Any] = {
            **_values(tenant_id, database_id, operation),
            **_pieces(first, last, finest=None if collection_id is None else HOUR_SECONDS, coarsest=unit),
            "origin": first,
            "step_seconds": step_seconds,
            "collection_id": collection_id,
        }
        counted = _rows(_SERIES_REQUESTS if collection_id is None else _SERIES_OF_COLLECTION, values)
        timed = _rows(_SERIES_LATENCIES, values) if collection_id is None else []
    count = (last - first) // timedelta(seconds=step_seconds)
    cells = [_Cell() for _ in range(count)]
    for slot, name, outcome, requests in counted:
        cell = cells[slot]
        cell.requests[Outcome(outcome)] = cell.requests.get(Outcome(outcome), 0) + requests
        cell.by_operation[name] = cell.by_operation.get(name, 0) + requests
    for slot, bucket, number in timed:
        cells[slot].counts[bucket] = number
    points = [
        Point(
            first + timedelta(seconds=step_seconds * slot),
            cell.requests,
            cell.by_operation,
            _latencies(cell.counts),
        )
        for slot, cell in enumerate(cells)
    ]
    return Series(first, last, step_seconds, points)


def summary(
    by: Actor,
    tenant_id: UUID,
    *,
    since: datetime,
    until: datetime,
    database_id: UUID | None = None,
    operation: str | None = None,
) -> Summary:
    """Requests, errors and percentiles of each operation; ends whose minutes are gone are moved outwards.

    Raises:      PermissionDenied, InvalidArgument
    Transaction: opens one, of three statements
    """
    by.require(Action.VIEW_METRICS)
    first, last = metric_ranges.widen(since, until, datetime.now(UTC))
    with tenant_transaction(tenant_id):
        values = {**_values(tenant_id, database_id, operation), **_pieces(first, last)}
        counted, timed = _rows(_SUMS, values), _rows(_SUMS_LATENCIES, values)
    requests: dict[str, dict[Outcome, int]] = {}
    counts: dict[str, dict[int, int]] = {}
    for name, outcome, number in counted:
        requests.setdefault(name, {})[Outcome(outcome)] = number
    for name, bucket, number in timed:
        counts.setdefault(name, {})[bucket] = number
    operations = [
        OperationSums(name, found, _latencies(counts.get(name, {}))) for name, found in requests.items()
    ]
    total = OperationSums("", _added(requests.values()), _latencies(_added(counts.values())))
    return Summary(first, last, total, sorted(operations, key=lambda one: (-one.total, one.operation)))


def top_collections(
    by: Actor,
    tenant_id: UUID,
    *,
    since: datetime,
    until: datetime,
    database_id: UUID | None = None,
    operation: str | None = None,
    limit_count: int = MOST_COLLECTIONS_COUNT,
) -> list[CollectionSums]:
    """The collections with the most requests, of whole hours: the ends are moved outwards.

    Raises:      PermissionDenied, InvalidArgument
    Transaction: opens one, of two statements
    """
    by.require(Action.VIEW_METRICS)
    first, last = metric_ranges.widen(since, until, datetime.now(UTC))
    with tenant_transaction(tenant_id):
        values = {
            **_values(tenant_id, database_id, operation),
            **_pieces(first, last, finest=HOUR_SECONDS),
            "count": limit_count,
        }
        rows = _rows(_TOP, values)
    return [
        CollectionSums(place, collection_id, requests, errors or 0, microseconds / 1e6)
        for place, collection_id, requests, errors, microseconds in rows
    ]


def requests_by_database(by: Actor, tenant_id: UUID, *, since: datetime) -> dict[UUID, int]:
    """How many requests each database had from this moment on, whatever their outcome.

    Raises:      PermissionDenied, InvalidArgument
    Transaction: joins the open one, or opens one; two statements
    """
    by.require(Action.VIEW_METRICS)
    now = datetime.now(UTC)
    first, last = metric_ranges.widen(since, now + timedelta(minutes=1), now)
    with tenant_transaction(tenant_id):
        rows = _rows(_BY_DATABASE, {**_values(tenant_id, None, None), **_pieces(first, last)})
    return {database_id: requests for database_id, requests in rows if database_id != UNKNOWN}


def _values(tenant_id: UUID, database_id: UUID | None, operation: str | None) -> dict[str, Any]:
    if operation is not None and operation not in OPERATIONS:
        raise InvalidArgument(f"operation: expected one of {', '.join(OPERATIONS)}, got {operation[:40]!r}")
    return {"tenant_id": tenant_id, "database_id": database_id, "operation": operation}


def _pieces(
    since: datetime, until: datetime, *, finest: int | None = None, coarsest: int = DAY_SECONDS
) -> dict[str, Any]:
    clock = MetricClock.objects.get()
    marks = Marks(clock.quarter_mark, clock.hour_mark, clock.day_mark)
    if finest == HOUR_SECONDS:  # hours are there at once, and days once they are over
        since, until = metric_ranges.floor(since, finest), metric_ranges.ceil(until, finest)
        marks = Marks(until, until, clock.day_mark)
    found: list[Piece] = metric_ranges.pieces(since, until, marks, coarsest_seconds=coarsest)
    return {
        "resolutions": [one.resolution_seconds for one in found],
        "sinces": [one.since for one in found],
        "untils": [one.until for one in found],
    }


def _rows(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _latencies(counts: Mapping[int, int]) -> Latencies:
    return Latencies(*(latencies.percentile(counts, ratio) for ratio in RATIOS))


def _added(many: Iterable[Mapping[Any, int]]) -> dict[Any, int]:
    total: dict[Any, int] = {}
    for one in many:
        for key, number in one.items():
            total[key] = total.get(key, 0) + number
    return total
