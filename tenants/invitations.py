"""Invitations: an offer of a place, sent to an address, taken up once with the token that was sent there.

A token is 32 random characters (192 bits); stored is its SHA-256. What cannot be guessed and ends within days
needs no slow and no keyed hash.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection
from django.db.models import QuerySet

from tenants import audit, members, tenants
from tenants.actors import Actor, ActorKind
from tenants.errors import AlreadyExists, InvalidArgument, NotFound, QuotaExceeded
from tenants.models import Invitation, Member, User
from tenants.roles import Action, Role
from tenants.scope import tenant_transaction

LIFETIME = timedelta(days=7)
MOST_OPEN_COUNT = 100
# Each is an e-mail to somebody who did not ask for it.
MOST_PER_DAY_COUNT = 200
MOST_PER_ADDRESS_AND_DAY_COUNT = 5
_TOKEN_BYTES = 24
_MISSING = "The invitation was not found. It may be used, revoked or past its time; ask for a new one."


@dataclass(frozen=True)
class NewInvitation:
    """A fresh invitation with its token, which is never to be had again."""

    invitation_id: UUID
    token: str


@dataclass(frozen=True)
class Invited:
    """What a token opens."""

    invitation_id: UUID
    tenant_id: UUID
    tenant_name: str
    email: str
    role: Role
    invited_by: str
    expires_at: datetime


def digest(token: str) -> bytes:
    """What is stored of a token. [pure]"""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def invite(
    by: Actor, tenant_id: UUID, email: str, role: Role, *, lifetime: timedelta = LIFETIME
) -> NewInvitation:
    """Offer a place; an earlier offer to the same address ends. Sending it is the caller's.

    Raises:      PermissionDenied also for a role that is not the actor's to give, InvalidArgument for a bad
                 address, AlreadyExists for a member's, QuotaExceeded, NotFound for a deleted tenant
    Transaction: opens one
    """
    by.require(Action.INVITE_MEMBER)
    by.require_to_give(role)
    address = _checked(email)
    with tenant_transaction(tenant_id):
        tenants.lock(tenant_id)
        return _offer(members.lock_actor(by, tenant_id), tenant_id, address, role, lifetime=lifetime)


def resend(by: Actor, tenant_id: UUID, invitation_id: UUID) -> NewInvitation:
    """Offer the same place to the same address with a new token and a new end; the old token ends.

    Raises:      as `invite`; NotFound for an invitation that is used or revoked
    Transaction: opens one
    """
    by.require(Action.INVITE_MEMBER)
    with tenant_transaction(tenant_id):
        tenants.lock(tenant_id)
        by = members.lock_actor(by, tenant_id)
        old = _pending(tenant_id).filter(invitation_id=invitation_id).first()
        if old is None:
            raise NotFound(f"Invitation [{invitation_id}] not found")
        return _offer(by, tenant_id, old.email, Role(old.role), lifetime=LIFETIME)


def list_invitations(by: Actor, tenant_id: UUID, *, limit_count: int, after: str = "") -> list[Invitation]:
    """Those neither used nor revoked, by address, from behind `after` on; also those past their time."""
    by.require(Action.VIEW_MEMBERS)
    with tenant_transaction(tenant_id):
        return list(_pending(tenant_id).filter(email__gt=after).order_by("email")[:limit_count])


def get(tenant_id: UUID, invitation_id: UUID) -> Invitation:
    """An invitation that is neither used nor revoked.

    Raises:  NotFound
    """
    with tenant_transaction(tenant_id):
        found = _pending(tenant_id).filter(invitation_id=invitation_id).first()
    if found is None:
        raise NotFound(f"Invitation [{invitation_id}] not found")
    return found


def revoke(by: Actor, tenant_id: UUID, invitation_id: UUID) -> None:
    """Take an offer back.

    Raises:      PermissionDenied, NotFound
    Transaction: opens one
    """
    by.require(Action.INVITE_MEMBER)
    with tenant_transaction(tenant_id):
        found = _pending(tenant_id).select_for_update().filter(invitation_id=invitation_id).first()
        if found is None:
            raise NotFound(f"Invitation [{invitation_id}] not found")
        if found.role == Role.OWNER:
            by.require(Action.MANAGE_OWNERS)
        found.revoked_at = datetime.now(UTC)
        found.save(update_fields=["revoked_at"])
        audit.record(
            by,
            tenant_id,
            Action.INVITE_MEMBER,
            subject_id=invitation_id,
            subject_label=found.email,
            details={"did": "revoke", "role": found.role},
        )


def look_up(token: str) -> Invited | None:
    """What a token opens; None for one that is unknown, used, revoked or past its time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM tenants_invited(%s)", [digest(token)])
        row = cursor.fetchone()
    if row is None:
        return None
    invitation_id, tenant_id, tenant_name, email, role, invited_by, expires_at = row
    return Invited(invitation_id, tenant_id, tenant_name, email, Role(role), invited_by, expires_at)


