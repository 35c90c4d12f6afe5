"""The control plane's facts: who there is, what they own, and what the database itself must guarantee.

Verbs live in the modules named after their noun (`keys.issue`, `databases.create`). Row-level security on
these tables is part of the first migration.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models


class UserManager(BaseUserManager["User"]):
    """Finds people by e-mail address, whatever its case."""

    def get_by_natural_key(self, username: str | None) -> User:
        """The person with this e-mail address."""
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in to the dashboard."""

    user_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(max_length=254, unique=True)  # in lower case
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []

    def __str__(self) -> str:
        return self.email


class Plan(models.Model):
    """A set of limits that tenants share; an empty one is the default plan."""

    name = models.CharField(max_length=64, unique=True)
    limits = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return self.name


class Tenant(models.Model):
    """A customer: owner of databases, keys, members and a bill."""

    tenant_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=512, unique=True)
    resource_name = models.CharField(max_length=512, null=True, unique=True)  # noqa: DJ001 (the wire's null)
    plan = models.ForeignKey(Plan, null=True, on_delete=models.PROTECT)
    quota_overrides = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What a person is in a tenant."""

    OWNER = "owner"
    ADMIN = "admin"
    DEVELOPER = "developer"
    VIEWER = "viewer"
    BILLING = "billing"


class Member(models.Model):
    """A person's place in a tenant."""

    member_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    role = models.CharField(max_length=16, choices=Role.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "user"], name="member_once_per_tenant")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.tenant_id}"


class Database(models.Model):
    """A Chroma database: a namespace of collections that lives whole in one cell."""

    database_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=512)
    cell = models.CharField(max_length=32)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="database_name_once_per_tenant")
        ]

    def __str__(self) -> str:
        return self.name


class ApiKey(models.Model):
    """A key; its secret is not here, only a keyed hash of it and the first characters for display."""

    key_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=128)
    display_prefix = models.CharField(max_length=16)
    digest = models.BinaryField(max_length=32, unique=True)
    is_limited_to_databases = models.BooleanField(default=False)
    databases = models.ManyToManyField(Database, through="ApiKeyDatabase")
    is_read_only = models.BooleanField(default=False)
    is_operator = models.BooleanField(default=False)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.display_prefix}…)"


class ApiKeyDatabase(models.Model):
    """A database that a limited key may use."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE)
    database = models.ForeignKey(Database, on_delete=models.CASCADE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "database"], name="key_database_once")]

    def __str__(self) -> str:
        return f"{self.key_id} → {self.database_id}"
