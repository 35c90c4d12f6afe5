"""People and their places: create a user, join a tenant, find the tenants of a user."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection

from tenants import impersonation
from tenants.errors import AlreadyExists, InvalidArgument
from tenants.models import Member, Role, User
from tenants.roles import Action, may
from tenants.scope import tenant_transaction


@dataclass(frozen=True)
class Membership:
    """A tenant that a user may enter, and as what."""

    tenant_id: UUID
    tenant_name: str
    role: Role
    is_impersonated: bool = False  # an operator acts as the member

    @property
    def may_manage_keys(self) -> bool:
        """Whether the role may create and revoke API keys."""
        return may(self.role, Action.CREATE_KEY) and not self.is_impersonated

    @property
    def may_read_records(self) -> bool:
        """Whether the role may see what records hold."""
        return may(self.role, Action.VIEW_RECORDS)


def create_user(email: str, password: str) -> User:
    """Make a person who can sign in.

    Raises:  InvalidArgument for a bad address or a password under 10 characters, AlreadyExists
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
        user.save(force_insert=True)
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
    """The tenants that a person may enter, by name; while an operator acts as them, those that allow it."""
    is_impersonated = bool(impersonation.acting())
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, tenant_name, role FROM tenants_memberships(%s)", [user_id])
        rows = cursor.fetchall()
    found = [Membership(tenant_id, name, Role(role), is_impersonated) for tenant_id, name, role in rows]
    if is_impersonated:
        enterable = impersonation.enterable(user_id)
        found = [one for one in found if one.tenant_id in enterable]
    return found
