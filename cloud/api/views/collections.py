"""Collections: create, list, count, get, modify, delete."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpResponse
from rest_framework.request import Request

from cloud.api import codec, permissions
from cloud.api.actors import actor_of
from cloud.api.schemas.collections import CreateCollection, UpdateCollection, members
from cloud.api.schemas.schema import read as read_schema
from cloud.api.views.catalogue_view import CatalogueView, body_of, identity_of, page_of
from tenants import quotas
from tenants.errors import InvalidArgument
from tenants.identity import Identity, Verb
from tenants.models import Database
from vectors import collection_metadata, collections, configuration, schema
from vectors.collections import CollectionView
from vectors.errors import CollectionNotFound


def to_wire(view: CollectionView, tenant_name: str) -> dict[str, Any]:
    """The collection object (contract, section 8.1)."""
    return {
        "id": str(view.collection_id),
        "name": view.name,
        "configuration_json": configuration.to_wire(view.configuration),
        "schema": schema.answer(view.schema, view.configuration, view.metadata_keys),
        "metadata": None if view.metadata_json is None else orjson.Fragment(view.metadata_json),
        "dimension": view.dimension,
        "tenant": tenant_name,
        "database": view.database_name,
        "log_position": view.compacted_to,
        "version": view.compaction_count,
    }


def _own(identity: Identity, place: Database, body: CreateCollection) -> CollectionView:
    """What get_or_create finds for a key of some collections, which makes none."""
    try:
        if body.get_or_create:
            found = collections.get_by_name(place, body.name)
            permissions.require_collection(
                identity, found.collection_id, CollectionNotFound.by_name(body.name)
            )
            return found
    except CollectionNotFound as error:
        raise permissions.MissingVerb(Verb.CREATE_COLLECTION) from error
    raise permissions.MissingVerb(Verb.CREATE_COLLECTION)


class Collections(CatalogueView):
    """`P/collections`."""

    def post(self, request: Request, tenant: str, database: str) -> HttpResponse:
        """Create a collection, or get it."""
        identity = identity_of(request)
        is_limited = identity.collections is not None
        verb = Verb.GET_COLLECTION if is_limited else Verb.CREATE_COLLECTION
        place = permissions.enter_database(identity, tenant, database, verb)
        body = body_of(request, CreateCollection)
        if is_limited:
            return codec.answer(to_wire(_own(identity, place, body), tenant))
        collection_metadata.check_shape(body.metadata)
        collection_metadata.check_no_nulls(body.metadata)
        wanted = body.configuration
        made = collections.create(
            place,
            body.name,
            metadata=body.metadata,
            configuration=configuration.create(
                hnsw=members(wanted.hnsw) if wanted else None,
                spann=members(wanted.spann) if wanted else None,
                embedding_function=members(wanted.embedding_function) if wanted else None,
                metadata=body.metadata,
            ),
            schema=None if body.schema is None else read_schema(body.schema),
            get_or_create=body.get_or_create,
            limits=identity.limits,
        )
        return codec.answer(to_wire(made, tenant))

    def get(self, request: Request, tenant: str, database: str) -> HttpResponse:
        """List the collections."""
        identity = identity_of(request)
        place = permissions.enter_database(identity, tenant, database, Verb.LIST_COLLECTIONS)
        limit, offset = page_of(request)
        quotas.check(identity.limits, "limit_value", limit or 0, action="List Collections")
        # wire: without a limit the quota stands in
        found = collections.list_collections(
            place,
            limit=identity.limits.limit_value if limit is None else limit,
            offset=offset,
            only=identity.collections,
        )
        return codec.answer([to_wire(view, tenant) for view in found])


class CollectionsCount(CatalogueView):
    """`P/collections_count`."""

    def get(self, request: Request, tenant: str, database: str) -> HttpResponse:
        """How many collections there are."""
        identity = identity_of(request)
        place = permissions.enter_database(identity, tenant, database, Verb.COUNT_COLLECTIONS)
        return codec.answer(collections.count(place, only=identity.collections))


class CollectionById(CatalogueView):
    """`P/collections/by-id/{C}`."""

    def get(self, request: Request, tenant: str, database: str, collection: str) -> HttpResponse:
        """A collection by its id."""
        identity = identity_of(request)
        place = permissions.enter_database(identity, tenant, database, Verb.GET_COLLECTION)
        try:
            wanted = permissions.parse_collection_id(collection)
        except InvalidArgument as error:
            raise InvalidArgument(
                "Validation error: collection_id: Invalid collection ID format, expected UUID",
            ) from error
        permissions.require_collection(identity, wanted, CollectionNotFound.by_id(wanted))
        return codec.answer(to_wire(collections.get_by_id(place, wanted), tenant))


class CollectionByCrn(CatalogueView):
    """`/collections/{crn}`."""

    def get(self, request: Request, crn: str) -> HttpResponse:
        """A collection by its tenant's resource name, its database and its name."""
        identity = identity_of(request)
        parts = crn.split(":")
        if len(parts) != 3 or not all(parts):
            raise InvalidArgument(
                "Validation error: crn: CRN must be in the format "
                "<tenant_resource_name>:<database_name>:<collection_name> with non-empty parts",
            )
        resource_name, database, name = parts
        missing = CollectionNotFound.by_name(crn)
        place = permissions.enter_crn(identity, resource_name, database, missing)
        try:
            found = collections.get_by_name(place, name)
        except CollectionNotFound as error:
            raise missing from error
        permissions.require_collection(identity, found.collection_id, missing)
        return codec.answer(to_wire(found, identity.tenant_name))


class Collection(CatalogueView):
    """`P/collections/{N}`, which is a name for GET and DELETE and an id for PUT."""

    def get(self, request: Request, tenant: str, database: str, collection: str) -> HttpResponse:
        """A collection by its name."""
        identity = identity_of(request)
        place = permissions.enter_database(identity, tenant, database, Verb.GET_COLLECTION)
        found = collections.get_by_name(place, collection)
        permissions.require_collection(identity, found.collection_id, CollectionNotFound.by_name(collection))
        return codec.answer(to_wire(found, tenant))

    def put(self, request: Request, tenant: str, database: str, collection: str) -> HttpResponse:
        """Rename, replace metadata, or configure a collection."""
        identity = identity_of(request)
        place = permissions.enter_database(identity, tenant, database, Verb.UPDATE_COLLECTION)
        wanted = permissions.parse_collection_id(collection)
        permissions.require_collection(identity, wanted, CollectionNotFound.by_id(wanted))
        body = body_of(request, UpdateCollection)
        change = body.new_configuration
        collection_metadata.check_shape(body.new_metadata)
        collections.modify(
            place,
            wanted,
            new_name=body.new_name,
            new_metadata=body.new_metadata,
            new_configuration=None
            if change is None
            else {
                "hnsw": members(change.hnsw),
                "spann": members(change.spann),
                "embedding_function": members(change.embedding_function),
            },
            limits=identity.limits,
        )
        return codec.answer({})

    def delete(self, request: Request, tenant: str, database: str, collection: str) -> HttpResponse:
        """Delete a collection by its name."""
        identity = identity_of(request)
        place = permissions.enter_database(identity, tenant, database, Verb.DELETE_COLLECTION)
        if identity.collections is not None:
            found = collections.get_by_name(place, collection)
            missing = CollectionNotFound.by_name(collection)
            permissions.require_collection(identity, found.collection_id, missing)
        collections.delete(place, collection, only=identity.collections, by=actor_of(identity, request))
        return codec.answer({})
