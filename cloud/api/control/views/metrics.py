"""Metrics: requests, errors and latencies of a tenant over time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cloud.api.control.routes import Call, Door, route
from cloud.api.control.schemas import metrics as shapes
from tenants import databases, metric_ranges, request_metrics
from tenants.errors import InvalidArgument
from tenants.request_counts import Outcome
from tenants.request_metrics import Latencies, OperationSums, Point
from tenants.roles import Action


@route(
    "GET",
    "/tenants/{tenant}/metrics",
    Door.MEMBER,
    action=Action.VIEW_METRICS,
    query=shapes.MetricsQuery,
    answer=shapes.Metrics,
    description="Times run from the head of a request to its answer, off by at most 4.4 %.",
)
def get_metrics(call: Call[None]) -> shapes.Metrics:
    """Get how requests went: step by step, by operation, and the busiest collections."""
    asked, now = call.query, datetime.now(UTC)
    until = _moment(asked.until, "until") or now
    since = _moment(asked.since, "since") or until - timedelta(hours=1)
    step = metric_ranges.default_step(since, until, now) if asked.step is None else asked.step
    database = None if asked.database is None else databases.get(call.tenant_id, asked.database)
    only = {"database_id": database and database.database_id, "operation": asked.operation}
    found = request_metrics.series(
        call.actor, call.tenant_id, since=since, until=until, step_seconds=step, **only
    )
    sums = request_metrics.summary(call.actor, call.tenant_id, since=found.since, until=found.until, **only)
    busiest = request_metrics.top_collections(
        call.actor, call.tenant_id, since=found.since, until=found.until, **only
    )
    return shapes.Metrics(
        since=found.since,
        until=found.until,
        step_seconds=found.step_seconds,
        total=_sums(sums.total),
        operations=[_sums(one) for one in sums.operations],
        collections=[
            shapes.CollectionMetrics(
                database_id=one.database_id,
                collection_id=one.collection_id,
                requests=one.requests,
                errors=one.errors,
                mean_ms=_rounded(one.seconds / one.requests),
            )
            for one in busiest
        ],
        items=[_step(one) for one in found.points],
    )


def _moment(given: datetime | None, member: str) -> datetime | None:
    if given is not None and given.tzinfo is None:
        raise InvalidArgument(f"{member}: expected a time with its offset, for instance 2026-01-31T00:00:00Z")
    return None if given is None else given.astimezone(UTC)


def _step(point: Point) -> shapes.MetricsStep:
    return shapes.MetricsStep(
        at=point.at,
        **{outcome.value: point.requests.get(outcome, 0) for outcome in Outcome},
        operations=dict(point.by_operation),
        latency_ms=_latencies(point.latencies),
    )


def _sums(one: OperationSums) -> shapes.OperationMetrics:
    return shapes.OperationMetrics(
        operation=one.operation,
        requests=one.total,
        **{outcome.value: one.requests.get(outcome, 0) for outcome in Outcome},
        latency_ms=_latencies(one.latencies),
    )


def _latencies(found: Latencies) -> shapes.Latencies:
    return shapes.Latencies(
        *(None if one is None else _rounded(one) for one in (found.p50, found.p90, found.p95, found.p99))
    )


def _rounded(seconds: float) -> float:
    """Milliseconds with three significant digits: more are not known."""
    return float(f"{seconds * 1000:.3g}")
