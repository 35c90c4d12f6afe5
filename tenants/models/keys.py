"""API keys: what the data plane's clients carry."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tenants.identity import READ_VERBS
from tenants.models.people import User
from tenants.models.places import Database, Tenant


class ApiKey(models.Model):
    """A key; its secret is not here, only a keyed hash of it and the first characters for display.

    verbs:             the wire's names; null: every verb that is not an operator's
    collection_ids:    the only collections that it may use; null: all of its databases
    allowed_networks:  in CIDR notation; empty: from anywhere
    forced_where:      a filter (JSON) that is AND-ed into everything the key reads, writes and deletes
    replaced_by:       the key that a rotation made in its place
    pepper_id:         names the pepper of the digest; empty: the first one
    """

    key_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=128)
    display_prefix = models.CharField(max_length=16)
    digest = models.BinaryField(max_length=32, unique=True)
    pepper_id = models.CharField(max_length=16, blank=True, default="")
    verbs = ArrayField(models.CharField(max_length=64), null=True, blank=True)
    is_limited_to_databases = models.BooleanField(default=False)
    databases = models.ManyToManyField(Database, through="ApiKeyDatabase")
    collection_ids = ArrayField(models.UUIDField(), null=True, blank=True)
    allowed_networks = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    forced_where = models.TextField(null=True, blank=True)  # noqa: DJ001 (null: none)
    requests_per_minute_count = models.PositiveIntegerField(null=True, blank=True)
    is_operator = models.BooleanField(default=False)
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL)
    replaced_by = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    last_used_address = models.GenericIPAddressField(null=True)
    last_used_client = models.CharField(max_length=256, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.display_prefix}…)"

    @property
    def is_read_only(self) -> bool:
        """Whether the key has verbs that read and no others."""
        return self.verbs is not None and {verb.value for verb in READ_VERBS}.issuperset(self.verbs)


class ApiKeyDatabase(models.Model):
    """A database that a limited key may use."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE)
    database = models.ForeignKey(Database, on_delete=models.CASCADE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "database"], name="key_database_once")]

    def __str__(self) -> str:
        return f"{self.key_id} → {self.database_id}"
