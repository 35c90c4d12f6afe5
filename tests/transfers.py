"""Imports and exports of tests, in process: begun by the verbs, done by the worker's role slice by slice."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from django.test import override_settings

from cloud.processes import Service
from tenants import databases, tenants
from tenants.actors import command
from tenants.billing import history
from tenants.billing.budgets import Holder
from tenants.billing.spender import Spender
from tenants.models import Database
from tests import stage
from tests.compact import cell_of
from tests.factories import Cast, Place
from vectors import objects, transfers, usage
from vectors.formats import Format
from vectors.objects import Store
from vectors.objects.folder import Folder
from vectors.segments.manifest import ManifestCache
from vectors.transfer import Transfer, Upload
from vectors.types import Operation
from workers import exports, ingestion, jobs
from workers.jobs import Job
from workers.slices import Means

BY = command("tests")
MOST_BYTES = 2**30


@contextmanager
def temporary_store() -> Iterator[Folder]:
    """A store in a folder that goes away."""
    folder = Path(tempfile.mkdtemp(prefix="tessera-objects-"))
    try:
        yield Folder(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def temporary_place() -> Iterator[objects.Place]:
    """The same for API, pages and workers alike."""
    with temporary_store() as store:
        place = objects.Place(store.folder)
        with override_settings(OBJECT_STORE=place):
            yield place


def database_of(place: Place | Cast) -> Database:
    """Where a collection of a test is."""
    cast = place.cast if isinstance(place, Place) else place
    return databases.get(cast.tenant_id, cast.database)


def means(store: Store, *, slice_seconds: float = 60.0) -> Means:
    """What a worker of a test has."""
    spender = Spender(Holder("tests", 1), spent_nano=_spent_nano, has_thread=False)
    # The thread that renews the lease has the web's role here, so it must not come to that.
    return Means(store, spender, ManifestCache(100), 1_800, slice_seconds, 3600)


def _spent_nano(tenant_id: Any, month: Any) -> int:
    return history.spent_nano(tenant_id, month, usage.meter_totals)


def upload(
    store: Store,
    place: Place,
    content: bytes,
    *,
    file_format: Format = Format.JSONL,
    is_gzip: bool = False,
    operation: Operation = Operation.UPSERT,
) -> Transfer:
    """An import whose file is there."""
    database = database_of(place)
    begun = transfers.begin_import(
        BY,
        database,
        place.collection_id,
        Upload(f"records.{file_format.value}", file_format, is_gzip, len(content), operation),
        limits=tenants.limits_of(tenants.get(place.cast.tenant_id)),
        most_bytes=MOST_BYTES,
    )
    return transfers.upload(
        BY, database, begun.transfer_id, store, io.BytesIO(content), from_byte=0, most_bytes=MOST_BYTES
    )


def begin_export(place: Place, **options: Any) -> Transfer:
    """An export that waits for a worker."""
    wanted: dict[str, Any] = {"file_format": Format.JSONL, "is_gzip": False, "as_numbers": False, **options}
    return transfers.begin_export(
        BY,
        database_of(place),
        place.collection_id,
        limits=tenants.limits_of(tenants.get(place.cast.tenant_id)),
        **wanted,
    )


def claim_of(cell: str, tenant_id: UUID) -> Job | None:
    """Claim what waits of a tenant, as a worker does; what other tests left is set aside."""
    while job := jobs.claim_transfer(cell, lease_seconds=60):
        if job.tenant_id == tenant_id:
            return job
        jobs.stop(job, "another test left it")
    return None


def claim(service: Service, place: Place) -> Job:
    """Claim what waits of the place's tenant."""
    del service
    job = claim_of(cell_of(place), place.cast.tenant_id)
    assert job is not None
    assert job.collection_id == place.collection_id
    return job


def work(
    service: Service,
    place: Place,
    store: Store,
    *,
    slice_seconds: float = 60.0,
    after_step: Callable[[], None] = lambda: None,
) -> int:
    """Do the import or export of a collection to its end; how many slices it took."""
    count = 0
    with stage.role(service, "worker"):
        has = means(store, slice_seconds=slice_seconds)
        while True:
            job = claim(service, place)
            run = ingestion.run if job.kind == "import" else exports.run
            count += 1
            if run(job, has, after_step):
                return count
            jobs.put_back(job)


def standing(place: Place, transfer: Transfer) -> Transfer:
    """How it stands now."""
    return transfers.get(BY, database_of(place), transfer.transfer_id)


def content(place: Place, transfer: Transfer, store: Store) -> bytes:
    """The file of an export."""
    return b"".join(transfers.open_export(BY, database_of(place), transfer.transfer_id, store)[1])


def json_lines(records: list[dict[str, Any]]) -> bytes:
    """Records as a file."""
    return b"".join(orjson.dumps(record) + b"\n" for record in records)
