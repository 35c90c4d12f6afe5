"""What is done to a collection as a whole: create, rename, fork, delete."""

from __future__ import annotations

from uuid import UUID

import orjson

from cloud.api import spending
from cloud.api.control.routes import Call, Door, route
from cloud.api.control.schemas import collection_actions as shapes
from cloud.api.control.schemas.shape import Nothing
from tenants import databases, tenants
from tenants.models import Database
from tenants.prices import Meter
from tenants.quotas import Limits
from tenants.roles import Action
from vectors import collection_metadata, collections, configuration, forks
from vectors.collections import CollectionView

_PATH = "/tenants/{tenant}/databases/{database}/collections"
_ONE = _PATH + "/{collection_id}"


@route(
    "POST",
    _PATH,
    Door.MEMBER,
    action=Action.CREATE_COLLECTION,
    body=shapes.NewCollection,
    answer=shapes.Collection,
    status=201,
)
def create_collection(call: Call[shapes.NewCollection]) -> shapes.Collection:
    """Create an empty collection."""
    wanted = call.body
    collection_metadata.check_shape(wanted.metadata)
    collection_metadata.check_no_nulls(wanted.metadata)
    given = {
        name: getattr(wanted, name) for name in ("space", "ef_construction", "ef_search", "max_neighbors")
    }
    made = collections.create(
        _database(call),
        wanted.name,
        metadata=wanted.metadata,
        configuration=configuration.create(
            hnsw=given, spann=None, embedding_function=None, metadata=wanted.metadata
        ),
        schema=None,
        get_or_create=False,
        limits=_limits(call.tenant_id),
        by=call.actor,
    )
    return _shown(made)


@route(
    "PATCH",
    _ONE,
    Door.MEMBER,
    action=Action.MANAGE_COLLECTIONS,
    body=shapes.NewName,
    answer=shapes.Collection,
)
def rename_collection(call: Call[shapes.NewName]) -> shapes.Collection:
    """Rename a collection."""
    place, collection_id = _database(call), call.path_id("collection_id")
    collections.modify(
        place,
        collection_id,
        new_name=call.body.new_name,
        new_metadata=None,
        new_configuration=None,
        limits=_limits(call.tenant_id),
        by=call.actor,
    )
    return _shown(collections.get_by_id(place, collection_id))


@route(
    "POST",
    _ONE + "/fork",
    Door.MEMBER,
    action=Action.FORK_COLLECTION,
    body=shapes.NewName,
    answer=shapes.Collection,
    status=201,
)
def fork_collection(call: Call[shapes.NewName]) -> shapes.Collection:
    """Fork a collection: another one with all that it holds."""
    tenant = tenants.get(call.tenant_id)
    with spending.reserve_of_member(tenant, Meter.FORKS, 1):
        made = forks.fork(
            _database(call),
            call.path_id("collection_id"),
            call.body.new_name,
            limits=tenants.limits_of(tenant),
            by=call.actor,
        )
    return _shown(made)


@route("DELETE", _ONE, Door.MEMBER, action=Action.DELETE_COLLECTION, answer=Nothing)
def delete_collection(call: Call[None]) -> Nothing:
    """Move a collection to the recycle bin."""
    place = _database(call)
    found = collections.get_by_id(place, call.path_id("collection_id"))
    collections.delete(place, found.name, by=call.actor, only=[found.collection_id])
    return Nothing()


def _database(call: Call[shapes.NewCollection] | Call[shapes.NewName] | Call[None]) -> Database:
    return databases.get(call.tenant_id, call.path["database"])


def _limits(tenant_id: UUID) -> Limits:
    return tenants.limits_of(tenants.get(tenant_id))


def _shown(view: CollectionView) -> shapes.Collection:
    return shapes.Collection(
        collection_id=view.collection_id,
        name=view.name,
        database_name=view.database_name,
        space=view.configuration.space,
        ef_construction=view.configuration.ef_construction,
        ef_search=view.configuration.ef_search,
        max_neighbors=view.configuration.max_neighbors,
        metadata=None if view.metadata_json is None else orjson.loads(view.metadata_json),
        dimension=view.dimension,
        record_count=view.record_count,
        logical_bytes=view.logical_bytes,
    )
