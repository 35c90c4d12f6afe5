"""Service accounts: programs that manage a tenant, or the installation, over the control API."""

from __future__ import annotations

import uuid

from django.db import models

from tenants.models.places import Tenant
from tenants.roles import Role


class ServiceAccount(models.Model):
    """A program with a role in a tenant; without a tenant it is an operator of the installation."""

    service_account_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, null=True, on_delete=models.CASCADE)
    name = models.CharField(max_length=128)
    role = models.CharField(
        max_length=16,
        blank=True,
        default="",
        choices=[(role.value, role.value.capitalize()) for role in Role if role is not Role.OWNER],
    )
    created_by = models.CharField(max_length=254, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    disabled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "name"],
                condition=models.Q(disabled_at=None),
                name="service_account_name_once_per_tenant",
            ),
            models.CheckConstraint(
                condition=models.Q(tenant=None, role="")
                | (models.Q(tenant__isnull=False) & ~models.Q(role="")),
                name="service_account_has_tenant_and_role_or_neither",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ServiceAccountKey(models.Model):
    """A secret of a service account, stored as the keyed hash that API keys are stored as."""

    key_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service_account = models.ForeignKey(ServiceAccount, on_delete=models.CASCADE)
    tenant = models.ForeignKey(Tenant, null=True, on_delete=models.CASCADE)
    display_prefix = models.CharField(max_length=16)
    digest = models.BinaryField(max_length=32, unique=True)
    pepper_id = models.CharField(max_length=16, blank=True, default="")
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.display_prefix}…"
