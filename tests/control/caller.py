"""Callers of the control API, in process: service accounts, people who signed in, nobody."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

import orjson
from django.conf import settings
from django.test import Client, override_settings

from tenants import members, secret_text, service_accounts, tenants
from tenants.actors import Actor, ActorKind, command
from tenants.models import ApiKey, User
from tenants.roles import Role
from tenants.scope import tenant_transaction
from tests.factories import Answer, Wire

BY = command("tests")
PREFIX = "/api/control/v1"
# A password that protects nothing needs no slow hash: these tests make hundreds of people.
_FAST_HASH = override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])


@dataclass(frozen=True)
class Caller:
    """Speaks the control API with a service account's key, or as somebody who signed in."""

    secret: str | None = None
    user: User | None = None
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def send(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Send JSON (bytes are sent as they are) to a path below /api/control/v1."""
        content = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        given = {"authorization": f"Bearer {self.secret}"} if self.secret else {}
        response = self.client.generic(
            method, PREFIX + path, content, content_type="application/json", headers={**given, **headers}
        )
        raw = response.getvalue()
        is_json = response.headers.get("Content-Type", "") == "application/json"
        return Answer(response.status_code, orjson.loads(raw) if is_json else raw, dict(response.headers))

    def get(self, path: str) -> Answer:
        """GET."""
        return self.send("GET", path)

    def post(self, path: str, body: object = None) -> Answer:
        """POST."""
        return self.send("POST", path, body)

    def patch(self, path: str, body: object) -> Answer:
        """PATCH."""
        return self.send("PATCH", path, body)

    def delete(self, path: str) -> Answer:
        """DELETE."""
        return self.send("DELETE", path)


@dataclass(frozen=True)
class Office:
    """A tenant with somebody in every role."""

    tenant_id: uuid.UUID
    name: str
    by_role: dict[Role, Caller]

    @property
    def path(self) -> str:
        """Of the tenant, below the API's prefix."""
        return f"/tenants/{self.name}"

    def __getitem__(self, role: Role) -> Caller:
        return self.by_role[role]

    @property
    def owner(self) -> Caller:
        """The person who owns it."""
        return self.by_role[Role.OWNER]


def person(tenant_id: uuid.UUID | None = None, role: Role = Role.OWNER) -> Caller:
    """Somebody who signed in, with a place in the tenant if one is given."""
    with _FAST_HASH:
        user = members.create_user(f"{role.value}-{uuid.uuid4().hex[:10]}@example.com", "a long password")
    if tenant_id is not None:
        members.join(tenant_id, user.user_id, role)
    caller = Caller(user=user)
    caller.client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return caller


def account(tenant_id: uuid.UUID, role: Role) -> Caller:
    """A service account of a tenant."""
    made = service_accounts.create(
        BY, tenant_id, f"{role.value} {uuid.uuid4().hex[:6]}", role, pepper=settings.KEY_PEPPERS[0]
    )
    return Caller(secret=made.secret)


def office(name: str = "office") -> Office:
    """A fresh tenant with an owner who signed in, and a service account in every other role."""
    tenant = tenants.create(f"{name}-{uuid.uuid4().hex[:10]}")
    callers = {
        role: person(tenant.tenant_id) if role is Role.OWNER else account(tenant.tenant_id, role)
        for role in Role
    }
    return Office(tenant.tenant_id, tenant.name, callers)


def id_of(caller: Caller) -> uuid.UUID:
    """The person behind a caller."""
    assert caller.user is not None
    return caller.user.user_id


def api_key(tenant_id: uuid.UUID, made_by: Caller) -> Wire:
    """A client of the data plane with a key that a person made."""
    secret = secret_text.generate("ck-")
    with tenant_transaction(tenant_id):
        ApiKey.objects.create(
            tenant_id=tenant_id,
            name="made by a person",
            display_prefix=secret[:9],
            digest=secret_text.digest(secret, pepper=settings.KEY_PEPPER),
            created_by=made_by.user,
        )
    return Wire(secret)


def actor_of(caller: Caller, role: Role) -> Actor:
    """The person behind a caller, as the verbs of `tenants` take them."""
    assert caller.user is not None
    return Actor(ActorKind.USER, caller.user.user_id, caller.user.email, role=role)
