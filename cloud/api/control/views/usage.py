"""Usage: as JSON for graphs, as CSV for tables."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpResponse

from cloud.api.control.routes import Call, Door, route
from cloud.api.control.schemas import usage as shapes
from tenants import tenants
from tenants.errors import InvalidArgument
from tenants.prices import Prices
from tenants.roles import Action
from vectors import usage
from vectors.usage import By, Report, UsageRow

_PATH = "/tenants/{tenant}/usage"
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
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=shapes.UsageRow.__struct_fields__, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(_cells(row) for row in report.rows)
    response = HttpResponse(text.getvalue(), content_type="text/csv")
    response["Content-Disposition"] = 'attachment; filename="usage.csv"'
    return response


def _report(call: Call[Any]) -> tuple[datetime, datetime, Report, str]:
    now = datetime.now(UTC)
    until = _moment(call.query.until, "until") or now
    month = (until - timedelta(microseconds=1)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    since = _moment(call.query.since, "since") or month
    plan = tenants.get(call.tenant_id).plan
    prices = Prices.from_plan(plan.prices if plan else {})
    report = usage.report(call.tenant_id, since=since, until=until, by=_by(call.query.by), prices=prices)
    return since, until, report, plan.currency if plan else "USD"


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
