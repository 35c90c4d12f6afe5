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
from cloud.dashboard.forms.keys import KeyForm
from tenants import databases
from tenants import keys as tenant_keys
from tenants.errors import InvalidArgument, QuotaExceeded
from tenants.key_scopes import Scopes, Template
from tenants.models import Database
from tenants.roles import Action


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.VIEW_KEYS, post=Action.CREATE_KEY)
def keys(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The tenant's keys; a POST creates one."""
    owned = databases.list_databases(visit.tenant_id)
    if request.method != "POST":
        return _page(request, visit, {"form": KeyForm(owned)})
    form = KeyForm(owned, request.POST)
    if not form.is_valid():
        return _page(request, visit, {"form": form}, status=422)
    try:
        created = _create(request, visit, form, owned)
    except (InvalidArgument, QuotaExceeded) as error:
        form.add_error("name", error.message)
        return _page(request, visit, {"form": form}, status=422)
    return _page(request, visit, {"form": KeyForm(owned), "created": created})


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.REVOKE_KEY)
def revoke(request: HttpRequest, visit: Visit, key_id: UUID) -> HttpResponse:
    """Ask once more, naming the key; a POST revokes it."""
    by = visit.by
    key = tenant_keys.get(by, visit.tenant_id, key_id)
    if request.method == "POST":
        tenant_keys.revoke(by, visit.tenant_id, key_id)
        authentication.forget_all()
        messages.success(
            request, f"“{key.name}” ({key.display_prefix}…) is revoked. Requests with it are refused."
        )
        return redirect("dashboard:keys", tenant_name=visit.tenant_name)
    template = "dashboard/_revoke.html" if is_partial(request) else "dashboard/revoke.html"
    return show(request, visit, template, {"key": shown.Key.of(key, now=datetime.now(UTC))})


def _page(request: HttpRequest, visit: Visit, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    now, by = datetime.now(UTC), visit.by
    may_view = by.may(Action.VIEW_KEYS)
    found = tenant_keys.list_keys(by, visit.tenant_id) if may_view else []
    listed = [shown.Key.of(key, now=now) for key in found]
    is_part = request.method == "POST" and is_partial(request)
    template = "dashboard/_keys_changed.html" if is_part else "dashboard/keys.html"
    return show(
        request, visit, template, {"keys": listed, "may_view_keys": may_view, **context}, status=status
    )


def _create(request: HttpRequest, visit: Visit, form: KeyForm, owned: list[Database]) -> dict[str, str]:
    """What the page shows of the new key, this once."""
    issued = tenant_keys.issue(
        visit.by,
        visit.tenant_id,
        pepper=settings.KEY_PEPPERS[0],
        name=form.cleaned_data["name"],
        scopes=Scopes(
            template=Template.READ_ONLY if form.cleaned_data["is_read_only"] else Template.FULL,
            database_ids=frozenset(form.database_ids),
        ),
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
