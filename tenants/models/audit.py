"""The audit log: what was done, by whom, to what; appended to and never changed."""

from __future__ import annotations

from django.db import models


class AuditEntry(models.Model):
    """One action. Its hash covers its content and the hash before it, so that none can be altered unnoticed.

    tenant_id:  no foreign key: entries outlive what they tell of; the nil UUID is the installation itself
    sequence:   1, 2, 3, … within the tenant, without gaps
    """

    entry_id = models.BigAutoField(primary_key=True)
    tenant_id = models.UUIDField()
    sequence = models.BigIntegerField()
    at = models.DateTimeField()
    action = models.CharField(max_length=64)
    outcome = models.CharField(max_length=16)
    actor_kind = models.CharField(max_length=16)
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=254)
    impersonator = models.CharField(max_length=254, blank=True, default="")
    subject_id = models.CharField(max_length=64, blank=True, default="")
    subject_label = models.CharField(max_length=512, blank=True, default="")
    address = models.GenericIPAddressField(null=True)
    client = models.CharField(max_length=256, blank=True, default="")
    trace_id = models.CharField(max_length=32, blank=True, default="")
    details = models.JSONField(default=dict)
    previous_hash = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "sequence"], name="audit_sequence_once_per_tenant")
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.sequence} {self.action}"


class AuditHead(models.Model):
    """The end of a tenant's chain, and the row that is locked to append to it."""

    tenant_id = models.UUIDField(primary_key=True)
    sequence = models.BigIntegerField(default=0)
    hash = models.BinaryField(max_length=32, default=bytes(32))

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.sequence}"
