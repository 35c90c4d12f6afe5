"""Shapes of what is done to a collection as a whole."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloud.api.control.schemas.shape import Answer, Body
from cloud.api.schemas.collections import Metadata, Space, Whole


class NewCollection(Body):
    """A collection to be; what is null takes its default."""

    name: str
    space: Space = "l2"
    ef_construction: Whole | None = None
    ef_search: Whole | None = None
    max_neighbors: Whole | None = None
    metadata: Metadata | None = None


class NewName(Body):
    """What a collection, or a fork of it, is to be called."""

    new_name: str


class Collection(Answer):
    """A collection: what it was declared to be, and what it has become."""

    collection_id: UUID
    name: str
    database_name: str
    space: str
    ef_construction: int
    ef_search: int
    max_neighbors: int
    metadata: dict[str, Any] | None
    dimension: int | None
    record_count: int
    logical_bytes: int
