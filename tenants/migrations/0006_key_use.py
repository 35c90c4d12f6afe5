"""Functions that move a key to another pepper and note when it was used."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

_SQL = Path(__file__).parent / "key_use.sql"


class Migration(migrations.Migration):
    """Adds functions, and nothing that a running release would miss."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("tenants", "0005_people")]
    operations: ClassVar[list[Operation]] = [migrations.RunSQL(_SQL.read_text(encoding="utf-8"))]
