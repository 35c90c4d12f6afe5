"""What the palette asks: places of the tenant whose name has a text, and the pages that the role shows."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from cloud.api import admission
from cloud.dashboard.access import Visit, member
from tenants.roles import Action
from vectors import finder

_MOST_OF_A_KIND = 8
Option = dict[str, str]


@require_safe
@member(Action.VIEW_TENANT)
def find(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Groups of places as JSON; without a text, the pages alone."""
    admission.limiter().admit(visit.user.user_id, settings.CONTROL_REQUESTS_PER_MINUTE)
    text = request.GET.get("q", "").strip()
    found = finder.find(visit.by, visit.tenant_id, text, limit_count=_MOST_OF_A_KIND)
    tenant = visit.tenant_name
    groups = [
        _group("Pages", "house", _pages(visit, text)),
        _group(
            "Databases",
            "database",
            (_option(name, "", "database", tenant, name) for name in found.databases),
        ),
        _group(
            "Collections",
            "collection",
            (
                _option(
                    one.name, one.database_name, "collection", tenant, one.database_name, one.collection_id
                )
                for one in found.collections
            ),
        ),
        _group(
            "API keys",
            "key",
            (_option(one.name, f"{one.display_prefix}…", "key", tenant, one.key_id) for one in found.keys),
        ),
    ]
    return JsonResponse({"groups": [group for group in groups if group["options"]]})


def _pages(visit: Visit, text: str) -> Iterable[Option]:
    for group in visit.navigation:
        for entry in group.entries:
            if text.lower() in entry.label.lower():
                option = _option(entry.label, group.label, entry.page, visit.tenant_name)
                if option:
                    yield {**option, "icon": entry.icon, "letter": entry.letter}


def _group(label: str, icon: str, options: Iterable[Option | None]) -> dict[str, object]:
    return {"label": label, "icon": icon, "options": [option for option in options if option]}


def _option(label: str, more: str, page: str, *place: object) -> Option | None:
    """A place to go to; None when its page has no address."""
    try:
        return {"label": label, "more": more, "address": reverse(f"dashboard:{page}", args=place)}
    except NoReverseMatch:
        return None
