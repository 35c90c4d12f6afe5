"""Shapes of a collection's index."""

from __future__ import annotations

from datetime import datetime

from cloud.api.control.schemas.shape import Answer


class Phase(Answer):
    """A step of a job; seconds is null while it goes on."""

    name: str
    began_at: datetime
    seconds: float | None


class Job(Answer):
    """Work that is queued, running or parked."""

    job_id: int
    kind: str
    state: str
    attempts: int
    phase: str
    cause: str
    phases: list[Phase]
    created_at: datetime
    updated_at: datetime


class Attempt(Answer):
    """One attempt at a job; `outcome` is done, failed (it was tried again) or parked."""

    job_id: int
    kind: str
    outcome: str
    attempt: int
    cause: str
    phases: list[Phase]
    seconds: float | None
    rows: int | None
    merged_segments: int | None
    purged_rows: int | None
    queued_at: datetime
    finished_at: datetime


class Segment(Answer):
    """A sealed segment; `disk_bytes` has its indexes in it."""

    segment_id: int
    rows: int
    dead_rows: int
    logical_bytes: int
    disk_bytes: int | None
    graph: str | None
    build_seconds: float | None
    created_at: datetime


class Indexing(Answer):
    """How far a collection's index is.

    Operations up to `compacted_to` are in segments, those up to `log_head` are written and searched exactly.
    """

    record_count: int
    log_head: int
    compacted_to: int
    log_rows: int
    log_bytes: int
    log_since: datetime | None
    segments: list[Segment]
    job: Job | None
    history: list[Attempt]


class Queued(Answer):
    """Whether the call queued the work; false: it was queued or running already."""

    is_new: bool
