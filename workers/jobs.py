"""The job table: enqueue, claim, keep the lease, finish, park.

A job is claimed with a lease and an epoch. A worker that dies lets the lease run out and another claims the
job at the next epoch; should the first wake up again, its epoch no longer matches and nothing it does counts.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson
from django.db import connections

from vectors.cells.transaction import execute
from vectors.sql import identifier, statement

UPKEEP = ("compact", "purge")
TRANSFERS = ("import", "export")
MAX_ATTEMPTS = 3
# A worker that ends without a word may have been restarted for a new release, so more of these are allowed.
MAX_DEATHS = 8
# Of each collection: what the last attempts did, for people who look.
KEPT_ATTEMPTS = 50


_NO_COUNTS: dict[str, object] = {"counts": "{}", "kept": KEPT_ATTEMPTS - 1}


class LeaseLost(Exception):
    """Another worker has taken this job over."""


@dataclass(frozen=True)
class Job:
    """A claimed piece of work."""

    cell: str
    job_id: int
    tenant_id: UUID
    collection_id: UUID
    kind: str
    epoch: int
    attempts: int

    @property
    def key(self) -> dict[str, object]:
        """What names this claim in statements."""
        return {"job_id": self.job_id, "epoch": self.epoch}


def _run(name: str, cell: str, parameters: dict[str, object]) -> list[tuple[Any, ...]]:
    cursor = execute(name, cell, parameters, **_fragments(cell))
    return cursor.fetchall() if cursor.description else []


@cache
def _fragments(cell: str) -> dict[str, str]:
    """The parts that several statements share."""
    place = {"cell": identifier(cell)}
    names = {"note_attempt": place, "forget_older": place, "phase_begins": {}}
    return {name: statement(name, **fragments) for name, fragments in names.items()}


def enqueue(cell: str, *, tenant_id: UUID, collection_id: UUID, kind: str) -> bool:
    """Put work in the queue; False when the collection has work waiting, running or parked already."""
    values: dict[str, object] = {"tenant_id": tenant_id, "collection_id": collection_id, "kind": kind}
    return bool(_run("enqueue_job", cell, values))


def claim(cell: str, *, lease_seconds: int) -> Job | None:
    """Take the oldest waiting upkeep of a cell, or None.

    Idempotent:  no; each claim raises the epoch
    """
    return _claim("claim_job", cell, lease_seconds)


def claim_transfer(cell: str, *, lease_seconds: int) -> Job | None:
    """Take the import or export whose turn it is, or None.

    Idempotent:  no; each claim raises the epoch
    """
    return _claim("claim_transfer", cell, lease_seconds)


def _claim(name: str, cell: str, lease_seconds: int) -> Job | None:
    rows = _run(name, cell, {"lease_seconds": lease_seconds, "max_deaths": MAX_DEATHS, "phase": "starting"})
    return Job(cell, *rows[0]) if rows else None


def renew(job: Job, *, lease_seconds: int, phase: str | None = None) -> None:
    """Keep the lease for another while, and say what is being done.

    Raises:  LeaseLost
    """
    if not _run("renew_lease", job.cell, job.key | {"lease_seconds": lease_seconds, "phase": phase}):
        raise LeaseLost


def finish(job: Job, counts: Mapping[str, int] = MappingProxyType({})) -> None:
    """The work is done; `counts` say what it was, for its collection's history."""
    noted = {"counts": orjson.dumps(dict(counts)).decode(), "kept": KEPT_ATTEMPTS - 1}
    _run("finish_job", job.cell, job.key | noted)


def fail(job: Job, cause: str, *, wait_seconds: int = 0) -> str:
    """The attempt failed; the state that the job is in now: queued again, or parked after the last one.

    wait_seconds: before a transfer is tried again
    """
    values = {
        "cause": cause[:2_000],
        "max_attempts": MAX_ATTEMPTS,
        "wait_seconds": wait_seconds,
        **_NO_COUNTS,
    }
    rows = _run("fail_job", job.cell, job.key | values)
    return str(rows[0][0]) if rows else "taken over"


def put_back(job: Job, *, wait_seconds: int = 0) -> None:
    """Its turn is over; it goes on later."""
    _run("put_back_job", job.cell, job.key | {"wait_seconds": wait_seconds})


def stop(job: Job, cause: str) -> None:
    """A rule does not let it go on; its owner may act and resume it."""
    _run("stop_job", job.cell, job.key | {"cause": cause[:2_000]})


def park_deadly(cell: str) -> None:
    """Park the jobs whose workers died too often."""
    _run("park_deadly_jobs", cell, {"max_deaths": MAX_DEATHS, **_NO_COUNTS})


def drive_again(cell: str, collection_id: UUID) -> bool:
    """Queue a parked job anew; False when there is none."""
    return bool(_run("drive_again", cell, {"collection_id": collection_id}))


def waiting_count(cell: str, kinds: Sequence[str] = UPKEEP) -> int:
    """How many jobs of these kinds nobody is working on."""
    return int(_run("jobs_waiting", cell, {"kinds": list(kinds)})[0][0])


@contextmanager
def heartbeat(job: Job, *, lease_seconds: int) -> Iterator[threading.Event]:
    """Renew the lease from a second thread while the block runs; the event is set once the lease is lost."""
    stop, lost = threading.Event(), threading.Event()

    def beat() -> None:
        try:
            while not stop.wait(lease_seconds / 3):
                renew(job, lease_seconds=lease_seconds)
        except Exception:  # noqa: BLE001 (a heart that stops beating is a lost lease, whatever the cause)
            lost.set()
        finally:
            connections.close_all()

    thread = threading.Thread(target=beat, name=f"lease of job {job.job_id}", daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        stop.set()
        thread.join()
