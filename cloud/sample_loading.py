"""Loading the shipped sample into a tenant's database, for somebody who wants to look around at once.

It is written as a client would write it: by the same verbs, in batches of the plan's size, counted, billed
and held to the tenant's limits. 2,000 records with 384 dimensions take a second or two.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from cloud import sample
from cloud.api import admission, spending
from cloud.api.permissions import manifests
from tenants import audit, databases, readers, tenants
from tenants.actors import Actor
from tenants.concurrency import KIND_OF
from tenants.errors import AlreadyExists
from tenants.identity import ALL_VERBS, Identity, Verb
from tenants.models import Database
from tenants.prices import Meter, cost_nano
from tenants.roles import Action
from tenants.scope import tenant_transaction
from vectors import collections, metadata, records
from vectors.configuration import Configuration
from vectors.types import Operation, RecordBatch

DATABASE = "samples"
COLLECTION = "debian-packages"
_FLOAT_BYTES = 4


@dataclass(frozen=True)
class Loaded:
    """Where the sample is, and how many of its records were not there before."""

    database_name: str
    collection_id: UUID
    collection_name: str
    added_count: int


def load(by: Actor, tenant_id: UUID, database_name: str | None = None) -> Loaded:
    """Put the sample into a collection of its own, in this database or else in the tenant's first one.

    A tenant without a database gets one. A load that was cut short goes on where it was.

    Raises:      PermissionDenied, NotFound, InvalidArgument when a collection of this name has another
                 dimension, QuotaExceeded, RateLimited
    Transaction: opens several
    Idempotent:  yes; records that are there stay as they are
    """
    by.require(Action.MANAGE_COLLECTIONS)
    by.require(Action.WRITE_RECORDS)
    identity = readers.of_tenant(tenants.get(tenant_id), ALL_VERBS)
    database = _database(by, identity, database_name)
    view = collections.create(
        database,
        COLLECTION,
        metadata={"source": "The shipped sample: one-line descriptions of Debian packages"},
        configuration=Configuration(space="cosine"),
        schema=None,
        get_or_create=True,
        limits=identity.limits,
    )
    everything = sample.records()
    added = 0
    if view.record_count < len(everything):
        step = max(1, min(300, identity.limits.records_per_write_count))
        for first in range(0, len(everything), step):
            added += _write(identity, view.collection_id, everything.part(first, step))
    if added:
        _note(by, tenant_id, database, view.collection_id, added)
    return Loaded(database.name, view.collection_id, view.name, added)


def _database(by: Actor, identity: Identity, name: str | None) -> Database:
    if name is not None:
        return databases.get(identity.tenant_id, name)
    first = databases.page(by, identity.tenant_id, limit_count=1)
    if first:
        return first[0]
    try:
        return databases.create(
            identity.tenant_id, DATABASE, limits=identity.limits, cell_count=settings.CELL_COUNT, by=by
        )
    except AlreadyExists:  # somebody else did the same in this moment
        return databases.get(identity.tenant_id, DATABASE)


def _write(identity: Identity, collection_id: UUID, part: sample.Records) -> int:
    """Add some records as a client would; how many were new."""
    manifest = manifests.get(identity.tenant_id, collection_id)
    body_bytes = part.embeddings.size * _FLOAT_BYTES + sum(map(len, part.documents))
    admission.limiter().admit(identity.tenant_id, identity.limits.requests_per_minute_count)
    with (
        spending.reserve(identity, Verb.ADD, manifest, body_bytes) as reservation,
        admission.Working(identity, collection_id, KIND_OF[Verb.ADD]),
    ):
        batch = RecordBatch(
            ids=part.ids,
            embeddings=part.embeddings,
            documents=part.documents,
            metadatas=metadata.encode(part.metadatas),
        )
        written = records.write(
            manifests,
            manifest,
            Operation.ADD,
            batch,
            identity.limits,
            notes_keys=settings.SCHEMA_KEYS_AT == "write",
        )
        reservation.settle(cost_nano(Meter.BYTES_WRITTEN, written.written_bytes, identity.prices))
    return written.changed_count


def _note(by: Actor, tenant_id: UUID, database: Database, collection_id: UUID, added: int) -> None:
    with tenant_transaction(tenant_id):
        audit.record(
            by,
            tenant_id,
            Action.WRITE_RECORDS,
            subject_id=collection_id,
            subject_label=f"{database.name}/{COLLECTION}",
            details={"did": "load the sample", "records": added},
        )
