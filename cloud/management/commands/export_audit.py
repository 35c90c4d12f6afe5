"""`manage.py export_audit [--tenant T]`: an audit log as JSON lines, oldest first."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

import msgspec

from cloud.api.control.views.audit_log import shown
from cloud.management.base import OperatorCommand
from tenants import audit, tenants


class Command(OperatorCommand):
    """Export an audit log."""

    help = "Print a tenant's audit log, or the installation's own, as JSON lines, oldest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose."""
        parser.add_argument("--tenant", help="without it, what was done to the installation")

    def run(self, *, tenant: str | None, **_: Any) -> None:
        """Print as it is read."""
        for entry in audit.walk(tenants.resolve(tenant) if tenant else None):
            self.stdout.write(msgspec.json.encode(shown(entry)).decode())
