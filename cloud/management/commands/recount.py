"""`manage.py recount --all | --tenant T [--month YYYY-MM]`: are the ledger and the invoices true?"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from cloud.management.base import OperatorCommand
from tenants import tenants
from tenants.billing import months
from tenants.errors import Internal
from vectors import recount, rollup, usage
from workers import billing


@contextmanager
def as_web() -> Iterator[None]:
    """Read as the web does: the owner of the database sees no records."""
    connection.close()
    before = connection.settings_dict
    connection.settings_dict = {**before, **settings.WEB_DATABASE}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = before


def check_tenant(tenant_id: UUID, tell: Callable[[str], None], month: date | None = None) -> int:
    """Recount a tenant's collections, a line each, its sums and a month's use; how many differences."""
    differences = 0
    for one in recount.recount(tenant_id):
        verdict = "; ".join(one.differences) or "ok"
        tell(
            f"  {one.cell} {one.collection_id} {one.rows_count:>8} rows {one.weighed_count:>8} weighed "
            f"{one.record_count:>10} records {one.logical_bytes:>14} bytes  "
            f"{verdict}{'' if one.is_there else ' (deleted: tiling alone)'}"
        )
        differences += len(one.differences)
    for cell in usage.cells():
        for table, count in rollup.differences(cell, tenant_id):
            tell(f"  {cell} {count} sums of {table} are not the ledger's: manage.py roll_up_usage --anew")
            differences += count
    if month is not None:
        since, until = months.bounds(month)
        for meter, quantity in usage.meter_totals(tenant_id, since=since, until=until).items():
            tell(f"  {month:%Y-%m} {meter.value:<20} {quantity}")
    return differences


class Command(OperatorCommand):
    """Recount."""

    help = "Compare the ledger with what is stored, and invoices with the ledger; status 1 if one differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose, and which month's meters and invoices."""
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--all", action="store_true")
        which.add_argument("--tenant")
        parser.add_argument("--month", metavar="YYYY-MM")

    def run(self, *, tenant: str | None, month: str | None, **_: Any) -> str:
        """Print a line per collection, and what differs of invoices."""
        only, wanted_month = (
            tenants.resolve(tenant) if tenant else None,
            months.parse(month) if month else None,
        )
        differences = 0
        with as_web():
            for tenant_id in tenants.everyone() if only is None else [only]:
                self.stdout.write(f"tenant {tenant_id}")
                differences += check_tenant(tenant_id, self.stdout.write, wanted_month)
        count, found = billing.recount_invoices(wanted_month, only)
        for line in found:
            self.stdout.write(f"  {line}")
        self.stdout.write(f"{count} invoices, {len(found)} differences from the ledger")
        if differences or found:
            raise Internal(f"{differences} differences in the ledger, {len(found)} in invoices: see above")
        return "no difference"
