"""People and their places: create a user, join a tenant, change a role, remove, leave, find a user's tenants.

Verbs that change places lock the tenant's member rows first, all of them and in one order, and ask what the
actor is by those rows: of two owners who remove each other at once, the second is no member any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.dispatch import Signal

from tenants import audit, impersonation
from tenants.actors import SYSTEM, Actor, ActorKind
from tenants.errors import AlreadyExists, InvalidArgument, NotFound, PermissionDenied
from tenants.models import ApiKey, Invitation, Member, Role, User
from tenants.roles import Action, may, may_give
from tenants.scope import tenant_transaction

# Sent with `user` in the transaction that makes a person whose address needs no proof.
user_created = Signal()


@dataclass(frozen=True)
class Membership:
    """A tenant that a user may enter, and as what.

    suspension:  why the tenant is suspended; None: it is not
    """

    tenant_id: UUID
    tenant_name: str
    role: Role
    suspension: str | None = None
    is_impersonated: bool = False  # an operator acts as the member


@dataclass(frozen=True)
class Departure:
    """What ended with a place: the API keys that the person made, and the invitations from and to them."""

    revoked_keys_count: int
    revoked_invitations_count: int


def create_user(email: str, password: str) -> User:
    """Make a person who can sign in, and whose address counts as verified.

    Raises:      InvalidArgument for a bad address or a password under 10 characters, AlreadyExists
    Transaction: opens one
    """
    try:
        validate_email(email)
    except ValidationError as error:
        raise InvalidArgument(f"expected an e-mail address, got {email!r}") from error
    if len(password) < 10:
        raise InvalidArgument("a password has at least 10 characters")
    user = User(email=email.lower())
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            user_created.send(User, user=user)
    except IntegrityError as error:
        raise AlreadyExists(f"User [{email}] already exists") from error
    return user


def join(tenant_id: UUID, user_id: UUID, role: Role, *, by: Actor = SYSTEM) -> Member:
    """Give a person a place in a tenant, without an invitation.

    Raises:      PermissionDenied for everybody but operators and the service, AlreadyExists
    Transaction: opens one
    """
    if not by.is_operator:
        raise PermissionDenied("Permission denied. People join a tenant by an invitation.")
    try:
        with tenant_transaction(tenant_id):
            member = Member.objects.create(tenant_id=tenant_id, user_id=user_id, role=role)
            audit.record(by, tenant_id, "members.join", subject_id=user_id, details={"role": role.value})
            return member
    except IntegrityError as error:
        raise AlreadyExists(f"User [{user_id}] is already a member") from error


def memberships(user_id: UUID) -> list[Membership]:
    """The tenants that a person may enter, by name; while an operator acts as them, those that allow it."""
    is_impersonated = bool(impersonation.acting())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tenant_id, tenant_name, role, suspension FROM tenants_memberships(%s)", [user_id]
        )
        rows = cursor.fetchall()
    found = [
        Membership(tenant_id, name, Role(role), why, is_impersonated) for tenant_id, name, role, why in rows
    ]
    if is_impersonated:
        enterable = impersonation.enterable(user_id)
        found = [one for one in found if one.tenant_id in enterable]
    return found


def list_members(by: Actor, tenant_id: UUID, *, limit_count: int, after: str = "") -> list[Member]:
    """The members with an address behind `after`, by address, each with the user."""
    by.require(Action.VIEW_MEMBERS)
    with tenant_transaction(tenant_id):
        rows = Member.objects.filter(tenant_id=tenant_id, user__email__gt=after)
        return list(rows.select_related("user").order_by("user__email")[:limit_count])


def get(by: Actor, tenant_id: UUID, user_id: UUID) -> Member:
    """A member, with the user.

    Raises:  PermissionDenied, NotFound
    """
    by.require(Action.VIEW_MEMBERS)
    with tenant_transaction(tenant_id):
        found = Member.objects.filter(tenant_id=tenant_id, user_id=user_id).select_related("user")
        return _the(found, user_id)


def find(tenant_id: UUID, email: str) -> UUID:
    """The id of the member with this address.

    Raises:  NotFound
    """
    with tenant_transaction(tenant_id):
        member = Member.objects.filter(tenant_id=tenant_id, user__email=email.lower()).first()
    if member is None:
        raise NotFound(f"Member [{email}] not found")
    return member.user_id


def change_role(by: Actor, tenant_id: UUID, user_id: UUID, role: Role) -> Member:
    """Make a member something else. Invitations that they sent and could not send any more are revoked.

    Raises:      PermissionDenied, NotFound, InvalidArgument for the last owner
    Transaction: opens one
    """
    with tenant_transaction(tenant_id):
        members = _lock(tenant_id)
        by = _as_now(by, members)
        by.require(Action.CHANGE_ROLE)
        member = _the(members, user_id)
        _check_may_touch(by, member)
        by.require_to_give(role)
        before = Role(member.role)
        if before is role:
            return member
        if role is not Role.OWNER:
            _check_owner_stays(members, without=member)
        member.role = role.value
        member.save(update_fields=["role"])
        revoked_count = _revoke_invitations(
            tenant_id,
            Q(inviter_id=user_id),
            kept_roles=[one for one in Role if may(role, Action.INVITE_MEMBER) and may_give(role, one)],
        )
        audit.record(
            by,
            tenant_id,
            Action.CHANGE_ROLE,
            subject_id=user_id,
            subject_label=member.user.email,
            details={"from": before.value, "to": role.value, "revoked_invitations": revoked_count},
        )
        return member


def remove(by: Actor, tenant_id: UUID, user_id: UUID) -> Departure:
    """End a person's place, with the API keys that they made and the invitations from and to them.

    Raises:      PermissionDenied, NotFound, InvalidArgument for the last owner
    Transaction: opens one
    """
    with tenant_transaction(tenant_id):
        members = _lock(tenant_id)
        by = _as_now(by, members)
        by.require(Action.REMOVE_MEMBER)
        member = _the(members, user_id)
        _check_may_touch(by, member)
        return _end(by, members, member, action=Action.REMOVE_MEMBER)


def leave(by: Actor, tenant_id: UUID) -> Departure:
    """Give up one's own place, whatever the role; ends what `remove` ends.

    Raises:      NotFound for whoever has no place, InvalidArgument for the last owner
    Transaction: opens one
    """
    with tenant_transaction(tenant_id):
        members = _lock(tenant_id)
        is_person = by.kind is ActorKind.USER and by.actor_id is not None
        member = _the(members, by.actor_id if is_person else None)
        return _end(_as_now(by, members), members, member, action="members.leave")


def lock_actor(by: Actor, tenant_id: UUID) -> Actor:
    """The actor with the role that they have until this transaction ends, whatever it was at the door.

    Transaction: needs one
    """
    if by.kind is not ActorKind.USER or by.is_operator:
        return by
    members = Member.objects.select_for_update().filter(tenant_id=tenant_id)
    return _as_now(by, members.filter(user=by.actor_id))


def _lock(tenant_id: UUID) -> list[Member]:
    rows = Member.objects.select_for_update(of=("self",)).filter(tenant_id=tenant_id)
    return list(rows.select_related("user").order_by("member_id"))


def _as_now(by: Actor, members: Iterable[Member]) -> Actor:
    if by.kind is not ActorKind.USER or by.is_operator:
        return by
    role = next((Role(one.role) for one in members if one.user_id == by.actor_id), None)
    return replace(by, role=role)


def _the(members: Iterable[Member], user_id: UUID | None) -> Member:
    for member in members:
        if member.user_id == user_id:
            return member
    raise NotFound(f"Member [{user_id}] not found")


def _check_may_touch(by: Actor, member: Member) -> None:
    if member.role == Role.OWNER:
        by.require(Action.MANAGE_OWNERS)


def _check_owner_stays(members: Iterable[Member], *, without: Member) -> None:
    if all(one is without or one.role != Role.OWNER for one in members):
        raise InvalidArgument(f"[{without.user.email}] is the last owner. Make somebody else an owner first.")


def _end(by: Actor, members: Iterable[Member], member: Member, *, action: Action | str) -> Departure:
    tenant_id, user = member.tenant_id, member.user
    _check_owner_stays(members, without=member)
    member.delete()
    living = ApiKey.objects.filter(tenant_id=tenant_id, created_by=user, revoked_at=None)
    keys_count = living.update(revoked_at=datetime.now(UTC))
    invitations_count = _revoke_invitations(tenant_id, Q(inviter_id=user.user_id) | Q(email=user.email))
    audit.record(
        by,
        tenant_id,
        action,
        subject_id=user.user_id,
        subject_label=user.email,
        details={"revoked_keys": keys_count, "revoked_invitations": invitations_count},
    )
    return Departure(keys_count, invitations_count)


def _revoke_invitations(tenant_id: UUID, which: Q, *, kept_roles: Iterable[Role] = ()) -> int:
    pending = Invitation.objects.filter(which, tenant_id=tenant_id, accepted_at=None, revoked_at=None)
    return pending.exclude(role__in=list(kept_roles)).update(revoked_at=datetime.now(UTC))
