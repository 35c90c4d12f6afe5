"""What a running month has cost so far, split: by database, by collection, by key.

Estimates, for looking at: a month is priced as the plan asks now, each meter of each line rounded once, half
up. The bill so far (`tenants.billing.invoices.preview`) has each price for its time, and an invoice is made
from the ledger itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection as AnyOf
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db.models import F

from tenants import tenants
from tenants.actors import Actor
from tenants.billing import months
from tenants.models import ApiKey, Database
from tenants.prices import PRICED_PER, Meter, Prices, cost_nano
from tenants.roles import Action
from tenants.scope import tenant_transaction
from vectors import rollup, usage
from vectors.cells.transaction import execute
from vectors.models import Collection
from vectors.usage import By, UsageRow

_BOUNDS = "AND l.tenant_id = %(tenant_id)s AND l.at >= %(since)s AND l.at < %(until)s"
_AMONG = " AND l.collection_id = ANY (%(collection_ids)s::uuid[])"
_IN_DATABASE = " AND l.database_id = %(database_id)s::uuid"


@dataclass(frozen=True)
class CollectionCost:
    """What a collection has cost in a month.

    name, database_name:  as they are now; None: deleted for good
    is_deleted:           it is in the recycle bin, or gone
    weight:               what the list is ordered by: the cost, nearly
    """

    collection_id: UUID
    database_id: UUID
    name: str | None
    database_name: str | None
    is_deleted: bool
    cost_nano: int
    requests: int
    weight: float


@dataclass(frozen=True)
class Share:
    """What one database or key used in some time.

    what:  its id; None: what no key used, which is storage
    """

    what: UUID | None
    quantities: Mapping[Meter, int]
    requests: int
    cost_nano: int


def prices_of(tenant_id: UUID) -> tuple[Prices, str]:
    """What the tenant's plan asks now, and its currency.

    Raises:  NotFound
    """
    tenant = tenants.get(tenant_id)
    return tenants.prices_of(tenant), tenants.currency_of(tenant)


def cost_by_database(by: Actor, tenant_id: UUID, *, month: date | None = None) -> dict[UUID, int]:
    """What each database has cost in the month, the running one by default; those without use are left out.

    Units:   nano-units of the currency of the tenant's plan
    Raises:  PermissionDenied, NotFound
    """
    by.require(Action.VIEW_USAGE)
    return {UUID(name): cost for name, cost in _cost_by(tenant_id, By.DATABASE, month).items()}


def cost_by_key(by: Actor, tenant_id: UUID, *, month: date | None = None) -> dict[UUID | None, int]:
    """What was used with each key in the month, the running one by default; None: storage, which no key uses.

    Units:   nano-units of the currency of the tenant's plan
    Raises:  PermissionDenied, NotFound
    """
    by.require(Action.VIEW_USAGE)
    return {UUID(name) if name else None: cost for name, cost in _cost_by(tenant_id, By.KEY, month).items()}


def _cost_by(tenant_id: UUID, dimension: By, month: date | None) -> dict[str, int]:
    prices, _ = prices_of(tenant_id)
    since, until = months.bounds(month or months.month_of(datetime.now(UTC)))
    return cost_of_rows(usage.read_usage(tenant_id, [dimension], since=since, until=until), prices)


def cost_of_rows(rows: Iterable[tuple[Any, ...]], prices: Prices) -> dict[Any, int]:
    """The cost of each first column of rows (what, meter, quantity, …); each meter is rounded once. [pure]"""
    sums: dict[Any, dict[Meter, int]] = defaultdict(lambda: defaultdict(int))
    for what, meter, quantity, *_ in rows:
        sums[what][Meter(meter)] += quantity
    return {
        what: sum(cost_nano(meter, quantity, prices) for meter, quantity in used.items())
        for what, used in sums.items()
    }


def cost_of_collections(
    by: Actor, database: Database, ids: AnyOf[UUID], *, month: date | None = None
) -> dict[UUID, int]:
    """What each of these collections of one database has cost in the month; those without use are left out.

    Units:       nano-units of the currency of the tenant's plan
    Raises:      PermissionDenied, NotFound
    Transaction: opens one; one statement, in the database's cell
    """
    by.require(Action.VIEW_USAGE)
    if not ids:
        return {}
    prices, _ = prices_of(database.tenant_id)
    since, until = months.bounds(month or months.month_of(datetime.now(UTC)))
    values = {
        "tenant_id": database.tenant_id,
        "since": since,
        "until": until,
        "collection_ids": list(ids),
        "count": len(ids) * len(Meter),
    }
    with tenant_transaction(database.tenant_id):
        rollup.plan_for_values()
        rows = rollup.read(
            database.cell,
            rollup.BY_MONTH,
            values,
            bounds=_BOUNDS + _AMONG,
            dimensions="l.collection_id, ",
            places="1, 2",
        )
    return cost_of_rows(rows, prices)


def dearest_collections(
    by: Actor,
    tenant_id: UUID,
    *,
    month: date | None = None,
    database: Database | None = None,
    limit_count: int,
    after: tuple[float, UUID] | None = None,
) -> list[CollectionCost]:
    """The collections that cost most in the month, the dearest first; deleted ones too.

    after:       weight and id of the last one of the page before
    Ties:        by id, the greater first
    Raises:      PermissionDenied, NotFound
    Transaction: opens one; two statements per cell and one for the names
    """
    by.require(Action.VIEW_USAGE)
    prices, _ = prices_of(tenant_id)
    since, until = months.bounds(month or months.month_of(datetime.now(UTC)))
    values: dict[str, object] = {
        "tenant_id": tenant_id,
        "since": since,
        "until": until,
        "database_id": database.database_id if database else None,
        "meters": [meter.value for meter in Meter],
        "weights": [getattr(prices, meter.value) / PRICED_PER[meter] for meter in Meter],
        "after_weight": after[0] if after else None,
        "after_id": after[1] if after else None,
        "count": limit_count,
    }
    bounds = _BOUNDS + (_IN_DATABASE if database else "")
    found: list[tuple[float, UUID]] = []
    used: list[tuple[Any, ...]] = []
    with tenant_transaction(tenant_id):
        rollup.plan_for_values()
        for cell in [database.cell] if database else usage.cells():
            rows = execute("dearest_collections", cell, values, **rollup.ranking(cell, bounds)).fetchall()
            found += [(weight, collection_id) for collection_id, weight in rows]
            asked = {**values, "collection_ids": [row[0] for row in rows], "count": usage.MAX_ROWS}
            if rows:
                used += rollup.read(
                    cell,
                    rollup.BY_MONTH,
                    asked,
                    bounds=bounds + _AMONG,
                    dimensions="l.collection_id, l.database_id, ",
                    places="1, 2, 3",
                )
        found = sorted(found, reverse=True)[:limit_count]
        return _named(tenant_id, found, used, prices)


def shares(
    by: Actor,
    tenant_id: UUID,
    dimension: By,
    *,
    since: datetime,
    until: datetime,
    only: Mapping[By, UUID | str] = MappingProxyType({}),
) -> list[Share]:
    """What each database, or each key, used in some time, the dearest first.

    Raises:      PermissionDenied, NotFound, InvalidArgument for a time that no report has
    Transaction: opens some; one statement per cell
    """
    by.require(Action.VIEW_USAGE)
    prices, _ = prices_of(tenant_id)
    report = usage.report(tenant_id, since=since, until=until, by=[dimension], prices=prices, only=only)
    rows: dict[str, list[UsageRow]] = defaultdict(list)
    for row in report.rows:
        rows[row.dimensions[dimension]].append(row)
    found = [
        Share(
            UUID(what) if what else None,
            {row.meter: row.quantity for row in own},
            sum(row.requests for row in own if row.meter is not Meter.BYTES_SCANNED),
            sum(row.cost_nano for row in own),
        )
        for what, own in rows.items()
    ]
    return sorted(found, key=lambda one: (-one.cost_nano, str(one.what)))


def database_names(by: Actor, tenant_id: UUID, ids: AnyOf[UUID]) -> dict[UUID, str]:
    """What these databases are called, as far as they are there or in the bin, and the actor may see them."""
    if not by.may(Action.VIEW_DATABASES):
        return {}
    with tenant_transaction(tenant_id):
        rows = Database.everything.filter(tenant_id=tenant_id, database_id__in=list(ids))
        return {row.database_id: row.name for row in rows}


def key_names(by: Actor, tenant_id: UUID, ids: AnyOf[UUID]) -> dict[UUID, str]:
    """What these keys are called, revoked ones too, as far as the actor may see them."""
    if not by.may(Action.VIEW_KEYS):
        return {}
    with tenant_transaction(tenant_id):
        rows = ApiKey.objects.filter(tenant_id=tenant_id, key_id__in=list(ids))
        return {row.key_id: row.name for row in rows}


def collection_named(by: Actor, tenant_id: UUID, text: str, database: Database | None) -> UUID | None:
    """The collection of this name or id, the living one before one in the bin; None: there is none.

    Raises:  PermissionDenied
    """
    by.require(Action.VIEW_COLLECTIONS)
    with tenant_transaction(tenant_id):
        rows = Collection.everything.filter(tenant_id=tenant_id)
        if database is not None:
            rows = rows.filter(database=database)
        try:
            rows = rows.filter(collection_id=UUID(text))
        except ValueError:
            rows = rows.filter(name=text.replace("\0", ""))
        found = rows.order_by(F("deleted_at").desc(nulls_first=True), "collection_id").first()
    return found.collection_id if found else None


def _named(
    tenant_id: UUID, found: list[tuple[float, UUID]], used: list[tuple[Any, ...]], prices: Prices
) -> list[CollectionCost]:
    """Costs with names; `used`: collection, database, meter, quantity, requests."""
    rows = Collection.everything.select_related("database").filter(
        tenant_id=tenant_id, collection_id__in=[collection_id for _, collection_id in found]
    )
    known: Mapping[UUID, Collection] = {row.collection_id: row for row in rows}
    costs = cost_of_rows(((one, meter, quantity) for one, _, meter, quantity, _ in used), prices)
    homes = {one: database_id for one, database_id, *_ in used}
    requests: dict[UUID, int] = defaultdict(int)
    for one, _, meter, _, count in used:
        requests[one] += 0 if meter == Meter.BYTES_SCANNED else count
    return [
        CollectionCost(
            collection_id=one,
            database_id=homes[one],
            name=known[one].name if one in known else None,
            database_name=known[one].database.name if one in known else None,
            is_deleted=one not in known or known[one].deleted_at is not None,
            cost_nano=costs[one],
            requests=requests[one],
            weight=weight,
        )
        for weight, one in found
    ]
