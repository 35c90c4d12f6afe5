"""The operators' console: who enters, every page, every verb with its entry in the audit log."""

from __future__ import annotations

import uuid

import pytest
from django.conf import settings
from django.db import connections, transaction
from django.test import Client, override_settings

from cloud.api import authentication
from cloud.processes import Service
from tenants import databases, flags, quota_requests, tenants
from tenants.actors import command
from tenants.audit import INSTALLATION
from tenants.models import CellPlacement, Flag, FlagOverride, Member, Plan, QuotaRequest, User
from tenants.quotas import Limits
from tenants.roles import Role
from tenants.scope import tenant_transaction
from tests import stage
from tests.compact import cell_of
from tests.control.caller import Office
from tests.control.console import Desk, desk_of, last_entry, operator_desk
from tests.factories import Cast, make_tenant
from workers import jobs

BY = command("tests")
PAGES = [
    "",
    "tenants/tenant/",
    "tenants/tenant/?q=acme&state=served",
    "tenants/database/?cell=cell_000",
    "tenants/plan/",
    "tenants/plan/new/",
    "tenants/quotarequest/?state__exact=pending",
    "tenants/user/?is_staff__exact=1&q=example",
    "tenants/member/",
    "tenants/serviceaccount/",
    "tenants/auditentry/?outcome=done&q=tests",
    f"tenants/auditentry/?tenant={INSTALLATION}",
    "jobs/",
    "jobs/?state=done",
    "cells/",
    "cells/cell_000/",
    "flags/",
    "flags/maintenance/",
    "flags/maintenance/tenant/",
]


@pytest.fixture(scope="module")
def desk(database: Service) -> Desk:
    """An operator who signed in."""
    del database
    return operator_desk()


# --- who enters ------------------------------------------------------------------------------------


def test_every_page_is_shown_to_operators_alone(desk: Desk, acme: Office) -> None:
    assert acme.owner.user is not None
    others = (Client(), desk_of(acme.owner.user).client)
    for page in PAGES:
        answer = desk.get(page)
        assert answer.status_code == 200, page
        policy = answer["Content-Security-Policy"]
        assert "script-src 'self' 'unsafe-eval'; " in policy
        assert "default-src 'self'; " in policy
        assert "no-store" in answer["Cache-Control"]
        for other in others:
            refused = other.get(f"/admin/{page}")
            assert (refused.status_code, "login" in refused["Location"]) == (302, True), page


def test_who_may_not_enter_hears_why_and_who_did_not_sign_in_is_asked_to(desk: Desk, acme: Office) -> None:
    assert acme.owner.user is not None
    refused = desk_of(acme.owner.user).get("login/?next=/admin/jobs/")
    assert refused.status_code == 403
    assert "for operators of the installation" in refused.content.decode()
    asked = Client().get("/admin/login/?next=/admin/jobs/")
    assert asked["Location"] == "/account/login/?next=%2Fadmin%2Fjobs%2F"
    assert desk.get("login/")["Location"] == "/admin/"
    assert desk.get("password_change/").status_code == 404


def test_an_operator_without_a_second_factor_stays_outside_where_one_is_asked_for(desk: Desk) -> None:
    with override_settings(OPERATORS_NEED_SECOND_FACTOR=True):
        assert desk.get("").status_code == 302
        assert "second factor" in desk.get("login/").content.decode()
        assert desk.client.get("/api/control/v1/quota-requests").status_code == 403
    assert desk.client.get("/api/control/v1/quota-requests").status_code == 200


def test_nothing_is_changed_by_a_bare_save(desk: Desk, acme: Office) -> None:
    before = tenants.get(acme.tenant_id).name
    page = f"tenants/tenant/{acme.tenant_id}/"
    assert desk.post(f"{page}change/", {"name": "mine"}).status_code == 403
    assert desk.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert desk.post("tenants/tenant/add/", {"name": "mine"}).status_code == 403
    assert tenants.get(acme.tenant_id).name == before


def test_a_form_from_elsewhere_does_nothing(desk: Desk, acme: Office) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(desk.user, backend="django.contrib.auth.backends.ModelBackend")
    path = f"/admin/tenants/tenant/{acme.tenant_id}/suspension/"
    assert client.post(path, {"reason": "because"}).status_code == 403
    assert tenants.get(acme.tenant_id).suspended_at is None
    assert desk.get(path.removeprefix("/admin/")).status_code == 200  # and a GET asks only
    assert tenants.get(acme.tenant_id).suspended_at is None


