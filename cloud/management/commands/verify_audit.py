"""`manage.py verify_audit [--tenant T]`: follow the chains of the audit log; status 1 when one is broken."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from cloud.management.base import OperatorCommand
from tenants import audit, tenants
from tenants.errors import Internal


class Command(OperatorCommand):
    """Verify the audit log."""

    help = "Verify the chain of hashes of a tenant's audit log, or of every tenant's and the installation's."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose chain."""
        parser.add_argument("--tenant", help="only this one")

    def run(self, *, tenant: str | None, **_: Any) -> None:
        """Print a line per chain."""
        chains = [tenants.resolve(tenant)] if tenant else audit.chains()
        broken = [chain for chain in chains if not self._verify(chain)]
        if broken:
            raise Internal(
                f"{len(broken)} of {len(chains)} chains are broken; compare with an earlier export"
            )

    def _verify(self, chain: UUID) -> bool:
        verdict = audit.verify(chain)
        state = "whole" if verdict.broken_at is None else f"BROKEN at entry {verdict.broken_at}"
        name = "installation" if chain == audit.INSTALLATION else str(chain)
        self.stdout.write(f"{name}  {verdict.entry_count} entries  head {verdict.head.hex()}  {state}")
        return verdict.broken_at is None
