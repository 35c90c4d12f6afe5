"""What the ledger says of a tenant, summed by meter."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tenants.prices import Meter
from vectors.cells.transaction import connect, transaction
from vectors.sql import identifier

_CELLS = b"SELECT nspname FROM pg_namespace WHERE nspname ~ '^cell_[0-9]+$' ORDER BY nspname"
_WRITTEN = """
SELECT coalesce(sum(bytes), 0)::bigint FROM {cell}.usage_ledger
WHERE tenant_id = %(tenant_id)s AND at >= %(since)s AND at < %(until)s
"""


def meter_totals(tenant_id: UUID, *, since: datetime, until: datetime) -> dict[Meter, int]:
    """What each meter counted from `since`, before `until`, over all cells.

    Transaction: opens one; must not be inside another
    """
    cells = [identifier(name) for (name,) in connect().execute(_CELLS).fetchall()]
    bounds = {"tenant_id": tenant_id, "since": since, "until": until}
    with transaction(tenant_id, has_one_snapshot=True) as pipeline:
        found = [pipeline.run(_WRITTEN.format(cell=cell), bounds) for cell in cells]
    written = sum(row[0] for cursor in found for row in cursor.fetchall())
    return {Meter.BYTES_WRITTEN: written} if written else {}
