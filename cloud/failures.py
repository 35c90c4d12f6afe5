"""Failures outside every view: a page for people, the wire's shape for programs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from cloud.api import errors as api
from cloud.dashboard.views import errors as pages

_PAGES = ("/dashboard", "/account", "/invitations")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Nothing is at this path."""
    del exception
    if request.path.startswith(_PAGES):
        return pages.not_found(request)
    return HttpResponse(status=404)  # wire: an empty body, whatever the path


def server_error(request: HttpRequest) -> HttpResponse:
    """A failure that no view of ours answered."""
    if request.path.startswith(_PAGES):
        return pages.server_error(request)
    return api.internal()
