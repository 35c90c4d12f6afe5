"""Writing down how requests went, as processes counted; and for workers, rolling it up and forgetting it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.db import connection

from tenants.identity import Verb
from tenants.metric_ranges import HOUR_SECONDS
from tenants.models import RequestTotal

UNKNOWN = UUID(int=0)
CATALOGUE = "catalogue"
# What a request is called in metrics: the record verbs by name, everything else of the API as one.
OPERATION_OF: dict[Verb, str] = {
    Verb.ADD: "add",
    Verb.UPSERT: "upsert",
    Verb.UPDATE: "update",
    Verb.DELETE: "delete",
    Verb.GET: "get",
    Verb.QUERY: "query",
    Verb.SEARCH: "search",
    Verb.COUNT: "count",
    Verb.FORK_COLLECTION: "fork",
}
OPERATIONS = (*OPERATION_OF.values(), CATALOGUE)
# Of a flush and a tenant, those with the most requests; the others are in their database's sums alone.
MAX_COLLECTIONS_COUNT = 100
_FORGET_ROWS = 10_000


class Outcome(StrEnum):
    """How a request ended, by its status."""

    OK = "ok"  # below 400
    CLIENT_ERROR = "client_error"  # 4xx but 429
    LIMITED = "limited"  # 429
    SERVER_ERROR = "server_error"  # 5xx


def outcome_of(status: int) -> Outcome:
    """By the status of the answer."""
    if status < 400:
        return Outcome.OK
    if status == 429:
        return Outcome.LIMITED
    return Outcome.CLIENT_ERROR if status < 500 else Outcome.SERVER_ERROR


class Counted(NamedTuple):
    """What is counted apart.

    tenant_id:      None for requests of nobody: they are in the totals alone
    database_id, collection_id:  UNKNOWN where the request was refused before they were found
    minute:         since 1970
    """

    tenant_id: UUID | None
    database_id: UUID
    collection_id: UUID
    operation: str
    outcome: str
    minute: int


@dataclass(slots=True)
class Sums:
    """Of requests that are counted together: how long all of them took, and how many took how long."""

    seconds: float = 0.0
    counts: dict[int, int] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        """How many."""
        return sum(self.counts.values())

    def add(self, other: Sums) -> None:
        """As if its requests had been counted here."""
        self.seconds += other.seconds
        for bucket, count in other.counts.items():
            self.counts[bucket] = self.counts.get(bucket, 0) + count

    def columns(self) -> dict[str, Any]:
        """As the rows have it."""
        buckets = sorted(self.counts)
        return {
            "microseconds": round(self.seconds * 1e6),
            "buckets": buckets,
            "counts": [self.counts[bucket] for bucket in buckets],
        }


@dataclass(frozen=True)
class Rows:
    """What is told at once, as JSON: per database and minute, per collection and hour, and in all."""

    per_database: str
    per_collection: str
    in_all: str


def rows_of(counted: Mapping[Counted, Sums]) -> Rows:
    """The rows of what was counted; of each tenant, the collections with the most requests. [pure]"""
    databases: dict[tuple[Any, ...], Sums] = {}
    collections: dict[tuple[Any, ...], Sums] = {}
    totals: dict[tuple[Any, ...], Sums] = {}
    for key, sums in counted.items():
        totals.setdefault((key.operation, key.outcome), Sums()).add(sums)
        if key.tenant_id is None:
            continue
        place = (key.tenant_id, key.minute * 60, key.database_id, key.operation, key.outcome)
        databases.setdefault(place, Sums()).add(sums)
        if key.collection_id != UNKNOWN:
            hour = key.minute * 60 // HOUR_SECONDS * HOUR_SECONDS
            named = (key.tenant_id, hour, key.database_id, key.collection_id, key.operation, key.outcome)
            collections.setdefault(named, Sums()).add(sums)
    kept = _busiest(collections)
    return Rows(
        _json(
            {
                "tenant_id": tenant_id,
                "at": _moment(at),
                "database_id": database_id,
                "operation": operation,
                "outcome": outcome,
                **sums.columns(),
            }
            for (tenant_id, at, database_id, operation, outcome), sums in databases.items()
        ),
        _json(
            {
                "tenant_id": tenant_id,
                "at": _moment(at),
                "database_id": database_id,
                "collection_id": collection_id,
                "operation": operation,
                "outcome": outcome,
                "requests": sums.requests,
                "microseconds": round(sums.seconds * 1e6),
            }
            for (tenant_id, at, database_id, collection_id, operation, outcome), sums in collections.items()
            if collection_id in kept
        ),
        _json(
            {"operation": operation, "outcome": outcome, "requests": sums.requests, **sums.columns()}
            for (operation, outcome), sums in totals.items()
        ),
    )


def note(flush_id: UUID, rows: Rows) -> bool:
    """Add what a process counted; False when it was added before.

    Idempotent:  yes, by flush_id, for a day
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tenants_note_requests(%s, %s::jsonb, %s::jsonb, %s::jsonb)",
            [flush_id, rows.per_database, rows.per_collection, rows.in_all],
        )
        return bool(cursor.fetchone()[0])


def roll_up(now: datetime) -> int:
    """Roll up every quarter, hour and day that is over; how many. Each is a transaction of its own.

    Idempotent:  yes; what was rolled up is known, and what a killed worker had begun never happened
    """
    rolled = 0
    while _ask("SELECT tenants_roll_up_requests(%s)", now):
        rolled += 1
    return rolled


def forget_old(now: datetime) -> int:
    """Delete what is past its time, and rolled up; how many rows."""
    gone = 0
    while more := int(_ask("SELECT tenants_forget_requests(%s, %s)", now, _FORGET_ROWS)):
        gone += more
    return gone


def totals() -> list[RequestTotal]:
    """Requests of all tenants together since the installation began; names nobody."""
    return list(RequestTotal.objects.order_by("operation", "outcome"))


def _ask(statement: str, *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()[0]


def _busiest(collections: Mapping[tuple[Any, ...], Sums]) -> set[UUID]:
    requests: dict[UUID, dict[UUID, int]] = {}
    for (tenant_id, _, _, collection_id, *_), sums in collections.items():
        mine = requests.setdefault(tenant_id, {})
        mine[collection_id] = mine.get(collection_id, 0) + sums.requests
    return {
        collection_id
        for mine in requests.values()
        for collection_id in sorted(mine, key=lambda one: -mine[one])[:MAX_COLLECTIONS_COUNT]
    }


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _json(rows: Iterable[dict[str, Any]]) -> str:
    return orjson.dumps(list(rows)).decode()
