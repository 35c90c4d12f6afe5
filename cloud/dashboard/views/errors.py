"""What went wrong, in plain words. These pages ask no database, since that may be what is away."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from cloud import tracing
from cloud.api.errors import STATUS_AND_NAME
from tenants.errors import NotFound, PermissionDenied, RateLimited, ServiceError, Unavailable

_RETRY_AFTER_SECONDS = 5


def page(request: HttpRequest, error: ServiceError) -> HttpResponse:
    """The page for a failure that is not ours; a bug goes to `server_error`."""
    if isinstance(error, NotFound):
        response = not_found(request)
    elif isinstance(error, PermissionDenied):
        why = (
            "" if error.message.startswith("Permission denied.") else error.message
        )  # else the page's words do
        response = _render(request, "errors/403.html", 403, why=why)
    elif isinstance(error, Unavailable | RateLimited):
        response = _render(request, "errors/503.html", STATUS_AND_NAME[error.code][0])
        response["Retry-After"] = str(_RETRY_AFTER_SECONDS)
        return response
    else:
        return _render(request, "errors/refused.html", STATUS_AND_NAME[error.code][0], why=error.message)
    if request.headers.get("HX-Request") == "true":
        response["HX-Refresh"] = "true"  # the page that asked is out of date: load it anew, and see why
    return response


def unknown(request: HttpRequest, unknown: str) -> HttpResponse:
    """An address that no page has."""
    del unknown
    return not_found(request)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Missing, or somebody else's."""
    del exception
    return _render(request, "errors/404.html", 404)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Something that the person's role does not include."""
    del exception
    return _render(request, "errors/403.html", 403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form from another site, or one that outlived its session."""
    del reason
    return _render(request, "errors/form_expired.html", 403)


def server_error(request: HttpRequest) -> HttpResponse:
    """A failure of ours; what it was is in the log only."""
    return _render(request, "errors/500.html", 500)


def _render(request: HttpRequest, template: str, status: int, **context: str) -> HttpResponse:
    response = render(request, template, {**context, "trace_id": tracing.current()}, status=status)
    add_never_cache_headers(response)
    return response
