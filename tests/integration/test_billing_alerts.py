"""Alerts: once a month each, by mail to who pays, in the audit log; as the worker sends them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from unittest import mock

import pytest
from django.core import mail
from django.test import override_settings

from cloud.processes import Service
from tenants import audit, members
from tenants.actors import command
from tenants.billing import alerts, budgets, months
from tenants.roles import Role
from tests import stage
from tests.factories import Cast, batch
from workers import billing

BY = command("tests")
MONTH = date(2026, 5, 1)


@pytest.fixture
def outbox() -> Iterator[list[mail.EmailMessage]]:
    """What was mailed."""
    mail.outbox = []
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        yield mail.outbox


def member(tenant_id: uuid.UUID, role: Role) -> str:
    """The address of somebody in the tenant."""
    user = members.create_user(f"{role.value}-{uuid.uuid4().hex[:8]}@example.com", "a long password")
    members.join(tenant_id, user.user_id, role)
    return user.email


def check(database: Service, tenant_id: uuid.UUID, spent_nano: int, month: date = MONTH) -> int:
    """As the worker does."""
    with stage.role(database, "worker"):
        return alerts.check(tenant_id, month, spent_nano=spent_nano, currency="USD")


def test_who_pays_is_told_once_a_month(
    acme: Cast, database: Service, outbox: list[mail.EmailMessage]
) -> None:
    to = sorted(member(acme.tenant_id, role) for role in (Role.OWNER, Role.BILLING))
    member(acme.tenant_id, Role.ADMIN)
    budgets.set_cap(BY, acme.tenant_id, 10_000_000_000)
    alerts.create(BY, acme.tenant_id, percent=80)
    alerts.create(BY, acme.tenant_id, amount_nano=9_000_000_000)
    assert check(database, acme.tenant_id, 7_999_999_999) == 0
    assert check(database, acme.tenant_id, 8_000_000_000) == 1
    assert check(database, acme.tenant_id, 8_500_000_000) == 0
    assert check(database, acme.tenant_id, 9_000_000_000) == 1
    assert check(database, acme.tenant_id, 9_000_000_000, months.following(MONTH)) == 2
    first = outbox[0]
    assert sorted(first.to) == to
    assert first.subject == f"{acme.name}: 2026-05 costs USD 8.00 so far"
    assert "Its spend cap is USD 10.00" in first.body
    told = [entry for entry in audit.walk(acme.tenant_id) if entry.details.get("did") == "alert"]
    assert [(entry.actor_kind, entry.details["month"]) for entry in told] == [
        ("system", "2026-05"),
        ("system", "2026-05"),
        ("system", "2026-06"),
        ("system", "2026-06"),
    ]
    watched = alerts.list_alerts(BY, acme.tenant_id, MONTH)
    assert [one.notice is not None for one in watched] == [True, True]


def test_a_percentage_without_a_cap_is_silent(
    acme: Cast, database: Service, outbox: list[mail.EmailMessage]
) -> None:
    member(acme.tenant_id, Role.OWNER)
    alerts.create(BY, acme.tenant_id, percent=1)
    assert check(database, acme.tenant_id, 10**15) == 0
    assert outbox == []


def test_a_mail_that_fails_is_sent_by_the_next_check(
    acme: Cast, database: Service, outbox: list[mail.EmailMessage]
) -> None:
    member(acme.tenant_id, Role.OWNER)
    alerts.create(BY, acme.tenant_id, amount_nano=1)
    with (
        mock.patch.object(mail.EmailMessage, "send", side_effect=ConnectionRefusedError),
        pytest.raises(ConnectionRefusedError),
    ):
        check(database, acme.tenant_id, 5)
    assert check(database, acme.tenant_id, 6) == 1
    assert len(outbox) == 1
    told = [entry for entry in audit.walk(acme.tenant_id) if entry.details.get("did") == "alert"]
    assert len(told) == 1


def test_the_worker_finds_what_a_month_has_cost(
    acme: Cast, globex: Cast, database: Service, outbox: list[mail.EmailMessage]
) -> None:
    for cast in (acme, globex):
        member(cast.tenant_id, Role.OWNER)
        alerts.create(BY, cast.tenant_id, amount_nano=1)
    acme.collection().call("add", batch(3))
    with stage.role(database, "worker"):
        billing.check_alerts(now=datetime.now(UTC))
        billing.check_alerts(now=datetime.now(UTC))
    subjects = [message.subject for message in outbox]
    assert [subject for subject in subjects if subject.startswith((acme.name, globex.name))] == [
        f"{acme.name}: {datetime.now(UTC):%Y-%m} costs USD 0.00 so far"
    ]
