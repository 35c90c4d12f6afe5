"""The pages of members, service accounts, quotas, the audit log and settings, in process."""

from __future__ import annotations

import re
import uuid

import pytest
from django.core import mail
from django.http import HttpResponse
from django.test import Client, override_settings

from cloud.processes import Service
from tenants import audit, members, service_accounts, suspension
from tenants.actors import Actor, ActorKind
from tenants.roles import Role
from tests.control.caller import Caller, id_of
from tests.dashboard.cast import Cast

_IN_MEMORY = override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend")


@pytest.fixture
def tenant(database: Service) -> Cast:
    """A tenant of the test's own."""
    del database
    return Cast.make()


def _at(cast: Cast, path: str) -> str:
    return f"/dashboard/t/{cast.tenant_name}{path}"


def _send(cast: Cast, who: Role, path: str, /, **fields: object) -> HttpResponse:
    browser: Client = cast.browser(who)
    return browser.post(_at(cast, path), fields)  # type: ignore[return-value]


def _roles(cast: Cast) -> dict[str, str]:
    owner = Actor(ActorKind.COMMAND, None, "tests", is_operator=True)
    found = members.list_members(owner, cast.tenant_id, limit_count=20)
    return {one.user.email: one.role for one in found}


def _email(caller: Caller) -> str:
    assert caller.user is not None
    return caller.user.email


@_IN_MEMORY
def test_an_invitation_goes_out_by_mail_and_stands_in_the_list(tenant: Cast) -> None:
    mail.outbox = []
    answer = _send(tenant, Role.ADMIN, "/members/invite", email="grace@example.com", role="viewer")
    assert answer.status_code == 302
    assert "/invitations/" in str(mail.outbox[-1].body)
    page = tenant.browser(Role.ADMIN).get(_at(tenant, "/members")).content.decode()
    assert "grace@example.com is invited as viewer." in page
    link = r'invitations/([0-9a-f-]{36})/revoke"[^>]*>Revoke<span class="sr-only"> the invitation of grace'
    revoked = re.search(link, page)
    assert revoked
    _send(tenant, Role.ADMIN, f"/invitations/{revoked.group(1)}/revoke")
    after = tenant.browser(Role.ADMIN).get(_at(tenant, "/members")).content.decode()
    assert "The invitation of grace@example.com is revoked." in after


def test_nobody_gives_a_role_above_their_own(tenant: Cast) -> None:
    viewer = id_of(tenant.people[Role.VIEWER])
    answer = _send(tenant, Role.ADMIN, f"/members/{viewer}/role", role="owner")
    assert answer.status_code == 422
    assert _roles(tenant)[_email(tenant.people[Role.VIEWER])] == "viewer"
    assert _send(tenant, Role.DEVELOPER, f"/members/{viewer}/role", role="admin").status_code == 403


def test_a_changed_role_counts_from_the_next_click_on(tenant: Cast) -> None:
    viewer = tenant.people[Role.VIEWER]
    assert viewer.client.get(_at(tenant, "/keys")).status_code == 403
    assert _send(tenant, Role.OWNER, f"/members/{id_of(viewer)}/role", role="developer").status_code == 302
    assert viewer.client.get(_at(tenant, "/keys")).status_code == 200


def test_a_removed_member_sees_the_tenant_no_more(tenant: Cast) -> None:
    viewer = tenant.people[Role.VIEWER]
    answer = _send(tenant, Role.OWNER, f"/members/{id_of(viewer)}/remove")
    assert answer.status_code == 302
    assert viewer.client.get(_at(tenant, "/settings")).status_code == 404


def test_the_last_owner_stays(tenant: Cast) -> None:
    answer = _send(tenant, Role.OWNER, "/members/leave")
    assert answer.status_code == 422
    assert "owner" in answer.content.decode()
    assert _email(tenant.people[Role.OWNER]) in _roles(tenant)


def test_somebody_of_another_tenant_is_not_found(tenant: Cast) -> None:
    other = Cast.make()
    stranger = id_of(other.people[Role.VIEWER])
    for path in (f"/members/{stranger}/role", f"/members/{stranger}/remove"):
        assert tenant.browser(Role.OWNER).get(_at(tenant, path)).status_code == 404
    account = other.parts["service_account_id"]
    assert tenant.browser(Role.OWNER).get(_at(tenant, f"/service-accounts/{account}/")).status_code == 404
    wish = other.parts["request_id"]
    assert _send(tenant, Role.OWNER, f"/quotas/requests/{wish}/withdraw").status_code == 422


