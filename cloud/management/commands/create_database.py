"""`manage.py create_database --tenant T NAME`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings

from cloud.management.base import OperatorCommand
from tenants import actors, databases, tenants


class Command(OperatorCommand):
    """Create a database of a tenant."""

    help = "Create a database of a tenant and print its id."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """NAME and its tenant."""
        parser.add_argument("name")
        parser.add_argument("--tenant", required=True)

    def run(self, *, name: str, tenant: str, **_: Any) -> str:
        """Create it."""
        owner = tenants.get(tenants.resolve(tenant))
        limits = tenants.limits_of(owner)
        made = databases.create(
            owner.tenant_id,
            name,
            limits=limits,
            cell_count=settings.CELL_COUNT,
            by=actors.command("create_database"),
        )
        return str(made.database_id)
