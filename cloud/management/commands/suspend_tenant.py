"""`manage.py suspend_tenant TENANT --reason "…"`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from cloud.management.base import OperatorCommand
from tenants import suspension, tenants
from tenants.actors import command


class Command(OperatorCommand):
    """Suspend a tenant."""

    help = "Refuse a tenant's requests within a second, with a reason that it is told; its data stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """TENANT and the reason."""
        parser.add_argument("tenant")
        parser.add_argument("--reason", required=True)

    def run(self, *, tenant: str, reason: str, **_: Any) -> str:
        """Suspend it."""
        suspension.suspend(command("suspend_tenant"), tenants.resolve(tenant), reason)
        return f"{tenant} is suspended"
