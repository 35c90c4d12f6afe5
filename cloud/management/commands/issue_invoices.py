"""`manage.py issue_invoices [--month 2026-10] [--tenant T]`: bill what the beat has not billed yet."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from cloud.management.base import OperatorCommand
from tenants import actors, tenants
from tenants.billing import months
from tenants.errors import InvalidArgument
from workers import billing


class Command(OperatorCommand):
    """Issue invoices now."""

    help = (
        "Issue the invoices of months that are over, or of one month anew where they are void. May run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which month, and whose."""
        parser.add_argument("--month", metavar="YYYY-MM", help="this month, for everybody or --tenant")
        parser.add_argument("--tenant", help="with --month: this tenant only")

    def run(self, *, month: str | None, tenant: str | None, **_: Any) -> str:
        """Issue, and print the numbers."""
        by, now = actors.command("issue_invoices"), datetime.now(UTC)
        if month is None:
            if tenant is not None:
                raise InvalidArgument("--tenant needs --month")
            return "\n".join(billing.issue_missing(now=now, by=by))
        only = tenants.resolve(tenant) if tenant else None
        return "\n".join(billing.issue_month(months.parse(month), now=now, by=by, only=only))
