"""Rows of databases and collections as pages show them, with what other modules know of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.urls import NoReverseMatch, reverse

from cloud import alerts
from cloud.billing import wording
from cloud.dashboard.shown import Indexing
from tenants import request_metrics
from tenants.actors import Actor
from tenants.models import Database
from tenants.roles import Action
from vectors import costs
from vectors.database_listing import ListedDatabase, Totals
from vectors.listing import ListedCollection
from workers.alerting import LAG_CRITICAL_SECONDS, LAG_WARNING_SECONDS, Alert, Backlog, Page, Severity

_DAY = timedelta(days=1)
_ADDRESSES = {
    Page.BILLING: "dashboard:billing",
    Page.QUOTAS: "dashboard:quotas",
    Page.KEYS: "dashboard:keys",
    Page.DATABASE: "dashboard:database",
    Page.INDEXING: "dashboard:database",
}
_GO = {
    Page.BILLING: "To billing",
    Page.QUOTAS: "To the quotas",
    Page.KEYS: "To the keys",
    Page.DATABASE: "To the database",
    Page.INDEXING: "To the stopped collections",
    Page.ACCOUNT: "To your addresses",
}


@dataclass(frozen=True)
class Lag:
    """How far an index is behind, as a badge: what it is called, its colour, and more on hover."""

    label: str
    kind: str
    more: str


@dataclass(frozen=True)
class DatabaseRow:
    """A database in the list; None stands for what the role does not show."""

    name: str
    totals: Totals
    requests: int | None
    cost: str | None
    lag: Lag


@dataclass(frozen=True)
class CollectionRow:
    """A collection in the list; None stands for what the role does not show."""

    listed: ListedCollection
    indexing: Indexing
    cost: str | None


@dataclass(frozen=True)
class Notice:
    """An alert on the page, with where something can be done about it."""

    kind: str
    severity: str
    text: str
    address: str
    go: str


@dataclass(frozen=True)
class Figures:
    """What other modules know of a tenant's databases; None stands for what the role does not show.

    requests:  of the last 24 hours
    costs:     of this month, in nano-units
    """

    requests: Mapping[UUID, int] | None
    costs: Mapping[UUID, int] | None
    currency: str
    backlogs: Mapping[UUID, Backlog]

    def cost(self, amount_nano: int) -> str | None:
        """An amount as the page shows it."""
        return None if self.costs is None else wording.cost(amount_nano, self.currency)

    @property
    def requests_in_all(self) -> int | None:
        """Of every database."""
        return None if self.requests is None else sum(self.requests.values())

    @property
    def cost_in_all(self) -> str | None:
        """Of every database; each is rounded by itself."""
        return None if self.costs is None else self.cost(sum(self.costs.values()))


def currency(by: Actor, tenant_id: UUID) -> str:
    """Of the tenant's plan; empty for a role that sees no costs."""
    return costs.prices_of(tenant_id)[1] if by.may(Action.VIEW_USAGE) else ""


def figures(by: Actor, tenant_id: UUID, *, currency: str) -> Figures:
    """Requests, costs and backlogs of a tenant's databases, as far as the role shows them."""
    since = datetime.now(UTC) - _DAY
    return Figures(
        requests=request_metrics.requests_by_database(by, tenant_id, since=since)
        if by.may(Action.VIEW_METRICS)
        else None,
        costs=costs.cost_by_database(by, tenant_id) if by.may(Action.VIEW_USAGE) else None,
        currency=currency,
        backlogs=alerts.backlogs(by, tenant_id) if by.may(Action.VIEW_COLLECTIONS) else {},
    )


def database_row(row: ListedDatabase, known: Figures) -> DatabaseRow:
    """A row with what is known of its database."""
    return DatabaseRow(
        name=row.name,
        totals=row.totals,
        requests=None if known.requests is None else known.requests.get(row.database_id, 0),
        cost=None if known.costs is None else known.cost(known.costs.get(row.database_id, 0)),
        lag=lag(row.totals, known.backlogs.get(row.database_id)),
    )


def collection_rows(
    by: Actor, database: Database, rows: Sequence[ListedCollection], *, currency: str
) -> list[CollectionRow]:
    """The rows of a page, each with its cost this month. One statement for all of them."""
    spent: Mapping[UUID, int] | None = None
    if by.may(Action.VIEW_USAGE):
        spent = costs.cost_of_collections(by, database, [row.collection_id for row in rows])
    return [
        CollectionRow(
            row,
            Indexing.of(row),
            None if spent is None else wording.cost(spent.get(row.collection_id, 0), currency),
        )
        for row in rows
    ]


def lag(totals: Totals, backlog: Backlog | None) -> Lag:
    """How far the worst collection of a database is behind."""
    if totals.parked_count:
        more = "Indexing failed several times and was stopped. Queries stay complete and exact meanwhile."
        return Lag(f"{totals.parked_count:,} stopped", "parked", more)
    if backlog is not None and backlog.lag_seconds > 0:
        kind = "warn" if backlog.lag_seconds < LAG_CRITICAL_SECONDS else "bad"
        kind = "running" if backlog.lag_seconds < LAG_WARNING_SECONDS else kind
        more = f"For so long the worst collection has been due; {backlog.unindexed_rows:,} records wait."
        return Lag(f"{_minutes(backlog.lag_seconds)} behind", kind, more)
    if totals.indexing_count:
        return Lag(
            f"Indexing {totals.indexing_count:,}", "running", "Queries include every record meanwhile."
        )
    if not totals.record_count:
        return Lag("Empty", "", "There is nothing to index yet.")
    waiting = totals.worst_unindexed_count
    if waiting:
        return Lag("Up to date", "done", f"At most {waiting:,} operations wait in a log.")
    return Lag("Up to date", "done", "Every record is in an index.")


def notices(tenant_name: str, found: list[Alert]) -> list[Notice]:
    """Alerts as the page shows them, the most urgent first."""
    kinds = {Severity.CRITICAL: "bad", Severity.WARNING: "warn", Severity.NOTICE: "quiet-notice"}
    return [
        Notice(
            kinds[one.severity],
            one.severity.label,
            one.text,
            _address(tenant_name, one),
            _GO.get(one.target.page, ""),
        )
        for one in found
    ]


def _address(tenant_name: str, alert: Alert) -> str:
    target = alert.target
    try:
        if target.page is Page.ACCOUNT:
            return reverse("account_email")
        if target.page in (Page.DATABASE, Page.INDEXING):
            address = reverse(_ADDRESSES[target.page], args=[tenant_name, target.database])
            return f"{address}?state=parked" if target.page is Page.INDEXING else address
        return reverse(_ADDRESSES[target.page], args=[tenant_name]) if target.page in _ADDRESSES else ""
    except NoReverseMatch:  # a database that is gone by now has no name
        return ""


def _minutes(seconds: float) -> str:
    if seconds < 60:
        return f"{int(seconds)} s"
    return f"{int(seconds / 60)} min" if seconds < 2 * 3600 else f"{int(seconds / 3600)} h"
