"""Forks: a collection with everything that another one holds, at once, and independent from then on.

        source   manifest ▣▣▣▣▣ ▣▣▣   tombstones ×   log ▢▢▢
                      shared │ │            copied │  copied │     bounded by what a compaction leaves
        fork     manifest ▣▣▣▣▣ ▣▣▣   tombstones ×   log ▢▢▢

Segments never change, so two manifests may have the same one; it is dropped when none has it any more
(`segments/swap.leave`). Offsets and ordinals go on from the source's, and the fork's ledger begins with one
row that covers the log so far.
"""

from __future__ import annotations

import uuid
from uuid import UUID

from django.db import IntegrityError

from tenants import audit, names, quotas
from tenants.actors import Actor, ActorKind
from tenants.errors import AlreadyExists, InvalidArgument
from tenants.models import Database
from tenants.quotas import Limits
from tenants.roles import Action
from tenants.scope import tenant_transaction
from vectors import collections
from vectors.cells.transaction import execute
from vectors.collections import CollectionView
from vectors.errors import CollectionNotFound
from vectors.models import Collection

_ACTION = "Fork Collection"
_MOST_CHARACTERS = 512


def fork(
    database: Database, collection_id: UUID, new_name: str, *, limits: Limits, by: Actor
) -> CollectionView:
    """Make a collection that holds what this one holds, with every write acknowledged so far.

    by: a role is asked for the action here; a key was asked for its verb by the edge
    Raises:      PermissionDenied, InvalidArgument, QuotaExceeded, CollectionNotFound, AlreadyExists
    Transaction: opens one; the source's writers wait for it
    Source:      contract, section 18
    """
    if by.kind is not ActorKind.API_KEY:
        by.require(Action.FORK_COLLECTION)
        names.check(new_name)
    # wire: the name of a fork is not held to the pattern; it need only be one that can be stored
    elif not 1 <= len(new_name) <= _MOST_CHARACTERS or "\x00" in new_name:
        raise InvalidArgument(f"new_name: expected 1 to {_MOST_CHARACTERS} characters, and no U+0000")
    quotas.check(limits, "name_bytes", len(new_name.encode()), action=_ACTION)
    try:
        with tenant_transaction(database.tenant_id):
            # Locks in one order everywhere: the database, its collections, their states.
            collections.check_count(database, limits, action=_ACTION)
            source = collections.lock(database, collection_id)
            made = Collection(
                collection_id=uuid.uuid4(),
                tenant_id=source.tenant_id,
                database=database,
                name=new_name,
                metadata_json=source.metadata_json,
                configuration_json=source.configuration_json,
                schema_json=source.schema_json,
            )
            made.save(force_insert=True)
            forks_count = _fork_state(made, collection_id, key_id=_key_of(by))
            quotas.check(limits, "forks_count", forks_count, action=_ACTION)
            view = collections.get_by_id(database, made.collection_id)
            audit.record(
                by,
                database.tenant_id,
                Action.FORK_COLLECTION,
                subject_id=made.collection_id,
                subject_label=f"{database.name}/{new_name}",
                details={"source": source.name, "source_id": str(collection_id)},
            )
    except IntegrityError as error:
        raise AlreadyExists(f"Collection [{new_name}] already exists") from error
    return view


def count_forks(database: Database, collection_id: UUID) -> int:
    """How many times a collection of this one's tree was forked, those included that are deleted since.

    Raises:  CollectionNotFound
    Source:  contract, section 18
    """
    with tenant_transaction(database.tenant_id):
        row = execute("count_forks", database.cell, {"collection_id": collection_id}).fetchone()
    if row is None:
        raise CollectionNotFound.by_id(collection_id)
    return int(row[0])


def _fork_state(made: Collection, source_id: UUID, *, key_id: UUID | None) -> int:
    """Copy state, log and tombstones, and share the segments; how many edges the tree has now."""
    cell = made.database.cell
    root = execute("lock_for_fork", cell, {"collection_id": source_id}).fetchone()
    if root is None:
        raise CollectionNotFound.by_id(source_id)
    tree: dict[str, object] = {"root_id": root[0], "tenant_id": made.tenant_id}
    edges = execute("grow_fork_tree", cell, tree).fetchone()
    values: dict[str, object] = {
        "collection_id": source_id,
        "fork_id": made.collection_id,
        "root_id": root[0],
        "key_id": key_id,
    }
    if edges is None or execute("fork_collection", cell, values).fetchone() is None:
        raise LookupError(f"the state of {source_id} went away under its lock")
    return int(edges[0])


def _key_of(by: Actor) -> UUID | None:
    """Who the ledger says it was: a key; people have no usage of their own."""
    return by.actor_id if by.kind is ActorKind.API_KEY else None
