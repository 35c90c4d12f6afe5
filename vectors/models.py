"""The catalogue: which collections there are, what they are called and how they were configured.

What changes with every write (dimension, counters, place in the log) is in the collection's cell. JSON is
kept as text, so that it is given back to the letter: `jsonb` forgets that 1e22 was a float.
"""

from __future__ import annotations

import uuid

from django.db import models

from tenants.models import Database


class Collection(models.Model):
    """A named collection of a database."""

    collection_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant_id = models.UUIDField()
    database = models.ForeignKey(Database, on_delete=models.CASCADE)
    name = models.CharField(max_length=512)
    metadata_json = models.TextField(null=True)  # noqa: DJ001 (the wire tells null from empty)
    configuration_json = models.TextField()
    schema_json = models.TextField(null=True)  # noqa: DJ001 (null: it follows from the configuration)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["database", "name"], name="collection_name_once_per_database"),
        ]
        indexes = [models.Index(fields=["database", "created_at", "collection_id"], name="collection_by_age")]

    def __str__(self) -> str:
        return self.name
