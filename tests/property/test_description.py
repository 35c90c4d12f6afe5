"""Requests made from the API description, valid and broken ones, against a running service.

Each answer has a status, headers, a content type and a body that the description knows, a body that it
forbids is refused, and no answer is a fault of ours. `make fuzz CASES=10000` sends as many requests and more;
the tests send fewer, and always the same ones.
"""

from __future__ import annotations

import os
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from requests import Session
from schemathesis.checks import CheckContext
from schemathesis.config import GenerationConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi import checks

from cloud.api.openapi.document import document
from cloud.api.openapi.operations import OPERATIONS
from cloud.processes import Service

_CASES_COUNT = int(os.environ.get("FUZZ_CASES", "0"))
_EXAMPLES_COUNT = max(20, _CASES_COUNT // len(OPERATIONS))
# What a key of a tenant can be answered; were all refused at the door, the rest would prove nothing.
# A tenant is named once, and the stage's has its name.
_UNREACHABLE = {"reset", "create_tenant", "update_tenant"}
_REACHABLE = {one.name for one in OPERATIONS if one.answer is not None} - _UNREACHABLE
_DIMENSION = 3
_COLUMNS = ("ids", "embeddings", "documents", "metadatas", "uris")


def _described() -> dict[str, Any]:
    """The description, with vectors of the collection's dimension, so that not every write is refused."""
    described: dict[str, Any] = orjson.loads(document().content)
    for name in ("Add", "Update", "Upsert", "Query"):
        for member, schema in described["components"]["schemas"][name]["properties"].items():
            if member.endswith("embeddings"):
                _narrow(schema)
    _narrow(described["components"]["schemas"]["Rank"])
    return described


def _narrow(schema: Any) -> None:
    for inner in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(inner, dict | list):
            _narrow(inner)
    if isinstance(schema, dict) and schema.get("items", {}).get("type") == "number":
        schema["maxItems"] = schema["minItems"] = _DIMENSION


def _no_fault_of_ours(
    ctx: CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> bool | None:
    """No 5xx, but for the 501 of a route that the description says is not served."""
    del ctx
    known = case.operation.definition.raw["responses"]
    assert response.status_code < 500 or (response.status_code == 501 and "501" in known), response.text
    return None


_CHECKS: list[Any] = [
    _no_fault_of_ours,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.unsupported_method,
    checks.allow_header_conformance,
]
SCHEMA = schemathesis.openapi.from_dict(_described())
SCHEMA.config.generation = GenerationConfig(with_security_parameters=False)


@dataclass
class Stage:
    """A tenant whose key the requests carry, and places for them to reach."""

    service: Service
    tenant: str
    key: str
    http: Session = field(default_factory=Session)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    numbers: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.kept = self.make_collection("kept")
        self.changing = self.make_collection("changing")
        url = f"{self.service.url}/api/v2/tenants/{self.tenant}"
        named = self.http.patch(
            url, json={"resource_name": self.tenant}, headers={"x-chroma-token": self.key}
        )
        assert named.status_code == 200, named.text
        path = f"{self.place}/collections/{self.kept}/add"
        numbers = range(20)
        self.send(
            path,
            {
                "ids": [f"r{number}" for number in numbers],
                "embeddings": [[number, 1.0, 0.5] for number in numbers],
                "documents": [f"document {number}" for number in numbers],
                "metadatas": [{"n": number, "tag": "news"} for number in numbers],
            },
        )

    @property
    def place(self) -> str:
        """The path of its database."""
        return f"/api/v2/tenants/{self.tenant}/databases/main"

    def send(self, path: str, body: Any) -> Any:
        """POST what must succeed."""
        answer = self.http.post(self.service.url + path, json=body, headers={"x-chroma-token": self.key})
        assert answer.status_code < 300, answer.text
        return answer.json()

    def make_collection(self, name: str) -> str:
        """A collection's id."""
        return str(self.send(f"{self.place}/collections", {"name": name})["id"])

    def reach(self, case: schemathesis.Case[Any], operation: str) -> None:
        """Lead a request to a place that exists; what it would remove is made for it."""
        parts = case.path_parameters
        wanted: dict[str, str] = {"tenant": self.tenant, "database": "main", "collection": self.kept}
        if operation == "delete_database" and "database" in parts:
            wanted["database"] = f"doomed-{uuid.uuid4().hex[:12]}"
            path = f"/api/v2/tenants/{self.tenant}/databases"
            headers = {"x-chroma-token": self.key}
            self.http.post(self.service.url + path, json={"name": wanted["database"]}, headers=headers)
        if operation == "delete_collection" and "collection" in parts:
            wanted["collection"] = f"doomed-{uuid.uuid4().hex[:12]}"
            self.make_collection(wanted["collection"])
        if operation == "get_collection_by_crn":
            wanted["crn"] = f"{self.tenant}:main:kept"
        if operation == "get_collection":
            wanted["collection"] = "kept"
        if operation == "update_collection":
            wanted["collection"] = self.changing
        case.path_parameters = {name: wanted.get(name, value) for name, value in parts.items()}


@pytest.fixture(scope="module")
def stage(service: Service) -> Iterator[Stage]:
    """The stage; at the end, how the service answered."""
    tenant = f"fuzz-{uuid.uuid4().hex[:8]}"
    service.manage("create_tenant", tenant)
    service.manage("create_database", "--tenant", tenant, "main")
    made = Stage(service, tenant, service.manage("create_key", "--tenant", tenant).strip())
    yield made
    made.http.close()
    by_status = Counter[int]()
    for (_, status), count in made.statuses.items():
        by_status[status] += count
    print(f"\n{by_status.total()} requests: {dict(sorted(by_status.items()))}")
    tried = {name for name, _ in made.statuses}
    reached = {name for name, status in made.statuses if status in (200, 201)}
    assert (tried & _REACHABLE) - reached == set()


def _level(body: Any) -> None:
    """Give the columns of a write one length, as its first rule wants."""
    if not isinstance(body, dict) or "ids" not in body or "include" in body:
        return
    columns = [body[name] for name in _COLUMNS if isinstance(body.get(name), list)]
    for column in columns:
        del column[min(map(len, columns)) :]


def _is_body_broken(case: schemathesis.Case[Any]) -> bool:
    """Whether the body is one that the description forbids."""
    body = case.meta.components.get(ParameterLocation.BODY) if case.meta is not None else None
    return body is not None and body.mode.is_negative


@SCHEMA.parametrize()
@settings(
    max_examples=_EXAMPLES_COUNT,
    deadline=None,
    database=None,
    derandomize=not _CASES_COUNT,
    suppress_health_check=list(HealthCheck),
)
def test_it_answers_as_it_is_described(case: schemathesis.Case[Any], stage: Stage) -> None:
    operation = str(case.operation.definition.raw["operationId"])
    number = stage.numbers[operation] = stage.numbers[operation] + 1
    if number % 5:
        stage.reach(case, operation)
    if case.meta is not None and case.meta.generation.mode.is_positive:
        _level(case.body)
    headers = {"x-chroma-token": stage.key} if number % 11 else {}
    response = case.call(base_url=stage.service.url, session=stage.http, headers=headers)
    stage.statuses[operation, response.status_code] += 1
    refused = [checks.negative_data_rejection] if _is_body_broken(case) else []
    case.validate_response(response, checks=[*_CHECKS, *refused], headers=headers)
