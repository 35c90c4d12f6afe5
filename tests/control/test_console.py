"""The operators' console: who enters, every page, every verb."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from cloud.processes import Service
from tenants import members, user_access
from tenants.actors import command
from tenants.models import User
from tests.control.caller import Office

PASSWORD = "a long password"


@pytest.fixture
def staff(database: Service) -> Client:
    """An operator who signed in."""
    del database
    return signed_in(operator_user())


def operator_user() -> User:
    """A person who is an operator."""
    user = members.create_user(f"op-{uuid.uuid4().hex[:10]}@example.com", PASSWORD)
    user_access.set_operator(command("tests"), user.user_id, is_operator=True)
    return User.objects.get(pk=user.pk)


def signed_in(user: User) -> Client:
    """A browser of theirs."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize(
    "page",
    ["", "tenants/tenant/", "tenants/database/", "tenants/plan/", "tenants/plan/new/", "tenants/quotarequest/", "tenants/user/",
     "tenants/member/", "tenants/serviceaccount/", "tenants/auditentry/", "jobs/", "cells/", "cells/cell_000/", "flags/", "flags/maintenance/",
     "flags/maintenance/tenant/"],
)
def test_every_page_is_shown(staff: Client, acme: Office, page: str) -> None:
    answer = staff.get(f"/admin/{page}")
    assert answer.status_code == 200, answer.content.decode()[:3000]