# --- verbs -----------------------------------------------------------------------------------------


def test_a_tenant_is_suspended_with_a_reason_and_served_again(desk: Desk, acme: Office) -> None:
    page = f"tenants/tenant/{acme.tenant_id}/suspension/"
    assert desk.post(page, {"reason": " "}).status_code == 422
    assert "suspended" in desk.done(page, {"reason": "unpaid since May"})
    suspended = tenants.get(acme.tenant_id)
    assert (suspended.suspended_at is not None, suspended.suspension_reason) == (True, "unpaid since May")
    entry = last_entry(acme.tenant_id)
    told = (entry.action, entry.actor_label, entry.details)
    assert told == ("tenant.suspend", desk.user.email, {"reason": "unpaid since May"})
    shown = desk.get(f"tenants/tenant/{acme.tenant_id}/change/").content.decode()
    assert "unpaid since May" in shown
    assert "served again" in desk.done(page)
    assert tenants.get(acme.tenant_id).suspended_at is None
    assert last_entry(acme.tenant_id).action == "tenant.restore"


def test_limits_of_its_own_are_given_and_taken_back(desk: Desk, acme: Office) -> None:
    page = f"tenants/tenant/{acme.tenant_id}/limits/"
    refused = desk.post(page, {"databases_count": "many"})
    assert refused.status_code == 422
    desk.done(page, {"databases_count": "20", "forks_count": "0"})
    assert tenants.get(acme.tenant_id).quota_overrides == {"databases_count": 20, "forks_count": 0}
    desk.done(page, {"forks_count": "1"})
    assert tenants.get(acme.tenant_id).quota_overrides == {"forks_count": 1}
    entry = last_entry(acme.tenant_id)
    assert (entry.action, entry.details["after"]) == ("quotas.override", {"forks_count": 1})


def test_a_plan_is_made_changed_and_given(desk: Desk, acme: Office) -> None:
    name = f"team {uuid.uuid4().hex[:8]}"
    terms = {"currency": "EUR", "monthly_fee_nano": "250", "recycle_seconds": "60"}
    wrong = desk.post("tenants/plan/new/", {**terms, "name": name, "currency": "eur"})
    assert "three capital letters" in wrong.content.decode()
    desk.done("tenants/plan/new/", {**terms, "name": name, "databases_count": "3", "price_forks": "7"})
    plan = Plan.objects.get(name=name)
    assert (plan.limits, plan.prices, plan.currency) == ({"databases_count": 3}, {"forks": 7}, "EUR")
    again = desk.post("tenants/plan/new/", {**terms, "name": name})
    assert "already exists" in again.content.decode()
    desk.done(f"tenants/plan/{plan.pk}/terms/", {**terms, "databases_count": "4"})
    entry = last_entry(INSTALLATION)
    assert (entry.action, entry.details["before"]["limits"]) == ("plans.change", {"databases_count": 3})
    assert entry.details["after"]["limits"] == {"databases_count": 4}
    desk.done(f"tenants/tenant/{acme.tenant_id}/plan/", {"plan": str(plan.pk)})
    assert tenants.limits_of(tenants.get(acme.tenant_id)).databases_count == 4
    assert last_entry(acme.tenant_id).details == {"before": None, "after": name}
    desk.done(f"tenants/tenant/{acme.tenant_id}/plan/", {"plan": ""})
    assert tenants.get(acme.tenant_id).plan is None
    assert desk.get(f"tenants/plan/{plan.pk}/change/").status_code == 200


@pytest.mark.parametrize(
    ("verb", "state", "limit"), [("approve", "approved", 50), ("decline", "declined", 10)]
)
def test_a_quota_request_is_decided_once(desk: Desk, acme: Office, verb: str, state: str, limit: int) -> None:
    made = quota_requests.request(BY, acme.tenant_id, "databases_count", 50, "we grow")
    page = f"tenants/quotarequest/{made.pk}/"
    assert "we grow" in desk.get(f"{page}change/").content.decode()
    desk.done(f"{page}{verb}/", {"note": "so be it"})
    with tenant_transaction(acme.tenant_id):
        found = QuotaRequest.objects.get(pk=made.pk)
    assert (found.state, found.note, found.decided_by) == (state, "so be it", desk.user.email)
    assert tenants.limits_of(tenants.get(acme.tenant_id)).databases_count == limit
    assert last_entry(acme.tenant_id).action == f"quotas.{verb}"
    assert f"{state} already" in desk.post(f"{page}decline/").content.decode()


