"""What imports and exports share: a job's turn, which is a slice of time, and what it works with.

Imports and exports take turns, so that a long one lets others and the upkeep of collections through. A slice
ends between two steps that are committed; the next one goes on behind the last.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from uuid import UUID

import orjson

from tenants import flags, tenants
from tenants.billing.spender import FREE, Reservation, Spender
from tenants.errors import PermissionDenied
from tenants.prices import Meter, Prices, cost_nano
from tenants.quotas import Limits
from tenants.scope import tenant_transaction
from vectors import transfer_files
from vectors.cells.transaction import execute
from vectors.errors import CollectionNotFound
from vectors.objects import Store
from vectors.segments.manifest import ManifestCache
from vectors.sql import statement
from vectors.transfer import Transfer, transfer_of
from vectors.transfer_files import File, Part
from workers.jobs import Job, LeaseLost

MAINTENANCE_SECONDS = 15
_SURE_SECONDS = 0.5


@dataclass(frozen=True)
class Means:
    """What a worker process has for its transfers.

    notes_keys:   whether new keys of metadata are part of the schema at once
    keep_seconds: for which the file of an export is kept
    """

    store: Store
    spender: Spender
    cache: ManifestCache
    lease_seconds: int
    slice_seconds: float
    keep_seconds: int
    notes_keys: bool = False


class Waits(Exception):
    """Nothing is wrong, and nothing may be done now."""


@dataclass
class Slice:
    """A turn of a job.

    came_back_seconds: how long it took to find its place again; the turn is at least four times as long
    """

    job: Job
    means: Means
    transfer: Transfer
    limits: Limits
    prices: Prices
    spend_cap_nano: int | None
    parts: list[Part]
    lost: threading.Event
    began: float = field(default_factory=time.monotonic)
    rows_count: int = 0
    rows_failed: int = 0
    came_back_seconds: float = 0.0

    @property
    def tenant_id(self) -> UUID:
        """Whose it is."""
        return self.job.tenant_id

    @property
    def file(self) -> File:
        """Where its file is."""
        return File(self.job.tenant_id, self.job.cell, self.job.job_id)

    def is_over(self) -> bool:
        """Whether it is somebody else's turn."""
        least = max(self.means.slice_seconds, 4 * self.came_back_seconds)
        return time.monotonic() - self.began >= least

    def check(self) -> None:
        """The job is still this worker's, as far as it knows.

        Raises:  LeaseLost
        """
        if self.lost.is_set():
            raise LeaseLost

    def rows_per_second(self, rows_count: int) -> float:
        """The speed with these rows done too; the one before until there is something to go by."""
        self.rows_count += rows_count
        seconds = time.monotonic() - self.began - self.came_back_seconds
        if seconds < _SURE_SECONDS and self.transfer.rows_per_second:
            return self.transfer.rows_per_second
        return self.rows_count / max(seconds, 0.001)

    def reserve(self, meter: Meter, quantity: int) -> Reservation:
        """Reserve what a step may cost.

        Raises:  QuotaExceeded at the tenant's spend cap
        """
        if self.spend_cap_nano is None:
            return FREE
        estimate_nano = cost_nano(meter, quantity, self.prices)
        return self.means.spender.reserve(self.tenant_id, self.spend_cap_nano, estimate_nano)


def begin(job: Job, means: Means, lost: threading.Event) -> Slice:
    """Begin a job's turn.

    Raises:      Waits under maintenance, PermissionDenied for a suspended tenant, CollectionNotFound
    Transaction: opens short ones
    """
    if flags.is_on(flags.MAINTENANCE, job.tenant_id):
        raise Waits
    tenant = tenants.get(job.tenant_id)
    if tenant.suspended_at is not None:
        raise PermissionDenied(f"This tenant is suspended. {tenant.suspension_reason}".strip())
    with tenant_transaction(job.tenant_id):
        if execute("begin_transfer", job.cell, {"job_id": job.job_id}).fetchone() is None:
            raise CollectionNotFound.by_id(job.collection_id)
    transfer = read(job)
    return Slice(
        job=job,
        means=means,
        transfer=transfer,
        limits=tenants.limits_of(tenant),
        prices=tenants.prices_of(tenant),
        spend_cap_nano=tenant.spend_cap_nano,
        parts=transfer_files.parts(File(job.tenant_id, job.cell, job.job_id)),
        lost=lost,
    )


def read(job: Job) -> Transfer:
    """What the job moves, as it stands now.

    Transaction: opens one
    """
    with tenant_transaction(job.tenant_id):
        columns = statement("transfer_columns")
        row = execute("read_transfer_of_job", job.cell, {"job_id": job.job_id}, columns=columns).fetchone()
    if row is None:
        raise LeaseLost
    return transfer_of(row)


def note_options(job: Job, options: dict[str, object]) -> None:
    """Keep what was decided when the work began.

    Transaction: opens one
    """
    values = {"job_id": job.job_id, "options": orjson.dumps(options).decode()}
    with tenant_transaction(job.tenant_id):
        execute("note_options", job.cell, values)


def finish(turn: Slice, *, keep_seconds: int) -> None:
    """All of it is done.

    Transaction: opens one
    Raises:      LeaseLost
    """
    values = turn.job.key | {"keep_seconds": keep_seconds}
    with tenant_transaction(turn.tenant_id):
        if execute("finish_transfer", turn.job.cell, values).fetchone() is None:
            raise LeaseLost
