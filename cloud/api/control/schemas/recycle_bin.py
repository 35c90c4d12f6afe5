"""Shapes of the recycle bin."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from cloud.api.control.schemas.shape import Answer, Body


class Restore(Body):
    """What a restored thing is to be called; null: as before."""

    new_name: str | None = None


class BinnedDatabase(Answer):
    """A deleted database, with the collections that went with it, until `purge_at`."""

    database_id: UUID
    name: str
    deleted_at: datetime
    purge_at: datetime
    deleted_by: str
    collections_count: int


class BinnedDatabases(Answer):
    """Databases in the bin, last deleted first; `next` is the next page's `after`, null on the last."""

    items: list[BinnedDatabase]
    next: str | None


class BinnedCollection(Answer):
    """A deleted collection, until `purge_at`."""

    collection_id: UUID
    name: str
    database_id: UUID
    database_name: str
    deleted_at: datetime
    purge_at: datetime
    deleted_by: str
    record_count: int
    logical_bytes: int


class BinnedCollections(Answer):
    """Collections in the bin, last deleted first; `next` is the next page's `after`, null on the last."""

    items: list[BinnedCollection]
    next: str | None


class RestoredDatabase(Answer):
    """A database that is back."""

    database_id: UUID
    name: str


class RestoredCollection(Answer):
    """A collection that is back."""

    collection_id: UUID
    name: str
    database_name: str
