"""People and their places: create a user, join a tenant, find the tenants of a user."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection, transaction
from django.dispatch import Signal

from tenants.errors import AlreadyExists, InvalidArgument
from tenants.models import Member, Role, User
from tenants.roles import Action, may
from tenants.scope import tenant_transaction

# Sent with `user` in the transaction that makes a person whose address needs no proof.
user_created = Signal()


@dataclass(frozen=True)
class Membership:
    """A tenant that a user may enter, and as what."""

    tenant_id: UUID
    tenant_name: str
    role: Role

    @property
    def may_manage_keys(self) -> bool:
        """Whether the role may create and revoke API keys."""
        return may(self.role, Action.CREATE_KEY)

    @property
    def may_read_records(self) -> bool:
        """Whether the role may see what records hold."""
        return may(self.role, Action.VIEW_RECORDS)


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


def join(tenant_id: UUID, user_id: UUID, role: Role) -> Member:
    """Give a person a place in a tenant.

    Raises:  AlreadyExists
    """
    try:
        with tenant_transaction(tenant_id):
            return Member.objects.create(tenant_id=tenant_id, user_id=user_id, role=role)
    except IntegrityError as error:
        raise AlreadyExists(f"User [{user_id}] is already a member") from error


def memberships(user_id: UUID) -> list[Membership]:
    """The tenants that a person may enter, by name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, tenant_name, role FROM tenants_memberships(%s)", [user_id])
        return [Membership(tenant_id, name, Role(role)) for tenant_id, name, role in cursor.fetchall()]
