"""Who may call at all: sessions with a CSRF token, keys of service accounts, and nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client

from tenants import service_accounts
from tenants.roles import Role
from tests.control.caller import BY, Caller, Office, account, person
from tests.factories import make_tenant

NEW = {"name": "deploy", "role": "viewer"}


def test_a_session_writes_only_with_its_csrf_token(acme: Office) -> None:
    user = acme.owner.user
    assert user is not None
    strict = Caller(client=Client(enforce_csrf_checks=True, raise_request_exception=False))
    strict.client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    path = f"{acme.path}/service-accounts"
    assert strict.get(path).status == 200
    refused = strict.post(path, NEW)
    assert refused.status == 403
    assert "CSRF" in refused.body["message"]
    token = "t" * 32
    strict.client.cookies["csrftoken"] = token
    assert strict.send("POST", path, NEW, **{"x-csrftoken": token}).status == 201


@pytest.mark.parametrize(
    "secret", ["sa-", "sa-" + "0" * 48, "None", "ck-" + "0" * 48, "\x00", "sa-" + "é" * 48]
)
def test_what_is_no_key_opens_nothing(acme: Office, secret: str) -> None:
    assert Caller(secret=secret.encode("utf-8").decode("latin-1")).get(acme.path).status == 401


def test_keys_of_either_plane_open_nothing_on_the_other(acme: Office) -> None:
    cast = make_tenant("initech")
    assert Caller(secret=cast.wire.key).get(f"/tenants/{cast.name}").status == 401
    sa = acme[Role.ADMIN].secret
    assert replace(cast.wire, key=sa).get("/auth/identity").status == 401


def test_an_expired_key_and_a_deactivated_person_stop_at_once(acme: Office) -> None:
    soon = datetime.now(UTC) + timedelta(milliseconds=300)
    pepper = settings.KEY_PEPPERS[0]
    made = service_accounts.create(BY, acme.tenant_id, "short", Role.VIEWER, pepper=pepper, expires_at=soon)
    while Caller(secret=made.secret).get(acme.path).status == 200:
        assert datetime.now(UTC) < soon + timedelta(seconds=5)
    other = person(acme.tenant_id, Role.ADMIN)
    assert other.user is not None
    assert other.get(acme.path).status == 200
    other.user.is_active = False
    other.user.save()
    assert other.get(acme.path).status == 401


def test_a_caller_has_so_many_requests_a_minute(acme: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "CONTROL_REQUESTS_PER_MINUTE", 5)
    busy, other = account(acme.tenant_id, Role.VIEWER), account(acme.tenant_id, Role.VIEWER)
    answers = [busy.get(acme.path) for _ in range(12)]
    assert answers[-1].status == 429 or answers[5].status == 429
    assert all(int(one.headers["Retry-After"]) <= 60 for one in answers if one.status == 429)
    assert other.get(acme.path).status == 200


@pytest.mark.parametrize("method", ["PUT", "HEAD", "OPTIONS", "PATCH"])
def test_other_methods_are_refused(acme: Office, method: str) -> None:
    answer = acme.owner.send(method, f"{acme.path}/audit")
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET"
