"""API keys: list, create and show once, revoke."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from cloud.api import authentication
from cloud.dashboard import shown, snippet
from cloud.dashboard.access import Visit, is_partial, member, show
from cloud.dashboard.forms import KeyForm
from tenants import databases
from tenants import keys as tenant_keys
from tenants.errors import PermissionDenied
from tenants.models import Database


@require_http_methods(["GET", "HEAD", "POST"])
@member
def keys(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The tenant's keys; a POST creates one."""
    owned = databases.list_databases(visit.tenant_id)
    if request.method != "POST":
        return _page(request, visit, {"form": KeyForm(owned)})
    if not visit.membership.may_manage_keys:
        raise PermissionDenied
    form = KeyForm(owned, request.POST)
    if not form.is_valid():
        return _page(request, visit, {"form": form}, status=422)
    return _page(request, visit, {"form": KeyForm(owned), "created": _create(request, visit, form, owned)})


@require_http_methods(["GET", "HEAD", "POST"])
@member
def revoke(request: HttpRequest, visit: Visit, key_id: UUID) -> HttpResponse:
    """Ask once more, naming the key; a POST revokes it."""
    if not visit.membership.may_manage_keys:
        raise PermissionDenied
    key = tenant_keys.get(visit.tenant_id, key_id)
    if request.method == "POST":
        tenant_keys.revoke(visit.tenant_id, key_id)
        authentication.forget_all()
        messages.success(
            request, f"“{key.name}” ({key.display_prefix}…) is revoked. Requests with it are refused."
        )
        return redirect("dashboard:keys", tenant_name=visit.tenant_name)
    template = "dashboard/_revoke.html" if is_partial(request) else "dashboard/revoke.html"
    return show(request, visit, template, {"key": shown.Key.of(key, now=datetime.now(UTC))})


def _page(request: HttpRequest, visit: Visit, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    now = datetime.now(UTC)
    listed = [shown.Key.of(key, now=now) for key in tenant_keys.list_keys(visit.tenant_id)]
    is_part = request.method == "POST" and is_partial(request)
    template = "dashboard/_keys_changed.html" if is_part else "dashboard/keys.html"
    return show(request, visit, template, {"keys": listed, **context}, status=status)


def _create(request: HttpRequest, visit: Visit, form: KeyForm, owned: list[Database]) -> dict[str, str]:
    """What the page shows of the new key, this once."""
    issued = tenant_keys.issue(
        visit.tenant_id,
        pepper=settings.KEY_PEPPER,
        name=form.cleaned_data["name"],
        database_ids=form.database_ids,
        is_read_only=form.cleaned_data["is_read_only"],
        expires_at=form.expires_at,
    )
    reached = [
        database.name
        for database in owned
        if database.database_id in form.database_ids or not form.database_ids
    ]
    lines = snippet.connect(
        request,
        tenant_name=visit.tenant_name,
        database_name=next(iter(reached), None),
        secret=issued.secret,
    )
    return {"name": form.cleaned_data["name"], "secret": issued.secret, "snippet": lines}
