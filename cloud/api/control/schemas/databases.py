"""Shapes of databases."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from cloud.api.control.schemas.shape import Answer, Body


class NewDatabase(Body):
    """A database to be."""

    name: str


class Database(Answer):
    """A database; the cell that holds it is for operators, and null for everybody else."""

    database_id: UUID
    name: str
    created_at: datetime
    cell: str | None


class DatabasesPage(Answer):
    """Databases by name; `next` is the `after` of the next page, null on the last."""

    items: list[Database]
    next: str | None
