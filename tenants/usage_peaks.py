"""Peaks of use: the most that a tenant used of each limit on a day; noted for many at once, read for one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import Enum
from uuid import UUID

from django.db import connection
from django.db.models import Max

from tenants.models import UsagePeak
from tenants.scope import tenant_transaction

WINDOW_DAYS = 30
KEPT_DAYS = 90
Peak = tuple[UUID, str, int]


class Measured(Enum):
    """How a limit's use is known."""

    REQUEST = "request"  # each request that passes the check
    NEAR_LIMIT = "near_limit"  # only those large enough to be measured at all
    MINUTE = "minute"  # the counter of each minute
    HOUR = "hour"  # sampled every hour
    NONE = "none"  # nothing counts it


# Texts are cleared by their length in characters where that is enough: then nobody knows their bytes.
_NEAR_LIMIT = {
    "id_bytes",
    "document_bytes",
    "uri_bytes",
    "metadata_value_bytes",
    "collection_metadata_value_bytes",
}
_HOURLY = {"databases_count", "collections_count", "collection_records_count", "forks_count"}
# Places in a lane are a collection's, and each process has its own; the rest is of routes that answer 501.
_UNMEASURED = {
    "concurrent_reads_count",
    "concurrent_writes_count",
    "sparse_vector_dimension",
    "functions_count",
}


def measured(limit_name: str) -> Measured:
    """How the use of a limit is known. [pure]"""
    if limit_name == "requests_per_minute_count":
        return Measured.MINUTE
    for names, how in (
        (_NEAR_LIMIT, Measured.NEAR_LIMIT),
        (_HOURLY, Measured.HOUR),
        (_UNMEASURED, Measured.NONE),
    ):
        if limit_name in names:
            return how
    return Measured.REQUEST


def note(peaks: Iterable[Peak]) -> None:
    """Raise today's peaks to at least these; ids that are no tenants are passed over.

    Idempotent:  yes
    """
    rows = list(peaks)
    if not rows:
        return
    columns = [list(column) for column in zip(*rows, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tenants_note_peaks(%s::uuid[], %s::text[], %s::bigint[], %s)",
            [*columns, datetime.now(UTC).date()],
        )


def read(tenant_id: UUID) -> dict[str, int]:
    """The tenant's peak of each limit in the last WINDOW_DAYS."""
    since = datetime.now(UTC).date() - timedelta(days=WINDOW_DAYS)
    with tenant_transaction(tenant_id):
        rows = UsagePeak.objects.filter(tenant_id=tenant_id, day__gt=since)
        return dict(rows.values_list("limit_name").annotate(Max("peak")).order_by())


def count_databases() -> list[Peak]:
    """How many databases each tenant has; for the workers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, databases_count FROM tenants_count_databases()")
        return [(tenant_id, "databases_count", count) for tenant_id, count in cursor.fetchall()]


def forget_old() -> None:
    """Delete the peaks that are older than KEPT_DAYS; for the workers."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tenants_forget_peaks(%s)", [datetime.now(UTC).date() - timedelta(days=KEPT_DAYS)]
        )
