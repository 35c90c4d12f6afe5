"""How far the indexes of a tenant are behind: per database, and which jobs are parked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tenants.actors import Actor
from tenants.roles import Action
from tenants.scope import tenant_transaction
from vectors.cells.transaction import execute
from vectors.models import Collection
from workers import policy
from workers.alerting import Backlog, Parked
from workers.policy import CollectionFacts, Thresholds

# Of one cell, parked ones first; beyond, the sums of rows are still whole and the lag is that of the oldest.
_MAX_PER_CELL = 500


@dataclass(frozen=True)
class Standing:
    """Of all databases of a tenant; those without anything unindexed are left out."""

    backlogs: list[Backlog]
    parked: list[Parked]


@dataclass
class _Sums:
    unindexed_rows: int = 0
    lag_seconds: float = 0.0
    parked_count: int = 0


@dataclass
class _Found:
    """What the cells said so far; a parked job is (database, collection, kind, cause, attempts)."""

    sums: dict[UUID, _Sums] = field(default_factory=dict)
    parked: list[tuple[UUID, UUID, str, str, int]] = field(default_factory=list)

    def of(self, database_id: UUID) -> _Sums:
        return self.sums.setdefault(database_id, _Sums())


def standing(by: Actor, tenant_id: UUID, cells: Iterable[str], thresholds: Thresholds) -> Standing:
    """How far indexing is behind in each of the tenant's databases. Two statements per cell, and one.

    Raises:      PermissionDenied
    Transaction: joins the open one, or opens one
    """
    by.require(Action.VIEW_COLLECTIONS)
    found = _Found()
    bounds: dict[str, object] = {
        "tenant_id": tenant_id,
        "rows": thresholds.rows,
        "bytes": thresholds.bytes,
        "seconds": thresholds.age_seconds,
        "count": _MAX_PER_CELL,
    }
    with tenant_transaction(tenant_id):
        for cell in cells:
            for database_id, rows in execute("unindexed_by_database", cell, bounds).fetchall():
                found.of(database_id).unindexed_rows += rows
            for row in execute("waiting_collections", cell, bounds).fetchall():
                _enter(found, row, thresholds)
        ids = [collection_id for _, collection_id, *_ in found.parked]
        rows_of_names = Collection.objects.filter(tenant_id=tenant_id, collection_id__in=ids)
        names = dict(rows_of_names.values_list("collection_id", "name")) if ids else {}
    return Standing(
        [
            Backlog(database_id, sums.unindexed_rows, sums.lag_seconds, sums.parked_count)
            for database_id, sums in found.sums.items()
        ],
        [
            Parked(database_id, collection_id, names[collection_id], kind, cause, attempts)
            for database_id, collection_id, kind, cause, attempts in found.parked
            if collection_id in names
        ],
    )


def _enter(found: _Found, row: tuple[Any, ...], thresholds: Thresholds) -> None:
    collection_id, database_id, *numbers, state, kind, cause, attempts, job_age_seconds = row
    facts = CollectionFacts(*numbers)
    sums = found.of(database_id)
    age_seconds = job_age_seconds if kind == "compact" else None
    sums.lag_seconds = max(sums.lag_seconds, policy.lag_seconds(facts, thresholds, age_seconds))
    if state == "parked":
        sums.parked_count += 1
        found.parked.append((database_id, collection_id, kind, cause, attempts))
