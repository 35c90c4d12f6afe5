"""A tenant that has one of everything that a page can show, and people who look at it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Self

from django.test import Client

from tenants import tenants
from tenants.models import ApiKey
from tenants.roles import Role
from tenants.scope import tenant_transaction
from tests.control.caller import Caller, api_key, id_of, person


@dataclass(frozen=True)
class Cast:
    """A tenant, who belongs to it by role, somebody of another tenant, and the parts of every page's path."""

    tenant_id: uuid.UUID
    tenant_name: str
    people: dict[Role, Caller]
    outsider: Caller
    parts: dict[str, object]

    @classmethod
    def make(cls) -> Self:
        """A fresh one."""
        tenant = tenants.create(f"shown-{uuid.uuid4().hex[:10]}")
        other = tenants.create(f"other-{uuid.uuid4().hex[:10]}")
        people = {role: person(tenant.tenant_id, role) for role in Role}
        made = people[Role.OWNER].post(f"/tenants/{tenant.name}/databases", {"name": "library"})
        assert made.status == 201, made.body
        wire = api_key(tenant.tenant_id, people[Role.OWNER])
        with tenant_transaction(tenant.tenant_id):
            key_id = ApiKey.objects.get(tenant_id=tenant.tenant_id).key_id
        place = f"/tenants/{tenant.name}/databases/library/collections"
        collection_id = wire.post(place, {"name": "books"}).body["id"]
        records = {
            "ids": ["a", "b"],
            "embeddings": [[1.0, 0.0], [0.0, 1.0]],
            "documents": ["first", "second"],
            "metadatas": [{"year": 1999}, {"year": 2001}],
        }
        assert wire.post(f"{place}/{collection_id}/add", records).status == 201
        gone_id = wire.post(place, {"name": "gone"}).body["id"]
        assert wire.delete(f"{place}/gone").status == 200
        attic = people[Role.OWNER].post(f"/tenants/{tenant.name}/databases", {"name": "attic"}).body
        assert people[Role.OWNER].delete(f"/tenants/{tenant.name}/databases/attic").status == 200
        owner, path = people[Role.OWNER], f"/tenants/{tenant.name}"
        invited = owner.post(f"{path}/invitations", {"email": "ada@example.com", "role": "viewer"})
        account = owner.post(f"{path}/service-accounts", {"name": "terraform", "role": "viewer"})
        account_id = account.body["service_account_id"]
        account_keys = owner.get(f"{path}/service-accounts/{account_id}/keys").body["items"]
        wish = {"limit": "databases_count", "wanted": 1_000_000, "reason": "many customers"}
        parts: dict[str, object] = {
            "user_id": id_of(people[Role.VIEWER]),
            "invitation_id": uuid.UUID(invited.body["invitation"]["invitation_id"]),
            "service_account_id": uuid.UUID(account_id),
            "account_key_id": uuid.UUID(account_keys[0]["key_id"]),
            "limit_name": "collections_count",
            "request_id": uuid.UUID(owner.post(f"{path}/quota-requests", wish).body["request_id"]),
            "tenant_name": tenant.name,
            "database_name": "library",
            "collection_id": uuid.UUID(collection_id),
            "record_id": "a",
            "key_id": key_id,
            "deleted_collection_id": uuid.UUID(gone_id),
            "deleted_database_id": uuid.UUID(attic["database_id"]),
        }
        return cls(tenant.tenant_id, tenant.name, people, person(other.tenant_id), parts)

    def browser(self, role: Role) -> Client:
        """What somebody in this role looks through."""
        return self.people[role].client