def test_a_person_is_signed_out_everywhere_and_deactivated(desk: Desk, acme: Office) -> None:
    user = acme.owner.user
    assert user is not None
    user.set_password("a long password")
    user.save()
    assert acme.owner.client.login(username=user.email, password="a long password")
    assert acme.owner.get(acme.path).status == 200
    desk.done(f"tenants/user/{user.pk}/sessions/")
    assert acme.owner.get(acme.path).status == 401
    acme.owner.client.force_login(User.objects.get(pk=user.pk), "django.contrib.auth.backends.ModelBackend")
    assert acme.owner.get(acme.path).status == 200
    desk.done(f"tenants/user/{user.pk}/access/")
    assert acme.owner.get(acme.path).status == 401
    assert not acme.owner.client.login(username=user.email, password="a long password")
    assert last_entry(INSTALLATION).action == "users.deactivate"
    desk.done(f"tenants/user/{user.pk}/access/")
    assert acme.owner.client.login(username=user.email, password="a long password")
    assert "themselves" in desk.post(f"tenants/user/{desk.user.pk}/access/").content.decode()


def test_a_service_account_is_disabled(desk: Desk, acme: Office) -> None:
    admin = acme[Role.ADMIN]
    found = acme.owner.get(f"{acme.path}/service-accounts").body["items"]
    (wanted,) = [one["service_account_id"] for one in found if one["role"] == "admin"]
    assert desk.get(f"tenants/serviceaccount/{wanted}/change/").status_code == 200
    desk.done(f"tenants/serviceaccount/{wanted}/disable/")
    assert admin.get(acme.path).status == 401
    assert "not found" in desk.post(f"tenants/serviceaccount/{wanted}/disable/").content.decode()


def test_details_of_each_kind_are_shown(desk: Desk, acme: Office) -> None:
    databases.create(acme.tenant_id, "main", limits=Limits(), cell_count=settings.CELL_COUNT)
    assert acme.owner.user is not None
    with tenant_transaction(acme.tenant_id):
        member = Member.objects.get(tenant_id=acme.tenant_id)
    database = databases.get(acme.tenant_id, "main")
    entry = last_entry(acme.tenant_id)
    for page in (
        f"tenants/tenant/{acme.tenant_id}/change/",
        f"tenants/database/{database.pk}/change/",
        f"tenants/user/{acme.owner.user.pk}/change/",
        f"tenants/member/{member.pk}/change/",
        f"tenants/auditentry/{entry.pk}/change/",
    ):
        answer = desk.get(page)
        assert answer.status_code == 200
        assert acme.name in answer.content.decode() or page.startswith("tenants/auditentry")
    history = desk.get(f"tenants/tenant/{acme.tenant_id}/history/")
    assert history["Location"] == f"/admin/tenants/auditentry/?q={acme.tenant_id}"


# --- cells, jobs, flags ----------------------------------------------------------------------------


@pytest.fixture
def _open_cells(database: Service) -> object:
    """Every cell takes new databases again afterwards."""
    yield
    with stage.role(database, "owner"):
        CellPlacement.objects.all().delete()


@pytest.mark.usefixtures("_open_cells")
def test_a_closed_cell_takes_no_new_database_and_the_last_one_stays_open(desk: Desk, acme: Office) -> None:
    cells = [databases.cell_name(number) for number in range(settings.CELL_COUNT)]
    for cell in cells[:-1]:
        assert "takes no new" in desk.done(f"cells/{cell}/", {"note": "full"})
    assert "last cell" in desk.post(f"cells/{cells[-1]}/").content.decode()
    tenants.override_limits(acme.tenant_id, {"databases_count": 50})
    for number in range(6):
        made = databases.create(
            acme.tenant_id, f"db-{number}", limits=Limits(), cell_count=settings.CELL_COUNT
        )
        assert made.cell == cells[-1]
    entry = last_entry(INSTALLATION)
    assert (entry.action, entry.details) == ("cells.placement", {"accepts_new": False, "note": "full"})
    assert "full" in desk.get("cells/").content.decode()
    assert desk.get("cells/cell_999/").status_code == 404
    desk.done(f"cells/{cells[0]}/", {"accepts_new": "on", "note": ""})
    assert databases.open_cells(settings.CELL_COUNT) == [cells[0], cells[-1]]


