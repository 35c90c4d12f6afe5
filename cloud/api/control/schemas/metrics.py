"""Shapes of metrics."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from cloud.api.control.schemas.shape import Answer, Body


class MetricsQuery(Body):
    """Which requests, and in what steps.

    since, until:  from (inclusive) and to (exclusive); without them, the last hour
    step:          seconds of a step: whole minutes, hours or days; without it, about 60 steps
    database:      the name of one database
    operation:     add, upsert, update, delete, get, query, search, count, fork or catalogue
    """

    since: datetime | None = None
    until: datetime | None = None
    step: int | None = None
    database: str | None = None
    operation: str | None = None


class Latencies(Answer):
    """Milliseconds that 50, 90, 95 and 99 % of the answers below 400 took at most; null without one."""

    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None


class MetricsStep(Answer):
    """What happened from `at` on, for as long as a step is."""

    at: datetime
    ok: int
    client_error: int
    limited: int
    server_error: int
    operations: dict[str, int]
    latency_ms: Latencies


class OperationMetrics(Answer):
    """One operation in all that time; `ok` are the answers below 400, `limited` those with 429."""

    operation: str
    requests: int
    ok: int
    client_error: int
    limited: int
    server_error: int
    latency_ms: Latencies


class CollectionMetrics(Answer):
    """One of the busiest collections, in the whole hours that the time touches."""

    database_id: UUID
    collection_id: UUID
    requests: int
    errors: int
    mean_ms: float


class Metrics(Answer):
    """How a tenant's requests went; `since` and `until` are moved outwards to whole steps."""

    since: datetime
    until: datetime
    step_seconds: int
    total: OperationMetrics
    operations: list[OperationMetrics]
    collections: list[CollectionMetrics]
    items: list[MetricsStep]
