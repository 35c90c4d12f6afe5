"""Finding a place by a part of its name: databases, collections and keys of a tenant, a few of each.

What the person's role may not see is not looked for. The names of a tenant are read from an index alone,
those that begin with the text first; nothing of other tenants is touched, so the time depends on the tenant's
own collections.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Case, IntegerField, Q, Value, When

from tenants.actors import Actor
from tenants.databases import cell_name
from tenants.models import ApiKey, Database
from tenants.roles import Action
from vectors.cells.transaction import execute
from vectors.listing import check_text, planned_transaction


@dataclass(frozen=True)
class FoundCollection:
    """A collection, and where it is."""

    collection_id: UUID
    name: str
    database_name: str


@dataclass(frozen=True)
class FoundKey:
    """A key that is not revoked; its secret is not here."""

    key_id: UUID
    name: str
    display_prefix: str


@dataclass(frozen=True)
class Found:
    """What has the text in its name; those that begin with it first."""

    databases: Sequence[str] = ()
    collections: Sequence[FoundCollection] = ()
    keys: Sequence[FoundKey] = ()


def find(by: Actor, tenant_id: UUID, text: str, *, limit_count: int) -> Found:
    """At most so many databases, collections and keys with the text in their name; without a text, nothing.

    A key is found by the beginning of its secret too, as lists show it.

    Raises:      PermissionDenied for somebody who may see nothing of the tenant, InvalidArgument for a text
                 that is too long
    Transaction: opens one; at most three statements
    """
    by.require(Action.VIEW_TENANT)
    text = check_text(text)
    if not text:
        return Found()
    with planned_transaction(tenant_id):
        return Found(
            databases=_databases(tenant_id, text, limit_count) if by.may(Action.VIEW_DATABASES) else (),
            collections=_collections(tenant_id, text, limit_count) if by.may(Action.VIEW_COLLECTIONS) else (),
            keys=_keys(tenant_id, text, limit_count) if by.may(Action.VIEW_KEYS) else (),
        )


def _databases(tenant_id: UUID, text: str, limit_count: int) -> tuple[str, ...]:
    rows = Database.objects.filter(tenant_id=tenant_id, name__icontains=text)
    ranked = rows.annotate(place=_place(text)).order_by("place", "name")
    return tuple(ranked.values_list("name", flat=True)[:limit_count])


def _collections(tenant_id: UUID, text: str, limit_count: int) -> tuple[FoundCollection, ...]:
    values = {"tenant_id": tenant_id, "text": text, "count": limit_count}
    # The statement reads the catalogue; it is in no cell.
    found = execute("find_collections", cell_name(0), values).fetchall()
    return tuple(FoundCollection(*row) for row in found)


def _keys(tenant_id: UUID, text: str, limit_count: int) -> tuple[FoundKey, ...]:
    named = Q(name__icontains=text) | Q(display_prefix__startswith=text)
    rows = ApiKey.objects.filter(named, tenant_id=tenant_id, revoked_at=None)
    ranked = rows.annotate(place=_place(text)).order_by("place", "name", "key_id")
    return tuple(
        FoundKey(*row) for row in ranked.values_list("key_id", "name", "display_prefix")[:limit_count]
    )


def _place(text: str) -> Case:
    begins = When(name__istartswith=text, then=Value(0))
    return Case(begins, default=Value(1), output_field=IntegerField())
