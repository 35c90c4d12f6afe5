"""Invitations know who sent them, tenants can be deleted, and memberships and accounts tell of suspension."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation

_SQL = Path(__file__).parent / "people.sql"


class Migration(migrations.Migration):
    """The functions in the same transaction as the columns that they read."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("tenants", "0004_identify_with_scopes")]
    operations: ClassVar[list[Operation]] = [
        migrations.AddField(model_name="invitation", name="inviter_id", field=models.UUIDField(null=True)),
        migrations.AddField(
            model_name="tenant", name="deleted_at", field=models.DateTimeField(editable=False, null=True)
        ),
        migrations.RunSQL(_SQL.read_text(encoding="utf-8")),
    ]
