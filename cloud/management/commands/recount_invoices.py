"""`manage.py recount_invoices [--all] [--tenant T] [--month 2026-10]`: invoices against the ledger."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from cloud.management.base import OperatorCommand
from tenants import tenants
from tenants.billing import months
from tenants.errors import Internal, InvalidArgument
from workers import billing


class Command(OperatorCommand):
    """Recompute issued invoices."""

    help = "Recompute issued invoices from the ledger; what differs is listed, and the exit status is 1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which invoices."""
        parser.add_argument("--all", action="store_true", help="every invoice")
        parser.add_argument("--tenant")
        parser.add_argument("--month", metavar="YYYY-MM")

    def run(self, *, tenant: str | None, month: str | None, **options: Any) -> str:
        """Recompute, and say what differs."""
        if not (tenant or month or options["all"]):
            raise InvalidArgument("expected --all, --tenant or --month")
        only = tenants.resolve(tenant) if tenant else None
        count, found = billing.recount_invoices(months.parse(month) if month else None, only)
        if found:
            raise Internal("\n".join([*found, f"{len(found)} differences in {count} invoices"]))
        return f"{count} invoices, each right to the unit"
