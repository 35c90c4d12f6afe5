"""Shapes of quotas and of requests for more."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from cloud.api.control.schemas.shape import Answer, Body, PageQuery


class Quota(Answer):
    """A limit of a tenant.

    `usage_name` is what the data API calls its use when it refuses. `source` says whose word the limit is:
    `default`, `plan` or `override`. `current` is how much is used now where that is a state, `peak` the most
    in the last 30 days; `measured` says how it is known: `request`, `near_limit`, `minute`, `hour` or `none`.
    """

    name: str
    usage_name: str | None
    limit: int
    source: str
    current: int | None
    peak: int | None
    measured: str


class Quotas(Answer):
    """Every limit of a tenant."""

    items: list[Quota]


class NewQuotaRequest(Body):
    """A wish for a higher limit."""

    limit: str
    wanted: int
    reason: str


class QuotaRequest(Answer):
    """A wish for a higher limit and what became of it: `pending`, `approved`, `declined` or `withdrawn`."""

    request_id: UUID
    tenant: str
    limit: str
    wanted: int
    reason: str
    requested_by: str
    created_at: datetime
    state: str
    decided_by: str
    decided_at: datetime | None
    note: str


class QuotaRequests(Answer):
    """Requests; `next` is the `after` of the next page, null on the last."""

    items: list[QuotaRequest]
    next: str | None


class QuotaRequestsQuery(PageQuery):
    """Which page of which requests."""

    state: Literal["pending", "approved", "declined", "withdrawn"] = "pending"


class QuotaDecision(Body):
    """What an operator says to who asked; may be empty."""

    note: str = ""
