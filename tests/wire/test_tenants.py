"""Tenants: create and get (contract, section 7)."""

from __future__ import annotations

import uuid

import pytest

from tests.factories import Cast, Place, Wire
from tests.wire.helpers import (
    INVALID,
    MISSING,
    PLAIN,
    UNSHAPED,
    assert_error,
    assert_forbidden,
    limited,
    operator,
)


def test_it_reads_the_keys_own_tenant(acme: Cast) -> None:
    for key in (acme.wire, acme.read_only, limited(acme, "main")):
        answer = key.get(f"/tenants/{acme.name}")
        assert (answer.status, answer.body) == (200, {"name": acme.name, "resource_name": None})


def test_it_gives_an_outsider_nothing(acme: Cast, globex: Cast) -> None:
    existing = globex.wire.get(f"/tenants/{acme.name}")
    assert_forbidden(existing)
    missing = globex.wire.get("/tenants/nobody-at-all")
    assert_forbidden(missing)
    assert existing.body == missing.body


def test_it_lets_an_operator_create_and_read_tenants(acme: Cast) -> None:
    name = f"made {uuid.uuid4()} by + an operator"
    answer = operator(acme).post("/tenants", {"name": name})
    assert (answer.status, answer.body) == (200, {})
    read = operator(acme).get(f"/tenants/{name.replace(' ', '%20').replace('+', '%2B')}")
    assert read.body == {"name": name, "resource_name": None}


@pytest.mark.parametrize("kind", ["wire", "read_only"])
def test_it_refuses_every_other_key_to_create_tenants(shelf: Place, kind: str) -> None:
    key: Wire = getattr(shelf.cast, kind)
    assert_forbidden(key.post("/tenants", {"name": f"made-{uuid.uuid4()}"}))
    assert_forbidden(key.post("/tenants", b"not json"))


@pytest.mark.parametrize("body", [{}, {"name": None}, {"name": ["x"]}])
def test_it_refuses_a_body_of_another_shape(acme: Cast, body: object) -> None:
    assert_error(operator(acme).post("/tenants", body), 422, PLAIN, UNSHAPED)


@pytest.mark.parametrize("name", ["", "ab", "abc\0"])
def test_it_refuses_a_bad_name(acme: Cast, name: str) -> None:
    assert_error(operator(acme).post("/tenants", {"name": name}), 400, INVALID)


def test_it_refuses_a_name_that_is_taken(acme: Cast) -> None:
    answer = operator(acme).post("/tenants", {"name": acme.name})
    assert_error(answer, 409, PLAIN, f"Tenant [{acme.name}] already exists")


@pytest.mark.parametrize("name", ["nobody-at-all", "ab%00c", "%C3%A9t%C3%A9"])
def test_it_tells_an_operator_of_a_missing_tenant(acme: Cast, name: str) -> None:
    assert_error(operator(acme).get(f"/tenants/{name}"), 404, MISSING, "Tenant [")


def test_it_lets_an_operator_into_every_tenant(acme: Cast, globex: Cast) -> None:
    place = globex.collection(name="theirs")
    assert operator(acme).get(f"{globex.place}/collections/theirs").status == 200
    assert operator(acme).get(f"{place.path}/count").body == 0


def test_it_gives_a_tenant_its_resource_name_once(acme: Cast, globex: Cast) -> None:
    path = f"/tenants/{acme.name}"
    name = f"acme inc {uuid.uuid4()}"
    answer = acme.wire.send("PATCH", path, {"resource_name": name})
    assert (answer.status, answer.body) == (200, {})
    assert acme.wire.get(path).body == {"name": acme.name, "resource_name": name}
    assert_error(
        acme.wire.send("PATCH", path, {"resource_name": "other"}), 409, PLAIN, f"Tenant [{acme.name}]"
    )
    taken = globex.wire.send("PATCH", f"/tenants/{globex.name}", {"resource_name": name})
    assert_error(taken, 409, PLAIN, f"Resource name [{name}] already exists")
    assert globex.wire.get(f"/tenants/{globex.name}").body["resource_name"] is None


def test_it_keeps_the_resource_name_for_full_keys_of_the_tenant(shelf: Place, globex: Cast) -> None:
    path, body = f"/tenants/{shelf.cast.name}", {"resource_name": "x"}
    for key in (globex.wire, shelf.cast.read_only, limited(shelf.cast, "main")):
        assert_forbidden(key.send("PATCH", path, body))
    assert_error(operator(shelf.cast).send("PATCH", "/tenants/nobody-at-all", body), 404, MISSING)


@pytest.mark.parametrize("name", ["", "a:b", "a\0", "x" * 513])
def test_it_refuses_a_resource_name_that_no_crn_can_hold(shelf: Place, name: str) -> None:
    answer = shelf.cast.wire.send("PATCH", f"/tenants/{shelf.cast.name}", {"resource_name": name})
    assert_error(answer, 400, INVALID, "Validation error: resource_name: ")
