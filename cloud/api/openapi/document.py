"""The table through drf-spectacular: it puts the document together, we describe the operations.

drf-spectacular reads Django REST framework's views. The record routes are plain views, and all bodies are
decoded with msgspec, so there is nothing in a view to read; each operation of the table stands in for its
view instead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from drf_spectacular.generators import EndpointEnumerator, SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent
from rest_framework.views import APIView

from cloud.api.metering import COST_HEADER, UNITS_HEADER
from cloud.api.openapi import examples, failures, shapes
from cloud.api.openapi.operations import OPERATIONS, Key, Operation
from cloud.api.openapi.shapes import Schema
from cloud.api.schemas import answers
from tenants.identity import DEFAULT_DATABASE, DEFAULT_TENANT

SECURITY_SCHEMES: dict[str, Schema] = {
    "ApiKeyAuth": {"type": "apiKey", "in": "header", "name": "x-chroma-token", "description": "An API key."},
    "BearerAuth": {"type": "http", "scheme": "bearer", "description": "An API key as the token."},
    "BasicAuth": {
        "type": "http",
        "scheme": "basic",
        "description": "An API key as the password; any user name.",
    },
}
_CREDENTIALS: list[Schema] = [{name: []} for name in SECURITY_SCHEMES]
_SECURITY: dict[Key, list[Schema]] = {
    Key.NOT_NEEDED: [],
    Key.OPTIONAL: [{}, *_CREDENTIALS],
    Key.NEEDED: _CREDENTIALS,
}
_PARTS: dict[str, tuple[Schema, str]] = {
    "tenant": (
        {"type": "string", "minLength": 1, "examples": [DEFAULT_TENANT]},
        f"The tenant's name; `{DEFAULT_TENANT}` is the key's own.",
    ),
    "database": (
        {"type": "string", "minLength": 3, "examples": [DEFAULT_DATABASE]},
        f"The database's name; `{DEFAULT_DATABASE}` is the key's only one.",
    ),
    "collection": ({"type": "string", "format": "uuid"}, "The collection's id."),
    "name": ({"type": "string", "minLength": 1}, "The name that the function was attached by."),
    "crn": ({"type": "string"}, "`<tenant's resource name>:<database>:<collection>`"),
}

_INTEGER: Schema = {"type": "integer", "minimum": 0}
_USAGE_HEADERS: dict[str, Schema] = {
    UNITS_HEADER: {"description": "Query units of a read; bytes written by a write.", "schema": _INTEGER},
    COST_HEADER: {"description": "The price in nano-units of the plan's currency.", "schema": _INTEGER},
}


class _Description(AutoSchema):
    """Describes the operation that its view stands in for."""

    def get_operation(
        self,
        path: str,
        path_regex: str,
        path_prefix: str,
        method: str,
        registry: ComponentRegistry,
    ) -> Schema:
        del path, path_regex, path_prefix, method, registry
        view: object = self.view
        if not isinstance(view, _StandIn):
            raise TypeError(f"expected the view of an operation, got {type(view).__name__}")
        return _describe(view.operation)


class _StandIn(APIView):
    """The view of an operation, as far as drf-spectacular wants to know."""

    schema = _Description()

    def __init__(self, operation: Operation) -> None:
        super().__init__()
        self.operation = operation


class _Table(EndpointEnumerator):
    """The endpoints are the table's."""

    def get_api_endpoints(  # type: ignore[override] # drf-spectacular adds the path's expression
        self, patterns: object = None, prefix: str = ""
    ) -> list[tuple[str, str, str, Operation]]:
        del patterns, prefix
        return [(operation.path, operation.path, operation.method, operation) for operation in OPERATIONS]


class Generator(SchemaGenerator):
    """drf-spectacular's generator over the table."""

    endpoint_inspector_cls = _Table

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        for kind, named in _components().items():
            for name, schema in named.items():
                component = ResolvedComponent(name, kind, schema, object=name)  # type: ignore[no-untyped-call]
                self.registry.register(component)

    def create_view(self, callback: Operation, method: str, request: object = None) -> _StandIn:
        """The operation itself: there is no view to read."""
        del method, request
        return _StandIn(callback)


def _types() -> list[Any]:
    """Every type that an operation sends or answers."""
    found: list[Any] = [answers.Error]
    for operation in OPERATIONS:
        found += [
            one
            for one in (operation.body, operation.answer, *operation.others.values())
            if one is not None and one not in found
        ]
    return found


@cache
def _shapes() -> tuple[list[Any], list[Schema], dict[str, Schema]]:
    types = _types()
    schemas, named = shapes.of(types)
    return types, schemas, named


def _shape(kind: Any) -> Schema:
    types, schemas, _ = _shapes()
    return schemas[types.index(kind)]


def _components() -> Mapping[str, Mapping[str, Schema]]:
    return {
        ResolvedComponent.SCHEMA: _shapes()[2],
        ResolvedComponent.RESPONSE: failures.responses(),
        ResolvedComponent.HEADER: failures.HEADERS | _USAGE_HEADERS,
        ResolvedComponent.SECURITY_SCHEMA: SECURITY_SCHEMES,
    }


def _describe(operation: Operation) -> Schema:
    described: Schema = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "security": _SECURITY[operation.key],
        "parameters": _parameters(operation),
        "responses": _responses(operation),
    }
    if operation.description:
        described["description"] = operation.description
    if operation.body is not None:
        content = {"schema": _shape(operation.body), "example": examples.BODIES[operation.name]}
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    return described


def _parameters(operation: Operation) -> list[Schema]:
    in_path = []
    for name in operation.path_parameters:
        schema, meaning = _PARTS[name]
        if name in operation.parts:
            schema = operation.parts[name]
            meaning = meaning if name != "collection" else "The collection's **name**."
        in_path.append(
            {"in": "path", "name": name, "required": True, "schema": schema, "description": meaning}
        )
    in_query = [
        {"in": "query", "name": name, "required": False, "schema": schema, "description": meaning}
        for name, (schema, meaning) in operation.query.items()
    ]
    return in_path + in_query


def _responses(operation: Operation) -> Schema:
    described: Schema = {}
    if operation.answer is not None:
        content = {"schema": _shape(operation.answer), "example": examples.ANSWERS[operation.name]}
        described[str(operation.status)] = {
            "description": "Done.",
            "content": {"application/json": content},
        }
        if operation.tag == "records":
            references = {name: {"$ref": f"#/components/headers/{name}"} for name in _USAGE_HEADERS}
            described[str(operation.status)]["headers"] = references
    for status, kind in operation.others.items():
        described[str(status)] = {
            "description": "Not all of it is well.",
            "content": {"application/json": {"schema": _shape(kind)}},
        }
    for status in operation.failures:
        described[str(status)] = failures.refer(status)
    if operation.is_too_large_bare:
        described["413"] = {"$ref": f"#/components/responses/{failures.BARE_TOO_LARGE}"}
    return described


@dataclass(frozen=True)
class Document:
    """The description as it is sent."""

    content: bytes
    etag: str


@cache
def document() -> Document:
    """The description of this release; built at the first call of a process."""
    described = Generator().get_schema(public=True)  # type: ignore[no-untyped-call]
    content = orjson.dumps(described, option=orjson.OPT_INDENT_2)
    return Document(content, f'"{hashlib.sha256(content).hexdigest()[:32]}"')
