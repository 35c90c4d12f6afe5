"""The recycle bin: list, restore, purge."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from cloud.api.control.endpoint import check_limit
from cloud.api.control.routes import Call, Door, route
from cloud.api.control.schemas import recycle_bin as shapes
from cloud.api.control.schemas.shape import Nothing, PageQuery
from tenants.errors import InvalidArgument
from tenants.roles import Action
from vectors import recycle_bin
from vectors.recycle_bin import BinnedCollection, BinnedDatabase, Place

_DATABASES = "/tenants/{tenant}/recycle-bin/databases"
_COLLECTIONS = "/tenants/{tenant}/recycle-bin/collections"
_PLACE = re.compile(r"([0-9]{1,17})-([0-9a-f]{32})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@route(
    "GET",
    _DATABASES,
    Door.MEMBER,
    action=Action.VIEW_DATABASES,
    query=PageQuery,
    answer=shapes.BinnedDatabases,
)
def list_deleted_databases(call: Call[None]) -> shapes.BinnedDatabases:
    """List the databases in the recycle bin, last deleted first."""
    limit, after = _page(call)
    found = recycle_bin.list_databases(call.actor, call.tenant_id, limit_count=limit + 1, after=after)
    items = [msgspec.convert(one, shapes.BinnedDatabase, from_attributes=True) for one in found[:limit]]
    return shapes.BinnedDatabases(items=items, next=_next(found, limit))


@route(
    "POST",
    _DATABASES + "/{database_id}/restore",
    Door.MEMBER,
    action=Action.RESTORE_DATABASE,
    body=shapes.Restore,
    answer=shapes.RestoredDatabase,
)
def restore_database(call: Call[shapes.Restore]) -> shapes.RestoredDatabase:
    """Restore a database with the collections that were deleted with it."""
    row = recycle_bin.restore_database(
        call.actor, call.tenant_id, call.path_id("database_id"), new_name=call.body.new_name
    )
    return shapes.RestoredDatabase(database_id=row.database_id, name=row.name)


@route("DELETE", _DATABASES + "/{database_id}", Door.MEMBER, action=Action.DELETE_DATABASE, answer=Nothing)
def purge_database(call: Call[None]) -> Nothing:
    """Delete a database of the recycle bin for good."""
    recycle_bin.purge_database(call.actor, call.tenant_id, call.path_id("database_id"))
    return Nothing()


@route(
    "GET",
    _COLLECTIONS,
    Door.MEMBER,
    action=Action.VIEW_COLLECTIONS,
    query=PageQuery,
    answer=shapes.BinnedCollections,
)
def list_deleted_collections(call: Call[None]) -> shapes.BinnedCollections:
    """List the collections in the recycle bin that were deleted by themselves, last deleted first."""
    limit, after = _page(call)
    found = recycle_bin.list_collections(call.actor, call.tenant_id, limit_count=limit + 1, after=after)
    items = [msgspec.convert(one, shapes.BinnedCollection, from_attributes=True) for one in found[:limit]]
    return shapes.BinnedCollections(items=items, next=_next(found, limit))


@route(
    "POST",
    _COLLECTIONS + "/{collection_id}/restore",
    Door.MEMBER,
    action=Action.RESTORE_COLLECTION,
    body=shapes.Restore,
    answer=shapes.RestoredCollection,
)
def restore_collection(call: Call[shapes.Restore]) -> shapes.RestoredCollection:
    """Restore a collection with every record."""
    row = recycle_bin.restore_collection(
        call.actor, call.tenant_id, call.path_id("collection_id"), new_name=call.body.new_name
    )
    return shapes.RestoredCollection(
        collection_id=row.collection_id, name=row.name, database_name=row.database.name
    )


@route(
    "DELETE", _COLLECTIONS + "/{collection_id}", Door.MEMBER, action=Action.DELETE_COLLECTION, answer=Nothing
)
def purge_collection(call: Call[None]) -> Nothing:
    """Delete a collection of the recycle bin for good."""
    recycle_bin.purge_collection(call.actor, call.tenant_id, call.path_id("collection_id"))
    return Nothing()


def _page(call: Call[None]) -> tuple[int, Place | None]:
    """How many, and after which; a place reads `<microseconds since 1970>-<id without dashes>`."""
    limit, text = check_limit(call.query.limit), call.query.after
    if text is None:
        return limit, None
    match = _PLACE.fullmatch(text)
    if match is None:
        raise InvalidArgument(f"after: expected the `next` of a page, got {text[:60]!r}")
    return limit, Place(_EPOCH + timedelta(microseconds=int(match[1])), UUID(match[2]))


def _next(found: list[BinnedCollection] | list[BinnedDatabase], limit: int) -> str | None:
    if len(found) <= limit:
        return None
    last = found[limit - 1]
    row_id = last.collection_id if isinstance(last, BinnedCollection) else last.database_id
    return f"{(last.deleted_at - _EPOCH) // timedelta(microseconds=1)}-{row_id.hex}"
