"""Finding the collections that are due, and putting work for them in the job table."""

from __future__ import annotations

from uuid import UUID

from vectors.cells.transaction import execute
from workers import jobs, policy
from workers.policy import CollectionFacts, Thresholds

_MAX_PER_CELL = 200


def enqueue_due(cell: str, thresholds: Thresholds) -> int:
    """Queue a job for each collection of the cell that is due; how many were queued.

    Idempotent:  yes; a collection has at most one job
    """
    bounds: dict[str, object] = {
        "rows": thresholds.rows,
        "bytes": thresholds.bytes,
        "seconds": thresholds.age_seconds,
        "hidden_ratio": policy.MAX_HIDDEN_RATIO,
        "count": _MAX_PER_CELL,
    }
    queued = 0
    for collection_id, tenant_id, *facts in execute("due_collections", cell, bounds).fetchall():
        kind = policy.next_kind(CollectionFacts(*facts), thresholds)
        if kind is not None:
            queued += jobs.enqueue(cell, tenant_id=tenant_id, collection_id=collection_id, kind=kind)
    return queued


def enqueue_now(cell: str, collection_id: UUID | None) -> list[UUID]:
    """Queue a compaction of one collection, or of all that have something in their log, whatever its size.

    Returns:     the collections that now have work waiting or running
    Idempotent:  yes
    """
    found = execute("compactable_collections", cell, {"collection_id": collection_id}).fetchall()
    for wanted_id, tenant_id in found:
        jobs.drive_again(cell, wanted_id)
        jobs.enqueue(cell, tenant_id=tenant_id, collection_id=wanted_id, kind="compact")
    return [wanted_id for wanted_id, _ in found]


def progress(cell: str, collection_ids: list[UUID]) -> list[str]:
    """The states of the work that is not done yet, one text each."""
    if not collection_ids:
        return []
    return [
        text for (text,) in execute("unfinished_jobs", cell, {"collection_ids": collection_ids}).fetchall()
    ]
