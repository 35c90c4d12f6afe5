"""How to connect: snippets in each language, a `.env` block, and a test from the browser."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from cloud.dashboard import api_call, snippets
from cloud.dashboard.access import Visit, member, show
from tenants import databases, keys
from tenants.roles import Action

_MOST_CHOICES = 200


@require_safe
@member(Action.VIEW_DATABASES)
def connect(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The page; `?database=` chooses whose names stand in the lines."""
    owned = databases.list_databases(visit.tenant_id, limit=_MOST_CHOICES)
    wanted = request.GET.get("database", "")
    chosen = (
        databases.get(visit.tenant_id, wanted).name if wanted else next((one.name for one in owned), None)
    )
    where = snippets.target(request, tenant_name=visit.tenant_name, database_name=chosen)
    may_view = visit.by.may(Action.VIEW_KEYS)
    context = {
        "databases": [database.name for database in owned],
        "chosen": chosen,
        "target": where,
        "snippets": snippets.every(where),
        "env": snippets.env(where),
        "keys": keys.list_keys(visit.by, visit.tenant_id, limit_count=5) if may_view else [],
        "call": api_call.wire("GET", visit.tenant_name, chosen or "default", "collections"),
    }
    return show(request, visit, "dashboard/connect.html", context)
