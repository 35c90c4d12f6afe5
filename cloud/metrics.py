"""`/metrics` for the operator's Prometheus: requests of the whole installation by operation and outcome.

The numbers come from the database, where every process adds up what it counted: so it does not matter which
process answers, they never fall when one ends, and they are as old as the last flush. They name no tenant.

Source:  Prometheus exposition format 0.0.4
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from cloud.api.authentication import bearer_secret
from tenants import request_counts
from tenants.latencies import DOUBLINGS, HIGHEST_BUCKET, PER_DOUBLING, upper_seconds
from tenants.models import RequestTotal

_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# One bound for each doubling; the last bucket also has everything above, so it has no bound of its own.
_BOUNDS = [doubling * PER_DOUBLING for doubling in range(DOUBLINGS)]


@csrf_exempt
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The page, for who bears METRICS_TOKEN; without the setting there is none."""
    if not settings.METRICS_TOKEN:
        raise Http404
    if not hmac.compare_digest(bearer_secret(request).encode(), settings.METRICS_TOKEN.encode()):
        return HttpResponse("Send METRICS_TOKEN as a bearer token.\n", status=401, content_type="text/plain")
    text = "".join(f"{line}\n" for line in _lines(request_counts.totals()))
    return HttpResponse(text, content_type=_TYPE, headers={"Cache-Control": "no-store"})


def _lines(totals: Sequence[RequestTotal]) -> Iterator[str]:
    yield "# HELP tessera_requests_total Requests of the data API, by operation and outcome."
    yield "# TYPE tessera_requests_total counter"
    for one in totals:
        yield f"tessera_requests_total{{{_labels(one)}}} {one.requests}"
    name = "tessera_request_duration_seconds"
    yield f"# HELP {name} From the head of the request to the answer, without the network."
    yield f"# TYPE {name} histogram"
    for one in totals:
        counts = dict(zip(one.buckets, one.counts, strict=True))
        seen = 0
        for bucket in range(HIGHEST_BUCKET):
            seen += counts.get(bucket, 0)
            if bucket in _BOUNDS:
                yield f'{name}_bucket{{{_labels(one)},le="{upper_seconds(bucket):.9g}"}} {seen}'
        yield f'{name}_bucket{{{_labels(one)},le="+Inf"}} {one.requests}'
        yield f"{name}_sum{{{_labels(one)}}} {one.microseconds / 1e6:.6f}"
        yield f"{name}_count{{{_labels(one)}}} {one.requests}"


def _labels(one: RequestTotal) -> str:
    return f'operation="{one.operation}",outcome="{one.outcome}"'
