"""What nobody can read any more: retired segments, leftovers of builds, deleted collections, old jobs."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection

from vectors import erasure
from vectors.segments.build import drop
from vectors.segments.database import Database
from vectors.segments.swap import leave

_BATCH_ROWS = 5_000
_COLLECTIONS_PER_SWEEP = 50
_KEEP_JOBS_SECONDS = 7 * 24 * 3600


def collect(
    cell: str,
    *,
    role_prefix: str,
    retire_after_seconds: int,
    after_phase: Callable[[str], None] = lambda _: None,
) -> int:
    """Drop what has been out of use for longer than any read may last; how many segments and collections.

    after_phase: called as each phase of a collection ends, for tests that stop a worker there
    Transaction: opens several short ones
    Idempotent:  yes
    """
    database = Database(cell, role_prefix=role_prefix)
    seconds: dict[str, object] = {"seconds": retire_after_seconds}
    dropped = 0
    for collection_id, tenant_id in database.all(
        "dropped_collections",
        seconds | {"count": _COLLECTIONS_PER_SWEEP},
    ):
        key: dict[str, object] = {"collection_id": collection_id}
        with database.transaction(tenant_id):
            segment_ids = [segment_id for (segment_id,) in database.all("manifest_tables", key)]
            leave(database, collection_id, segment_ids, is_gone=True)
        after_phase("retiring")
        while True:
            with database.transaction(tenant_id):
                if not database.run("forget_collection_log", key | {"count": _BATCH_ROWS}).rowcount:
                    break
        after_phase("emptying")
        with database.transaction(tenant_id):
            database.run("forget_collection_tombstones", key)
            database.run("forget_collection_jobs", key)
            database.run("forget_collection_history", key)
            database.run("forget_collection_state", key)
            erasure.mark_collection(database, collection_id)
        after_phase("dropping the state")
        dropped += 1
    for segment_id, tenant_id, _ in database.all("retired_segments", seconds):
        drop(database, tenant_id=tenant_id, segment_id=segment_id)
        dropped += 1
    database.run("forget_jobs", {"seconds": _KEEP_JOBS_SECONDS})
    return dropped


def forget_sessions() -> int:
    """Delete the sessions of browsers that are over; how many.

    Idempotent:  yes
    """
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_session WHERE expire_date < now()")
        return int(cursor.rowcount)
