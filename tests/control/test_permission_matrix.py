"""Every route × every role, from the registry and the table: refused exactly when the table says so.

A route that is added is tested without a line here. Its path and body are made up, so that what is allowed
finds nothing to do; what is refused must be in the audit log.
"""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
import pytest
from msgspec import inspect

import cloud.api.control.urls  # noqa: F401 (registers the routes)
from cloud.api.control.routes import ROUTES, Door, Route
from tenants import audit
from tenants.roles import Role, may
from tests.control.caller import Caller, Office

# Routes of a tenant that ask for no action, and why.
WITHOUT_ACTION = {
    "leave_tenant": "whoever has a place may give it up, whatever the role",
}
WITH_ACTION = [route for route in ROUTES if route.action is not None]


def made_up(kind: inspect.Type) -> Any:
    """A value of the type, as short as can be."""
    match kind:
        case inspect.StructType(fields=fields):
            return {one.encode_name: made_up(one.type) for one in fields if one.required}
        case inspect.UnionType(types=types):
            return made_up(types[0])
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.EnumType(cls=members):
            return next(iter(members)).value
        case inspect.ListType(item_type=item):
            return [made_up(item)]
    plain: dict[type[inspect.Type], object] = {
        inspect.StrType: "made-up",
        inspect.IntType: 1,
        inspect.FloatType: 1.0,
        inspect.BoolType: True,
        inspect.NoneType: None,
        inspect.UUIDType: str(uuid.uuid4()),
        inspect.DateTimeType: "2999-01-01T00:00:00Z",
        inspect.DateType: "2999-01-01",
        inspect.DecimalType: "1",
        inspect.DictType: {},
        inspect.AnyType: "made-up",
        inspect.RawType: "made-up",
    }
    return plain[type(kind)]


def body_of(route: Route) -> Any:
    """A made-up body of the route's shape."""
    if route.body is None:
        return None
    body = made_up(inspect.type_info(route.body))
    msgspec.convert(body, route.body, strict=False)  # or this test would send what no route looks at
    return body


def path_of(route: Route, tenant_name: str) -> str:
    """A path of the route with the tenant's name and made-up ids."""
    names = {name: str(uuid.uuid4()) for name in route.path_parameters}
    return route.path.format(**{**names, "tenant": tenant_name})


def is_allowed(route: Route, role: Role) -> bool:
    """What the table says."""
    assert route.action is not None
    return route.door is not Door.OPERATOR and may(role, route.action)


@pytest.mark.parametrize("role", Role)
def test_a_role_is_refused_exactly_what_it_does_not_carry(acme: Office, role: Role) -> None:
    wrong: list[str] = []
    for route in WITH_ACTION:
        answer = acme[role].send(route.method, path_of(route, acme.name), body_of(route))
        expected = is_allowed(route, role)
        if (answer.status != 403) != expected or answer.status in (401, 405, 500):
            wrong.append(f"{route.name}: {answer.status}, allowed: {expected}: {answer.body}")
    assert wrong == []
    noted = [
        (one.action, one.subject_label) for one in audit.walk(acme.tenant_id) if one.outcome == "refused"
    ]
    assert noted == [
        (route.action and route.action.value, f"{route.method} {route.path}")
        for route in WITH_ACTION
        if not is_allowed(route, role)
    ]


def test_every_route_of_a_tenant_asks_for_an_action_or_says_why_not() -> None:
    of_tenants = [route for route in ROUTES if "tenant" in route.path_parameters]
    without = {
        route.name
        for route in of_tenants
        if route.door is not Door.OPERATOR and (route.door is not Door.MEMBER or route.action is None)
    }
    assert without == set(WITHOUT_ACTION)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_without_credentials_nobody_comes_in(nobody: Caller, route: Route) -> None:
    answer = nobody.send(route.method, path_of(route, "no-such-tenant"), body_of(route))
    assert (answer.status == 401) == (route.door is not Door.ANYBODY), answer


def test_an_outsider_is_told_of_another_tenant_what_is_told_of_none(acme: Office, globex: Office) -> None:
    wrong = []
    for route in ROUTES:
        if "tenant" not in route.path_parameters:
            continue
        path, body = path_of(route, acme.name), body_of(route)
        there = globex.owner.send(route.method, path, body)
        nowhere = globex.owner.send(route.method, path.replace(acme.name, "no-such-tenant"), body)
        told = (there.status, str(there.body).replace(acme.name, "no-such-tenant"))
        if told != (404, str(nowhere.body)) or nowhere.status != 404:
            wrong.append(f"{route.name}: {there} {nowhere}")
    assert wrong == []


def test_a_malformed_body_names_its_member_and_changes_nothing(acme: Office) -> None:
    before = [(one.action, one.outcome) for one in audit.walk(acme.tenant_id)]
    wrong = []
    for route in ROUTES:
        if route.body is None or "tenant" not in route.path_parameters or route.door is Door.OPERATOR:
            continue
        path, body = path_of(route, acme.name), body_of(route)
        for sent, named in [({**body, "surplus": 1}, "surplus"), ([], "array"), (b"{", "JSON")]:
            answer = acme.owner.send(route.method, path, sent)
            if answer.status not in (400, 422) or named not in answer.body["message"]:
                wrong.append(f"{route.name} {named}: {answer}")
    assert wrong == []
    assert [(one.action, one.outcome) for one in audit.walk(acme.tenant_id)] == before
