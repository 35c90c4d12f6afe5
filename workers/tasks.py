"""Every task, on one page: claim, call, count. The only place below the edges that reads settings.

A task says nothing about which collection: the job table knows. So a lost, doubled or late message costs a
look at the table, and a flushed broker loses nothing.
"""

from __future__ import annotations

import logging
import os
import socket
from dataclasses import asdict
from datetime import UTC, date, datetime
from functools import cache
from uuid import UUID

from celery import shared_task
from django.conf import settings

from tenants.billing import history
from tenants.billing.budgets import Holder
from tenants.billing.spender import Spender
from tenants.databases import cell_name
from tenants.errors import Code, ServiceError
from vectors import objects, usage
from vectors.erasure import Marked
from vectors.segments.build import Resources
from vectors.segments.manifest import ManifestCache
from workers import (
    billing,
    compaction,
    exports,
    garbage,
    ingestion,
    jobs,
    metering,
    metrics,
    quota_peaks,
    recycle,
    slices,
    stripe_export,
    sweep,
    transfer_expiry,
)
from workers.jobs import Job, LeaseLost
from workers.policy import Thresholds
from workers.slices import Means

log = logging.getLogger("tessera.workers")

# How many sweeps a message may wait for a worker: a busy machine is late, and must not starve.
_PATIENCE = 5
_MAX_WAKES = 8  # per cell and sweep; a worker that is awake goes on until nothing waits
_AGAIN_SECONDS = 5
# Failures that time may mend; all others of a transfer are for its owner.
_TRANSIENT = {Code.UNAVAILABLE, Code.ABORTED, Code.RESOURCE_EXHAUSTED, Code.INTERNAL}


def _cells() -> list[str]:
    return [cell_name(number) for number in range(settings.CELL_COUNT)]


@shared_task(ignore_result=True)
def find_due() -> None:
    """Queue what is due in each cell and wake as many workers as there are jobs."""
    thresholds = Thresholds(
        rows=settings.COMPACT_AFTER_ROWS,
        bytes=settings.COMPACT_AFTER_BYTES,
        age_seconds=settings.COMPACT_AFTER_SECONDS,
    )
    for cell in _cells():
        try:
            _sweep_cell(cell, thresholds)
        except Exception:
            log.exception("the sweep of %s failed; the other cells go on", cell)


def _sweep_cell(cell: str, thresholds: Thresholds) -> None:
    jobs.park_deadly(cell)
    sweep.enqueue_due(cell, thresholds)
    for _ in range(min(jobs.waiting_count(cell), _MAX_WAKES)):
        # A message that nobody took by the next sweeps is one too many.
        work.apply_async((cell,), expires=_PATIENCE * settings.SWEEP_SECONDS)
    _wake_transfers(cell)


def _wake_transfers(cell: str) -> None:
    for _ in range(min(jobs.waiting_count(cell, jobs.TRANSFERS), _MAX_WAKES)):
        transfer.apply_async((cell,), expires=_PATIENCE * settings.SWEEP_SECONDS)


@shared_task(ignore_result=True, acks_late=True)
def work(cell: str) -> None:
    """Do the jobs of a cell, one after the other, until none waits."""
    while job := jobs.claim(cell, lease_seconds=settings.JOB_LEASE_SECONDS):
        _attempt(job)


def _attempt(job: Job) -> None:
    try:
        counts = _do(job)
    except LeaseLost:
        log.warning("job %s of %s was taken over by another worker", job.job_id, job.cell)
    except Exception as error:
        state = jobs.fail(job, f"{type(error).__name__}: {error}")
        log.exception("job %s of %s failed (attempt %s), now %s", job.job_id, job.cell, job.attempts, state)
    else:
        jobs.finish(job, counts)


def _do(job: Job) -> dict[str, int]:
    """Do the work; what it did, in numbers."""
    if job.kind == "purge":
        with jobs.heartbeat(job, lease_seconds=settings.JOB_LEASE_SECONDS):
            purged = compaction.purge(job, role_prefix=settings.ROLE_PREFIX)
        log.info("purged %s rows from the log of collection %s", purged, job.collection_id)
        return {"purged_rows": purged}
    done = compaction.compact(
        job,
        role_prefix=settings.ROLE_PREFIX,
        resources=Resources(settings.BUILD_MEMORY_BYTES, settings.BUILD_WORKERS),
        lease_seconds=settings.JOB_LEASE_SECONDS,
    )
    log.info(
        "compacted collection %s: %s rows in the new segment, %s segments merged, %s log rows purged",
        job.collection_id,
        done.rows,
        done.merged_segments,
        done.purged_rows,
    )
    return asdict(done)


@shared_task(ignore_result=True, acks_late=True)
def transfer(cell: str) -> None:
    """Do a slice of the import or export whose turn it is, then let what waits in the queue go first."""
    if job := jobs.claim_transfer(cell, lease_seconds=settings.JOB_LEASE_SECONDS):
        _attempt_transfer(job)
        _wake_transfers(cell)


