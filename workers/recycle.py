"""The end of the recycle bin: what is due goes for good, and the tables it was in are rewritten.

    condemn     nothing restores it any more                       one statement per cell
    (garbage)   segments, log, tombstones, state                   workers/garbage.py, in its own time
    forget      its name, when the cell has nothing of it left     last, so that every step is found again
    scrub       a rewrite of each table that rows were deleted from

Each step looks at what is there and not at what was done before, so a worker may die anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vectors import erasure
from vectors.erasure import Marked

_COLLECTIONS_PER_SWEEP = 500


@dataclass(frozen=True)
class Purged:
    """What a sweep forgot."""

    collections: int
    databases: int


def purge(after_phase: Callable[[str], None] = lambda _: None) -> Purged:
    """Condemn what is due, and forget what is gone.

    after_phase: called as each phase ends, for tests that stop a worker there
    Transaction: opens several short ones
    Idempotent:  yes
    """
    due = erasure.due_for_purge(most=_COLLECTIONS_PER_SWEEP)
    for cell, collection_ids in due.items():
        erasure.condemn(cell, collection_ids)
    after_phase("condemning")
    collections = sum(erasure.forget(cell, collection_ids) for cell, collection_ids in due.items())
    after_phase("forgetting")
    return Purged(collections, erasure.forget_databases())


def scrub(
    *,
    after_seconds: int,
    most_bytes: int | None,
    report: Callable[[Marked, str], None] = lambda *_: None,
) -> bool:
    """Rewrite the tables that are due; whether nothing is left to do.

    most_bytes:  larger tables are left to `manage.py scrub`, for nobody reads a table while it is rewritten
    report:      told of each table and what came of it
    Transaction: opens one per table
    Idempotent:  yes
    """
    is_done = True
    seen: set[str] = set()
    while due := [one for one in erasure.scrub_due(after_seconds=after_seconds) if one.relation not in seen]:
        # The samples when no table is left: to rewrite one is to take new samples of it.
        for one in [one for one in due if one.relation != erasure.SAMPLES] or due:
            seen.add(one.relation)
            is_large = most_bytes is not None and one.bytes > most_bytes
            outcome = "large" if is_large else erasure.scrub(one.relation)
            is_done &= outcome in ("clean", "gone")
            report(one, outcome)
    return is_done
