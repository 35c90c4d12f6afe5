"""Collections: create, get, list, count, modify, delete; catalogue row and state in the cell together."""

from __future__ import annotations

import uuid
from collections.abc import Collection as AnyOf
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import psycopg
from django.db import IntegrityError
from django.db.models import QuerySet

from tenants import audit, names, quotas, tenants
from tenants.actors import Actor, ActorKind
from tenants.errors import AlreadyExists, Conflict, NotFound
from tenants.models import Database
from tenants.quotas import Limits
from tenants.roles import Action
from tenants.scope import tenant_transaction
from vectors import collection_metadata, validation
from vectors import configuration as configurations
from vectors import schema as schemas
from vectors.cells.transaction import execute
from vectors.configuration import Configuration
from vectors.errors import CollectionNotFound
from vectors.models import Collection
from vectors.schema_rules import Schema

# Each further attempt follows somebody else's create or delete of the same name in between.
_MAX_ATTEMPTS = 8


@dataclass(frozen=True)
class CollectionView:
    """A collection as readers see it: what it was declared to be, and what it has become.

    schema: as it was given, over the default; None when it follows from the configuration
    job_state: of the background work that is not done: queued, running, parked, or empty without any
    """

    collection_id: UUID
    name: str
    database_name: str
    metadata_json: str | None
    configuration: Configuration
    schema: Schema | None
    dimension: int | None
    compaction_count: int
    compacted_to: int
    log_head: int
    record_count: int
    logical_bytes: int
    segment_rows: int
    metadata_keys: dict[str, list[str]]
    job_state: str
    job_phase: str
    job_cause: str

    @property
    def indexed_ratio(self) -> float:
        """The share of operations that are in a segment; 1.0 before the first write."""
        return 1.0 if self.log_head == 0 else self.compacted_to / self.log_head


def create(
    database: Database,
    name: str,
    *,
    metadata: Mapping[str, Any] | None,
    configuration: Configuration,
    schema: Schema | None,
    get_or_create: bool,
    limits: Limits,
    by: Actor | None = None,
) -> CollectionView:
    """Make a collection, or with get_or_create return the stored one, unchanged, when the name is taken.

    by: who has a role, and is written down; None: a key, whose verb was asked for by the edge
    Raises:      PermissionDenied, InvalidArgument, QuotaExceeded, AlreadyExists
    Transaction: opens one
    Source:      contract, section 8.2
    """
    if by is not None:
        by.require(Action.CREATE_COLLECTION)
    names.check(name)
    quotas.check(limits, "name_bytes", len(name.encode()), action="Create Collection")
    configuration, kept_schema = schemas.reconcile(schema, configuration)
    made = Collection(
        collection_id=uuid.uuid4(),
        tenant_id=database.tenant_id,
        database=database,
        name=name,
        metadata_json=_encode_metadata(metadata, limits, action="Create Collection"),
        configuration_json=orjson.dumps(configurations.to_stored(configuration)).decode(),
        schema_json=schemas.encode(kept_schema),
    )
    for _ in range(_MAX_ATTEMPTS):
        try:
            with tenant_transaction(database.tenant_id):
                if get_or_create and (found := _views(_find(database).filter(name=name))):
                    return found[0]
                check_count(database, limits)
                made.save(force_insert=True)
                _insert_state(made, configuration, has_full_text=schemas.has_full_text(kept_schema))
                if by is not None:
                    _record(by, Action.CREATE_COLLECTION, made)
                return _views([made])[0]
        except IntegrityError as error:
            if isinstance(error.__cause__, psycopg.errors.ForeignKeyViolation):
                raise NotFound(f"Database [{database.name}] not found") from error
            if not get_or_create:
                raise AlreadyExists(f"Collection [{name}] already exists") from error
            # Somebody else created it in between, and may have deleted it since: look again.
    raise Conflict(f"Collection [{name}] is created and deleted too often right now; try again")


def get_by_name(database: Database, name: str) -> CollectionView:
    """The collection of this name.

    Raises:  CollectionNotFound
    """
    return _only(database, CollectionNotFound.by_name(name), name=names.sought(name))


def get_by_id(database: Database, collection_id: UUID) -> CollectionView:
    """The collection with this id, if it is in this database.

    Raises:  CollectionNotFound
    """
    return _only(database, CollectionNotFound.by_id(collection_id), collection_id=collection_id)


def list_collections(
    database: Database, *, only: AnyOf[UUID] | None = None, limit: int | None = None, offset: int = 0
) -> list[CollectionView]:
    """The collections of a database, or those of `only`, oldest first."""
    with tenant_transaction(database.tenant_id):
        rows = _find(database, only).order_by("created_at", "collection_id")
        return _views(list(rows[offset : None if limit is None else offset + limit]))


def count(database: Database, *, only: AnyOf[UUID] | None = None) -> int:
    """How many collections a database has, or how many of `only`."""
    with tenant_transaction(database.tenant_id):
        return _find(database, only).count()


