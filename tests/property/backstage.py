"""Behind the clients: compactions that die, lose their lease or meet writers, garbage, restarts.

Workers are threads with a connection of their own as the worker role, so the web's connection and what it
keeps live on beside them, as they do in a service.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import connections

from cloud.api import authentication, permissions
from cloud.processes import Service
from tests import stage
from tests.compact import RESOURCES
from vectors.cells.transaction import connect
from vectors.log import append
from vectors.query import execute
from vectors.segments.manifest import ManifestCache
from workers import compaction, garbage, jobs, sweep
from workers.jobs import Job
from workers.policy import Thresholds

T = TypeVar("T")
AtPhase = Callable[[str], None]
_LEASE_SECONDS = 600


class Died(Exception):
    """Stands for a worker that stops existing."""


class Worker:
    """One worker of the service, in a thread."""

    def __init__(self, database: Service) -> None:
        """Connect as the worker role, for as long as the worker lives."""
        self._held = ExitStack()
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._pool.submit(self._held.enter_context, stage.role(database, "worker")).result()

    def leave(self) -> None:
        """Close the connection."""
        self._pool.submit(self._held.close).result()
        self._pool.shutdown()

    def run(self, act: Callable[[], T]) -> T:
        """Do something as the worker."""
        return self._pool.submit(act).result()

    def compact(self, cell: str, tenant_id: UUID, collection_id: UUID, at_phase: AtPhase) -> None:
        """Do what waits in the cell, and a compaction of this collection whatever its size.

        at_phase: called in the caller's thread as each phase of this collection's job begins, while the
                  worker waits; what it raises, the worker meets
        """
        asked: SimpleQueue[tuple[str, Future[None]] | None] = SimpleQueue()

        def hand_over(phase: str) -> None:
            answer: Future[None] = Future()
            asked.put((phase, answer))
            answer.result()

        def act() -> None:
            expire_leases(cell, collection_id)
            jobs.enqueue(cell, tenant_id=tenant_id, collection_id=collection_id, kind="compact")
            jobs.drive_again(cell, collection_id)
            work(cell, collection_id, hand_over)

        done = self._pool.submit(act)
        done.add_done_callback(lambda _: asked.put(None))
        while (question := asked.get()) is not None:
            phase, answer = question
            try:
                at_phase(phase)
            except BaseException as error:  # noqa: BLE001 (it is the worker that must meet it)
                answer.set_exception(error)
            else:
                answer.set_result(None)
        done.result()


def work(cell: str, collection_id: UUID | None = None, after_phase: AtPhase = lambda _: None) -> None:
    """Do the jobs of a cell until none waits; `after_phase` looks on at those of one collection."""
    while job := jobs.claim(cell, lease_seconds=_LEASE_SECONDS):
        _do(job, after_phase if job.collection_id == collection_id else lambda _: None)
        jobs.finish(job)


def _do(job: Job, after_phase: AtPhase) -> None:
    if job.kind == "purge":
        compaction.purge(job, role_prefix=settings.ROLE_PREFIX)
        return
    compaction.compact(
        job,
        role_prefix=settings.ROLE_PREFIX,
        resources=RESOURCES,
        lease_seconds=_LEASE_SECONDS,
        after_phase=after_phase,
    )


def expire_leases(cell: str, collection_id: UUID) -> None:
    """Let the time pass that dead workers' leases have left."""
    text = f"UPDATE {cell}.job SET lease_until = clock_timestamp() - interval '1 s' "
    text += "WHERE collection_id = %s AND state = 'running'"
    connect().execute(text.encode(), [collection_id])


def take_over(cell: str, collection_id: UUID, *, to_the_end: bool) -> None:
    """As another worker, once the lease has run out: claim the job, and perhaps do it."""
    expire_leases(cell, collection_id)
    job = jobs.claim(cell, lease_seconds=_LEASE_SECONDS)
    assert job is not None
    assert job.collection_id == collection_id
    if to_the_end:
        _do(job, lambda _: None)
        jobs.finish(job)


def sweep_up(cell: str) -> None:
    """A round of the beat, with thresholds that small collections pass; then the work that it found."""
    sweep.enqueue_due(cell, Thresholds(rows=30, bytes=10**9, age_seconds=0))
    work(cell)


def collect_garbage(cell: str) -> None:
    """Drop what is out of use, however young."""
    garbage.collect(cell, role_prefix=settings.ROLE_PREFIX, retire_after_seconds=0)


class Processes:
    """Two processes of the web that take turns, each with the manifests that it read last."""

    def __init__(self) -> None:
        """Both know nothing yet."""
        self._other = ManifestCache(settings.MANIFEST_CACHE_COUNT)._kept
        self.restart()

    def switch(self) -> None:
        """Let the other process answer, which may have slept for long."""
        self._other, permissions.manifests._kept = permissions.manifests._kept, self._other

    def restart(self) -> None:
        """Start both anew: nothing kept, nothing prepared, nothing connected."""
        permissions.manifests._kept.clear()
        self._other.clear()
        authentication.forget_all()
        execute._statement.cache_clear()
        append.write_statement.cache_clear()
        connections.close_all()
