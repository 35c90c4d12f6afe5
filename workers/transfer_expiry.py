"""Files of imports and exports that are kept no longer, and what tells of them a while later."""

from __future__ import annotations

from vectors.cells.transaction import execute
from vectors.objects import Store
from vectors.segments.database import Database
from vectors.transfer_files import File

_FILES_PER_SWEEP = 100
KEEP_ROWS_SECONDS = 30 * 24 * 3600


def sweep(cell: str, store: Store, *, role_prefix: str) -> tuple[int, int]:
    """Delete the files that are due, then the rows that are; how many of each.

    The file goes before what names it, so that one that could not be deleted is tried again.

    Transaction: opens short ones
    Raises:      Unavailable when the store is away
    Idempotent:  yes
    """
    database = Database(cell, role_prefix=role_prefix)
    expired = execute("expired_files", cell, {"count": _FILES_PER_SWEEP}).fetchall()
    for job_id, tenant_id in expired:
        store.delete_all(File(tenant_id, cell, job_id).prefix)
        with database.transaction(tenant_id):
            database.run("end_file", {"job_id": job_id})
    forgotten = database.all("forget_transfers", {"seconds": KEEP_ROWS_SECONDS})
    return len(expired), len(forgotten)
