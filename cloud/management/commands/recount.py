"""`manage.py recount --all | --tenant T [--month YYYY-MM]`: is the ledger true?"""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from cloud.management.base import OperatorCommand
from tenants import tenants
from tenants.errors import Internal
from vectors import recount, usage


def month_of(text: str) -> tuple[datetime, datetime]:
    """A month's first moment and the next one's, from YYYY-MM."""
    try:
        first = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError as error:
        raise ArgumentTypeError(f"expected YYYY-MM, got {text!r}") from error
    return first, first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)


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


def check_tenant(
    tenant_id: UUID, tell: Callable[[str], None], month: tuple[datetime, datetime] | None = None
) -> int:
    """Recount a tenant's collections, a line each, and what it used in a month; how many differences."""
    differences = 0
    for one in recount.recount(tenant_id):
        verdict = "; ".join(one.differences) or "ok"
        tell(
            f"  {one.cell} {one.collection_id} {one.rows_count:>8} rows {one.weighed_count:>8} weighed "
            f"{one.record_count:>10} records {one.logical_bytes:>14} bytes  "
            f"{verdict}{'' if one.is_there else ' (deleted: tiling alone)'}"
        )
        differences += len(one.differences)
    if month is not None:
        for meter, quantity in usage.meter_totals(tenant_id, since=month[0], until=month[1]).items():
            tell(f"  {month[0]:%Y-%m} {meter.value:<20} {quantity}")
    return differences


class Command(OperatorCommand):
    """Recount."""

    help = "Compare the usage ledger with logs, segments and counters; exit status 1 on a difference."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose, and which month's meters to show."""
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--all", action="store_true")
        which.add_argument("--tenant")
        parser.add_argument("--month", type=month_of)

    def run(self, *, tenant: str | None, month: tuple[datetime, datetime] | None, **_: Any) -> str:
        """Print a line per collection."""
        differences = 0
        with as_web():
            wanted = tenants.everyone() if tenant is None else [tenants.resolve(tenant)]
            for tenant_id in wanted:
                self.stdout.write(f"tenant {tenant_id}")
                differences += check_tenant(tenant_id, self.stdout.write, month)
        if differences:
            raise Internal(f"{differences} differences between the ledger and what is stored")
        return "no difference"