def test_a_service_account_signs_in_with_the_key_that_was_shown(tenant: Cast) -> None:
    answer = _send(
        tenant, Role.OWNER, "/service-accounts/new", name="ci", role="developer", expires_days="30"
    )
    secret = re.search(r'<code id="secret">(sa-[^<]+)</code>', answer.content.decode())
    assert secret
    program = Caller(secret=secret.group(1))
    assert program.get(f"/tenants/{tenant.tenant_name}/databases").status == 200
    by = Actor(ActorKind.COMMAND, None, "tests", is_operator=True)
    made = next(one for one in service_accounts.list_accounts(by, tenant.tenant_id) if one.name == "ci")
    _send(tenant, Role.OWNER, f"/service-accounts/{made.pk}/disable")
    assert program.get(f"/tenants/{tenant.tenant_name}/databases").status == 401


def test_a_wish_is_sent_once_and_withdrawn(tenant: Cast) -> None:
    first = _send(tenant, Role.DEVELOPER, "/quotas/forks_count/request", wanted="512", reason="experiments")
    assert first.status_code == 302
    again = _send(tenant, Role.DEVELOPER, "/quotas/forks_count/request", wanted="600", reason="more")
    assert again.status_code == 422
    assert "pending already" in again.content.decode()
    low = _send(tenant, Role.DEVELOPER, "/quotas/functions_count/request", wanted="1", reason="fewer")
    assert "expected more than" in low.content.decode()
    request_id = tenant.parts["request_id"]
    assert _send(tenant, Role.DEVELOPER, f"/quotas/requests/{request_id}/withdraw").status_code == 302
    assert _send(tenant, Role.VIEWER, f"/quotas/requests/{request_id}/withdraw").status_code == 403
    assert tenant.browser(Role.OWNER).get(_at(tenant, "/quotas/no_limit/request")).status_code == 404


def test_a_broken_chain_is_said_and_a_whole_one_too(tenant: Cast) -> None:
    whole = tenant.browser(Role.ADMIN).get(_at(tenant, "/audit/verify")).content.decode()
    assert "The audit log is whole" in whole
    assert audit.verify(tenant.tenant_id).head.hex() in whole
    exported = tenant.browser(Role.ADMIN).get(_at(tenant, "/audit/export"))
    lines = b"".join(exported).splitlines()
    assert len(lines) == audit.verify(tenant.tenant_id).entry_count


def test_only_an_owner_deletes_the_tenant_and_only_by_its_name(tenant: Cast) -> None:
    assert _send(tenant, Role.ADMIN, "/settings/delete", name=tenant.tenant_name).status_code == 403
    wrong = _send(tenant, Role.OWNER, "/settings/delete", name="another")
    assert wrong.status_code == 422
    full = _send(tenant, Role.OWNER, "/settings/delete", name=tenant.tenant_name)
    assert "databases" in full.content.decode()
    tenant.people[Role.OWNER].delete(f"/tenants/{tenant.tenant_name}/databases/library")
    assert _send(tenant, Role.OWNER, "/settings/delete", name=tenant.tenant_name).status_code == 302
    assert tenant.browser(Role.OWNER).get(_at(tenant, "/settings")).status_code == 404


def test_a_setting_is_an_admins_to_change(tenant: Cast) -> None:
    assert _send(tenant, Role.DEVELOPER, "/settings", allows_impersonation="").status_code == 403
    assert _send(tenant, Role.ADMIN, "/settings").status_code == 302
    page = tenant.browser(Role.VIEWER).get(_at(tenant, "/settings")).content.decode()
    assert re.search(r'name="allows_impersonation"[^>]*checked', page) is None


def test_a_new_tenant_is_its_makers(tenant: Cast) -> None:
    name = f"fresh-{uuid.uuid4().hex[:8]}"
    browser = tenant.browser(Role.VIEWER)
    assert browser.post("/dashboard/tenants/new", {"name": name}).status_code == 302
    assert browser.get(f"/dashboard/t/{name}/settings/delete").status_code == 200
    taken = browser.post("/dashboard/tenants/new", {"name": name})
    assert taken.status_code == 422
    assert "already exists" in taken.content.decode()
    with override_settings(TENANT_CREATION="operators"):
        refused = browser.post("/dashboard/tenants/new", {"name": f"{name}-2"})
        assert refused.status_code == 422


def test_a_suspended_tenant_is_looked_at_and_not_changed(tenant: Cast) -> None:
    operator = Actor(ActorKind.COMMAND, None, "tests", is_operator=True)
    suspension.suspend(operator, tenant.tenant_id, reason="The bill is open.")
    browser = tenant.browser(Role.OWNER)
    assert browser.get(_at(tenant, "/members")).status_code == 200
    refused = _send(tenant, Role.OWNER, "/members/invite", email="ada2@example.com", role="viewer")
    assert refused.status_code == 403
    assert "The bill is open." in refused.content.decode()


def test_what_is_refused_stands_in_the_audit_log(tenant: Cast) -> None:
    assert (
        _send(tenant, Role.VIEWER, "/members/invite", email="a@example.com", role="viewer").status_code == 403
    )
    newest = audit.read(tenant.tenant_id, limit_count=1)[0]
    assert (newest.action, newest.outcome) == ("members.invite", "refused")
