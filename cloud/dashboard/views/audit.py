"""The audit log: what was done by whom, newest first; verify the chain; export it."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe

from cloud.api.control.views import audit_log
from cloud.dashboard import api_call, paging
from cloud.dashboard.access import Visit, is_partial, member, show
from tenants import audit as chain
from tenants.errors import InvalidArgument
from tenants.roles import Action

_ENTRIES_PER_PAGE = 50


@require_safe
@member(Action.VIEW_AUDIT)
def audit(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The entries."""
    page = paging.stretch(
        request,
        _ENTRIES_PER_PAGE,
        lambda after, limit: chain.read(visit.tenant_id, limit_count=limit, before=_sequence(after)),
        lambda entry: (entry.sequence,),
    )
    context = {
        "stretch": page,
        "entries": [
            (entry, json.dumps(entry.details, indent=2, ensure_ascii=False) if entry.details else "")
            for entry in page.rows
        ],
        "call": api_call.control("GET", visit.tenant_name, "audit"),
    }
    return show(request, visit, "dashboard/audit.html", context)


@require_safe
@member(Action.VIEW_AUDIT)
def verify(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Walk the chain of hashes, and say whether each entry follows from the one before."""
    verdict = chain.verify(visit.tenant_id)
    context = {
        "verdict": verdict,
        "head": verdict.head.hex(),
        "call": api_call.control("GET", visit.tenant_name, "audit", "verify"),
    }
    template = "dashboard/_audit_verdict.html" if is_partial(request) else "dashboard/audit_verdict.html"
    return show(request, visit, template, context)


@require_safe
@member(Action.VIEW_AUDIT)
def export(request: HttpRequest, visit: Visit) -> StreamingHttpResponse:
    """Every entry, oldest first, one JSON object per line."""
    del request
    return audit_log.download(visit.tenant_id)


def _sequence(after: paging.Key | None) -> int | None:
    if after is None:
        return None
    match after:
        case (int(sequence),):
            return sequence
    raise InvalidArgument("expected the cursor of a page of entries; go back to the first page")
