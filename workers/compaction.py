"""A compaction from end to end.

COMPACT policy.choose_merge                    (pure)
        segments.build                         long, no lock, several transactions
        ── one transaction, short ──
        jobs.hold → swap (catch up, manifest)
        purge                                  what the segment has, a bounded number at a time
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from vectors.segments.build import Built, Resources, build, drop
from vectors.segments.database import Database
from vectors.segments.swap import swap
from workers import jobs, policy
from workers.jobs import Job, LeaseLost
from workers.policy import SegmentFacts

_PURGE_ROWS = 5_000


@dataclass(frozen=True)
class Compacted:
    """What a compaction did; counts, for the log line and for metrics."""

    rows: int
    merged_segments: int
    purged_rows: int


def compact(
    job: Job,
    *,
    role_prefix: str,
    resources: Resources,
    lease_seconds: int,
    after_phase: Callable[[str], None] = lambda _: None,
) -> Compacted:
    """Move the live log of a collection into a segment.

    after_phase: called as each phase begins, for tests that stop a worker there
    Raises:      LeaseLost when another worker took the job over
    Idempotent:  yes
    """
    database = Database(job.cell, role_prefix=role_prefix)
    with jobs.heartbeat(job, lease_seconds=lease_seconds) as lost:

        def report(phase: str) -> None:
            _check(lost)
            jobs.renew(job, lease_seconds=lease_seconds, phase=phase)
            after_phase(phase)

        with database.transaction(job.tenant_id):
            segments = [
                SegmentFacts(segment_id, rows, tombstones)
                for segment_id, rows, _, tombstones in database.all(
                    "manifest_segments",
                    {"collection_id": job.collection_id},
                )
            ]
            state = database.run("read_compactable", {"collection_id": job.collection_id}).fetchone()
        tail_rows = 0 if state is None else state[0] - state[1]
        built = build(
            database,
            tenant_id=job.tenant_id,
            collection_id=job.collection_id,
            job_id=job.job_id,
            merge=policy.choose_merge(tail_rows, segments),
            resources=resources,
            report=report,
        )
        if built is None:
            return Compacted(0, 0, 0)
        report("swapping")
        if not _swap(database, job, built) or not built.rows:
            drop(database, tenant_id=job.tenant_id, segment_id=built.segment_id)
        report("purging")
        _forget_tombstones(database, job, built)
        purged = purge(job, role_prefix=role_prefix)
    return Compacted(built.rows, len(built.merged), purged)


def _swap(database: Database, job: Job, built: Built) -> bool:
    with database.transaction(job.tenant_id):
        # Locks in one order everywhere: the collection, then its job.
        is_in = swap(database, tenant_id=job.tenant_id, collection_id=job.collection_id, built=built)
        if database.run("hold_lease", job.key).fetchone() is None:
            raise LeaseLost
    return is_in


def _forget_tombstones(database: Database, job: Job, built: Built) -> None:
    """Those of the merged segments, which forks may go on reading.

    A worker that dies before leaves them until the segment or the collection goes.
    """
    if built.merged:
        key: dict[str, object] = {"collection_id": job.collection_id, "segment_ids": list(built.merged)}
        with database.transaction(job.tenant_id):
            database.run("forget_left_tombstones", key)


def purge(job: Job, *, role_prefix: str) -> int:
    """Delete images from the log that a segment has, and superseded ones; how many it was.

    Safe beside readers: a statement that began earlier keeps its snapshot, a later one knows the manifest.

    Transaction: opens several short ones, so that writers never wait long
    Raises:      LeaseLost when another worker took the job over; then nothing more is deleted
    Idempotent:  yes
    """
    database = Database(job.cell, role_prefix=role_prefix)
    key: dict[str, object] = {"collection_id": job.collection_id}
    purged = 0
    with database.transaction(job.tenant_id):
        state = database.run("read_compactable", key).fetchone()
    if state is None:
        return 0
    bounds = key | {"compacted_to": state[1], "superseded_to": state[0], "count": _PURGE_ROWS}
    while True:
        with database.transaction(job.tenant_id):
            # The lock first: rows and counters change together, in the order that writers take them.
            database.run("lock_for_swap", key)
            # Fenced as the swap is: a successor's swap finds out from these very rows what became stale.
            if database.run("hold_lease", job.key).fetchone() is None:
                raise LeaseLost
            row = database.run("purge_log", bounds).fetchone()
        if row is None or not row[0]:
            return purged
        purged += row[0]


def _check(lost: threading.Event) -> None:
    if lost.is_set():
        raise LeaseLost