def accept(token: str, user: User) -> Member:
    """Take up an offer that was sent to the person's own address.

    Raises:      NotFound for a token that opens nothing, InvalidArgument when it was sent to another address,
                 AlreadyExists for a member
    Transaction: opens one
    """
    invited = look_up(token)
    if invited is None:
        raise NotFound(_MISSING)
    if invited.email != user.email.lower():
        raise InvalidArgument(
            f"The invitation was sent to {invited.email}, and you are signed in as {user.email}. "
            "Sign in with the address that it was sent to."
        )
    role = invited.role
    by = Actor(ActorKind.USER, user.user_id, user.email, role=role)
    try:
        with tenant_transaction(invited.tenant_id):
            found = _pending(invited.tenant_id).select_for_update().filter(digest=digest(token)).first()
            now = datetime.now(UTC)
            if found is None or found.expires_at <= now:
                raise NotFound(_MISSING)
            found.accepted_at = now
            found.save(update_fields=["accepted_at"])
            member = Member.objects.create(tenant_id=invited.tenant_id, user=user, role=role.value)
            audit.record(
                by,
                invited.tenant_id,
                "members.join",
                subject_id=user.user_id,
                subject_label=user.email,
                details={"role": role.value, "invitation": str(found.invitation_id)},
            )
            return member
    except IntegrityError as error:
        raise AlreadyExists(f"[{user.email}] is already a member of [{invited.tenant_name}]") from error


def _offer(by: Actor, tenant_id: UUID, email: str, role: Role, *, lifetime: timedelta) -> NewInvitation:
    by.require(Action.INVITE_MEMBER)
    by.require_to_give(role)
    now = datetime.now(UTC)
    earlier = _pending(tenant_id).filter(email=email)
    if any(one.role == Role.OWNER for one in earlier.select_for_update()):
        by.require(Action.MANAGE_OWNERS)
    if Member.objects.filter(tenant_id=tenant_id, user__email=email).exists():
        raise AlreadyExists(f"[{email}] is already a member")
    _check_counts(tenant_id, email, now)
    earlier.update(revoked_at=now)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    made = Invitation.objects.create(
        tenant_id=tenant_id,
        email=email,
        role=role.value,
        digest=digest(token),
        invited_by=by.label[:254],
        inviter_id=by.actor_id,
        expires_at=now + lifetime,
    )
    audit.record(
        by,
        tenant_id,
        Action.INVITE_MEMBER,
        subject_id=made.invitation_id,
        subject_label=email,
        details={"did": "invite", "role": role.value},
    )
    return NewInvitation(made.invitation_id, token)


def _check_counts(tenant_id: UUID, email: str, now: datetime) -> None:
    open_count = _pending(tenant_id).filter(expires_at__gt=now).exclude(email=email).count()
    if open_count >= MOST_OPEN_COUNT:
        raise QuotaExceeded(f"A tenant has at most {MOST_OPEN_COUNT} open invitations; revoke some.")
    today = Invitation.objects.filter(tenant_id=tenant_id, created_at__gt=now - timedelta(days=1))
    if today.count() >= MOST_PER_DAY_COUNT:
        raise QuotaExceeded(f"A tenant invites at most {MOST_PER_DAY_COUNT} times a day; try again tomorrow.")
    if today.filter(email=email).count() >= MOST_PER_ADDRESS_AND_DAY_COUNT:
        raise QuotaExceeded(
            f"[{email}] was invited {MOST_PER_ADDRESS_AND_DAY_COUNT} times today; try again tomorrow."
        )


def _pending(tenant_id: UUID) -> QuerySet[Invitation]:
    return Invitation.objects.filter(tenant_id=tenant_id, accepted_at=None, revoked_at=None)


def _checked(email: str) -> str:
    try:
        validate_email(email)
    except ValidationError as error:
        raise InvalidArgument(f"email: expected an e-mail address, got {email[:254]!r}") from error
    if len(email) > 254:
        raise InvalidArgument(f"email: expected at most 254 characters, got {len(email)}")
    return email.lower()
