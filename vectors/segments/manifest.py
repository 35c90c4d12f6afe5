"""Which segments serve a collection, as this process last read it.

A process keeps manifests without asking whether they are current: the statement that uses one says which
version it saw, and the caller reads again when they differ. So a warm read costs one round trip, and a stale
manifest costs one more, never a wrong answer.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from uuid import UUID

import orjson

from tenants.scope import tenant_transaction
from vectors import indexes
from vectors.cells.transaction import transaction
from vectors.errors import CollectionNotFound
from vectors.models import Collection
from vectors.sql import in_cell
from vectors.types import Manifest, Segment


class ManifestCache:
    """The manifests that a process keeps: the ones used last, up to a number."""

    def __init__(self, capacity_count: int) -> None:
        self.capacity_count = capacity_count
        self._kept: OrderedDict[UUID, Manifest] = OrderedDict()
        self._lock = Lock()

    def get(self, tenant_id: UUID, collection_id: UUID) -> Manifest:
        """The collection's manifest, read if it is not here.

        Raises:  CollectionNotFound, also for a collection of another tenant
        """
        with self._lock:
            kept = self._kept.get(collection_id)
            if kept is not None:
                self._kept.move_to_end(collection_id)
        if kept is None:
            kept = read(tenant_id, collection_id)
            self.put(kept)
        if kept.tenant_id != tenant_id:
            raise CollectionNotFound.by_id(collection_id)
        return kept

    def put(self, manifest: Manifest) -> None:
        """Keep this manifest in place of an older one."""
        with self._lock:
            self._kept[manifest.collection_id] = manifest
            self._kept.move_to_end(manifest.collection_id)
            while len(self._kept) > self.capacity_count:
                self._kept.popitem(last=False)

    def refresh(self, manifest: Manifest) -> Manifest:
        """Read anew what turned out to be stale.

        Raises:  CollectionNotFound when it is gone; then it is not kept either
        """
        self.forget(manifest.collection_id)
        fresh = read(manifest.tenant_id, manifest.collection_id)
        self.put(fresh)
        return fresh

    def forget(self, collection_id: UUID) -> None:
        """Keep nothing of the collection."""
        with self._lock:
            self._kept.pop(collection_id, None)


def read(tenant_id: UUID, collection_id: UUID) -> Manifest:
    """The collection's manifest as it is now; two round trips.

    Raises:  CollectionNotFound
    """
    with tenant_transaction(tenant_id):
        found = Collection.objects.filter(tenant_id=tenant_id, collection_id=collection_id).values_list(
            "database_id",
            "database__name",
            "database__cell",
            "schema_json",
        )
        place = found.first()
    if place is None:
        raise CollectionNotFound.by_id(collection_id)
    database_id, database_name, cell, schema_json = place
    with transaction(tenant_id) as pipeline:
        cursor = pipeline.run(in_cell("read_manifest", cell), {"collection_id": collection_id})
    row = cursor.fetchone()
    if row is None:
        raise CollectionNotFound.by_id(collection_id)
    space, ef_search, dimension, version, compacted_to, segments = row
    return Manifest(
        collection_id=collection_id,
        tenant_id=tenant_id,
        database_id=database_id,
        database_name=database_name,
        cell=cell,
        space=space,
        ef_search=ef_search,
        dimension=dimension,
        version=version,
        compacted_to=compacted_to,
        segments=tuple(Segment(**segment) for segment in orjson.loads(segments)),
        indexed=None if schema_json is None else indexes.summarize(orjson.loads(schema_json)),
    )
