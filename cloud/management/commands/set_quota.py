"""`manage.py set_quota --tenant T limit_value=1000 databases_count=50`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from cloud.management.base import OperatorCommand
from tenants import quotas, tenants
from tenants.actors import command


class Command(OperatorCommand):
    """Give a tenant limits of its own."""

    help = "Give a tenant limits of its own, in force within a second; docs/quotas.md lists them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The limits, and whose they are."""
        parser.add_argument("limits", nargs="+", metavar="name=value")
        parser.add_argument("--tenant", required=True)

    def run(self, *, limits: list[str], tenant: str, **_: Any) -> str:
        """Set them, all or none."""
        overrides = quotas.parse_overrides(dict(word.partition("=")[::2] for word in limits))
        tenants.override_limits(tenants.resolve(tenant), overrides, by=command("set_quota"))
        return " ".join(f"{name}={value}" for name, value in overrides.items())
