"""`manage.py create_tenant NAME`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from cloud.management.base import OperatorCommand
from tenants import actors, tenants


class Command(OperatorCommand):
    """Create a tenant."""

    help = "Create a tenant and print its id."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """NAME."""
        parser.add_argument("name")

    def run(self, *, name: str, **_: Any) -> str:
        """Create it."""
        return str(tenants.create(name, by=actors.command("create_tenant")).tenant_id)
