"""People, their places in tenants, and invitations to one."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models

from tenants.models.places import Tenant
from tenants.roles import Role as RoleName


class UserManager(BaseUserManager["User"]):
    """Finds people by e-mail address, whatever its case."""

    def get_by_natural_key(self, username: str | None) -> User:
        """The person with this e-mail address."""
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in to the dashboard; `is_staff` marks an operator of the installation."""

    user_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(max_length=254, unique=True)  # in lower case
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    session_epoch = models.PositiveIntegerField(default=0)  # raised to end every session of the person

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    def __str__(self) -> str:
        return self.email

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must carry to be the person's: it changes with the password and the epoch."""
        inherited: str = super()._get_session_auth_hash(secret)  # type: ignore[misc]
        return f"{inherited}.{self.session_epoch}" if self.session_epoch else inherited


# What a person is in a tenant; the names and their rights are in `tenants/roles.py`.
Role = RoleName
_ROLE_CHOICES = [(role.value, role.value.capitalize()) for role in Role]


class Member(models.Model):
    """A person's place in a tenant.

    looked_at:  when they first opened one of its collections; null: the first steps are still shown
    """

    member_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    role = models.CharField(max_length=16, choices=_ROLE_CHOICES)
    created_at = models.DateTimeField(auto_now_add=True)
    looked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "user"], name="member_once_per_tenant")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.tenant_id}"


class Invitation(models.Model):
    """An offer of a place, sent by e-mail; its token is stored as a hash only.

    Open while neither accepted nor revoked and not past `expires_at`.

    inviter_id:  the person or service account behind `invited_by`: what they sent ends when their place does
    """

    invitation_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    email = models.EmailField(max_length=254)  # in lower case
    role = models.CharField(max_length=16, choices=_ROLE_CHOICES)
    digest = models.BinaryField(max_length=32, unique=True)
    invited_by = models.CharField(max_length=254)
    inviter_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "email"],
                condition=models.Q(accepted_at=None, revoked_at=None),
                name="invitation_once_per_address",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.tenant_id}"
