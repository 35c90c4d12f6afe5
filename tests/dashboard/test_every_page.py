"""What holds for each page of a tenant: whom it lets in, and how much it asks of the database."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cloud.processes import Service
from tenants import roles
from tenants.roles import Role
from tests.control.caller import person
from tests.dashboard.cast import Cast, bill
from tests.dashboard.pages import ADDRESSES, Address

by_name = pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: address.name)
# Who signed in, their tenants, maintenance, and the statements that bind the transaction are in it.
_MOST_STATEMENTS = 40


@by_name
def test_it_opens_for_each_role_that_carries_it_and_for_no_other(cast: Cast, address: Address) -> None:
    for role in Role:
        status = cast.browser(role).get(address.path(cast.parts)).status_code
        if address.action is None or roles.may(role, address.action):
            assert status in (200, 302, 405), (role, status)
        else:
            assert status in (403, 405), role  # what only takes posts says so first


@by_name
def test_an_outsider_sees_what_a_missing_tenant_shows(cast: Cast, address: Address) -> None:
    path = address.path(cast.parts)
    theirs = cast.outsider.client.get(path)
    missing = cast.outsider.client.get(path.replace(cast.tenant_name, "nobody-at-all"))
    assert theirs.status_code == missing.status_code == 404


@by_name
def test_nobody_sees_it_without_signing_in(cast: Cast, address: Address) -> None:
    answer = Client().get(address.path(cast.parts))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/dashboard/sign-in")


@by_name
def test_it_asks_the_database_a_bounded_number_of_times(cast: Cast, address: Address) -> None:
    browser = cast.browser(Role.OWNER)
    browser.get(address.path(cast.parts))  # caches are warm
    with CaptureQueriesContext(connection) as statements:
        browser.get(address.path(cast.parts))
    asked = [one["sql"] for one in statements if "SET LOCAL" not in one["sql"]]
    assert len(asked) <= _MOST_STATEMENTS, asked


@pytest.fixture(scope="module")
def crowd(database: Service) -> Cast:
    """A tenant with many of what the other one has one of."""
    made = Cast.make()
    made.parts["number"] = bill(database, made).number
    owner, path = made.people[Role.OWNER], f"/tenants/{made.tenant_name}"
    for number in range(12):
        assert owner.post(f"{path}/databases/library/collections", {"name": f"more-{number}"}).status == 201
        assert owner.post(f"{path}/keys", {"name": f"key {number}"}).status == 201
        person(made.tenant_id, Role.VIEWER)
        assert owner.post(f"{path}/service-accounts", {"name": f"a{number}", "role": "viewer"}).status == 201
    return made


@by_name
def test_more_rows_ask_the_database_no_more_often(cast: Cast, crowd: Cast, address: Address) -> None:
    assert _count(crowd, address) <= _count(cast, address) + 2  # noting a visit or a sample may be due


def _count(cast: Cast, address: Address) -> int:
    browser = cast.browser(Role.OWNER)
    browser.get(address.path(cast.parts))
    with CaptureQueriesContext(connection) as statements:
        browser.get(address.path(cast.parts))
    return len(statements)
