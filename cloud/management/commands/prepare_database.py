"""`manage.py prepare_database`: roles, migrations and cells, from empty or from an older release."""

from __future__ import annotations

from typing import Any

from cloud import preparation
from cloud.management.base import OperatorCommand


class Command(OperatorCommand):
    """Make the database ready to serve."""

    help = "Check PostgreSQL, create roles, migrate, and create the cells. May run again."

    def run(self, **_: Any) -> None:
        """Prepare, naming each step."""
        preparation.prepare(lambda step: self.stderr.write(f"  {step}"))
