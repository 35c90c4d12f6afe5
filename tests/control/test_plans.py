"""Plans and what else operators do about money: works, not for members, outsider, malformed."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tenants import tenants
from tenants.roles import Role
from tests.control.caller import Caller, Office


def new(**changes: Any) -> dict[str, Any]:
    """A plan to be."""
    return {"name": f"plan {uuid.uuid4()}", **changes}


def test_a_plan_is_made_changed_listed_and_given(acme: Office, operator: Caller) -> None:
    wanted = new(limits={"limit_value": 7}, prices={"forks": 5}, monthly_fee_nano=10, recycle_seconds=60)
    made = operator.post("/plans", wanted)
    assert made.status == 201, made
    path = f"/plans/{made.body['plan_id']}"
    assert operator.get(path).body == made.body == {**made.body, **wanted, "currency": "USD"}
    changed = operator.patch(path, {"prices": {"forks": 6}})
    assert changed.body == {**made.body, "prices": {"forks": 6}}
    assert changed.body in operator.get("/plans").body["items"]
    assert operator.send("PUT", f"{acme.path}/plan", {"plan_id": made.body["plan_id"]}).status == 200
    assert tenants.limits_of(tenants.get(acme.tenant_id)).limit_value == 7
    assert operator.get(f"{acme.path}/billing").body["plan"] == wanted["name"]
    assert operator.send("PUT", f"{acme.path}/plan", {"plan_id": None}).status == 200
    assert operator.get(f"{acme.path}/billing").body["plan"] is None
    actions = [one["action"] for one in operator.get(f"{acme.path}/audit").body["items"]]
    assert actions.count("plans.assign") == 2


def test_a_tenant_in_use_keeps_its_currency(acme: Office, operator: Caller) -> None:
    euro = operator.post("/plans", new(currency="EUR")).body["plan_id"]
    assert operator.send("PUT", f"{acme.path}/plan", {"plan_id": euro}).status == 200
    credit = operator.post(f"{acme.path}/credits", {"amount_nano": 5, "note": "hello"})
    assert credit.body["currency"] == "EUR"
    refused = operator.send("PUT", f"{acme.path}/plan", {"plan_id": None})
    assert refused.status == 400
    assert "plan_id: expected a plan in EUR, got one in USD" in refused.body["message"]


ROUTES = [
    ("GET", "/plans", None),
    ("POST", "/plans", {"name": "x"}),
    ("GET", "/plans/1", None),
    ("PATCH", "/plans/1", {}),
    ("PUT", "{tenant}/plan", {"plan_id": None}),
    ("POST", "{tenant}/credits", {"amount_nano": 1, "note": "x"}),
    ("POST", "{tenant}/invoices/2026-000001/paid", {}),
    ("POST", "{tenant}/invoices/2026-000001/void", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
@pytest.mark.parametrize("role", Role)
def test_no_role_in_a_tenant_is_enough(
    acme: Office, role: Role, method: str, path: str, body: object
) -> None:
    assert acme[role].send(method, path.format(tenant=acme.path), body).status == 403


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_an_outsider_gets_nothing(
    acme: Office, globex: Office, nobody: Caller, method: str, path: str, body: object
) -> None:
    place = path.format(tenant=acme.path)
    assert globex.owner.send(method, place, body).status == (404 if "{tenant}" in path else 403)
    assert nobody.send(method, place, body).status == 401


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({}, 422, "name"),
        (new(colour=1), 422, "colour"),
        ({"name": " "}, 400, "name"),
        ({"name": "x" * 65}, 400, "name"),
        (new(currency="usd"), 400, "currency"),
        (new(limits={"speed": 1}), 400, "'speed' is no limit"),
        (new(limits={"limit_value": -1}), 400, "limit_value"),
        (new(limits={"limit_value": "many"}), 422, "limits"),
        (new(prices={"air": 1}), 400, "'air' is no meter"),
        (new(prices={"forks": -1}), 400, "forks"),
        (new(prices={"forks": 1.5}), 422, "prices"),
        (new(monthly_fee_nano=-1), 400, "monthly_fee_nano"),
        (new(monthly_fee_nano=2**63), 400, "monthly_fee_nano"),
        (new(recycle_seconds=-1), 400, "recycle_seconds"),
    ],
)
def test_malformed_plans_are_named(operator: Caller, body: dict[str, Any], status: int, named: str) -> None:
    answer = operator.post("/plans", body)
    assert answer.status == status, answer
    assert named in answer.body["message"]


def test_a_name_is_taken_once_and_what_is_missing_is_missing(acme: Office, operator: Caller) -> None:
    body = new()
    assert operator.post("/plans", body).status == 201
    assert operator.post("/plans", body).status == 409
    for plan_id in ("0", "x", "9" * 30):
        assert operator.get(f"/plans/{plan_id}").status == 404
        assert operator.patch(f"/plans/{plan_id}", {}).status == 404
    assert operator.send("PUT", f"{acme.path}/plan", {"plan_id": 0}).status == 404
    assert operator.send("PUT", f"{acme.path}/plan", {"plan_id": "x"}).status == 422
    for state in ("paid", "void"):
        assert operator.post(f"{acme.path}/invoices/2026-999999/{state}", {}).status == 404
        assert operator.post(f"{acme.path}/invoices/x/{state}", {"note": 1}).status == 422


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"note": "x"}, 422, "amount_nano"),
        ({"amount_nano": 0, "note": "x"}, 400, "amount_nano"),
        ({"amount_nano": 2**62 + 1, "note": "x"}, 400, "amount_nano"),
        ({"amount_nano": 1, "note": ""}, 400, "note"),
        ({"amount_nano": 1, "note": "x", "expires_at": "2020-01-01T00:00:00Z"}, 400, "expires_at"),
        ({"amount_nano": 1, "note": "x", "expires_at": "2090-01-01T00:00:00"}, 400, "expires_at"),
    ],
)
def test_malformed_credits_are_named(
    acme: Office, operator: Caller, body: dict[str, Any], status: int, named: str
) -> None:
    answer = operator.post(f"{acme.path}/credits", body)
    assert answer.status == status, answer
    assert named in answer.body["message"]
