"""Usage: as JSON for graphs, as CSV for tables."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn
from uuid import UUID

from django.http import HttpResponse

from cloud import spreadsheets
from cloud.api.control.endpoint import check_limit
from cloud.api.control.routes import Call, Door, route
from cloud.api.control.schemas import usage as shapes
from tenants import databases
from tenants.billing import months
from tenants.errors import InvalidArgument, NotFound
from tenants.models import Database
from tenants.roles import Action
from vectors import costs, usage
from vectors.usage import By, Report, UsageRow

_PATH = "/tenants/{tenant}/usage"
_FILTERS = (By.DATABASE, By.COLLECTION, By.KEY, By.METER)
_AFTER = re.compile(r"(\d{1,30}(?:\.\d{1,30})?(?:e[+-]?\d{1,3})?)~([0-9a-f-]{36})", re.ASCII)
_DIMENSIONS = [one for one in By if one is not By.METER]


@route("GET", _PATH, Door.MEMBER, action=Action.VIEW_USAGE, query=shapes.UsageQuery, answer=shapes.Usage)
def get_usage(call: Call[None]) -> shapes.Usage:
    """Get what a tenant used."""
    since, until, report, currency = _report(call)
    return shapes.Usage(
        since=since,
        until=until,
        currency=currency,
        requests=report.requests,
        cost_nano=report.cost_nano,
        totals=[
            shapes.UsageTotal(meter=meter.value, quantity=quantity, cost_nano=cost)
            for meter, (quantity, cost) in report.totals.items()
        ],
        items=[shapes.UsageRow(**_cells(row)) for row in report.rows],
    )


@route(
    "GET",
    _PATH + ".csv",
    Door.MEMBER,
    action=Action.VIEW_USAGE,
    query=shapes.UsageQuery,
    raw="text/csv",
    description="The rows of `get_usage`, with a line of names first.",
)
def export_usage(call: Call[None]) -> HttpResponse:
    """Export what a tenant used as CSV."""
    report = _report(call)[2]
    names = shapes.UsageRow.__struct_fields__
    cells = (_cells(row) for row in report.rows)
    return spreadsheets.download(
        spreadsheets.as_csv(names, ([row[name] for name in names] for row in cells)), "usage.csv"
    )


@route(
    "GET",
    _PATH + "/collections",
    Door.MEMBER,
    action=Action.VIEW_USAGE,
    query=shapes.CollectionCostsQuery,
    answer=shapes.CollectionCosts,
)
def list_collection_costs(call: Call[None]) -> shapes.CollectionCosts:
    """List what each collection has cost in a month, the dearest first."""
    month = months.parse(call.query.month) if call.query.month else months.month_of(datetime.now(UTC))
    limit = check_limit(call.query.limit)
    found = costs.dearest_collections(
        call.actor,
        call.tenant_id,
        month=month,
        database=_database(call),
        limit_count=limit + 1,
        after=_after(call.query.after),
    )
    last = found[limit - 1] if len(found) > limit else None
    return shapes.CollectionCosts(
        month=months.shown(month),
        currency=costs.prices_of(call.tenant_id)[1],
        items=[
            shapes.CollectionCost(
                collection=one.collection_id,
                database=one.database_id,
                name=one.name if call.actor.may(Action.VIEW_COLLECTIONS) else None,
                is_deleted=one.is_deleted,
                requests=one.requests,
                cost_nano=one.cost_nano,
            )
            for one in found[:limit]
        ],
        next=f"{last.weight!r}~{last.collection_id}" if last else None,
    )


def _database(call: Call[Any]) -> Database | None:
    if call.query.database is None:
        return None
    found = databases.list_databases(call.tenant_id, only=[call.query.database])
    if not found:
        raise NotFound(f"Database [{call.query.database}] not found")
    return found[0]


def _after(text: str | None) -> tuple[float, UUID] | None:
    if text is None:
        return None
    match = _AFTER.fullmatch(text)
    try:
        return (float(match[1]), UUID(match[2])) if match else _refuse_after(text)
    except ValueError:
        return _refuse_after(text)


def _refuse_after(text: str) -> NoReturn:
    raise InvalidArgument(f"after: expected the `next` of a page, got {text[:40]!r}")


def _report(call: Call[Any]) -> tuple[datetime, datetime, Report, str]:
    now = datetime.now(UTC)
    until = _moment(call.query.until, "until") or now
    month = (until - timedelta(microseconds=1)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    since = _moment(call.query.since, "since") or month
    prices, currency = costs.prices_of(call.tenant_id)
    asked = {one: getattr(call.query, one.value) for one in _FILTERS}
    only = {one: value for one, value in asked.items() if value is not None}
    report = usage.report(
        call.tenant_id, since=since, until=until, by=_by(call.query.by), prices=prices, only=only
    )
    return since, until, report, currency


def _moment(given: datetime | None, member: str) -> datetime | None:
    if given is not None and given.tzinfo is None:
        raise InvalidArgument(f"{member}: expected a time with its offset, for instance 2026-01-31T00:00:00Z")
    return None if given is None else given.astimezone(UTC)


def _by(text: str) -> set[By]:
    try:
        found = {By(word.strip()) for word in text.split(",") if word.strip()}
    except ValueError as error:
        raise InvalidArgument(f"by: expected some of {', '.join(By)}, got {text[:64]!r}") from error
    if {By.DAY, By.HOUR} <= found:
        raise InvalidArgument("by: expected day or hour, got both")
    return found


def _cells(row: UsageRow) -> dict[str, Any]:
    return {
        **{one.value: row.dimensions.get(one) for one in _DIMENSIONS},
        "meter": row.meter.value,
        "quantity": row.quantity,
        "requests": row.requests,
        "cost_nano": row.cost_nano,
    }
