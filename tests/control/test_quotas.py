"""Quotas over the control API: where a tenant stands, requests for more, what operators answer."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.test import override_settings

from cloud.api import authentication, peaks
from cloud.processes import Service
from tenants import databases, plan_terms, tenants, usage_peaks
from tenants.actors import command
from tenants.errors import InvalidArgument
from tenants.plan_terms import Terms
from tenants.quotas import USAGE_NAMES, Limits
from tenants.roles import Action, Role, may
from tests import stage
from tests.control.caller import Caller, Office
from tests.factories import Wire, batch, issue
from workers import quota_peaks

WISH = {"limit": "databases_count", "wanted": 50, "reason": "one per branch of ours"}


@pytest.fixture
def outbox() -> Iterator[list[mail.EmailMessage]]:
    """The mails that are sent."""
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        mail.outbox = []
        yield mail.outbox


def by_name(office: Office) -> dict[str, dict[str, Any]]:
    """The tenant's quotas."""
    answer = office.owner.get(f"{office.path}/quotas")
    assert answer.status == 200, answer
    return {one["name"]: one for one in answer.body["items"]}


def wire(office: Office) -> Wire:
    """A key of the tenant, and a database `main` for it."""
    databases.create(office.tenant_id, "main", limits=Limits(), cell_count=settings.CELL_COUNT)
    return Wire(issue(office.tenant_id).secret)


# --- GET …/quotas ---------------------------------------------------------------------------------


def test_it_tells_every_limit_with_its_name_and_source(acme: Office) -> None:
    plan = plan_terms.create(
        command("tests"), f"p {uuid.uuid4().hex[:8]}", Terms({"id_bytes": 64, "forks_count": 7})
    )
    plan_terms.assign(command("tests"), acme.tenant_id, plan.pk)
    tenants.override_limits(acme.tenant_id, {"forks_count": 9})
    found = by_name(acme)
    assert list(found) == list(asdict(Limits()))
    assert {name: one["usage_name"] for name, one in found.items() if one["usage_name"]} == USAGE_NAMES
    told = {
        name: (found[name]["limit"], found[name]["source"])
        for name in ("id_bytes", "forks_count", "uri_bytes")
    }
    assert told == {"id_bytes": (64, "plan"), "forks_count": (9, "override"), "uri_bytes": (256, "default")}


def test_it_tells_what_is_used_now_and_what_was_used_at_most(acme: Office) -> None:
    client = wire(acme)
    place = f"/tenants/{acme.name}/databases/main"
    for name in ("one", "two"):
        made = client.post(f"{place}/collections", {"name": name * 2})
        path = f"{place}/collections/{made.body['id']}"
    client.post(f"{path}/add", batch(7))
    client.post(f"{path}/add", batch(3, first=7, dimension=8))
    client.post(f"{path}/get", {"limit": 42, "where": {"n": {"$gt": 1}}})
    refused = client.post(f"{path}/get", {"limit": 301})
    assert refused.status == 422
    peaks.flush()
    found = by_name(acme)
    current = {name: one["current"] for name, one in found.items() if one["current"] is not None}
    assert current == {
        "databases_count": 1,
        "collections_count": 2,
        "collection_records_count": 10,
        "forks_count": 0,
    }
    seen = {
        name: found[name]["peak"]
        for name in ("records_per_write_count", "embedding_dimension", "limit_value")
    }
    assert seen == {"records_per_write_count": 7, "embedding_dimension": 8, "limit_value": 42}
    assert found["where_predicates_count"]["peak"] == 1
    assert (found["functions_count"]["peak"], found["functions_count"]["measured"]) == (None, "none")
    assert found["document_bytes"]["measured"] == "near_limit"


@pytest.mark.parametrize("role", Role)
def test_the_role_decides_who_sees_and_who_asks(acme: Office, role: Role) -> None:
    caller = acme[role]
    sees, asks = may(role, Action.VIEW_QUOTAS), may(role, Action.REQUEST_QUOTA)
    assert caller.get(f"{acme.path}/quotas").status == (200 if sees else 403)
    assert caller.get(f"{acme.path}/quota-requests").status == (200 if sees else 403)
    assert caller.post(f"{acme.path}/quota-requests", WISH).status == (201 if asks else 403)
    nothing = f"{acme.path}/quota-requests/{uuid.uuid4()}"
    assert caller.delete(nothing).status == (404 if asks else 403)
    for decision in ("approve", "decline"):  # for operators alone, whatever the role
        assert caller.post(f"{nothing}/{decision}", {}).status == 403
    assert caller.get("/quota-requests").status == 403


