"""What a person does to a database as a whole: create, delete."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from cloud.dashboard import api_call
from cloud.dashboard.access import Visit, go, member, show_dialog
from cloud.dashboard.forms import attempt
from cloud.dashboard.forms.collections import ConfirmForm, NameForm
from tenants import databases, tenants
from tenants.roles import Action
from vectors import collections, losses


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.CREATE_DATABASE)
def create(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Ask for a new database's name; a POST makes it."""
    is_post = request.method == "POST"
    form = NameForm(request.POST if is_post else None, label="Name")
    if is_post and form.is_valid():
        made = attempt(
            form,
            lambda: databases.create(
                visit.tenant_id,
                form.cleaned_data["new_name"],
                limits=tenants.limits_of(tenants.get(visit.tenant_id)),
                cell_count=settings.CELL_COUNT,
                by=visit.by,
            ),
        )
        if made is not None:
            messages.success(request, f"Database “{made.name}” is ready.")
            return go(request, reverse("dashboard:database", args=[visit.tenant_name, made.name]))
    call = api_call.control("POST", visit.tenant_name, "databases", body={"name": "library"})
    return show_dialog(
        request,
        visit,
        "dashboard/_new_database.html",
        {"form": form, "call": call},
        title="New database",
        status=422 if is_post else 200,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.DELETE_DATABASE)
def delete(request: HttpRequest, visit: Visit, database_name: str) -> HttpResponse:
    """Say what is lost and until when it can be undone; a POST with the name typed deletes."""
    database = databases.get(visit.tenant_id, database_name)
    loss = losses.of_database(visit.by, database)
    is_post = request.method == "POST"
    form = ConfirmForm(request.POST if is_post else None, name=database.name)
    if is_post and form.is_valid():
        collections.delete_database(visit.tenant_id, database.name, by=visit.by)
        undone = " It can be restored from the recycle bin." if loss.restorable_until else ""
        messages.success(request, f"Database “{database.name}” is deleted.{undone}")
        return go(request, reverse("dashboard:databases", args=[visit.tenant_name]))
    context = {
        "form": form,
        "loss": loss,
        "database_name": database.name,
        "back": reverse("dashboard:database", args=[visit.tenant_name, database.name]),
        "call": api_call.control("DELETE", visit.tenant_name, "databases", database.name),
    }
    return show_dialog(
        request,
        visit,
        "dashboard/_delete_database.html",
        context,
        title="Delete a database",
        status=422 if is_post else 200,
    )
