"""Plans: create, update, list, and give one to a tenant. Operators only; a plan is never deleted.

Triggers write down what a plan asked for when, and which one a tenant had (`tenants/models/billing.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from uuid import UUID

from django.db import IntegrityError, transaction

from tenants import audit, quotas
from tenants.actors import Actor
from tenants.billing import money
from tenants.errors import AlreadyExists, InvalidArgument, NotFound, PermissionDenied
from tenants.models import Credit, Database, Invoice, Plan, Tenant
from tenants.prices import Prices
from tenants.scope import tenant_transaction

_MAX_PRICE_NANO = 10**18
_MAX_RECYCLE_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True)
class Changes:
    """What to change of a plan; None leaves it. Its currency stays, for bills are in it."""

    name: str | None = None
    limits: Mapping[str, int] | None = None
    prices: Mapping[str, int] | None = None
    monthly_fee_nano: int | None = None
    recycle_seconds: int | None = None


def create(by: Actor, currency: str, wanted: Changes) -> Plan:
    """Make a plan; what is not said is as without a plan.

    Raises:      PermissionDenied, InvalidArgument, AlreadyExists
    Transaction: opens one
    """
    _require_operator(by)
    money.check_currency(currency)
    if wanted.name is None:
        raise InvalidArgument("name: expected 1 to 64 characters, got none")
    plan = Plan(currency=currency)
    _apply(plan, wanted)
    return _save(by, plan, "plans.create")


def update(by: Actor, plan_id: int, wanted: Changes) -> Plan:
    """Change a plan for all its tenants, from now on; earlier use is billed as it was priced then.

    Raises:      PermissionDenied, InvalidArgument, NotFound, AlreadyExists
    Transaction: opens one
    """
    _require_operator(by)
    with transaction.atomic():
        plan = Plan.objects.select_for_update().filter(id=plan_id).first()
        if plan is None:
            raise NotFound(f"Plan [{plan_id}] not found")
        _apply(plan, wanted)
        return _save(by, plan, "plans.update")


def list_plans(by: Actor) -> list[Plan]:
    """Every plan, oldest first."""
    _require_operator(by)
    return list(Plan.objects.order_by("id"))


def get(by: Actor, plan_id: int) -> Plan:
    """One plan.

    Raises:  PermissionDenied, NotFound
    """
    _require_operator(by)
    plan = Plan.objects.filter(id=plan_id).first()
    if plan is None:
        raise NotFound(f"Plan [{plan_id}] not found")
    return plan


def assign(by: Actor, tenant_id: UUID, plan_id: int | None) -> None:
    """Give the tenant a plan, or none, from now on; it is in force within KEY_CACHE_SECONDS.

    A tenant that may have used something keeps its currency, so that each bill has one.
    Raises:      PermissionDenied, NotFound, InvalidArgument
    Transaction: opens one
    """
    plan = None if plan_id is None else get(by, plan_id)
    _require_operator(by)
    with tenant_transaction(tenant_id):
        tenant = (
            Tenant.objects.select_for_update(of=("self",)).select_related("plan").get(tenant_id=tenant_id)
        )
        before, after = _currency(tenant.plan), _currency(plan)
        if before != after and _is_in_use(tenant_id):
            raise InvalidArgument(
                f"plan_id: expected a plan in {before}, got one in {after}; a tenant with a database, "
                "a credit or an invoice keeps its currency"
            )
        details = {"before": tenant.plan.name if tenant.plan else None, "after": plan.name if plan else None}
        tenant.plan = plan
        tenant.save(update_fields=["plan"])
        audit.record(
            by, tenant_id, "plans.assign", subject_id=tenant_id, subject_label=tenant.name, details=details
        )


def _currency(plan: Plan | None) -> str:
    return plan.currency if plan else "USD"


def _is_in_use(tenant_id: UUID) -> bool:
    return any(kind.objects.filter(tenant_id=tenant_id).exists() for kind in (Database, Credit, Invoice))


def _apply(plan: Plan, wanted: Changes) -> None:
    if wanted.name is not None:
        if not wanted.name.strip() or len(wanted.name) > 64 or "\0" in wanted.name:
            raise InvalidArgument(f"name: expected 1 to 64 characters, got {len(wanted.name)}")
        plan.name = wanted.name
    if wanted.limits is not None:
        plan.limits = quotas.parse_overrides({name: str(value) for name, value in wanted.limits.items()})
    if wanted.prices is not None:
        plan.prices = check_prices(wanted.prices)
    if wanted.monthly_fee_nano is not None:
        money.check_amount("monthly_fee_nano", wanted.monthly_fee_nano, at_least=0)
        plan.monthly_fee_nano = wanted.monthly_fee_nano
    if wanted.recycle_seconds is not None:
        if not 0 <= wanted.recycle_seconds <= _MAX_RECYCLE_SECONDS:
            raise InvalidArgument(
                f"recycle_seconds: expected 0 to {_MAX_RECYCLE_SECONDS}, got {wanted.recycle_seconds}"
            )
        plan.recycle_seconds = wanted.recycle_seconds


def check_prices(prices: Mapping[str, int]) -> dict[str, int]:
    """Prices by meter, as they can be rated with. [pure]

    Raises:  InvalidArgument
    """
    known = sorted(price.name for price in fields(Prices))
    for name, value in prices.items():
        if name not in known:
            raise InvalidArgument(f"prices: {name[:64]!r} is no meter; the meters are {', '.join(known)}")
        if not 0 <= value <= _MAX_PRICE_NANO:
            raise InvalidArgument(f"prices: {name} must be 0 to {_MAX_PRICE_NANO} nano-units, got {value}")
    return dict(prices)


def _save(by: Actor, plan: Plan, action: str) -> Plan:
    details = {
        "limits": plan.limits,
        "prices": plan.prices,
        "currency": plan.currency,
        "monthly_fee_nano": plan.monthly_fee_nano,
        "recycle_seconds": plan.recycle_seconds,
    }
    try:
        with transaction.atomic():
            plan.save()
            audit.record(by, None, action, subject_id=plan.pk, subject_label=plan.name, details=details)
    except IntegrityError as error:
        raise AlreadyExists(f"Plan [{plan.name}] already exists") from error
    return plan


def _require_operator(by: Actor) -> None:
    if not by.is_operator:
        raise PermissionDenied("Permission denied. Plans are for operators of the installation.")
