"""Invitations: what a token opens, and taking the place that it offers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db import connection

from tenants import audit
from tenants.actors import Actor, ActorKind
from tenants.errors import InvalidArgument, NotFound
from tenants.models import Invitation, Member, User
from tenants.roles import Role
from tenants.scope import tenant_transaction


@dataclass(frozen=True)
class Invited:
    """What an invitation that is open offers, and to whom."""

    invitation_id: UUID
    tenant_id: UUID
    tenant_name: str
    email: str
    role: Role
    invited_by: str
    expires_at: datetime


def digest(token: str) -> bytes:
    """How a token is stored."""
    return hashlib.sha256(token.encode()).digest()


def look_up(token: str) -> Invited | None:
    """The open invitation behind a token; None for one that is expired, revoked, used or unknown."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM tenants_invited(%s)", [digest(token)])
        row = cursor.fetchone()
    if row is None:
        return None
    invitation_id, tenant_id, tenant_name, email, role, invited_by, expires_at = row
    return Invited(invitation_id, tenant_id, tenant_name, email, Role(role), invited_by, expires_at)


def accept(*, token: str, user: User) -> Member:
    """Take the place that an invitation offers; who has a place already keeps it.

    Raises:      NotFound for a token that is not open, InvalidArgument for another person's
    Transaction: opens one
    """
    invited = look_up(token)
    if invited is None:
        raise NotFound("The invitation is expired, revoked or used.")
    if invited.email != user.email:
        raise InvalidArgument(f"The invitation is for {invited.email}, not for {user.email}.")
    with tenant_transaction(invited.tenant_id):
        rows = Invitation.objects.filter(pk=invited.invitation_id, accepted_at=None, revoked_at=None)
        if not rows.update(accepted_at=datetime.now(UTC)):
            raise NotFound("The invitation is expired, revoked or used.")
        member, _ = Member.objects.get_or_create(
            tenant_id=invited.tenant_id, user=user, defaults={"role": invited.role.value}
        )
        by = Actor(ActorKind.USER, user.user_id, user.email, role=invited.role)
        audit.record(
            by,
            invited.tenant_id,
            "invitations.accept",
            subject_id=invited.invitation_id,
            subject_label=user.email,
        )
    return member
