"""The alerts of a tenant and how far its indexes are behind, by the settings of this installation."""

from __future__ import annotations

from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings

from tenants import quota_standing
from tenants.actors import Actor, ActorKind
from workers import alerts, indexing
from workers.alerting import Alert, Backlog
from workers.policy import Thresholds


def of_tenant(by: Actor, tenant_id: UUID) -> list[Alert]:
    """What the actor should know of, the most urgent first.

    Raises:  PermissionDenied, NotFound
    """
    return alerts.of_tenant(by, tenant_id, _thresholds(), unverified=_unverified(by))


def backlogs(by: Actor, tenant_id: UUID) -> dict[UUID, Backlog]:
    """By database, of those with something unindexed: rows, the worst lag in seconds, parked jobs.

    Raises:  PermissionDenied
    """
    found = indexing.standing(by, tenant_id, quota_standing.cells(tenant_id), _thresholds())
    return {one.database_id: one for one in found.backlogs}


def _thresholds() -> Thresholds:
    return Thresholds(
        rows=settings.COMPACT_AFTER_ROWS,
        bytes=settings.COMPACT_AFTER_BYTES,
        age_seconds=settings.COMPACT_AFTER_SECONDS,
    )


def _unverified(by: Actor) -> str:
    """A new address that the person has not confirmed yet."""
    if by.kind is not ActorKind.USER or by.impersonator:
        return ""
    waiting = EmailAddress.objects.filter(user_id=by.actor_id, verified=False)
    return str(waiting.values_list("email", flat=True).first() or "")