def test_an_outsider_finds_no_tenant(acme: Office, globex: Office, nobody: Caller) -> None:
    made = acme.owner.post(f"{acme.path}/quota-requests", WISH).body["request_id"]
    wish = f"{acme.path}/quota-requests/{made}"
    for method, path, body in (
        ("GET", f"{acme.path}/quotas", None),
        ("GET", f"{acme.path}/quota-requests", None),
        ("POST", f"{acme.path}/quota-requests", WISH),
        ("DELETE", wish, None),
        ("POST", f"{wish}/approve", {}),
        ("POST", f"{wish}/decline", {}),
    ):
        answer = globex.owner.send(method, path, body)
        missing = globex.owner.send(method, path.replace(acme.name, "no-such-tenant"), body)
        assert answer.status == missing.status == 404
        assert answer.body["message"].replace(acme.name, "no-such-tenant") == missing.body["message"]
        assert nobody.send(method, path, body).status == 401
    # Nor through their own tenant.
    assert globex.owner.delete(wish.replace(acme.name, globex.name)).status == 404


# --- requests --------------------------------------------------------------------------------------


def test_an_approved_request_is_in_force_within_a_second(
    acme: Office, operator: Caller, outbox: list[mail.EmailMessage]
) -> None:
    client = wire(acme)
    made = acme.owner.post(f"{acme.path}/quota-requests", {**WISH, "limit": "limit_value", "wanted": 500})
    assert (made.status, made.body["state"]) == (201, "pending"), made
    collection = client.post(f"/tenants/{acme.name}/databases/main/collections", {"name": "ccc"}).body["id"]
    read = f"/tenants/{acme.name}/databases/main/collections/{collection}/get"
    assert client.post(read, {"limit": 500}).status == 422
    wish = f"{acme.path}/quota-requests/{made.body['request_id']}"
    assert operator.post(f"{wish}/approve", {"note": "Enjoy."}).status == 200
    time.sleep(settings.KEY_CACHE_SECONDS)
    assert client.post(read, {"limit": 500}).status == 200
    (decided,) = acme.owner.get(f"{acme.path}/quota-requests").body["items"]
    assert (decided["state"], decided["note"]) == ("approved", "Enjoy.")
    standing = by_name(acme)["limit_value"]
    assert (standing["limit"], standing["source"]) == (500, "override")
    (message,) = outbox
    assert acme.owner.user is not None
    assert message.to == [acme.owner.user.email]
    assert "limit_value" in message.subject
    assert "Enjoy." in message.body
    done = [one["action"] for one in acme.owner.get(f"{acme.path}/audit").body["items"]]
    assert done[:3] == ["quotas.approve", "quotas.override", "quotas.request"]


def test_a_declined_request_changes_nothing_and_a_program_gets_no_mail(
    acme: Office, operator: Caller, outbox: list[mail.EmailMessage]
) -> None:
    made = acme[Role.DEVELOPER].post(f"{acme.path}/quota-requests", WISH)
    wish = f"{acme.path}/quota-requests/{made.body['request_id']}"
    assert operator.post(f"{wish}/decline", {"note": "Not now."}).status == 200
    assert by_name(acme)["databases_count"]["limit"] == 10
    assert outbox == []
    for again in ("approve", "decline"):
        answer = operator.post(f"{wish}/{again}", {})
        assert "declined already" in answer.body["message"]
    assert "declined already" in acme.owner.delete(wish).body["message"]


def test_a_withdrawn_request_makes_room_for_another(acme: Office, operator: Caller) -> None:
    path = f"{acme.path}/quota-requests"
    first = acme.owner.post(path, WISH).body["request_id"]
    assert acme.owner.post(path, WISH).status == 409
    assert acme.owner.delete(f"{path}/{first}").status == 200
    assert acme.owner.post(path, WISH).status == 201
    states = [one["state"] for one in acme.owner.get(path).body["items"]]
    assert states == ["pending", "withdrawn"]
    assert operator.post(f"{path}/{first}/approve", {}).status == 400


def test_operators_page_through_the_requests_of_all(acme: Office, globex: Office, operator: Caller) -> None:
    mine = [
        office.owner.post(f"{office.path}/quota-requests", {**WISH, "limit": name, "wanted": 10**9}).body
        for office in (acme, globex)
        for name in ("forks_count", "id_bytes")
    ]
    found: list[dict[str, Any]] = []
    page = operator.get("/quota-requests?limit=3").body
    found += page["items"]
    while page["next"]:
        page = operator.get(f"/quota-requests?limit=3&after={page['next']}").body
        found += page["items"]
    ours = [one for one in found if one["tenant"] in (acme.name, globex.name)]
    assert ours == mine
    assert len({one["request_id"] for one in found}) == len(found)
    newest = acme.owner.get(f"{acme.path}/quota-requests?limit=1").body
    rest = acme.owner.get(f"{acme.path}/quota-requests?limit=1&after={newest['next']}").body
    assert [*newest["items"], *rest["items"]] == mine[:2][::-1]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("change", "status", "named"),
    [
        ({"limit": "wishes_count"}, 400, "limit"),
        ({"wanted": 10}, 400, "wanted"),
        ({"wanted": 2**53}, 400, "wanted"),
        ({"wanted": "50"}, 422, "wanted"),
        ({"reason": "  "}, 400, "reason"),
        ({"reason": "x" * 2001}, 400, "reason"),
        ({"reason": "\x00"}, 400, "reason"),
        ({"colour": 1}, 422, "colour"),
    ],
)
def test_malformed_requests_are_named(
    acme: Office, change: dict[str, object], status: int, named: str
) -> None:
    answer = acme.owner.post(f"{acme.path}/quota-requests", {**WISH, **change})
    assert answer.status == status, answer
    assert named in answer.body["message"]
    assert acme.owner.get(f"{acme.path}/quota-requests").body["items"] == []


