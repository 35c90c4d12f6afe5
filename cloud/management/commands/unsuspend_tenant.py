"""`manage.py unsuspend_tenant TENANT`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from cloud.management.base import OperatorCommand
from tenants import suspension, tenants
from tenants.actors import command


class Command(OperatorCommand):
    """Serve a suspended tenant again."""

    help = "Serve a suspended tenant again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """TENANT."""
        parser.add_argument("tenant")

    def run(self, *, tenant: str, **_: Any) -> str:
        """Restore it."""
        suspension.restore(command("unsuspend_tenant"), tenants.resolve(tenant))
        return f"{tenant} is served"
