"""How far a collection's index is, what works on it, what has; compact now, retry."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST, require_safe

from cloud.dashboard import api_call, shown
from cloud.dashboard.access import Visit, go, is_partial, member, show
from cloud.dashboard.views import collection_page
from cloud.dashboard.views.collection_page import Place
from tenants.errors import Conflict
from tenants.roles import Action
from vectors import indexing as index
from workers import on_demand


@require_safe
@member(Action.VIEW_COLLECTIONS)
def indexing(request: HttpRequest, visit: Visit, database_name: str, collection_id: UUID) -> HttpResponse:
    """The page; for htmx, which asks again and again while something goes on, the part that changes."""
    place = collection_page.enter(visit, database_name, collection_id)
    if is_partial(request) and request.GET.get("part") == "overview":
        return show(request, visit, "dashboard/collection/_overview.html", place.context)
    view = index.view(place.manifest)
    context = {
        **place.context,
        "index": view,
        "history_count": index.HISTORY_COUNT,
        "state": shown.Indexing.of(place.view),
        "attempts": [(attempt, shown.steps(attempt.phases)) for attempt in view.history],
        "steps": shown.steps(view.job.phases) if view.job else [],
        "compact_call": _call(place, "compact"),
        "retry_call": _call(place, "retry"),
        "look_call": api_call.control("GET", visit.tenant_name, *_parts(place), "indexing"),
    }
    part = "dashboard/collection/_indexing.html"
    return show(
        request, visit, part if is_partial(request) else "dashboard/collection/indexing.html", context
    )


@member(Action.MANAGE_COLLECTIONS)
@require_POST
def compact(request: HttpRequest, visit: Visit, database_name: str, collection_id: UUID) -> HttpResponse:
    """Have the log moved into a segment now."""
    place = collection_page.enter(visit, database_name, collection_id)
    try:
        is_new = on_demand.compact_now(visit.by, place.manifest)
    except Conflict as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, "Compaction is queued." if is_new else "A compaction is under way already.")
    return go(request, place.address("collection-indexing"))


@member(Action.MANAGE_COLLECTIONS)
@require_POST
def retry(request: HttpRequest, visit: Visit, database_name: str, collection_id: UUID) -> HttpResponse:
    """Queue the parked job again."""
    place = collection_page.enter(visit, database_name, collection_id)
    try:
        on_demand.retry(visit.by, place.manifest)
    except Conflict as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, "The job is queued again.")
    return go(request, place.address("collection-indexing"))


def _parts(place: Place) -> tuple[str, ...]:
    return ("databases", place.database_name, "collections", str(place.view.collection_id))


def _call(place: Place, verb: str) -> api_call.ApiCall:
    return api_call.control("POST", place.visit.tenant_name, *_parts(place), verb)
