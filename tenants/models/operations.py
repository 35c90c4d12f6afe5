"""What operators steer with: flags, which cells take new databases, requests for more, peaks of use."""

from __future__ import annotations

import uuid

from django.db import models

from tenants.models.places import Tenant


class CellPlacement(models.Model):
    """An operator's word on a cell; a cell without a row takes new databases."""

    cell = models.CharField(max_length=32, primary_key=True)
    accepts_new = models.BooleanField(default=True)
    note = models.CharField(max_length=256, blank=True, default="")
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.cell


class Flag(models.Model):
    """A named switch of the installation; `tenants/flags.py` says which names mean something."""

    name = models.CharField(max_length=64, primary_key=True)
    is_on = models.BooleanField(default=False)
    note = models.CharField(max_length=256, blank=True, default="")
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.name


class FlagOverride(models.Model):
    """A tenant for which a flag stands otherwise than for the rest."""

    flag = models.ForeignKey(Flag, on_delete=models.CASCADE)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    is_on = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["flag", "tenant"], name="flag_override_once")]

    def __str__(self) -> str:
        return f"{self.flag_id} for {self.tenant_id}"


class QuotaRequest(models.Model):
    """A tenant's wish for a higher limit, and what became of it.

    notify:  the e-mail address that hears of the decision; empty when a program asked
    """

    class State(models.TextChoices):
        """Where the wish stands."""

        PENDING = "pending"
        APPROVED = "approved"
        DECLINED = "declined"
        WITHDRAWN = "withdrawn"

    request_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    limit_name = models.CharField(max_length=64)
    wanted = models.BigIntegerField()
    reason = models.CharField(max_length=2_000)
    requested_by = models.CharField(max_length=254)
    notify = models.EmailField(max_length=254, blank=True, default="")
    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    decided_by = models.CharField(max_length=254, blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=2_000, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "limit_name"],
                condition=models.Q(state="pending"),
                name="quota_request_pending_once_per_limit",
            ),
        ]
        indexes = [models.Index(fields=["state", "created_at", "request_id"], name="quota_request_by_age")]

    def __str__(self) -> str:
        return f"{self.limit_name} = {self.wanted}"


class UsagePeak(models.Model):
    """The most that a tenant used of a limit on a day, in UTC."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    limit_name = models.CharField(max_length=64)
    day = models.DateField()
    peak = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "limit_name", "day"], name="usage_peak_once_per_day")
        ]

    def __str__(self) -> str:
        return f"{self.limit_name} {self.day}: {self.peak}"
