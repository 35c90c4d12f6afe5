"""Beside the list on the team's home: what needs attention, the sample, and the first steps."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from cloud import alerts, sample_loading
from cloud.dashboard import api_call, shown_lists
from cloud.dashboard.access import Visit, go, is_partial, member, show, show_dialog
from tenants import first_steps
from tenants.roles import Action


@require_safe
@member(Action.VIEW_DATABASES)
def alerts_page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What the person should know of, the most urgent first; the home asks for it once it is shown."""
    found = alerts.of_tenant(visit.by, visit.tenant_id)
    template = "dashboard/_alerts.html" if is_partial(request) else "dashboard/alerts.html"
    return show(request, visit, template, {"notices": shown_lists.notices(visit.tenant_name, found)})


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.MANAGE_COLLECTIONS, post=Action.WRITE_RECORDS)
def load_sample(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Load the shipped sample into the database that was chosen, or into the first one, and show it."""
    chosen = request.GET.get("database", "")
    if request.method != "POST":
        name = chosen or sample_loading.DATABASE
        call = api_call.control("POST", visit.tenant_name, "databases", name, "sample")
        context = {"database_name": chosen, "call": call}
        return show_dialog(request, visit, "dashboard/_sample.html", context, title="Load the sample")
    loaded = sample_loading.load(visit.by, visit.tenant_id, request.POST.get("database") or None)
    told = (
        f"{loaded.added_count:,} records of the sample are in “{loaded.collection_name}”."
        if loaded.added_count
        else f"The sample was in “{loaded.collection_name}” already; nothing was changed."
    )
    messages.success(request, told)
    place = [visit.tenant_name, loaded.database_name, loaded.collection_id]
    return go(request, reverse("dashboard:collection", args=place))


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.VIEW_DATABASES)
def hide(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Somebody knows their way: a POST hides the first steps from them for good."""
    if request.method == "POST":
        first_steps.note_look(visit.by, visit.tenant_id)
    return go(request, reverse("dashboard:databases", args=[visit.tenant_name]))
