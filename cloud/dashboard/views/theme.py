"""The choice of light or dark."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

_THEMES = ("light", "dark")
_THEME_SECONDS = 365 * 24 * 60 * 60


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light or dark; anything else means what the system prefers."""
    response = redirect(_next_url(request))
    chosen = request.POST.get("theme")
    if chosen in _THEMES:
        response.set_cookie(
            "theme", chosen, max_age=_THEME_SECONDS, samesite="Lax", secure=request.is_secure()
        )
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response


def _next_url(request: HttpRequest) -> str:
    """Where to go afterwards: a page of ours, whatever the address says."""
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return reverse("dashboard:home")
