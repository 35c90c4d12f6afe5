"""Keys carry verbs instead of a flag, and `tenants_identify` tells everything that a request needs."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

_SQL = Path(__file__).parent / "identify_with_scopes.sql"
# What a read-only key could do before keys had verbs.
_READ = ["tenant:get_tenant", "db:get_database", "db:list_databases", "db:list_collections", "db:count_collections", "collection:get_collection", "collection:get_collection_by_crn", "collection:count_forks", "collection:get", "collection:query", "collection:count", "collection:search"]


class Migration(migrations.Migration):
    """The function in the same transaction as the column that it no longer reads."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("tenants", "0003_control_plane")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL([("UPDATE tenants_apikey SET verbs = %s WHERE is_read_only", [_READ])]),
        migrations.RunSQL(_SQL.read_text(encoding="utf-8")),
        migrations.RemoveField(model_name="apikey", name="is_read_only"),
    ]
