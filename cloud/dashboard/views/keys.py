"""API keys: list, create and show once, look at one, change, rotate, revoke."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from cloud import key_limits
from cloud.api import authentication
from cloud.billing import wording
from cloud.dashboard import api_call, forms, paging, shown_keys, snippets
from cloud.dashboard.access import Visit, go, is_partial, member, show, show_dialog
from cloud.dashboard.forms.keys import KeyChangeForm, KeyForm, RotationForm
from tenants import databases, key_scopes
from tenants import keys as tenant_keys
from tenants.key_scopes import Scopes
from tenants.keys import IssuedKey
from tenants.models import Database
from tenants.roles import Action
from vectors import costs

_KEYS_PER_PAGE = 50
_MOST_DATABASES_TO_CHOOSE = 200


@require_safe
@member(Action.VIEW_KEYS)
def keys(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The tenant's keys, newest first."""
    includes_revoked = request.GET.get("show") == "all"
    page = paging.stretch(
        request,
        _KEYS_PER_PAGE,
        lambda after, limit: tenant_keys.list_keys(
            visit.by,
            visit.tenant_id,
            includes_revoked=includes_revoked,
            limit_count=limit,
            after=None if after is None else shown_keys.place(after),
        ),
        shown_keys.place_of,
    )
    now, spent = datetime.now(UTC), _spent(visit)
    context = {
        "stretch": page,
        "keys": [shown_keys.Key.of(key, now=now, spent=spent(key.key_id)) for key in page.rows],
        "shows_spent": visit.by.may(Action.VIEW_USAGE),
        "includes_revoked": includes_revoked,
        "call": api_call.control("GET", visit.tenant_name, "keys"),
    }
    return show(request, visit, "dashboard/keys.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.CREATE_KEY)
def create(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The form of a new key; a POST makes it and shows its secret, this once."""
    owned = databases.list_databases(visit.tenant_id, limit=_MOST_DATABASES_TO_CHOOSE)
    form = KeyForm(owned, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        issued = forms.attempt(form, lambda: _issue(visit, form, owned))
        if issued is not None:
            return _created(request, visit, issued)
    context = {
        "form": form,
        "templates": key_scopes.DESCRIPTIONS,
        "call": api_call.control(
            "POST", visit.tenant_name, "keys", body={"name": "ingest job", "template": "full"}
        ),
    }
    status = 422 if form.is_bound else 200
    return show(request, visit, "dashboard/key_create.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.VIEW_KEYS, post=Action.CREATE_KEY)
def key(request: HttpRequest, visit: Visit, key_id: UUID) -> HttpResponse:
    """One key, also a revoked one: what it may, who used it last; a POST changes it."""
    found = tenant_keys.get(visit.by, visit.tenant_id, key_id, includes_revoked=True)
    form = KeyChangeForm.of(found, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and _change(visit, form, key_id):
        messages.success(request, f"“{form.cleaned_data['name']}” is changed.")
        return go(request, reverse("dashboard:key", args=[visit.tenant_name, key_id]))
    context = {
        "key": shown_keys.Key.of(found, now=datetime.now(UTC), spent=_spent(visit)(key_id)),
        "form": form,
        "call": api_call.control("PATCH", visit.tenant_name, "keys", str(key_id), body={"name": found.name}),
    }
    return show(request, visit, "dashboard/key.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.ROTATE_KEY)
def rotate(request: HttpRequest, visit: Visit, key_id: UUID) -> HttpResponse:
    """Ask how long the old key is to work; a POST makes its successor and shows the secret, this once."""
    found = tenant_keys.get(visit.by, visit.tenant_id, key_id)
    form = RotationForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        overlap = key_scopes.overlap_of(form.cleaned_data["overlap_seconds"])
        pepper = settings.KEY_PEPPERS[0]
        issued = forms.attempt(
            form,
            lambda: tenant_keys.rotate(visit.by, visit.tenant_id, key_id, pepper=pepper, overlap=overlap),
        )
        if issued is not None:
            authentication.forget_all()
            return _created(request, visit, issued)
    context = {
        "key": shown_keys.Key.of(found, now=datetime.now(UTC)),
        "form": form,
        "call": api_call.control(
            "POST", visit.tenant_name, "keys", str(key_id), "rotate", body={"overlap_seconds": 86_400}
        ),
    }
    status = 422 if form.is_bound else 200
    return show_dialog(request, visit, "dashboard/_rotate.html", context, title="Rotate a key", status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.REVOKE_KEY)
def revoke(request: HttpRequest, visit: Visit, key_id: UUID) -> HttpResponse:
    """Ask once more, naming the key; a POST revokes it."""
    found = tenant_keys.get(visit.by, visit.tenant_id, key_id)
    if request.method == "POST":
        tenant_keys.revoke(visit.by, visit.tenant_id, key_id)
        authentication.forget_all()
        messages.success(
            request, f"“{found.name}” ({found.display_prefix}…) is revoked. Requests with it are refused."
        )
        return go(request, reverse("dashboard:keys", args=[visit.tenant_name]))
    context = {
        "key": shown_keys.Key.of(found, now=datetime.now(UTC)),
        "call": api_call.control("DELETE", visit.tenant_name, "keys", str(key_id)),
    }
    return show_dialog(request, visit, "dashboard/_revoke.html", context, title="Revoke a key")


def _spent(visit: Visit) -> Callable[[UUID], str]:
    """What was used with a key this month, as an amount; empty where the role does not see it."""
    if not visit.by.may(Action.VIEW_USAGE):
        return lambda _: ""
    _, currency = costs.prices_of(visit.tenant_id)
    by_key = costs.cost_by_key(visit.by, visit.tenant_id)
    return lambda key_id: wording.cost(by_key.get(key_id, 0), currency)


def _issue(visit: Visit, form: KeyForm, owned: list[Database]) -> IssuedKey:
    chosen = form.cleaned_data
    collection_ids = key_limits.collections_named(owned, chosen["collections"]) or None
    database_ids = frozenset(form.database_ids)
    if collection_ids:
        database_ids = key_limits.databases_of(visit.tenant_id, collection_ids, database_ids=database_ids)
    verbs, where = form.chosen_verbs, chosen["where"]
    scopes = Scopes(
        template=form.chosen_template,
        verbs=None if verbs is None else key_scopes.parse_verbs(verbs),
        database_ids=database_ids,
        collection_ids=collection_ids,
        allowed_networks=chosen["networks"],
        forced_where=None if where is None else key_limits.canonical_forced_where(where),
        requests_per_minute_count=chosen["requests_per_minute_count"],
    )
    return tenant_keys.issue(
        visit.by,
        visit.tenant_id,
        pepper=settings.KEY_PEPPERS[0],
        name=chosen["name"],
        scopes=scopes,
        expires_at=form.expires_at,
    )


def _change(visit: Visit, form: KeyChangeForm, key_id: UUID) -> bool:
    def change() -> bool:
        tenant_keys.update(visit.by, visit.tenant_id, key_id, form.change)
        authentication.forget_all()
        return True

    return bool(forms.attempt(form, change))


def _created(request: HttpRequest, visit: Visit, issued: IssuedKey) -> HttpResponse:
    """The page that shows a secret, this once: the answer to the very POST that made it."""
    made = tenant_keys.get(visit.by, visit.tenant_id, issued.key_id)
    reached = sorted(database.name for database in made.databases.all())
    first = databases.list_databases(visit.tenant_id, limit=1)
    where = snippets.target(
        request,
        tenant_name=visit.tenant_name,
        database_name=next(iter(reached or [one.name for one in first]), None),
        secret=issued.secret,
    )
    context = {
        "key": shown_keys.Key.of(made, now=datetime.now(UTC)),
        "secret": issued.secret,
        "snippet": snippets.python(where).text,
        "env": snippets.env(where),
    }
    template = "dashboard/_key_created.html" if is_partial(request) else "dashboard/key_created.html"
    return show(request, visit, template, context)