def test_a_parked_job_is_shown_with_its_cause_and_driven_again(desk: Desk, database: Service) -> None:
    cast: Cast = make_tenant("acme")
    place = cast.collection()
    cell = cell_of(place)
    with stage.role(database, "worker"):
        jobs.enqueue(cell, tenant_id=cast.tenant_id, collection_id=place.collection_id, kind="compact")
        while (job := jobs.claim(cell, lease_seconds=60)) and job.collection_id != place.collection_id:
            jobs.finish(job)
        assert job is not None
        assert jobs.fail(job, "no memory") == "queued"
        for _ in range(jobs.MAX_ATTEMPTS - 1):
            again = jobs.claim(cell, lease_seconds=60)
            assert again is not None
            state = jobs.fail(again, "no memory at all")
        assert state == "parked"
    shown = desk.get("jobs/?state=parked").content.decode()
    assert "no memory at all" in shown
    assert cast.name in shown
    page = f"jobs/{cell}/{place.collection_id}/again/"
    assert desk.get(page).status_code == 200
    assert "queued again" in desk.done(page)
    with transaction.atomic(using="operator"), connections["operator"].cursor() as cursor:
        cursor.execute(
            f"SELECT state, attempts FROM {cell}.job WHERE collection_id = %s", [place.collection_id]
        )
        assert cursor.fetchall() == [("queued", 0)]
    entry = last_entry(cast.tenant_id)
    assert (entry.action, entry.subject_id) == ("jobs.drive_again", str(place.collection_id))
    assert "parked no more" in desk.post(page).content.decode()
    assert desk.get(f"jobs/public/{place.collection_id}/again/").status_code == 404
    with stage.role(database, "worker"):  # nothing is left for the next test's worker
        while left := jobs.claim(cell, lease_seconds=60):
            jobs.finish(left)


@pytest.fixture
def _flags_off(database: Service) -> object:
    """No flag stands afterwards."""
    yield
    with stage.role(database, "owner"):
        FlagOverride.objects.all().delete()
        Flag.objects.all().delete()
    flags.forget()


@pytest.mark.usefixtures("_flags_off")
def test_maintenance_refuses_changes_and_lets_reads_go_on(desk: Desk, acme: Office, globex: Office) -> None:
    cast = make_tenant("cast")
    place = cast.collection()
    authentication.forget_all()
    assert "is on" in desk.done("flags/maintenance/", {"is_on": "on", "note": "moving house"})
    assert last_entry(INSTALLATION).details == {"is_on": True, "note": "moving house"}
    for answer in (
        cast.wire.post(f"{place.path}/add", {"ids": ["a"], "embeddings": [[1.0]]}),
        cast.wire.post(f"{cast.place}/collections", {"name": "another"}),
        cast.wire.delete(f"{cast.place}/collections/{place.name}"),
        acme.owner.post(f"{acme.path}/service-accounts", {"name": "x", "role": "viewer"}),
        acme.owner.post("/tenants", {"name": f"new-{uuid.uuid4().hex}"}),
    ):
        assert answer.status == 503
        assert "maintenance" in answer.body["message"]
    keys_page = f"/dashboard/t/{acme.name}/keys/new"
    assert acme.owner.client.post(keys_page, {"name": "k"}).status_code == 503
    assert acme.owner.client.get(keys_page).status_code == 200
    assert place.count() == 0
    assert acme.owner.get(acme.path).status == 200
    # One tenant may differ, and operators go on.
    desk.done("flags/maintenance/tenant/", {"tenant": acme.name, "position": "off"})
    assert acme.owner.post(f"{acme.path}/service-accounts", {"name": "x", "role": "viewer"}).status == 201
    assert globex.owner.post(f"{globex.path}/service-accounts", {"name": "x", "role": "viewer"}).status == 503
    desk.done("flags/maintenance/", {"note": ""})
    desk.done("flags/maintenance/tenant/", {"tenant": acme.name, "position": "as all others"})
    assert globex.owner.post(f"{globex.path}/service-accounts", {"name": "x", "role": "viewer"}).status == 201
    assert (
        desk.post("flags/maintenance/tenant/", {"tenant": "nobody-here", "position": "on"}).status_code == 422
    )
    assert desk.get("flags/sign-up/").status_code == 404
