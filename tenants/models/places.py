"""Plans, tenants and their databases."""

from __future__ import annotations

import uuid

from django.db import models

from tenants.models.living import Living, Recyclable

_WEEK_SECONDS = 7 * 24 * 3600


class Plan(models.Model):
    """What tenants share: limits, prices, how long the recycle bin keeps; an empty one is the default plan.

    prices: nano-units of the currency per unit of a meter (`tenants/prices.py`)
    """

    name = models.CharField(max_length=64, unique=True)
    limits = models.JSONField(default=dict, blank=True)
    prices = models.JSONField(default=dict, blank=True)
    currency = models.CharField(max_length=3, default="USD")
    monthly_fee_nano = models.BigIntegerField(default=0)
    recycle_seconds = models.PositiveIntegerField(default=_WEEK_SECONDS)

    def __str__(self) -> str:
        return self.name


class Tenant(models.Model):
    """A customer: owner of databases, keys, members and a bill.

    deleted_at:  nobody enters any more; the row stays for its bills, and the name is not given again
    """

    tenant_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=512, unique=True)
    resource_name = models.CharField(max_length=512, null=True, unique=True)  # noqa: DJ001 (the wire's null)
    plan = models.ForeignKey(Plan, null=True, blank=True, on_delete=models.PROTECT)
    quota_overrides = models.JSONField(default=dict, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspension_reason = models.CharField(max_length=512, blank=True, default="")
    allows_impersonation = models.BooleanField(default=True)
    spend_cap_nano = models.BigIntegerField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Database(Recyclable):
    """A Chroma database: a namespace of collections that lives whole in one cell."""

    database_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=512)
    cell = models.CharField(max_length=32)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = Living()
    everything = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "name"],
                condition=models.Q(deleted_at=None),
                name="database_name_once_per_tenant",
            ),
            models.CheckConstraint(
                condition=models.Q(deleted_at=None, purge_at=None)
                | models.Q(deleted_at__isnull=False, purge_at__isnull=False),
                name="database_is_living_or_has_a_purge_date",
            ),
        ]
        indexes = [
            models.Index(
                fields=["purge_at"],
                condition=models.Q(deleted_at__isnull=False),
                name="database_by_purge_date",
            ),
        ]

    def __str__(self) -> str:
        return self.name
