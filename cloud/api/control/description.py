"""The OpenAPI document of the control API, from the registry."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import msgspec
import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import condition, require_safe

from cloud.api.control.routes import PREFIX, ROUTES, Door, Route
from cloud.api.openapi import failures
from cloud.api.openapi.shapes import Schema
from cloud.api.schemas import answers

_TEMPLATE = "#/components/schemas/{name}"
_SECURITY_SCHEMES: dict[str, Schema] = {
    "ServiceAccountKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key of a service account: `sa-…`.",
    },
    "Session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sessionid",
        "description": "Somebody who signed in to the dashboard; writes also need `X-CSRFToken`.",
    },
}


def _components() -> tuple[dict[str, Schema], dict[int, Schema]]:
    """The named schemas, and each type's own by its id."""
    types: list[Any] = [answers.Error]
    for route in ROUTES:
        types += [kind for kind in (route.body, route.answer) if kind is not None and kind not in types]
    schemas, named = msgspec.json.schema_components(types, ref_template=_TEMPLATE)
    return named, {id(kind): schema for kind, schema in zip(types, schemas, strict=True)}


def _query_parameters(route: Route) -> list[Schema]:
    (_,), named = msgspec.json.schema_components([route.query], ref_template=_TEMPLATE)
    shape = named[route.query.__name__]
    return [
        {
            "in": "query",
            "name": name,
            "required": name in shape.get("required", ()),
            "schema": schema,
        }
        for name, schema in shape.get("properties", {}).items()
    ]


def _statuses(route: Route) -> list[int]:
    found = {400, 429, 500, 503}
    if route.door is not Door.ANYBODY:
        found |= {401, 403}
    if route.path_parameters:
        found.add(404)
    if route.method != "GET":
        found |= {409, 413, 415, 422}
    return sorted(found)


def _operation(route: Route, schema_of: dict[int, Schema]) -> Schema:
    parameters: list[Schema] = [
        {"in": "path", "name": name, "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in route.path_parameters
    ]
    content: Schema = {}
    if route.answer is not None:
        content = {"application/json": {"schema": schema_of[id(route.answer)]}}
    elif route.raw:
        content = {route.raw: {"schema": {"type": "string"}}}
    described: Schema = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.tag],
        "security": [] if route.door is Door.ANYBODY else [{name: []} for name in _SECURITY_SCHEMES],
        "parameters": parameters + _query_parameters(route),
        "responses": {
            str(route.status): {"description": "Done.", "content": content},
            **{str(status): failures.refer(status) for status in _statuses(route)},
        },
    }
    needs = route.description
    if route.action is not None:
        needs = f"Needs `{route.action.value}`. {needs}".strip()
    elif route.door is Door.OPERATOR:
        needs = f"For operators of the installation. {needs}".strip()
    if needs:
        described["description"] = needs
    if route.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema_of[id(route.body)]}},
        }
    if route.takes:
        described["requestBody"] = _takes(route)
    return described


def _takes(route: Route) -> Schema:
    """A body that is a file."""
    return {"required": False, "content": {route.takes: {"schema": {"type": "string", "format": "binary"}}}}


@cache
def document() -> tuple[bytes, str]:
    """The description of this release and its etag; built at the first call of a process."""
    named, schema_of = _components()
    paths: dict[str, Schema] = {}
    for route in ROUTES:
        paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = _operation(route, schema_of)
    described = {
        "openapi": "3.1.0",
        "info": {
            "title": "Tessera control API",
            "version": settings.VERSION,
            "description": "Tenants, members, keys, plans, meters and bills.",
        },
        "paths": paths,
        "components": {
            "schemas": named,
            "responses": failures.responses(),
            "headers": failures.HEADERS,
            "securitySchemes": _SECURITY_SCHEMES,
        },
    }
    content = orjson.dumps(described, option=orjson.OPT_INDENT_2)
    return content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'


@require_safe
@condition(etag_func=lambda request: document()[1])  # noqa: ARG005 (Django's signature)
def openapi(request: HttpRequest) -> HttpResponse:
    """OpenAPI 3.1: the same bytes until the next release."""
    del request
    headers = {"Cache-Control": "public, max-age=300"}
    return HttpResponse(document()[0], content_type="application/json", headers=headers)
