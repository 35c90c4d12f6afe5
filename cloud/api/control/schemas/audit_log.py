"""Shapes of the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from cloud.api.control.schemas.shape import Answer


class AuditEntry(Answer):
    """An action: `hash` is SHA-256 over the hash before it and the entry."""

    sequence: int
    at: datetime
    action: str
    outcome: str
    actor_kind: str
    actor_id: UUID | None
    actor_label: str
    impersonator: str
    subject_id: str
    subject_label: str
    address: str | None
    client: str
    trace_id: str
    details: dict[str, Any]
    hash: str


class AuditPage(Answer):
    """Entries, newest first; `next` is the `after` of the next page, null on the last."""

    items: list[AuditEntry]
    next: str | None


class AuditVerdict(Answer):
    """What verifying the chain found: `broken_at` is null when every entry follows from the one before."""

    entry_count: int
    head: str
    broken_at: int | None
