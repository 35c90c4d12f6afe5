"""`tenants_identify` also names the only database of a key, for clients that were told no name."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

_SQL = Path(__file__).parent / "identify_with_only_database.sql"


class Migration(migrations.Migration):
    """Replaces the function; runs in one transaction, so that a running release never misses it."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("tenants", "0001_initial")]
    operations: ClassVar[list[Operation]] = [migrations.RunSQL(_SQL.read_text(encoding="utf-8"))]
