"""The spans of a tenant's month, and what they have cost so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.db.models import QuerySet

from tenants.billing import months, rating, terms
from tenants.billing.rating import Metered, Totals
from tenants.billing.terms import Assigned, Revised, Span, Terms
from tenants.models import PlanAssignment, PlanRevision
from tenants.prices import Prices
from tenants.scope import tenant_transaction


def spans(
    tenant_id: UUID, *, since: datetime, until: datetime, fee_until: datetime | None = None
) -> list[Span]:
    """The tenant's spans from `since`, before `until`: which plans it had, and what they asked for."""
    with tenant_transaction(tenant_id):
        assigned = [Assigned(one.at, one.plan_id) for one in _assignments(tenant_id)]
        plan_ids = {one.plan_id for one in assigned if one.plan_id is not None}
        rows = PlanRevision.objects.filter(plan_id__in=plan_ids).order_by("at", "id")
        revised: dict[int, list[Revised]] = defaultdict(list)
        for row in rows:
            prices = Prices.from_plan(row.prices)
            asked = Terms(row.name, row.currency, prices, row.monthly_fee_nano)
            revised[row.plan_id].append(Revised(row.at, asked))
    return terms.spans(assigned, revised, since=since, until=until, fee_until=fee_until)


def begun(tenant_id: UUID) -> tuple[datetime, str] | None:
    """When the tenant was made, and its name then; None: there is no such tenant, and never was."""
    with tenant_transaction(tenant_id):
        first = _assignments(tenant_id).first()
    return None if first is None else (first.at, first.tenant_name)


def metered(tenant_id: UUID, found: Iterable[Span], totals: Totals) -> list[Metered]:
    """Spans with what the ledger has of them.

    Transaction: none may be open, for the ledger is read in its own
    """
    return [Metered(span, totals(tenant_id, since=span.since, until=span.until)) for span in found]


def spent_nano(tenant_id: UUID, month: date, totals: Totals) -> int:
    """What the month's meters cost so far, without fees and before credits."""
    since, until = months.bounds(month)
    return rating.metered_cost_nano(metered(tenant_id, spans(tenant_id, since=since, until=until), totals))


def _assignments(tenant_id: UUID) -> QuerySet[PlanAssignment]:
    return PlanAssignment.objects.filter(tenant_id=tenant_id).order_by("at", "id")
