"""What an import or an export is, and how far. [pure]"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from vectors.formats import Format
from vectors.types import Operation


@dataclass(frozen=True)
class Transfer:
    """An import or an export, as it stands; the fields are those of the statement `transfer_columns`.

    state:       uploading, queued, running, done, parked, stopped, cancelled
    cause:       why it is parked or stopped, or what its last attempt failed of
    options:     of an import `operation`; of an export `as_numbers`, and `keys`, the columns of CSV
    size_bytes:  of the file; of an upload as it was announced, None when it was not
    stored_bytes: of the file, by now in the store
    is_stored:   whether the file is still there
    rows_total:  of an export, as it began; of an import nobody knows
    cursor_*:    where a worker goes on
    log_from, log_to: the end of the log when it began and ended
    """

    job_id: int
    transfer_id: UUID
    tenant_id: UUID
    database_id: UUID
    collection_id: UUID
    collection_name: str
    kind: str
    state: str
    phase: str
    cause: str
    format: Format
    is_gzip: bool
    options: Mapping[str, Any]
    file_name: str
    started_by: str
    size_bytes: int | None
    stored_bytes: int
    is_stored: bool
    rows_total: int | None
    rows_done: int
    rows_failed: int
    cursor_bytes: int
    cursor_line: int
    cursor_ordinal: int
    read_bytes: int
    end_ordinal: int | None
    log_from: int | None
    log_to: int | None
    rows_per_second: float
    created_at: datetime
    started_at: datetime | None
    updated_at: datetime
    finished_at: datetime | None
    expires_at: datetime

    @property
    def is_settled(self) -> bool:
        """Whether nothing happens to it by itself."""
        return self.state not in ("uploading", "queued", "running")

    @property
    def done_ratio(self) -> float | None:
        """How much of it is done, 0 to 1; None when nobody knows."""
        if self.state == "done":
            return 1.0
        if self.kind == "export":
            return None if self.rows_total is None else self.rows_done / max(1, self.rows_total)
        if self.state == "uploading":
            return None if not self.size_bytes else self.stored_bytes / self.size_bytes
        return self.read_bytes / max(1, self.stored_bytes)

    @property
    def left_seconds(self) -> float | None:
        """How long it will take from here at its speed; None when nobody knows."""
        if self.state != "running" or not self.rows_per_second or not (ratio := self.done_ratio):
            return None
        seen_count = self.rows_done + self.rows_failed
        return seen_count * (1 / min(ratio, 1.0) - 1) / self.rows_per_second

    @property
    def is_exact(self) -> bool:
        """Whether an export is the collection at one moment: nothing was written while it ran."""
        return self.kind == "export" and self.log_to is not None and self.log_to == self.log_from


@dataclass(frozen=True)
class Upload:
    """What is about to be imported.

    size_bytes:  of the file, when it is known; then the upload ends by itself
    operation:   upsert overwrites records that exist, add leaves them alone
    """

    file_name: str
    format: Format
    is_gzip: bool
    size_bytes: int | None = None
    operation: Operation = Operation.UPSERT


def transfer_of(row: Sequence[Any]) -> Transfer:
    """A row of `transfer_columns`."""
    values = dict(zip((field.name for field in fields(Transfer)), row, strict=True))
    values["format"] = Format(values["format"])
    options = values["options"]
    values["options"] = options if isinstance(options, dict) else orjson.loads(options)
    return Transfer(**values)