def test_malformed_pages_and_decisions_are_named(acme: Office, operator: Caller) -> None:
    made = acme.owner.post(f"{acme.path}/quota-requests", WISH).body["request_id"]
    for query, status in (("after=x", 400), ("limit=0", 400), ("state=lost", 400), ("state=", 400)):
        answer = operator.get(f"/quota-requests?{query}")
        assert answer.status == status
        assert query.partition("=")[0] in answer.body["message"]
    for query in ("after=x", f"after={uuid.uuid4()}", "limit=201"):
        assert acme.owner.get(f"{acme.path}/quota-requests?{query}").status == 400
    for decision in ("approve", "decline"):
        for body, named in (({"note": "x" * 2001}, "note"), ({"note": 1}, "note"), ({"by": "me"}, "by")):
            answer = operator.post(f"{acme.path}/quota-requests/{made}/{decision}", body)
            assert answer.status in (400, 422)
            assert named in answer.body["message"]
    assert acme.owner.delete(f"{acme.path}/quota-requests/not-an-id").status == 404
    assert made in {one["request_id"] for one in operator.get("/quota-requests?limit=200").body["items"]}


# --- peaks -----------------------------------------------------------------------------------------


def test_the_workers_sample_every_tenant(acme: Office, globex: Office, database: Service) -> None:
    client = wire(acme)
    made = client.post(f"/tenants/{acme.name}/databases/main/collections", {"name": "ccc"}).body["id"]
    path = f"/tenants/{acme.name}/databases/main/collections/{made}"
    client.post(f"{path}/add", batch(5))
    with stage.role(database, "worker"):
        quota_peaks.sample(databases.cell_name(number) for number in range(settings.CELL_COUNT))
    client.post(f"{path}/delete", {"ids": ["r1", "r2"]})
    found = by_name(acme)["collection_records_count"]
    assert (found["current"], found["peak"]) == (3, 5)
    sampled = {
        "databases_count": 1,
        "collections_count": 1,
        "collection_records_count": 5,
        "forks_count": 0,
    }
    assert usage_peaks.read(acme.tenant_id).items() >= sampled.items()
    assert usage_peaks.read(globex.tenant_id) == {}


def test_a_peak_only_rises_and_a_stranger_is_passed_over(acme: Office) -> None:
    for peak in (5, 9, 3):
        usage_peaks.note([(acme.tenant_id, "id_bytes", peak), (uuid.uuid4(), "id_bytes", peak)])
    usage_peaks.note([])
    assert usage_peaks.read(acme.tenant_id) == {"id_bytes": 9}


def test_a_process_tells_only_what_is_news(acme: Office) -> None:
    collector = peaks.Collector(has_thread=False)
    collector.note(acme.tenant_id, {"limit_value": 5, "id_bytes": 3})
    collector.note(acme.tenant_id, {"limit_value": 4})
    assert collector.flush() == 2
    collector.note(acme.tenant_id, {"limit_value": 5, "id_bytes": 4})
    assert collector.flush() == 1
    assert collector.flush() == 0
    assert usage_peaks.read(acme.tenant_id) == {"limit_value": 5, "id_bytes": 4}


def test_a_plan_with_wrong_terms_is_refused_by_name() -> None:
    by = command("tests")
    for terms, named in (
        (Terms(limits={"wishes": 1}), "limits.wishes"),
        (Terms(limits={"id_bytes": -1}), "limits.id_bytes"),
        (Terms(prices={"forks": 2**63}), "prices.forks"),
        (Terms(prices={"bytes_read": 1}), "prices.bytes_read"),
        (Terms(currency="usd"), "currency"),
        (Terms(monthly_fee_nano=-1), "monthly_fee_nano"),
        (Terms(recycle_seconds=2**40), "recycle_seconds"),
    ):
        with pytest.raises(InvalidArgument, match=named):
            plan_terms.create(by, "never", terms)


@pytest.fixture(autouse=True)
def _fresh_keys(database: Service) -> None:
    """No test hears of the keys of another."""
    del database
    authentication.forget_all()
