"""Plans as an operator writes them: limits, prices, fee, recycle bin; and which plan a tenant has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from uuid import UUID

from django.db import IntegrityError, transaction

from tenants import audit
from tenants.actors import Actor
from tenants.errors import AlreadyExists, InvalidArgument, NotFound
from tenants.models import Plan, Tenant
from tenants.prices import Prices
from tenants.quotas import MAX_LIMIT, Limits
from tenants.scope import tenant_transaction

MAX_NANO = 2**62
MAX_RECYCLE_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True)
class Terms:
    """What a plan says; a limit or a price that it does not name is the default's."""

    limits: Mapping[str, int] = field(default_factory=dict)
    prices: Mapping[str, int] = field(default_factory=dict)
    currency: str = "USD"
    monthly_fee_nano: int = 0
    recycle_seconds: int = 7 * 24 * 3600


def check(terms: Terms) -> None:
    """Every member is named right and within its bounds. [pure]

    Raises:  InvalidArgument, which names the member and what was expected
    """
    for word, kind, given, most in (
        ("limits", Limits, terms.limits, MAX_LIMIT),
        ("prices", Prices, terms.prices, MAX_NANO),
    ):
        known = {one.name for one in fields(kind)}
        for name, value in given.items():
            if name not in known:
                raise InvalidArgument(f"{word}.{name}: expected one of {', '.join(sorted(known))}")
            if type(value) is not int or not 0 <= value <= most:
                raise InvalidArgument(f"{word}.{name}: expected an integer from 0 to {most}, got {value!r}")
    is_code = len(terms.currency) == 3 and terms.currency.isascii() and terms.currency.isalpha()
    if not is_code or not terms.currency.isupper():
        raise InvalidArgument(
            f"currency: expected three capital letters, such as USD, got {terms.currency[:16]!r}"
        )
    if not 0 <= terms.monthly_fee_nano <= MAX_NANO:
        raise InvalidArgument(
            f"monthly_fee_nano: expected an integer from 0 to {MAX_NANO}, got {terms.monthly_fee_nano}"
        )
    if not 0 <= terms.recycle_seconds <= MAX_RECYCLE_SECONDS:
        raise InvalidArgument(
            f"recycle_seconds: expected an integer from 0 to {MAX_RECYCLE_SECONDS}, "
            f"got {terms.recycle_seconds}"
        )


def create(by: Actor, name: str, terms: Terms) -> Plan:
    """Make a plan that tenants can be given.

    Raises:      PermissionDenied, InvalidArgument, AlreadyExists
    Transaction: opens one
    """
    by.require_operator()
    _check_name(name)
    check(terms)
    try:
        with transaction.atomic():
            plan = Plan(name=name)
            _apply(plan, terms)
            plan.save(force_insert=True)
            _record(by, "plans.create", plan, {"after": _told(plan)})
    except IntegrityError as error:
        raise AlreadyExists(f"Plan [{name}] already exists") from error
    return plan


def change(by: Actor, plan_id: int, terms: Terms) -> None:
    """Give a plan other terms: they hold for all its tenants within KEY_CACHE_SECONDS.

    Raises:      PermissionDenied, InvalidArgument, NotFound
    Transaction: opens one
    """
    by.require_operator()
    check(terms)
    with transaction.atomic():
        plan = Plan.objects.select_for_update().filter(pk=plan_id).first()
        if plan is None:
            raise NotFound(f"Plan [{plan_id}] not found")
        before = _told(plan)
        _apply(plan, terms)
        plan.save()
        _record(by, "plans.change", plan, {"before": before, "after": _told(plan)})


def assign(by: Actor, tenant_id: UUID, plan_id: int | None) -> None:
    """Give a tenant a plan, or with None the defaults; in force within KEY_CACHE_SECONDS.

    Raises:      PermissionDenied, NotFound for the tenant or the plan
    Transaction: opens one
    """
    by.require_operator()
    with tenant_transaction(tenant_id):
        # A lock on the tenant alone: the plan's row is shared by all of its tenants.
        tenant = Tenant.objects.select_for_update(of=("self",)).filter(tenant_id=tenant_id).first()
        if tenant is None:
            raise NotFound(f"Tenant [{tenant_id}] not found")
        plan = None if plan_id is None else Plan.objects.filter(pk=plan_id).first()
        if plan is None and plan_id is not None:
            raise NotFound(f"Plan [{plan_id}] not found")
        before = tenant.plan.name if tenant.plan else None
        tenant.plan = plan
        tenant.save(update_fields=["plan"])
        audit.record(
            by,
            tenant_id,
            "tenant.assign_plan",
            subject_id=tenant_id,
            subject_label=tenant.name,
            details={"before": before, "after": plan.name if plan else None},
        )


def _check_name(name: str) -> None:
    if name != name.strip() or not 1 <= len(name) <= 64:
        raise InvalidArgument(
            f"name: expected 1 to 64 characters, none of them a blank at an end, got {name[:64]!r}"
        )


def _apply(plan: Plan, terms: Terms) -> None:
    plan.limits, plan.prices = dict(terms.limits), dict(terms.prices)
    plan.currency, plan.monthly_fee_nano = terms.currency, terms.monthly_fee_nano
    plan.recycle_seconds = terms.recycle_seconds


def _told(plan: Plan) -> dict[str, object]:
    return {name: getattr(plan, name) for name in (one.name for one in fields(Terms))}


def _record(by: Actor, action: str, plan: Plan, details: dict[str, object]) -> None:
    audit.record(by, None, action, subject_id=plan.pk, subject_label=plan.name, details=details)
