"""A person as whoever reads records: the same limits, prices and cap as the keys of their tenant."""

from __future__ import annotations

from uuid import UUID

from tenants import tenants
from tenants.actors import Actor
from tenants.identity import Identity, Verb
from tenants.prices import Prices
from tenants.roles import Action

# What the dashboard asks of records for somebody; it changes them by verbs of its own.
VERBS = frozenset({Verb.GET, Verb.QUERY, Verb.SEARCH, Verb.COUNT})


def identity_of(by: Actor, tenant_id: UUID) -> Identity:
    """The person as the record routes take them; no key stands for them, so the ledger names none.

    Raises:      PermissionDenied for a role without records, and while the tenant is suspended; NotFound
    Transaction: opens one
    """
    by.require(Action.VIEW_RECORDS)
    tenant = tenants.get(tenant_id)
    identity = Identity(
        key_id=None,
        tenant_id=tenant.tenant_id,
        tenant_name=tenant.name,
        databases=None,
        verbs=VERBS,
        is_operator=False,
        expires_at=None,
        limits=tenants.limits_of(tenant),
        prices=Prices.from_plan(tenant.plan.prices if tenant.plan else {}),
        spend_cap_nano=tenant.spend_cap_nano,
        suspension=tenant.suspension_reason if tenant.suspended_at else None,
    )
    identity.require_service()
    return identity
