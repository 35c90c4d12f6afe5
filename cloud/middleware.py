"""The outermost layers: trace and log line, other origins, the pages' content-security policy."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.module_loading import import_string

from cloud import tracing
from cloud.api import errors, request_metrics, uploads
from tenants.errors import TooLarge
from tenants.scope import drop_if_hung_up

Next = Callable[[HttpRequest], HttpResponse]
log = logging.getLogger("tessera.access")

_SHARED_PATHS = ("/api/", "/openapi.json")
_WIRE_PATHS = ("/api/v1", "/api/v2")
_DATA_PATH = "/api/v2"
_MAX_PAGE_BODY_BYTES = 1024 * 1024  # a form, a SAML answer, a call of the control API
# Everything from here, nothing inline, nowhere else to send a form: a stored script stays text.
_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


class RequestLog:
    """Logs failures with method, path, status and duration, and counts how each request of the API went.

    A failure carries the trace id that finds its line.

    The path names tenants and collections, never a key; headers and bodies are not logged.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Time the request."""
        started = time.perf_counter()
        trace_id = tracing.begin(request.headers.get("traceparent", ""))
        drop_if_hung_up()
        request_metrics.begin()
        response = self.get_response(request)
        if request.path.startswith(_DATA_PATH):
            request_metrics.end(response.status_code, time.perf_counter() - started)
        if response.status_code >= 400:
            response["chroma-trace-id"] = trace_id
        if response.status_code >= 400 and request.path.startswith("/api/"):
            elapsed_ms = (time.perf_counter() - started) * 1000
            log.info("%s %s %s %.1f ms", request.method, request.path, response.status_code, elapsed_ms)
        return response


class OtherOrigins:
    """Lets pages of the origins in CORS_ORIGINS call the API; without the setting, none.

    Source:  contract, section 1: a preflight is answered 200 with an empty body, whatever the route
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a preflight, or add the headers to what the API answers."""
        if not settings.CORS_ORIGINS or not request.path.startswith(_SHARED_PATHS):
            return self.get_response(request)
        headers = request.headers
        is_preflight = request.method == "OPTIONS" and "access-control-request-method" in headers
        response = HttpResponse() if is_preflight else self.get_response(request)
        if is_preflight:
            response["access-control-allow-methods"] = response["access-control-allow-headers"] = "*"
        if "*" in settings.CORS_ORIGINS:
            response["access-control-allow-origin"] = "*"
        elif headers.get("origin") in settings.CORS_ORIGINS:
            response["access-control-allow-origin"] = headers["origin"]
        response["access-control-expose-headers"] = "*"
        patch_vary_headers(
            response, ["origin", "access-control-request-method", "access-control-request-headers"]
        )
        return response


class ForPages:
    """Sessions and what builds on them, for everything but the wire, whose requests bear a key and no cookie.

    Each layer costs a request some microseconds, and the API's are counted in hundreds.
    """

    def __init__(self, get_response: Next) -> None:
        self.without = self.within = get_response
        self._on_exception: list[Callable[[HttpRequest, Exception], HttpResponse | None]] = []
        for name in reversed(settings.PAGE_MIDDLEWARE):
            self.within = import_string(name)(self.within)
            if hasattr(self.within, "process_exception"):
                self._on_exception.append(self.within.process_exception)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Choose by the path; what a page or the control API is sent is small, or it is refused unread."""
        if request.path.startswith(_WIRE_PATHS):
            return self.without(request)
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        if length > _MAX_PAGE_BODY_BYTES:
            most_bytes = uploads.most_bytes(request) or _MAX_PAGE_BODY_BYTES
            if length > most_bytes:
                return errors.answer(TooLarge(f"expected a body of at most {most_bytes} bytes"))
        return self.within(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Let the layers answer an exception of a page's view: Django asks only those that it made itself."""
        if request.path.startswith(_WIRE_PATHS):
            return None
        answers = (answer(request, exception) for answer in self._on_exception)
        return next((response for response in answers if response is not None), None)


class ContentSecurityPolicy:
    """Sends the policy with every page."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response
        self._policy = " ".join([_POLICY, *settings.SIGN_IN_ORIGINS])  # form-action is last

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the header to what a browser shows, unless the page has a policy of its own."""
        response = self.get_response(request)
        if not request.path.startswith("/api/"):
            response.headers.setdefault("Content-Security-Policy", self._policy)
        return response
