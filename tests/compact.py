"""Compacting a collection of a test in process, as the worker role, phase by phase."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import cache

import psycopg
from django.conf import settings

from cloud.processes import Service
from tenants.models import Database
from tenants.scope import tenant_transaction
from tests import stage
from tests.factories import Place
from vectors.cells.transaction import connect
from vectors.segments.build import Resources
from workers import compaction, jobs
from workers.compaction import Compacted

RESOURCES = Resources(memory_bytes=256 * 1024 * 1024, parallel_workers=0)


@cache
def cell_of(place: Place) -> str:
    """The cell of a collection; asked once, as the web role."""
    return stage.elsewhere(lambda: _find_cell(place))


def _find_cell(place: Place) -> str:
    with tenant_transaction(place.cast.tenant_id):
        return str(Database.objects.get(tenant_id=place.cast.tenant_id, name=place.cast.database).cell)


def compact(
    database: Service,
    place: Place,
    after_phase: Callable[[str], None] = lambda _: None,
) -> Compacted:
    """Move the collection's live log into a segment; `after_phase` runs as each phase begins."""
    with stage.role(database, "worker"):
        jobs.enqueue(
            cell_of(place),
            tenant_id=place.cast.tenant_id,
            collection_id=place.collection_id,
            kind="compact",
        )
    return resume(database, place, after_phase)


def resume(
    database: Service,
    place: Place,
    after_phase: Callable[[str], None] = lambda _: None,
) -> Compacted:
    """Claim the collection's job and do it, as a worker that finds it waiting."""
    with stage.role(database, "worker"):
        job = jobs.claim(cell_of(place), lease_seconds=60)
        assert job is not None
        assert job.collection_id == place.collection_id
        done = compaction.compact(
            job,
            role_prefix=settings.ROLE_PREFIX,
            resources=RESOURCES,
            lease_seconds=60,
            after_phase=after_phase,
        )
        jobs.finish(job)
    return done


def expire_lease(database: Service, place: Place) -> None:
    """Let the time pass that a dead worker's lease has left."""
    with stage.role(database, "worker"):
        connect().execute(
            f"UPDATE {cell_of(place)}.job SET lease_until = now() WHERE collection_id = %s".encode(),
            [place.collection_id],
        )


def take_over(database: Service, place: Place) -> None:
    """Claim the job at the next epoch, as another worker does once the lease has run out."""
    expire_lease(database, place)
    with stage.role(database, "worker"):
        assert jobs.claim(cell_of(place), lease_seconds=60) is not None


def read_as_owner(database: Service, tenant_id: uuid.UUID, query: str) -> list[tuple[object, ...]]:
    """Rows of a query as the owner, bound to a tenant: for looking at what the wire does not show."""
    with stage.role(database, "owner"):
        connection = connect()
        with connection.transaction():
            connection.execute(f"SET LOCAL app.tenant_id = '{tenant_id}'".encode())
            return psycopg.Cursor(connection).execute(query.encode()).fetchall()
