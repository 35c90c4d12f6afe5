"""`manage.py create_key --tenant T`: the key, alone on standard output."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings

from cloud.management.base import OperatorCommand
from tenants import databases, keys, tenants


class Command(OperatorCommand):
    """Create an API key."""

    help = "Create an API key of a tenant and print it; it is not stored and cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the key reaches and what it may do."""
        parser.add_argument("--tenant", required=True)
        parser.add_argument("--name", default="created by an operator")
        parser.add_argument("--database", action="append", default=[], help="only this one; may be repeated")
        parser.add_argument("--read-only", action="store_true")
        parser.add_argument("--expires-days", type=int)
        parser.add_argument(
            "--operator", action="store_true", help="may create tenants; development profile only"
        )

    def run(
        self, *, tenant: str, name: str, database: list[str], expires_days: int | None, **options: Any
    ) -> str:
        """Create it."""
        tenant_id = tenants.resolve(tenant)
        expires_at = None if expires_days is None else datetime.now(UTC) + timedelta(days=expires_days)
        issued = keys.issue(
            tenant_id,
            pepper=settings.KEY_PEPPER,
            name=name,
            database_ids=[databases.get(tenant_id, wanted).database_id for wanted in database],
            is_read_only=options["read_only"],
            is_operator=options["operator"],
            expires_at=expires_at,
        )
        return issued.secret
