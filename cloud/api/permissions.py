"""Identity × place × verb: may this key do this here? The first lock; row-level security is the second.

Places are entered from the outside in. Another tenant's place is refused in the same words whether it exists
or not. A collection is looked up before the verb is checked, so that an unknown one is 404 to every key.
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings

from cloud.api import request_metrics
from tenants import databases, flags, tenants
from tenants.errors import InvalidArgument, NotFound, PermissionDenied
from tenants.identity import READ_VERBS, Identity, Verb
from tenants.models import Database
from vectors.errors import CollectionNotFound, OutsideForcedFilter
from vectors.segments.manifest import ManifestCache
from vectors.types import Manifest

manifests = ManifestCache(settings.MANIFEST_CACHE_COUNT)


class MissingVerb(PermissionDenied):
    """The key has not the verb."""

    def __init__(self, verb: Verb) -> None:
        super().__init__("Permission denied.")
        self.verb = verb


class OutOfReach(CollectionNotFound):
    """The key is for other collections; told in the words for one that does not exist."""


def reason_of(error: Exception) -> str | None:
    """Why a key was refused, for its tenant's audit log; None for a failure that is no refusal."""
    match error:
        case MissingVerb():
            return "verb"
        case OutsideForcedFilter():
            return "forced filter"
        case OutOfReach():
            return "collection"
        case PermissionDenied():
            return "place"
    return None


def require(identity: Identity, verb: Verb) -> None:
    """The key carries the verb, or PermissionDenied; under maintenance nothing is changed (Unavailable)."""
    if not identity.may(verb):
        raise MissingVerb(verb)
    if verb not in READ_VERBS:
        flags.refuse_in_maintenance(identity.tenant_id)


def require_collection(identity: Identity, collection_id: UUID, missing: CollectionNotFound) -> None:
    """The key may use the collection, or it is told what is told of a missing one."""
    if identity.collections is not None and collection_id not in identity.collections:
        raise OutOfReach(missing.message)


def enter_tenant(identity: Identity, tenant_name: str, verb: Verb) -> UUID:
    """The tenant of a path.

    Raises:  PermissionDenied for any other than the key's own, existing or not; an operator may enter all
    """
    require(identity, verb)
    if tenant_name == identity.tenant_name:
        return identity.tenant_id
    if not identity.is_operator:
        raise PermissionDenied
    return tenants.resolve(tenant_name)


def enter_database(identity: Identity, tenant_name: str, database_name: str, verb: Verb) -> Database:
    """The database of a path.

    Raises:  PermissionDenied, InvalidArgument for a name under three characters, NotFound
    """
    tenant_id = enter_tenant(identity, tenant_name, verb)
    check_database_name(database_name)
    if identity.databases is not None and database_name not in identity.databases.values():
        raise PermissionDenied
    row = databases.get(tenant_id, database_name)
    if not identity.may_use_database(row.database_id):  # made anew under the old name
        raise PermissionDenied
    request_metrics.at(tenant_id, row.database_id)
    return row


def enter_crn(identity: Identity, resource_name: str, database_name: str, missing: NotFound) -> Database:
    """The database that a CRN names.

    Raises:  PermissionDenied for a key without the verb; `missing` for every other tenant and database
    """
    require(identity, Verb.GET_COLLECTION_BY_CRN)
    try:
        if tenants.get(identity.tenant_id).resource_name != resource_name:
            raise missing
        row = databases.get(identity.tenant_id, database_name)
    except NotFound as error:
        raise missing from error
    if not identity.may_use_database(row.database_id):
        raise missing
    request_metrics.at(identity.tenant_id, row.database_id)
    return row


def enter_collection(
    identity: Identity,
    tenant_name: str,
    database_name: str,
    collection_id: str,
    verb: Verb,
) -> Manifest:
    """The collection of a record route.

    Raises:  InvalidArgument for an id that is no UUID, CollectionNotFound also for a collection of another
             tenant or database, PermissionDenied for a key without the verb
    """
    wanted = parse_collection_id(collection_id)
    check_database_name(database_name)
    try:
        tenant_id = _tenant_of_path(identity, tenant_name)
        manifest = manifests.get(tenant_id, wanted)
    except NotFound as error:
        raise CollectionNotFound.by_id(wanted) from error
    if manifest.database_name != database_name:  # restored under another name, perhaps, since it was read
        manifest = manifests.refresh(manifest)
    if manifest.database_name != database_name or not identity.may_use_database(manifest.database_id):
        raise CollectionNotFound.by_id(wanted)
    request_metrics.at(tenant_id, manifest.database_id, wanted)
    require_collection(identity, wanted, CollectionNotFound.by_id(wanted))
    require(identity, verb)
    return manifest


def _tenant_of_path(identity: Identity, tenant_name: str) -> UUID:
    if tenant_name == identity.tenant_name:
        return identity.tenant_id
    if identity.is_operator:
        return tenants.resolve(tenant_name)
    raise NotFound


def check_database_name(name: str) -> None:
    """The one rule that holds for a database's name in a path (contract, section 2.3).

    Raises:  InvalidArgument
    """
    if len(name) < 3:
        raise InvalidArgument("database name must be at least 3 characters")


def parse_collection_id(text: str) -> UUID:
    """The id in a path.

    Raises:  InvalidArgument
    """
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidArgument("Collection ID is not a valid UUIDv4") from error
