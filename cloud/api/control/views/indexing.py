"""A collection's index: look, compact now, retry what was parked."""

from __future__ import annotations

from typing import Any

import msgspec

from cloud.api.control.routes import Call, Door, route
from cloud.api.control.schemas import indexing as shapes
from cloud.api.control.schemas.shape import Nothing
from cloud.api.permissions import manifests
from tenants.roles import Action
from vectors import indexing
from vectors.errors import CollectionNotFound
from vectors.types import Manifest
from workers import on_demand

_PATH = "/tenants/{tenant}/databases/{database}/collections/{collection_id}"


@route("GET", _PATH + "/indexing", Door.MEMBER, action=Action.VIEW_COLLECTIONS, answer=shapes.Indexing)
def show_indexing(call: Call[None]) -> shapes.Indexing:
    """Show the segments, the log, the job and the last attempts of a collection."""
    return msgspec.convert(indexing.view(_manifest(call)), shapes.Indexing, from_attributes=True)


@route(
    "POST",
    _PATH + "/compact",
    Door.MEMBER,
    action=Action.MANAGE_COLLECTIONS,
    answer=shapes.Queued,
    status=202,
)
def compact_collection(call: Call[None]) -> shapes.Queued:
    """Move the log of a collection into a segment now."""
    return shapes.Queued(is_new=on_demand.compact_now(call.actor, _manifest(call)))


@route("POST", _PATH + "/retry", Door.MEMBER, action=Action.MANAGE_COLLECTIONS, answer=Nothing, status=202)
def retry_compaction(call: Call[None]) -> Nothing:
    """Queue a parked job of a collection again."""
    on_demand.retry(call.actor, _manifest(call))
    return Nothing()


def _manifest(call: Call[Any]) -> Manifest:
    """The collection of the path; one of another database is missing."""
    collection_id = call.path_id("collection_id")
    manifest = manifests.get(call.tenant_id, collection_id)
    if manifest.database_name != call.path["database"]:
        manifest = manifests.refresh(manifest)
    if manifest.database_name != call.path["database"]:
        raise CollectionNotFound.by_id(collection_id)
    return manifest
