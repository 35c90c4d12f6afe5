"""Requests made from the control API's description, valid and broken ones, against a running service.

No answer is a fault of ours, and each has a status, a content type and a body that the description knows.
`make fuzz CASES=5000` sends as many and more; the tests send fewer, and always the same ones.
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
from schemathesis.config import GenerationConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi import checks

from cloud.api.control import description, urls
from cloud.api.control.routes import PREFIX, ROUTES, Door
from cloud.processes import Service

_CASES_COUNT = int(os.environ.get("FUZZ_CASES", "0"))
assert urls.MODULES  # importing them fills the table of routes
_EXAMPLES_COUNT = max(12, _CASES_COUNT // len(ROUTES))
_CHECKS: list[Any] = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
SCHEMA = schemathesis.openapi.from_dict(orjson.loads(description.document()[0]))
SCHEMA.config.generation = GenerationConfig(with_security_parameters=False)
_DOORS = {route.name: route.door for route in ROUTES}


@dataclass
class Stage:
    """A tenant, an admin of it, and an operator, whose keys the requests carry in turn."""

    service: Service
    tenant: str
    admin: str
    operator: str
    http: Session = field(default_factory=Session)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    numbers: Counter[str] = field(default_factory=Counter)

    def secret(self, operation: str, number: int) -> str:
        """Nobody's now and then; an operator's where only they may enter, and in every second tenant."""
        if number % 11 == 0:
            return ""
        return self.operator if _DOORS[operation] is not Door.MEMBER or number % 2 else self.admin


@pytest.fixture(scope="module")
def stage(service: Service) -> Iterator[Stage]:
    """The stage; at the end, how the service answered."""
    tenant, word = f"fuzz-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex[:8]
    service.manage("create_tenant", tenant)
    service.manage("create_database", "--tenant", tenant, "main")
    admin = service.manage("create_service_account", f"fuzz {word}", "--tenant", tenant).strip()
    operator = service.manage("create_service_account", f"fuzz {word}", "--operator").strip()
    made = Stage(service, tenant, admin, operator)
    yield made
    made.http.close()
    by_status = Counter[int]()
    for (_, status), count in made.statuses.items():
        by_status[status] += count
    print(f"\n{by_status.total()} requests: {dict(sorted(by_status.items()))}")
    assert by_status[200] + by_status[201] > by_status.total() / 20


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
    if "tenant" in case.path_parameters and number % 5:
        case.path_parameters["tenant"] = stage.tenant
    secret = stage.secret(operation, number)
    headers = {"authorization": f"Bearer {secret}"} if secret else {}
    response = case.call(base_url=stage.service.url, session=stage.http, headers=headers)
    stage.statuses[operation, response.status_code] += 1
    assert response.status_code < 500, response.text
    body = case.meta.components.get(ParameterLocation.BODY) if case.meta is not None else None
    refused = [checks.negative_data_rejection] if body is not None and body.mode.is_negative else []
    case.validate_response(response, checks=[*_CHECKS, *refused], headers=headers)


def test_every_route_is_described() -> None:
    described = orjson.loads(description.document()[0])["paths"]
    assert {(path, method) for path, methods in described.items() for method in methods} == {
        (PREFIX + route.path, route.method.lower()) for route in ROUTES
    }
    assert len({route.name for route in ROUTES}) == len(ROUTES)
