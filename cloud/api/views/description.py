"""The API's description for programs, and Swagger UI over it for people. Neither needs a key."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import condition, require_safe

# Swagger UI talks to this origin only, starts from a script file of ours, and has images as data in its
# style sheet.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def _etag(request: HttpRequest) -> str:
    del request
    from cloud.api.openapi.document import document  # noqa: PLC0415 (0.1 s that only readers of it pay)

    return document().etag


@require_safe
@condition(etag_func=_etag)
def openapi(request: HttpRequest) -> HttpResponse:
    """OpenAPI 3.1: the same bytes until the next release."""
    del request
    from cloud.api.openapi.document import document  # noqa: PLC0415 (see above)

    headers = {"Cache-Control": "public, max-age=300"}
    return HttpResponse(document().content, content_type="application/json", headers=headers)


@require_safe
def docs(request: HttpRequest, *, is_control: bool = False) -> HttpResponse:
    """Swagger UI, over the wire's description or the control API's."""
    headers: dict[str, Any] = {"Content-Security-Policy": _POLICY, "Cache-Control": "public, max-age=300"}
    response = render(request, "docs.html", {"is_control": is_control})
    for name, value in headers.items():
        response[name] = value
    return response


@require_safe
def docs_redirect(request: HttpRequest) -> HttpResponse:
    """To the page's own address."""
    del request
    return HttpResponseRedirect("/docs/", status=303)
