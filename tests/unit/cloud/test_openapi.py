"""The API's description is complete, valid, and true to the structures that bodies are decoded with."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import msgspec
import orjson
import pytest
from django.test import RequestFactory
from django.urls import URLPattern
from drf_spectacular.validation import validate_schema

from cloud.api.openapi import examples
from cloud.api.openapi.document import SECURITY_SCHEMES, document
from cloud.api.openapi.operations import OPERATIONS, Key, Operation
from tests.routes import patterns

DOCUMENT: dict[str, Any] = orjson.loads(document().content)
DESCRIBED = {
    (path, method.upper()): described
    for path, methods in DOCUMENT["paths"].items()
    for method, described in methods.items()
}
BY_NAME = {operation.name: operation for operation in OPERATIONS}


def _methods(text: str, pattern: URLPattern) -> list[str]:
    """What the view of a route answers to: by its class, or by what it says to an unknown method."""
    view: Any = pattern.callback
    if hasattr(view, "cls"):
        return [method for method in view.cls(**view.initkwargs).allowed_methods if method != "OPTIONS"]
    parts = dict.fromkeys(re.findall(r"<str:(\w+)>", text), "x")
    answer = view(RequestFactory().generic("NOVEL", "/"), **parts)
    assert answer.status_code == 405
    return str(answer["Allow"]).split(", ")


def _served() -> Iterator[tuple[str, str]]:
    """Every route and method below /api/v2, as Django resolves them."""
    for text, pattern in patterns():
        path = "/api/v2" + text.replace("<str:", "{").replace(">", "}")
        yield from ((path, method) for method in _methods(text, pattern))


def _validator(schema: dict[str, Any]) -> Any:
    return jsonschema_rs.validator_for({**schema, "components": DOCUMENT["components"]})


def _content(described: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = described["content"]["application/json"]
    return content


def test_it_describes_every_route_and_method_and_no_others() -> None:
    served = list(_served())
    assert len(served) == len(set(served)) == 39
    assert sorted(DESCRIBED) == sorted(served)


def test_it_is_openapi() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    validate_schema(DOCUMENT)  # type: ignore[no-untyped-call]
    names = Counter(described["operationId"] for described in DESCRIBED.values())
    assert set(names.values()) == {1}
    assert {tag for described in DESCRIBED.values() for tag in described["tags"]} == {
        tag["name"] for tag in DOCUMENT["tags"]
    }


def test_it_refers_to_nothing_that_is_missing() -> None:
    text = document().content.decode()
    assert "#/$defs" not in text
    for line in text.splitlines():
        if '"$ref"' in line:
            found: Any = DOCUMENT
            for step in line.split('"')[3].removeprefix("#/").split("/"):
                found = found[step]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_it_says_how_each_operation_fails_and_who_may(operation: Operation) -> None:
    described = DESCRIBED[operation.path, operation.method]
    assert described["summary"]
    schemes = [name for one in described["security"] for name in one]
    assert schemes == ([] if operation.key is Key.NOT_NEEDED else list(SECURITY_SCHEMES))
    assert ("401" in described["responses"]) is (operation.key is Key.NEEDED)
    named = [one["name"] for one in described["parameters"] if one["in"] == "path"]
    assert named == operation.path_parameters
    is_served = str(operation.status) in described["responses"]
    assert is_served is (operation.answer is not None)
    assert is_served or "501" in described["responses"]


def test_every_failure_has_the_shape_of_the_wire() -> None:
    failures = DOCUMENT["components"]["responses"]
    assert DOCUMENT["components"]["schemas"]["Error"]["required"] == ["error", "message"]
    for name, failure in failures.items():
        assert failure["headers"]["chroma-trace-id"] == {"$ref": "#/components/headers/chroma-trace-id"}, name
        if "application/json" in failure["content"]:
            content = _content(failure)
            _validator(content["schema"]).validate(content["example"])


def test_its_examples_are_of_operations_that_have_them() -> None:
    assert set(examples.BODIES) == {one.name for one in OPERATIONS if one.body is not None}
    assert set(examples.ANSWERS) == {one.name for one in OPERATIONS if one.answer is not None}


@pytest.mark.parametrize("name", examples.BODIES)
def test_a_body_of_an_example_is_what_its_schema_and_its_structure_say(name: str) -> None:
    operation = BY_NAME[name]
    content = _content(DESCRIBED[operation.path, operation.method]["requestBody"])
    _validator(content["schema"]).validate(content["example"])
    assert msgspec.json.decode(orjson.dumps(content["example"]), type=operation.body)


@pytest.mark.parametrize("name", examples.ANSWERS)
def test_an_answer_of_an_example_is_what_its_schema_and_its_structure_say(name: str) -> None:
    operation = BY_NAME[name]
    described = DESCRIBED[operation.path, operation.method]["responses"][str(operation.status)]
    content = _content(described)
    _validator(content["schema"]).validate(content["example"])
    msgspec.json.decode(orjson.dumps(content["example"]), type=operation.answer)


def test_it_says_that_record_routes_tell_what_they_used() -> None:
    told = {
        name
        for name, operation in BY_NAME.items()
        if operation.answer is not None
        and {"x-request-units", "x-request-cost"}
        == set(
            DESCRIBED[operation.path, operation.method]["responses"][str(operation.status)].get("headers", ())
        )
    }
    assert told == {one.name for one in OPERATIONS if one.tag == "records" and one.answer is not None}
    assert len(told) == 9


def test_it_leaves_no_member_of_a_body_open() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    bodies = {one.body.__name__ for one in OPERATIONS if one.body is not None}
    opened = {
        (name, member)
        for name in bodies
        for member, schema in schemas[name]["properties"].items()
        if not set(schema) - {"default"}
    }
    assert opened == set()


@pytest.mark.parametrize(
    ("name", "is_where", "value"),
    [
        ("a scalar", True, {"year": 2024}),
        ("a comparison", True, {"year": {"$gte": 2024}}),
        ("a list", True, {"tag": {"$in": ["a", "b"]}}),
        ("a document", True, {"#document": {"$regex": "x+"}}),
        ("branches in branches", True, {"$and": [{"$or": [{"a": 1}, {"b": 1.5}]}, {"c": True}]}),
        ("an id", True, {"#id": {"$in": ["a"]}}),
        ("two keys", False, {"a": 1, "b": 2}),
        ("no key", False, {}),
        ("two operators", False, {"a": {"$gt": 1, "$lt": 2}}),
        ("an unknown operator", False, {"a": {"$near": 1}}),
        ("text compared", False, {"a": {"$gt": "x"}}),
        ("a list of two types", False, {"a": {"$in": [1, "x"]}}),
        ("an empty list", False, {"a": {"$in": []}}),
        ("null", False, {"a": None}),
        ("an unknown branch", False, {"$xor": [{"a": 1}]}),
        ("a number in a document", False, {"#document": {"$contains": 1}}),
    ],
)
def test_it_describes_filters_as_they_are_parsed(name: str, *, is_where: bool, value: object) -> None:
    assert _validator({"$ref": "#/components/schemas/Where"}).is_valid(value) is is_where, name


def test_it_allows_unknown_members_but_in_configurations() -> None:
    body = {"name": "articles", "novel": 1}
    schema = {"$ref": "#/components/schemas/CreateCollection"}
    assert _validator(schema).is_valid(body)
    assert not _validator(schema).is_valid(body | {"configuration": {"hnsw": {"novel": 1}}})
