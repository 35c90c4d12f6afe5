"""Shapes of usage."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from cloud.api.control.schemas.shape import Answer, Body


class UsageQuery(Body):
    """Which time, in whole hours best, and how it is split: names with commas between them.

    since, until:  from (inclusive) and to (exclusive); without them, this month so far
    by:            day or hour, database, collection, key, meter, operation
    database, collection, key, meter:  only what was used of this one; ids, and the name of a meter
    """

    since: datetime | None = None
    until: datetime | None = None
    by: str = "day,meter"
    database: UUID | None = None
    collection: UUID | None = None
    key: UUID | None = None
    meter: str | None = None


class CollectionCostsQuery(Body):
    """Which month (YYYY-MM, the running one without it), of which database, and which page of it."""

    month: str | None = None
    database: UUID | None = None
    limit: int = 50
    after: str | None = None


class CollectionCost(Answer):
    """What a collection has cost in a month, at today's prices; without a name it is gone."""

    collection: UUID
    database: UUID
    name: str | None
    is_deleted: bool
    requests: int
    cost_nano: int


class CollectionCosts(Answer):
    """The collections of a tenant, the dearest first."""

    month: str
    currency: str
    items: list[CollectionCost]
    next: str | None


class UsageRow(Answer):
    """What was used of one meter; of the dimensions, those that were not asked for are null.

    Money is in nano-units of the currency. `requests` of `bytes_scanned` are also in `bytes_returned`.
    """

    day: str | None
    hour: str | None
    database: str | None
    collection: str | None
    key: str | None
    operation: str | None
    meter: str
    quantity: int
    requests: int
    cost_nano: int


class UsageTotal(Answer):
    """What was used of one meter in all that time, and what it costs: a line of a bill."""

    meter: str
    quantity: int
    cost_nano: int


class Usage(Answer):
    """What a tenant used; the rows are rounded each for itself, the totals once per meter."""

    since: datetime
    until: datetime
    currency: str
    requests: int
    cost_nano: int
    totals: list[UsageTotal]
    items: list[UsageRow]
