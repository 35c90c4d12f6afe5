"""A person as whoever works on records: the same limits, prices and cap as the keys of their tenant."""

from __future__ import annotations

from uuid import UUID

from tenants import tenants
from tenants.actors import Actor
from tenants.identity import Identity, Verb
from tenants.models import Tenant
from tenants.roles import Action

# What the dashboard asks of records for somebody; it changes them by verbs of its own.
VERBS = frozenset({Verb.GET, Verb.QUERY, Verb.SEARCH, Verb.COUNT})


def identity_of(by: Actor, tenant_id: UUID) -> Identity:
    """The person as the record routes take them; no key stands for them, so the ledger names none.

    Raises:      PermissionDenied for a role without records, and while the tenant is suspended; NotFound
    Transaction: opens one
    """
    by.require(Action.VIEW_RECORDS)
    identity = of_tenant(tenants.get(tenant_id), VERBS)
    identity.require_service()
    return identity


def of_tenant(tenant: Tenant, verbs: frozenset[Verb]) -> Identity:
    """Somebody of the tenant without a key, for whoever has asked for the role already."""
    return Identity(
        key_id=None,
        tenant_id=tenant.tenant_id,
        tenant_name=tenant.name,
        databases=None,
        verbs=verbs,
        is_operator=False,
        expires_at=None,
        limits=tenants.limits_of(tenant),
        prices=tenants.prices_of(tenant),
        spend_cap_nano=tenant.spend_cap_nano,
        suspension=tenant.suspension_reason if tenant.suspended_at else None,
    )
