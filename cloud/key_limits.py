"""A key's limits that only the data plane understands: its forced filter and its collections."""

from __future__ import annotations

import json
from collections.abc import Collection as AnyOf
from functools import lru_cache
from uuid import UUID

import msgspec

from tenants.errors import InvalidArgument, NotFound
from tenants.models import Database
from tenants.scope import tenant_transaction
from vectors.models import Collection
from vectors.where import DocumentContains, DocumentMatches, HasId, Where, leaves, parse

MAX_FILTER_CONDITIONS = 32
MAX_FILTER_BYTES = 4_096


def canonical_forced_where(value: object) -> str:
    """A forced filter as it is stored.

    Conditions on metadata only, joined by $and and $or: they can be asked of a record before and after a
    write alike. A document or an id does not say whose a record is.

    Raises:  InvalidArgument, naming `where`
    """
    where = parse(value, None)
    conditions = list(leaves(where))
    if where is None or not conditions:
        raise InvalidArgument("where: expected a filter with at least one condition on metadata")
    if any(isinstance(one, HasId | DocumentContains | DocumentMatches) for one in conditions):
        raise InvalidArgument("where: expected conditions on metadata only, got one on #id or #document")
    if len(conditions) > MAX_FILTER_CONDITIONS:
        raise InvalidArgument(
            f"where: expected at most {MAX_FILTER_CONDITIONS} conditions, got {len(conditions)}"
        )
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    if len(text) > MAX_FILTER_BYTES:
        raise InvalidArgument(f"where: expected at most {MAX_FILTER_BYTES} bytes of JSON, got {len(text)}")
    try:
        is_same = parse(msgspec.json.decode(text), None) == where
    except msgspec.DecodeError as error:
        raise InvalidArgument(f"where: {error}") from error
    if not is_same:
        raise InvalidArgument("where: expected numbers that 64 bits hold exactly")
    return text


def forced_where(text: str | None) -> Where | None:
    """The filter of a key, from what is stored of it; a text is read once per process."""
    return None if text is None else _parsed(text)


@lru_cache(maxsize=4_096)
def _parsed(text: str) -> Where | None:
    return parse(msgspec.json.decode(text), None)


def databases_of(
    tenant_id: UUID, collection_ids: AnyOf[UUID], *, database_ids: AnyOf[UUID] = ()
) -> frozenset[UUID]:
    """The databases that a key for these collections reaches: theirs.

    database_ids: what was asked for beside; each collection must be in one of them, unless there are none
    Raises:  NotFound for a collection that is missing or another tenant's, InvalidArgument
    """
    with tenant_transaction(tenant_id):
        rows = Collection.objects.filter(tenant_id=tenant_id, collection_id__in=set(collection_ids))
        places: dict[UUID, UUID] = dict(rows.values_list("collection_id", "database_id"))
    for collection_id in collection_ids:
        if collection_id not in places:
            raise NotFound(f"Collection [{collection_id}] not found")
        if database_ids and places[collection_id] not in database_ids:
            raise InvalidArgument(
                f"collection_ids: collection {collection_id} is in none of the given databases"
            )
    return frozenset(places.values())


def collections_named(databases: AnyOf[Database], names: AnyOf[str]) -> frozenset[UUID]:
    """The collections that people name as `database/collection`.

    Raises:  InvalidArgument for a name that says no collection of these databases
    """
    by_name = {database.name: database for database in databases}
    wanted = {}
    for name in names:
        database_name, _, collection_name = name.partition("/")
        if database_name not in by_name or not collection_name:
            raise InvalidArgument(f"collections: expected database/collection, got {name[:200]!r}")
        wanted[(by_name[database_name].pk, collection_name)] = name
    if not wanted:
        return frozenset()
    tenant_id = next(iter(by_name.values())).tenant_id
    with tenant_transaction(tenant_id):
        rows = Collection.objects.filter(
            tenant_id=tenant_id,
            database_id__in={database_id for database_id, _ in wanted},
            name__in={collection_name for _, collection_name in wanted},
        )
        places = rows.values_list("database_id", "name", "collection_id")
        found = {(database_id, name): collection_id for database_id, name, collection_id in places}
    for place, name in wanted.items():
        if place not in found:
            raise InvalidArgument(f"collections: there is no collection {name[:200]!r}")
    return frozenset(found[place] for place in wanted)
