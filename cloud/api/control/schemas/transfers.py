"""Shapes of imports and exports."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from cloud.api.control.schemas.shape import Answer, Body, PageQuery

FileFormat = Literal["jsonl", "csv"]


class TransfersQuery(PageQuery):
    """Of which collection, if not of all."""

    collection_id: str | None = None


class ImportQuery(Body):
    """What the file is, where its name and type do not say it.

    size_bytes: of the file, when it comes later: the request then has no body, and the content is sent with
    `upload_content`
    """

    file_name: str = ""
    format: FileFormat | None = None
    gzip: bool | None = None
    operation: Literal["upsert", "add"] = "upsert"
    size_bytes: int | None = None


class ContentQuery(Body):
    """Where the content goes on; `is_last` when nothing follows and the size was not announced."""

    offset: int = 0
    is_last: bool = False


class NewExport(Body):
    """An export to be."""

    format: FileFormat = "jsonl"
    gzip: bool = False
    embeddings: Literal["base64", "numbers"] = "base64"


class Transfer(Answer):
    """An import or an export.

    `state` is uploading, queued, running, done, stopped (by a rule; `cause` says which), parked (it failed
    several times) or cancelled. `stored_bytes` is where an upload goes on. `is_exact`: nothing was written
    while an export ran, so that it is the collection at `log_to`.
    """

    id: UUID
    kind: str
    state: str
    phase: str
    cause: str
    collection_id: UUID
    collection_name: str
    format: str
    gzip: bool
    file_name: str
    size_bytes: int | None
    stored_bytes: int
    read_bytes: int
    rows_total: int | None
    rows_done: int
    rows_failed: int
    rows_per_second: float
    done_ratio: float | None
    left_seconds: float | None
    log_from: int | None
    log_to: int | None
    is_exact: bool
    started_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime


class TransfersPage(Answer):
    """The newest first; `next` is the `after` of the next page, null on the last."""

    items: list[Transfer]
    next: str | None


class TransferError(Answer):
    """A row that could not be imported: its line in the file, the field, and why."""

    line: int
    field: str
    message: str


class TransferErrors(Answer):
    """The first of the rows that failed; `count` is how many there are in all."""

    count: int
    items: list[TransferError]
