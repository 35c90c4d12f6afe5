"""Credits: grant, list, and what is left of them. Append-only: what is left follows from what was used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from tenants import audit
from tenants.actors import Actor
from tenants.billing import money
from tenants.billing.rating import Left
from tenants.errors import InvalidArgument, NotFound, PermissionDenied
from tenants.models import Credit, Invoice, Tenant
from tenants.roles import Action
from tenants.scope import tenant_transaction


@dataclass(frozen=True)
class Standing:
    """A credit and what is left of it, expired or not."""

    credit: Credit
    left_nano: int


def grant(
    by: Actor, tenant_id: UUID, amount_nano: int, *, note: str, expires_at: datetime | None = None
) -> Credit:
    """Give the tenant a credit in the currency of its plan; the next invoice uses it.

    Raises:      PermissionDenied for who is no operator, InvalidArgument, NotFound
    Transaction: opens one
    """
    if not by.is_operator:
        raise PermissionDenied("Permission denied. Credits are granted by operators of the installation.")
    money.check_amount("amount_nano", amount_nano, at_least=1)
    if not note.strip() or len(note) > 256 or "\0" in note:
        raise InvalidArgument(f"note: expected 1 to 256 characters, got {len(note)}")
    if expires_at is not None and (expires_at.tzinfo is None or expires_at <= datetime.now(UTC)):
        raise InvalidArgument("expires_at: expected a moment to come, with its offset from UTC")
    with tenant_transaction(tenant_id):
        tenant = Tenant.objects.select_related("plan").filter(tenant_id=tenant_id).first()
        if tenant is None:
            raise NotFound(f"Tenant [{tenant_id}] not found")
        credit = Credit.objects.create(
            tenant_id=tenant_id,
            amount_nano=amount_nano,
            currency=tenant.plan.currency if tenant.plan else "USD",
            note=note,
            granted_by=by.label[:254],
            expires_at=expires_at,
        )
        details = {"amount_nano": amount_nano, "currency": credit.currency}
        audit.record(
            by, tenant_id, "credits.grant", subject_id=credit.pk, subject_label=note, details=details
        )
    return credit


def standings(by: Actor, tenant_id: UUID) -> list[Standing]:
    """Every credit of the tenant, those first that are used first.

    Raises:  PermissionDenied
    """
    by.require(Action.VIEW_BILLING)
    with tenant_transaction(tenant_id):
        return _standings(tenant_id)


def usable(tenant_id: UUID, currency: str, *, since: datetime) -> list[Left]:
    """What a bill from `since` on may use: not expired by then, not used up, soonest to expire first."""
    with tenant_transaction(tenant_id):
        found = _standings(tenant_id)
    return [
        Left(one.credit.credit_id, one.left_nano)
        for one in found
        if one.left_nano > 0
        and one.credit.currency == currency
        and (one.credit.expires_at is None or one.credit.expires_at > since)
    ]


def _standings(tenant_id: UUID) -> list[Standing]:
    counted = Sum("credituse__amount_nano", filter=~Q(credituse__invoice__state=Invoice.State.VOID))
    rows = Credit.objects.filter(tenant_id=tenant_id).annotate(used_nano=Coalesce(counted, 0))
    rows = rows.order_by(F("expires_at").asc(nulls_last=True), "granted_at", "credit_id")
    return [Standing(row, row.amount_nano - row.used_nano) for row in rows]