def modify(
    database: Database,
    collection_id: UUID,
    *,
    new_name: str | None,
    new_metadata: Mapping[str, Any] | None,
    new_configuration: Mapping[str, Any] | None,
    limits: Limits,
    by: Actor | None = None,
) -> None:
    """Rename, replace the whole metadata, or change search parameters; None leaves as it is.

    by: who has a role, and is written down; None: a key, whose verb was asked for by the edge
    Raises:      PermissionDenied, InvalidArgument, QuotaExceeded, CollectionNotFound, AlreadyExists
    Transaction: opens one
    Source:      contract, section 8.4
    """
    if by is not None:
        by.require(Action.MANAGE_COLLECTIONS)
    if new_name is not None:
        names.check(new_name)
        quotas.check(limits, "name_bytes", len(new_name.encode()), action="Update Collection")
    try:
        with tenant_transaction(database.tenant_id):
            collection = lock(database, collection_id)
            before = collection.name
            if new_name is not None:
                collection.name = new_name
            if new_metadata is not None:
                collection.metadata_json = _encode_metadata(new_metadata, limits, action="Update Collection")
            if new_configuration is not None:
                _configure(collection, new_configuration)
            collection.save()
            if by is not None:
                changes = {
                    "metadata": new_metadata is not None,
                    "configuration": new_configuration is not None,
                }
                renamed = {"old_name": before} if collection.name != before else {}
                _record(by, Action.MANAGE_COLLECTIONS, collection, **renamed, **changes)
    except IntegrityError as error:
        raise AlreadyExists(f"Collection [{new_name}] already exists") from error


def delete(database: Database, name: str, *, by: Actor, only: AnyOf[UUID] | None = None) -> None:
    """Move a collection to the recycle bin, if it is one of `only`.

    It is gone for everybody at once, and restorable for the plan's time.

    by: a role is asked for the action here; a key was asked for its verb by the edge
    Raises:      PermissionDenied, CollectionNotFound
    Transaction: opens one
    """
    _require(by, Action.DELETE_COLLECTION)
    with tenant_transaction(database.tenant_id):
        found = _find(database, only).select_for_update(of=("self",)).filter(name=names.sought(name)).first()
        if found is None:
            raise CollectionNotFound.by_name(name)
        moved = _to_bin(by, database.tenant_id)
        Collection.objects.filter(collection_id=found.collection_id).update(**moved)
        _drop_states(database, [found.collection_id], moved)
        _record(by, Action.DELETE_COLLECTION, found, purge_at=moved["purge_at"].isoformat())


def delete_database(tenant_id: UUID, name: str, *, by: Actor) -> None:
    """Move a database to the recycle bin, and its collections with it.

    by: a role is asked for the action here; a key was asked for its verb by the edge
    Raises:      PermissionDenied, NotFound
    Transaction: opens one
    """
    _require(by, Action.DELETE_DATABASE)
    with tenant_transaction(tenant_id):
        owned = Database.objects.filter(tenant_id=tenant_id, name=names.sought(name))
        database = owned.select_for_update().first()
        if database is None:
            raise NotFound(f"Database [{name}] not found")
        # Catalogue rows before states, as every other verb locks them.
        rows = _find(database).select_for_update(of=("self",)).order_by("collection_id")
        ids = [row.collection_id for row in rows]
        moved = _to_bin(by, tenant_id)
        Collection.objects.filter(collection_id__in=ids).update(**moved, is_deleted_with_database=True)
        Database.objects.filter(database_id=database.database_id).update(**moved)
        _drop_states(database, ids, moved)
        audit.record(
            by,
            tenant_id,
            Action.DELETE_DATABASE,
            subject_id=database.database_id,
            subject_label=database.name,
            details={"collections": len(ids), "purge_at": moved["purge_at"].isoformat()},
        )


def _require(by: Actor, action: Action) -> None:
    if by.kind is not ActorKind.API_KEY:
        by.require(action)


def _record(by: Actor, action: Action, row: Collection, **details: object) -> None:
    label = f"{row.database.name}/{row.name}"
    audit.record(
        by, row.tenant_id, action, subject_id=row.collection_id, subject_label=label, details=details
    )


def _to_bin(by: Actor, tenant_id: UUID) -> dict[str, Any]:
    """What a row in the bin has: since when, until when, by whom. The plan's time is taken now, for good."""
    now = datetime.now(UTC)
    until = now + timedelta(seconds=tenants.recycle_seconds_of(tenant_id))
    return {"deleted_at": now, "purge_at": until, "deleted_by": by.label[:254]}


def _encode_metadata(metadata: Mapping[str, Any] | None, limits: Limits, *, action: str) -> str | None:
    text = collection_metadata.encode(metadata)
    validation.check_metadata_quotas(
        [metadata],
        [None if text is None else text.encode()],
        limits,
        action=action,
        value_limit="collection_metadata_value_bytes",
    )
    return text