def _attempt_transfer(job: Job) -> None:
    run = ingestion.run if job.kind == "import" else exports.run
    try:
        if run(job, _means()):
            log.info("%s %s of %s is done", job.kind, job.job_id, job.cell)
        else:
            jobs.put_back(job)
    except slices.Waits:
        jobs.put_back(job, wait_seconds=slices.MAINTENANCE_SECONDS)
    except LeaseLost:
        log.info("%s %s of %s was cancelled or taken over", job.kind, job.job_id, job.cell)
    except Exception as error:
        if isinstance(error, ServiceError) and error.code not in _TRANSIENT:
            jobs.stop(job, error.message)
            return
        state = jobs.fail(job, f"{type(error).__name__}: {error}", wait_seconds=_AGAIN_SECONDS)
        log.exception("%s %s of %s failed, now %s", job.kind, job.job_id, job.cell, state)


@cache
def _means() -> Means:
    """What this process has for its transfers, made at the first of them."""
    holder = Holder(f"{socket.gethostname()}:{os.getpid()}", settings.WEB_PROCESS_COUNT)
    return Means(
        store=objects.open_store(settings.OBJECT_STORE),
        spender=Spender(holder, spent_nano=_spent_nano),
        cache=ManifestCache(settings.MANIFEST_CACHE_COUNT),
        lease_seconds=settings.JOB_LEASE_SECONDS,
        slice_seconds=settings.TRANSFER_SLICE_SECONDS,
        keep_seconds=settings.EXPORT_KEEP_DAYS * 24 * 3600,
        notes_keys=settings.SCHEMA_KEYS_AT == "write",
    )


def _spent_nano(tenant_id: UUID, month: date) -> int:
    return history.spent_nano(tenant_id, month, usage.meter_totals)


# A child must not think that its parent's leases and connections are its own.
os.register_at_fork(after_in_child=_means.cache_clear)


@shared_task(ignore_result=True)
def empty_recycle_bin() -> None:
    """Let go for good what was deleted long enough ago."""
    purged = recycle.purge()
    if purged.collections or purged.databases:
        log.info("purged %s collections and %s databases", purged.collections, purged.databases)


@shared_task(ignore_result=True)
def scrub() -> None:
    """Rewrite the tables that have bytes of what was purged."""
    recycle.scrub(
        after_seconds=settings.SCRUB_AFTER_SECONDS,
        most_bytes=settings.SCRUB_MOST_BYTES,
        report=_report_scrub,
    )


def _report_scrub(table: Marked, outcome: str) -> None:
    if outcome == "large":
        log.warning(
            "%s has %s bytes, too many to rewrite while it is used: run manage.py scrub when it may rest",
            table.relation,
            table.bytes,
        )
    elif outcome == "forbidden":
        log.warning("%s keeps samples of purged data: run deploy/postgres/init.sql", table.relation)
    else:
        log.info("scrubbed %s (%s bytes): %s", table.relation, table.bytes, outcome)


@shared_task(ignore_result=True)
def collect_garbage() -> None:
    """Drop what nobody can read any more."""
    for cell in _cells():
        transfer_expiry.sweep(cell, _means().store, role_prefix=settings.ROLE_PREFIX)
        garbage.collect(
            cell,
            role_prefix=settings.ROLE_PREFIX,
            retire_after_seconds=settings.RETIRE_AFTER_SECONDS,
        )


@shared_task(ignore_result=True)
def sample_storage() -> None:
    """Enter the storage of every hour that has begun into the ledgers, and roll up at once what is much."""
    if metering.sample_storage(_cells(), now=datetime.now(UTC)):
        metering.roll_up(_cells())


@shared_task(ignore_result=True)
def roll_up_metrics() -> None:
    """Turn minutes of request metrics into quarters, hours and days."""
    metrics.roll_up(now=datetime.now(UTC))


@shared_task(ignore_result=True)
def roll_up_usage() -> None:
    """Add to the sums of usage what the ledgers have and they have not."""
    metering.roll_up(_cells())


@shared_task(ignore_result=True)
def sample_quotas() -> None:
    """Note how much every tenant uses of the limits that are of a state."""
    quota_peaks.sample(_cells())


@shared_task(ignore_result=True)
def issue_invoices() -> None:
    """Bill the months that are over."""
    for number in billing.issue_missing(now=datetime.now(UTC)):
        log.info("issued invoice %s", number)


@shared_task(ignore_result=True)
def recount_budgets() -> None:
    """Set what is left of spend caps right."""
    billing.recount_budgets(now=datetime.now(UTC))


@shared_task(ignore_result=True)
def check_billing_alerts() -> None:
    """Tell who pays."""
    billing.check_alerts(now=datetime.now(UTC))


@shared_task(ignore_result=True)
def export_to_stripe() -> None:
    """Send what was metered; nothing without a key."""
    if settings.STRIPE_API_KEY:
        account = stripe_export.Account(
            settings.STRIPE_API_KEY, settings.STRIPE_API_BASE, settings.STRIPE_EVENT_PREFIX
        )
        stripe_export.export(account, now=datetime.now(UTC))


@shared_task(ignore_result=True)
def forget_sessions() -> None:
    """Delete sessions of people that are over."""
    garbage.forget_sessions()
