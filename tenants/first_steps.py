"""How far a person has come in a tenant that is new to them: is there a key, have they looked around."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from tenants.actors import Actor, ActorKind
from tenants.models import ApiKey, Member
from tenants.roles import Action
from tenants.scope import tenant_transaction


@dataclass(frozen=True)
class Standing:
    """What is done.

    has_key:     whether a key of the tenant works now
    has_looked:  whether the person has opened a collection, or said that they know their way
    """

    has_key: bool
    has_looked: bool


def standing(by: Actor, tenant_id: UUID) -> Standing:
    """How far the person is; whoever is no person has seen everything.

    Raises:      PermissionDenied
    Transaction: opens one; two statements, or one for somebody who has looked
    """
    by.require(Action.VIEW_KEYS)
    with tenant_transaction(tenant_id):
        if not _unlooked(by, tenant_id).exists():
            return Standing(has_key=True, has_looked=True)
        live = ApiKey.objects.filter(tenant_id=tenant_id, revoked_at=None)
        has_key = live.filter(Q(expires_at=None) | Q(expires_at__gt=datetime.now(UTC))).exists()
    return Standing(has_key=has_key, has_looked=False)


def note_look(by: Actor, tenant_id: UUID) -> None:
    """Remember that the person has opened a collection; an operator who acts as them leaves no trace of it.

    Raises:      PermissionDenied
    Transaction: opens one
    Idempotent:  yes; the first time stays
    """
    by.require(Action.VIEW_TENANT)
    if by.impersonator:
        return
    with tenant_transaction(tenant_id):
        _unlooked(by, tenant_id).update(looked_at=datetime.now(UTC))


def _unlooked(by: Actor, tenant_id: UUID) -> QuerySet[Member]:
    """The person's place, as long as they have not looked."""
    if by.kind is not ActorKind.USER or by.actor_id is None:
        return Member.objects.none()
    return Member.objects.filter(tenant_id=tenant_id, user_id=by.actor_id, looked_at=None)