def lock(database: Database, collection_id: UUID) -> Collection:
    """The collection's row, which nobody else changes until the transaction ends.

    Raises:      CollectionNotFound
    Transaction: needs one, bound to the tenant
    """
    row = _find(database).select_for_update(of=("self",)).filter(collection_id=collection_id).first()
    if row is None:
        raise CollectionNotFound.by_id(collection_id)
    return row


def check_count(database: Database, limits: Limits, *, action: str = "Create Collection") -> None:
    """One more collection is within the plan; until the transaction ends, nobody else asks this.

    Raises:      NotFound for a database that was deleted meanwhile, QuotaExceeded
    Transaction: needs one, bound to the tenant
    """
    locked = Database.objects.select_for_update(no_key=True).filter(database_id=database.database_id)
    if locked.first() is None:
        raise NotFound(f"Database [{database.name}] not found")
    limit = limits.collections_count
    # No index entry past the limit is read, however many there are.
    count = _find(database).values("collection_id")[: limit + 1].count()
    quotas.check(limits, "collections_count", count + 1, action=action)


def _configure(collection: Collection, change: Mapping[str, Any]) -> None:
    before = configurations.from_stored(orjson.loads(collection.configuration_json))
    after = configurations.modify(before, **change)
    collection.configuration_json = orjson.dumps(configurations.to_stored(after)).decode()
    schema = schemas.modify(
        _schema(collection), hnsw=change["hnsw"] or {}, embedding_function=change["embedding_function"]
    )
    collection.schema_json = schemas.encode(schema)
    if (after.ef_search, after.max_neighbors) != (before.ef_search, before.max_neighbors):
        _configure_state(collection, after)


def _schema(row: Collection) -> Schema | None:
    return None if row.schema_json is None else orjson.loads(row.schema_json)


def _find(database: Database, only: AnyOf[UUID] | None = None) -> QuerySet[Collection]:
    rows = Collection.objects.filter(tenant_id=database.tenant_id, database=database)
    if only is not None:
        rows = rows.filter(collection_id__in=only)
    return rows.select_related("database")


def _only(database: Database, missing: CollectionNotFound, **key: object) -> CollectionView:
    with tenant_transaction(database.tenant_id):
        found = _views(list(_find(database).filter(**key)))
    if not found:
        raise missing
    return found[0]


def _insert_state(collection: Collection, configuration: Configuration, *, has_full_text: bool) -> None:
    execute(
        "insert_state",
        collection.database.cell,
        {
            "collection_id": collection.collection_id,
            "tenant_id": collection.tenant_id,
            "database_id": collection.database_id,
            "space": configuration.space,
            "ef_construction": configuration.ef_construction,
            "max_neighbors": configuration.max_neighbors,
            "ef_search": configuration.ef_search,
            "has_full_text": has_full_text,
        },
    )


def _configure_state(collection: Collection, configuration: Configuration) -> None:
    values: dict[str, object] = {
        "collection_id": collection.collection_id,
        "ef_search": configuration.ef_search,
        "max_neighbors": configuration.max_neighbors,
    }
    execute("configure_state", collection.database.cell, values)


def _drop_states(database: Database, collection_ids: Sequence[UUID], moved: Mapping[str, Any]) -> None:
    is_restorable = moved["purge_at"] > moved["deleted_at"]
    values: dict[str, object] = {"collection_ids": list(collection_ids), "is_restorable": is_restorable}
    execute("drop_state", database.cell, values)


def _views(rows: Iterable[Collection]) -> list[CollectionView]:
    """The rows with their states; all of one database, and so of one cell."""
    rows = list(rows)
    if not rows:
        return []
    ids = [row.collection_id for row in rows]
    states = execute("read_states", rows[0].database.cell, {"collection_ids": ids}).fetchall()
    by_id = {state[0]: state[1:] for state in states}
    return [_view(row, by_id[row.collection_id]) for row in rows if row.collection_id in by_id]


def _view(row: Collection, state: tuple[Any, ...]) -> CollectionView:
    dimension, compactions, compacted_to, records, logical_bytes, keys, log_head, segment_rows, *job = state
    job_state, job_phase, job_cause = job
    return CollectionView(
        collection_id=row.collection_id,
        name=row.name,
        database_name=row.database.name,
        metadata_json=row.metadata_json,
        configuration=configurations.from_stored(orjson.loads(row.configuration_json)),
        schema=_schema(row),
        dimension=dimension,
        compaction_count=compactions,
        compacted_to=compacted_to,
        log_head=log_head,
        record_count=records,
        logical_bytes=logical_bytes,
        segment_rows=segment_rows,
        metadata_keys=keys if isinstance(keys, dict) else orjson.loads(keys),
        job_state=job_state,
        job_phase=job_phase,
        job_cause=job_cause,
    )
