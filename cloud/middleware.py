"""The outermost layers: a trace id and one log line per request, and the pages' content-security policy."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from tenants.scope import drop_if_hung_up

Next = Callable[[HttpRequest], HttpResponse]
log = logging.getLogger("tessera.access")

# Everything from here, nothing inline, nowhere else to send a form: a stored script stays text.
_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class RequestLog:
    """Logs method, path, status and duration; failures carry the trace id that finds their line.

    The path names tenants and collections, never a key; headers and bodies are not logged.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Time the request."""
        started = time.perf_counter()
        drop_if_hung_up()
        response = self.get_response(request)
        if response.status_code >= 400 and request.path.startswith("/api/"):
            trace_id = secrets.token_hex(16)
            response["chroma-trace-id"] = trace_id
            elapsed_ms = (time.perf_counter() - started) * 1000
            log.info(
                "%s %s %s %.1f ms trace %s",
                request.method,
                request.path,
                response.status_code,
                elapsed_ms,
                trace_id,
            )
        return response


class ContentSecurityPolicy:
    """Sends the policy with every page."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the header to what a browser shows."""
        response = self.get_response(request)
        if not request.path.startswith("/api/"):
            response["Content-Security-Policy"] = _POLICY
        return response
