"""The catalogue: which collections there are, what they are called and how they were configured.

What changes with every write (dimension, counters, place in the log) is in the collection's cell. JSON is
kept as text, so that it is given back to the letter: `jsonb` forgets that 1e22 was a float.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Lower

from tenants.models import Database
from tenants.models.living import Living, Recyclable


class Collection(Recyclable):
    """A named collection of a database.

    name_folded: in small letters, in the order of its bytes. A column and not an expression: under row-level
        security an index serves only conditions that tell nothing of a row, and `lower` is not known to
    is_deleted_with_database: it went to the bin with its database, and comes back with it only
    """

    collection_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant_id = models.UUIDField()
    database = models.ForeignKey(Database, on_delete=models.CASCADE)
    name = models.CharField(max_length=512)
    name_folded = models.GeneratedField(
        expression=Lower("name"), output_field=models.TextField(db_collation="C"), db_persist=True
    )
    metadata_json = models.TextField(null=True)  # noqa: DJ001 (the wire tells null from empty)
    configuration_json = models.TextField()
    schema_json = models.TextField(null=True)  # noqa: DJ001 (null: it follows from the configuration)
    created_at = models.DateTimeField(auto_now_add=True)
    is_deleted_with_database = models.BooleanField(default=False, editable=False)

    objects = Living()
    everything = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["database", "name"],
                condition=models.Q(deleted_at=None),
                name="collection_name_once_per_database",
            ),
            models.CheckConstraint(
                condition=models.Q(deleted_at=None, purge_at=None)
                | models.Q(deleted_at__isnull=False, purge_at__isnull=False),
                name="collection_is_living_or_has_a_purge_date",
            ),
        ]
        indexes = [
            models.Index(
                fields=["database", "created_at", "collection_id"],
                condition=models.Q(deleted_at=None),
                name="collection_by_age",
            ),
            # The tenant is in both for its policy, so that names are sought without reading the rows.
            models.Index(
                fields=["database", "name_folded", "collection_id"],
                include=["tenant_id"],
                condition=models.Q(deleted_at=None),
                name="collection_by_name",
            ),
            models.Index(
                fields=["tenant_id", "name_folded"],
                include=["collection_id"],
                condition=models.Q(deleted_at=None),
                name="collection_by_tenant_and_name",
            ),
            models.Index(
                fields=["tenant_id", "deleted_at", "collection_id"],
                condition=models.Q(deleted_at__isnull=False),
                name="collection_in_bin",
            ),
            models.Index(
                fields=["purge_at"],
                condition=models.Q(deleted_at__isnull=False),
                name="collection_by_purge_date",
            ),
        ]

    def __str__(self) -> str:
        return self.name
