"""A tenant that has one of everything that a page can show, and people who look at it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from django.test import Client

from cloud.processes import Service
from tenants import tenants
from tenants.actors import SYSTEM
from tenants.billing import invoices, months
from tenants.models import ApiKey, Database, Invoice
from tenants.prices import GIB, Meter
from tenants.roles import Role
from tenants.scope import tenant_transaction
from tests import stage
from tests.control.caller import Caller, api_key, id_of, person
from vectors import usage
from vectors.usage import ReadEntry


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
        owner, path = people[Role.OWNER], f"/tenants/{tenant.name}"
        invited = owner.post(f"{path}/invitations", {"email": "ada@example.com", "role": "viewer"})
        account = owner.post(f"{path}/service-accounts", {"name": "terraform", "role": "viewer"})
        account_id = account.body["service_account_id"]
        account_keys = owner.get(f"{path}/service-accounts/{account_id}/keys").body["items"]
        wish = {"limit": "databases_count", "wanted": 1_000_000, "reason": "many customers"}
        alert = people[Role.OWNER].post(f"/tenants/{tenant.name}/billing/alerts", {"percent": 80})
        gone_id = wire.post(place, {"name": "gone"}).body["id"]
        assert wire.delete(f"{place}/gone").status == 200
        attic = people[Role.OWNER].post(f"/tenants/{tenant.name}/databases", {"name": "attic"}).body
        assert people[Role.OWNER].delete(f"/tenants/{tenant.name}/databases/attic").status == 200
        exports = f"/tenants/{tenant.name}/databases/library/collections/{collection_id}/exports"
        exported = people[Role.OWNER].post(exports, {"format": "jsonl"})
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
            "transfer_id": uuid.UUID(exported.body["id"]),
            "key_id": key_id,
            "alert_id": uuid.UUID(alert.body["alert_id"]),
            "deleted_collection_id": uuid.UUID(gone_id),
            "deleted_database_id": uuid.UUID(attic["database_id"]),
        }
        return cls(tenant.tenant_id, tenant.name, people, person(other.tenant_id), parts)

    def browser(self, role: Role) -> Client:
        """What somebody in this role looks through."""
        return self.people[role].client


def bill(service: Service, cast: Cast, *, months_ago: int = 1) -> Invoice:
    """An invoice of a month that is over, from use that the ledger has; as the worker issues it."""
    month = months.month_of(datetime.now(UTC))
    for _ in range(months_ago):
        month = months.month_of(months.start_of(month) - months.DAY)
    since, until = months.bounds(month)
    with tenant_transaction(cast.tenant_id):
        database = Database.objects.get(tenant_id=cast.tenant_id, name=cast.parts["database_name"])
    entry = ReadEntry(
        database_id=database.database_id,
        collection_id=uuid.UUID(str(cast.parts["collection_id"])),
        key_id=uuid.UUID(str(cast.parts["key_id"])),
        meter=Meter.BYTES_RETURNED,
        operation="get",
        at=since,
        quantity=3 * GIB,
        requests=7,
    )
    usage.append_reads(database.cell, cast.tenant_id, [entry], flush_id=uuid.uuid4())
    with stage.role(service, "worker"):
        made = invoices.issue(
            SYSTEM, cast.tenant_id, month, now=until + invoices.GRACE, totals=usage.meter_totals
        )
    assert made is not None
    return made
