"""The one place that turns failures into answers: a Code into a status and `{"error", "message"}`.

Source: contract, section 2. Most codes share the name `ChromaError`, so status and name are not redundant.
"""

from __future__ import annotations

import logging

import orjson
import psycopg
from django.db import DatabaseError as DjangoDatabaseError
from django.http import HttpResponse
from rest_framework import exceptions as rest
from rest_framework.response import Response

from tenants.errors import Code, RateLimited, ServiceError

log = logging.getLogger("tessera.api")

STATUS_AND_NAME: dict[Code, tuple[int, str]] = {
    Code.INVALID_ARGUMENT: (400, "InvalidArgumentError"),
    Code.ABORTED: (400, "ChromaError"),
    Code.UNAUTHENTICATED: (401, "ChromaError"),
    Code.PERMISSION_DENIED: (403, "ChromaError"),
    Code.NOT_FOUND: (404, "NotFoundError"),
    Code.ALREADY_EXISTS: (409, "ChromaError"),
    Code.TOO_LARGE: (413, "ChromaError"),
    Code.UNSUPPORTED_MEDIA: (415, "ChromaError"),
    Code.QUOTA_EXCEEDED: (422, "ChromaError"),
    Code.UNPROCESSABLE: (422, "ChromaError"),
    Code.RESOURCE_EXHAUSTED: (429, "RateLimitError"),
    Code.INTERNAL: (500, "InternalError"),
    Code.UNIMPLEMENTED: (501, "ChromaError"),
    Code.UNAVAILABLE: (503, "ChromaError"),
}
_HIDDEN = "Internal error. The trace id of this answer finds the cause in the server's log."


def answer(error: Exception) -> HttpResponse:
    """The answer to a failure; what is our fault is logged in full and hidden."""
    if isinstance(error, ServiceError):
        status, name = STATUS_AND_NAME[error.code]
        if error.code is not Code.INTERNAL:
            response = body(status, name, error.message)
            if isinstance(error, RateLimited):
                response["Retry-After"] = str(error.retry_after_seconds)
            return response
    if isinstance(error, RecursionError):
        return body(
            400, "InvalidArgumentError", "Failed to parse the request body as JSON: nested too deeply"
        )
    if isinstance(error, psycopg.OperationalError) or isinstance(error.__cause__, psycopg.OperationalError):
        log.error("the database is away: %s", error)
        return body(503, "ChromaError", "A part of the service is away; try again.")
    log.error("unexpected failure", exc_info=error)
    return internal()


def body(status: int, name: str, message: str) -> HttpResponse:
    """An error in the wire's shape."""
    content = orjson.dumps({"error": name, "message": message})
    return HttpResponse(content, status=status, content_type="application/json")


def drf_exception_handler(error: Exception, context: object) -> Response | HttpResponse | None:
    """The same for Django REST framework's views."""
    if isinstance(error, rest.MethodNotAllowed):
        response = HttpResponse(status=405)
        view = context["view"] if isinstance(context, dict) else None
        response["Allow"] = ", ".join(view.allowed_methods) if view else ""
        return response
    if isinstance(error, rest.NotAuthenticated | rest.AuthenticationFailed):
        return body(401, "ChromaError", "Permission denied.")
    if isinstance(error, DjangoDatabaseError) and error.__cause__ is None:
        log.error("unexpected database failure", exc_info=error)
    return answer(error)


def internal() -> HttpResponse:
    """A failure of ours, hidden."""
    return body(500, "InternalError", _HIDDEN)
