"""Shapes of collections."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from cloud.api.control.schemas.shape import Answer, Body
from vectors.listing import Sort, State


class CollectionsQuery(Body):
    """Which page of a database's collections.

    sort, order:  rows that are equal in it are sorted by their ids
    name:         a part of the name, in letters of any size
    state:        parked (indexing was stopped), indexing (it waits or runs), or empty (no records)
    after:        the `next` of the page before, with the same `sort`
    """

    sort: Sort = Sort.NAME
    order: Literal["asc", "desc"] = "asc"
    name: str = ""
    state: State | None = None
    limit: int = 50
    after: str | None = None


class Collection(Answer):
    """A collection as it stands now.

    unindexed_count:  operations that no segment has yet; queries search them exactly
    indexed_ratio:    the share of operations that a segment has, from 0 to 1
    last_write_at:    null before the first write
    job_state:        of the background work that is not done: queued, running, parked; empty without any
    """

    collection_id: UUID
    name: str
    created_at: datetime
    dimension: int | None
    space: str
    record_count: int
    logical_bytes: int
    unindexed_count: int
    indexed_ratio: float
    last_write_at: datetime | None
    job_state: str
    job_cause: str


class CollectionsPage(Answer):
    """Collections in the order that was asked for; `next` is the next page's `after`, null on the last."""

    items: list[Collection]
    next: str | None


class LoadedSample(Answer):
    """Where the sample is, and how many of its records were not there before."""

    database_name: str
    collection_id: UUID
    collection_name: str
    added_count: int
