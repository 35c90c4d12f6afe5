"""POST /reset, and what else only an operator's key may do."""

from __future__ import annotations

import pytest
from django.conf import settings

from tenants import tenants
from tests.factories import Cast, Wire, batch, issue


@pytest.fixture
def operator(acme: Cast) -> Wire:
    """A key of acme that may operate this development server."""
    return Wire(issue(acme.tenant_id, is_operator=True).secret)


def test_it_deletes_everything_and_makes_the_default_places(acme: Cast, globex: Cast, operator: Wire) -> None:
    acme.collection().call("add", batch(3))
    globex.collection()
    answer = operator.post("/reset", None)
    assert (answer.status, answer.body) == (200, True)
    assert acme.wire.get(f"/tenants/{acme.name}/databases").body == []
    assert globex.wire.get(f"/tenants/{globex.name}/databases").body == []
    assert operator.get("/tenants/default_tenant/databases/default_database").status == 200


def test_it_can_be_done_twice(operator: Wire) -> None:
    assert [operator.post("/reset", None).status for _ in range(2)] == [200, 200]


def test_it_refuses_an_ordinary_key(acme: Cast) -> None:
    place = acme.collection()
    answer = acme.wire.post("/reset", None)
    assert (answer.status, answer.body["message"]) == (403, "Reset is disabled by config")
    assert place.count() == 0


def test_it_refuses_an_operators_key_outside_development(
    acme: Cast,
    operator: Wire,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings, "IS_DEVELOPMENT", False)
    assert operator.post("/reset", None).status == 403
    assert operator.post("/tenants", {"name": "another"}).status == 403
    assert operator.get(f"/tenants/{acme.name}").status == 200


def test_it_lets_an_operator_create_and_enter_a_tenant(acme: Cast, operator: Wire) -> None:
    name = f"made-{acme.name}"
    assert operator.post("/tenants", {"name": name}).status == 200
    assert operator.post("/tenants", {"name": name}).status == 409
    assert operator.post(f"/tenants/{name}/databases", {"name": "first"}).status == 200
    made = operator.post(f"/tenants/{name}/databases/first/collections", {"name": "here"})
    assert (made.status, made.body["tenant"]) == (200, name)
    record = f"/tenants/{name}/databases/first/collections/{made.body['id']}"
    assert operator.post(f"{record}/add", batch(2)).status == 201
    assert acme.wire.post(f"{record}/get", {}).status == 404


def test_it_keeps_a_default_tenant_that_has_keys(acme: Cast, operator: Wire) -> None:
    assert operator.post("/reset", None).status == 200
    issue(tenants.resolve("default_tenant"))
    assert operator.post("/reset", None).status == 200
    assert operator.get("/tenants/default_tenant/databases/default_database").status == 200
