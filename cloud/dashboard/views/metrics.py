"""Metrics: requests, errors and latencies of the tenant, over a time that stands in the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from cloud.dashboard import api_call, metric_charts
from cloud.dashboard.access import Visit, member, show
from cloud.dashboard.api_call import ApiCall
from cloud.dashboard.forms import attempt
from cloud.dashboard.forms.metrics import RANGES, MetricsForm, Range
from cloud.dashboard.metric_charts import in_words
from tenants import databases, metric_ranges, request_metrics
from tenants.models import Database
from tenants.request_metrics import CollectionSums, Latencies, OperationSums, Series, Summary
from tenants.roles import Action
from vectors import collection_names

_MOST_DATABASES = 200  # to choose from
_MOST_COLLECTIONS = 10


@dataclass(frozen=True)
class OperationRow:
    """An operation as the table has it; times in words."""

    sums: OperationSums
    p50: str
    p95: str
    p99: str

    @classmethod
    def of(cls, sums: OperationSums) -> OperationRow:
        """Its row."""
        found: Latencies = sums.latencies
        return cls(sums, in_words(found.p50), in_words(found.p95), in_words(found.p99))

    @property
    def error_percent(self) -> float:
        """The share of requests that were not answered."""
        return 100 * self.sums.error_ratio


@dataclass(frozen=True)
class CollectionRow:
    """A collection with many requests; without names when it is gone."""

    sums: CollectionSums
    name: str
    database_name: str

    @property
    def error_percent(self) -> float:
        """The share of requests that were not answered."""
        return 100 * self.sums.errors / self.sums.requests

    @property
    def mean(self) -> str:
        """How long a request took on average."""
        return in_words(self.sums.seconds / self.sums.requests)


@require_safe
@member(Action.VIEW_METRICS)
def metrics(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The page; filters that cannot be meant are shown again, with what is wrong."""
    now = datetime.now(UTC)
    listed = databases.page(visit.by, visit.tenant_id, limit_count=_MOST_DATABASES)
    form = MetricsForm(listed, request.GET)
    chosen = form.chosen(now)
    found = attempt(form, lambda: _find(visit, form, chosen, listed, now)) if form.is_valid() else None
    context = {
        "form": form,
        "chosen": chosen,
        "ranges": [(name, label) for name, (label, _) in RANGES.items()],
        **({} if found is None else found),
    }
    return show(request, visit, "dashboard/metrics.html", context, status=422 if form.errors else 200)


def _find(
    visit: Visit, form: MetricsForm, chosen: Range, listed: Sequence[Database], now: datetime
) -> dict[str, Any]:
    """What the page shows of a time.

    Raises:  InvalidArgument for a time of which nothing is kept
    """
    name, operation = form.cleaned_data["database"], form.cleaned_data["operation"] or None
    database_id: UUID | None = next((one.database_id for one in listed if one.name == name), None)
    first, last = metric_ranges.widen(chosen.since, chosen.until, now)
    step = metric_ranges.default_step(first, last, now)
    only: dict[str, Any] = {"database_id": database_id, "operation": operation}
    span: dict[str, Any] = {"since": first, "until": last, **only}
    steps: Series = request_metrics.series(visit.by, visit.tenant_id, step_seconds=step, **span)
    sums: Summary = request_metrics.summary(visit.by, visit.tenant_id, **span)
    return {
        "steps": steps,
        "charts": metric_charts.of(steps, [one.operation for one in sums.operations]),
        "total": OperationRow.of(sums.total),
        "operations": [OperationRow.of(one) for one in sums.operations],
        "collections": _collections(visit, span) if visit.by.may(Action.VIEW_COLLECTIONS) else [],
        "call": _call(visit, chosen, {"database": name, "operation": operation or ""}),
    }


def _collections(visit: Visit, span: dict[str, Any]) -> list[CollectionRow]:
    found = request_metrics.top_collections(visit.by, visit.tenant_id, limit_count=_MOST_COLLECTIONS, **span)
    names = collection_names.of(visit.by, visit.tenant_id, [one.collection_id for one in found])
    return [CollectionRow(one, *names.get(one.collection_id, ("", ""))) for one in found]


def _call(visit: Visit, chosen: Range, filters: dict[str, str]) -> ApiCall:
    """The same numbers over the API."""
    span = {"since": _shown(chosen.since), "until": _shown(chosen.until)}
    query = urlencode({**span, **{name: value for name, value in filters.items() if value}})
    call = api_call.control("GET", visit.tenant_name, "metrics")
    return replace(call, path=f"{call.path}?{query}")


def _shown(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"
