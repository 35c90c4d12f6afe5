"""How far a collection's index is: its log, its segments, what works on it and what has; and its keys.

Everything is bookkeeping of the cell, read in one round trip whose length does not depend on how many records
there are. What tells of keys is of samples, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from vectors.cells.transaction import Row, transaction
from vectors.errors import CollectionNotFound
from vectors.sql import in_cell
from vectors.types import Manifest

HISTORY_COUNT = 50


@dataclass(frozen=True)
class Phase:
    """A step of a job; seconds is None while it goes on."""

    name: str
    began_at: datetime
    seconds: float | None


@dataclass(frozen=True)
class JobView:
    """Work that waits, runs, or was parked."""

    job_id: int
    kind: str
    state: str
    attempts: int
    phase: str
    cause: str
    phases: Sequence[Phase]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Attempt:
    """What became of one attempt at a job.

    outcome:     done, failed (and tried again) or parked
    seconds:     from its first phase to its end; None for one whose beginning was not noted
    rows:        in the new segment; None for an attempt that did not come so far
    """

    job_id: int
    kind: str
    outcome: str
    attempt: int
    cause: str
    phases: Sequence[Phase]
    seconds: float | None
    rows: int | None
    merged_segments: int | None
    purged_rows: int | None
    queued_at: datetime
    finished_at: datetime


@dataclass(frozen=True)
class SegmentView:
    """A sealed segment.

    dead_rows:      hidden by a tombstone
    logical_bytes:  of its records, dead ones too
    disk_bytes:     of the table with its indexes; None when it has just been dropped
    graph:          what its graph holds: vector, halfvec or bit; None: it has none
    """

    segment_id: int
    rows: int
    dead_rows: int
    logical_bytes: int
    disk_bytes: int | None
    graph: str | None
    build_seconds: float | None
    created_at: datetime
    statistics: Mapping[str, Any]


@dataclass(frozen=True)
class IndexingView:
    """The state of a collection's index.

    log_head:      the place in the log of the last operation; compacted_to: the last that segments have
    log_rows:      images in the log, live, superseded or waiting for the purge
    log_since:     when the oldest operation was written that no segment has; None: there is none
    """

    record_count: int
    logical_bytes: int
    log_head: int
    compacted_to: int
    log_rows: int
    log_bytes: int
    log_since: datetime | None
    segment_rows: int
    compaction_count: int
    segments: Sequence[SegmentView]
    job: JobView | None
    history: Sequence[Attempt]

    @property
    def waiting_count(self) -> int:
        """Operations that no segment has yet."""
        return self.log_head - self.compacted_to

    @property
    def is_moving(self) -> bool:
        """Whether something will change by itself soon."""
        return self.job is not None and self.job.state in ("queued", "running")

    @property
    def dead_rows(self) -> int:
        """Of all segments."""
        return sum(one.dead_rows for one in self.segments)


def view(manifest: Manifest) -> IndexingView:
    """The index as it is now; one transaction, four statements.

    Raises:  CollectionNotFound
    """
    key: dict[str, object] = {"collection_id": manifest.collection_id}
    with transaction(manifest.tenant_id, has_one_snapshot=True) as pipeline:
        state = pipeline.run(in_cell("indexing_state", manifest.cell), key)
        segments = pipeline.run(in_cell("indexing_segments", manifest.cell), key | {"cell": manifest.cell})
        job = pipeline.run(in_cell("indexing_job", manifest.cell), key)
        history = pipeline.run(in_cell("indexing_history", manifest.cell), key | {"count": HISTORY_COUNT})
    row = state.fetchone()
    if row is None:
        raise CollectionNotFound.by_id(manifest.collection_id)
    job_row = job.fetchone()
    records, logical_bytes, log_head, compacted_to, log_rows, log_bytes, log_since, rows, compactions = row
    return IndexingView(
        record_count=records,
        logical_bytes=logical_bytes,
        log_head=log_head,
        compacted_to=compacted_to,
        log_rows=log_rows,
        log_bytes=log_bytes,
        log_since=log_since,
        segment_rows=rows,
        compaction_count=compactions,
        segments=[_segment(one) for one in segments.fetchall()],
        job=None if job_row is None else _job(job_row),
        history=[_attempt(one) for one in history.fetchall()],
    )


def _segment(row: Row) -> SegmentView:
    segment_id, rows, dead_rows, logical_bytes, disk_bytes, graph, build_seconds, created_at, facts = row
    return SegmentView(
        segment_id=segment_id,
        rows=rows,
        dead_rows=dead_rows,
        logical_bytes=logical_bytes,
        disk_bytes=disk_bytes,
        graph=graph,
        build_seconds=build_seconds,
        created_at=created_at,
        statistics=orjson.loads(facts),
    )


def _job(row: Row) -> JobView:
    job_id, kind, state, attempts, phase, cause, phases, created_at, updated_at = row
    steps = phases_of(orjson.loads(phases), None)
    return JobView(job_id, kind, state, attempts, phase, cause, steps, created_at, updated_at)


def _attempt(row: Row) -> Attempt:
    job_id, kind, outcome, attempt, cause, phases, counts, queued_at, finished_at = row
    steps, did = phases_of(orjson.loads(phases), finished_at), orjson.loads(counts)
    return Attempt(
        job_id=job_id,
        kind=kind,
        outcome=outcome,
        attempt=attempt,
        cause=cause,
        phases=steps,
        seconds=(finished_at - steps[0].began_at).total_seconds() if steps else None,
        rows=did.get("rows"),
        merged_segments=did.get("merged_segments"),
        purged_rows=did.get("purged_rows"),
        queued_at=queued_at,
        finished_at=finished_at,
    )


def phases_of(noted: Sequence[Mapping[str, Any]], ended_at: datetime | None) -> list[Phase]:
    """Steps with their lengths, from when each began; the last one ends with the attempt. [pure]"""
    began = [datetime.fromtimestamp(float(one["at"]), UTC) for one in noted]
    ends: list[datetime | None] = [*began[1:], ended_at]
    return [
        Phase(str(one["phase"]), start, None if end is None else max(0.0, (end - start).total_seconds()))
        for one, start, end in zip(noted, began, ends, strict=False)
    ]
