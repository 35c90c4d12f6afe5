"""What to do with a collection next: compact, merge, purge or nothing. [pure]

States in, decisions out; nothing here touches a store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Above this share of hidden rows a segment is rewritten: its graph wades through the dead.
MAX_HIDDEN_RATIO = 0.2


@dataclass(frozen=True)
class Thresholds:
    """When a collection is due."""

    rows: int
    bytes: int
    age_seconds: int
    # A tail that is only old is worth a segment from this share of `rows` on.
    aged_rows_ratio: float = 0.1


@dataclass(frozen=True)
class CollectionFacts:
    """A collection as the sweep sees it.

    log_rows, log_bytes: images in the log, live, superseded or waiting for the purge
    """

    log_head: int
    compacted_to: int
    log_rows: int
    log_bytes: int
    record_count: int
    log_age_seconds: float
    segment_rows: int

    @property
    def tail_rows(self) -> int:
        """Live images that no segment has; an upper bound once there are segments."""
        if self.segment_rows == 0:
            return self.record_count
        return min(self.log_head - self.compacted_to, self.log_rows)

    @property
    def dead_rows(self) -> int:
        """Images that no read needs any more."""
        return self.log_rows - self.tail_rows


@dataclass(frozen=True)
class SegmentFacts:
    """A segment of a manifest."""

    segment_id: int
    rows: int
    tombstones: int

    @property
    def live_rows(self) -> int:
        """Rows that no tombstone hides."""
        return self.rows - self.tombstones


def next_kind(facts: CollectionFacts, thresholds: Thresholds) -> str | None:
    """The kind of job that a collection is due for: compact, purge, or None.

    A collection under every threshold stays in the log, where it is searched exactly.
    """
    share = facts.tail_rows / max(1, facts.log_rows)
    if facts.tail_rows >= thresholds.rows or facts.log_bytes * share >= thresholds.bytes:
        return "compact"
    aged = facts.log_age_seconds >= thresholds.age_seconds
    if aged and facts.segment_rows and facts.tail_rows >= thresholds.rows * thresholds.aged_rows_ratio:
        return "compact"
    if facts.segment_rows - facts.record_count > MAX_HIDDEN_RATIO * facts.segment_rows:
        return "compact"
    if facts.dead_rows >= thresholds.rows:
        return "purge"
    return None


def lag_seconds(facts: CollectionFacts, thresholds: Thresholds, job_age_seconds: float | None) -> float:
    """For how long a collection has been due for a compaction; 0 when it is not, or has nothing unindexed.

    A job is queued by the first sweep that finds the collection due, so its age says how long that is. Due
    and without a job, nobody sweeps: then the oldest unindexed write, less what the policy lets it wait.

    job_age_seconds:  of the compaction that waits, runs or is parked; None without one
    """
    if facts.tail_rows == 0:
        return 0.0
    if job_age_seconds is not None:
        return max(0.0, min(job_age_seconds, facts.log_age_seconds))
    if next_kind(facts, thresholds) != "compact":
        return 0.0
    return max(0.0, facts.log_age_seconds - thresholds.age_seconds)


# A segment joins a merge when it is at most this many times what the merge has gathered so far.
_TIER_FACTOR = 2


def choose_merge(tail_rows: int, segments: Sequence[SegmentFacts]) -> list[int]:
    """Which segments a compaction takes in beside the log; few, large builds.

        tail ▢▢       s1 ▣▣▣   s2 ▣▣▣▣   s3 ▣▣▣▣▣▣▣▣▣▣▣▣▣▣▣▣▣▣▣▣
        taken:  s1 (3 ≤ 2·2), s2 (4 ≤ 2·5); s3 stays (20 > 2·9)

    Each record is built anew once per doubling of its collection, so n records cost n·log n and the number of
    segments stays logarithmic. A segment with many tombstones is always taken.
    """
    gathered = max(1, tail_rows)
    chosen: list[int] = []
    for segment in sorted(segments, key=lambda one: one.live_rows):
        is_worn = segment.tombstones > MAX_HIDDEN_RATIO * segment.rows
        if is_worn or segment.live_rows <= _TIER_FACTOR * gathered:
            chosen.append(segment.segment_id)
            gathered += segment.live_rows
    return sorted(chosen)
