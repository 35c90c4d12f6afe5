"""Operators who signed in, and their browsers, in process."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.messages import get_messages
from django.test import Client

from tenants import members, user_access
from tenants.actors import command
from tenants.models import AuditEntry, User
from tenants.scope import tenant_transaction

PASSWORD = "a long password"


@dataclass(frozen=True)
class Desk:
    """A browser, and who sits before it."""

    user: User
    client: Client

    def get(self, path: str) -> Any:
        """GET below /admin/."""
        return self.client.get(f"/admin/{path}")

    def post(self, path: str, body: Mapping[str, object] | None = None) -> Any:
        """POST a form below /admin/."""
        return self.client.post(f"/admin/{path}", body or {})

    def done(self, path: str, body: Mapping[str, object] | None = None) -> str:
        """POST a form that must succeed; what the next page says."""
        answer = self.post(path, body)
        assert answer.status_code == 302, answer.content.decode()[-3_000:]
        *_, told = [str(one) for one in get_messages(answer.wsgi_request)]
        return told


def operator_desk() -> Desk:
    """An operator who signed in."""
    user = members.create_user(f"op-{uuid.uuid4().hex[:10]}@example.com", PASSWORD)
    user_access.set_operator(command("tests"), user.user_id, is_operator=True)
    return desk_of(User.objects.get(pk=user.pk))


def desk_of(user: User) -> Desk:
    """Somebody who signed in."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return Desk(user, client)


def last_entry(tenant_id: uuid.UUID) -> AuditEntry:
    """The newest of a chain; the nil UUID is the installation's."""
    with tenant_transaction(tenant_id):
        return AuditEntry.objects.filter(tenant_id=tenant_id).latest("sequence")
