"""Every task, on one page: claim, call, count. The only place below the edges that reads settings.

A task says nothing about which collection: the job table knows. So a lost, doubled or late message costs a
look at the table, and a flushed broker loses nothing.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from celery import shared_task
from django.conf import settings

from tenants.databases import cell_name
from vectors.erasure import Marked
from vectors.segments.build import Resources
from workers import billing, compaction, garbage, jobs, metering, quota_peaks, recycle, stripe_export, sweep
from workers.jobs import Job, LeaseLost
from workers.policy import Thresholds

log = logging.getLogger("tessera.workers")

_MAX_WAKES = 8  # per cell and sweep; a worker that is awake goes on until nothing waits


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
        jobs.park_deadly(cell)
        sweep.enqueue_due(cell, thresholds)
        for _ in range(min(jobs.waiting_count(cell), _MAX_WAKES)):
            # A message that nobody took by the next sweep is one too many.
            work.apply_async((cell,), expires=settings.SWEEP_SECONDS)


@shared_task(ignore_result=True, acks_late=True)
def work(cell: str) -> None:
    """Do the jobs of a cell, one after the other, until none waits."""
    while job := jobs.claim(cell, lease_seconds=settings.JOB_LEASE_SECONDS):
        _attempt(job)


def _attempt(job: Job) -> None:
    try:
        _do(job)
    except LeaseLost:
        log.warning("job %s of %s was taken over by another worker", job.job_id, job.cell)
    except Exception as error:
        state = jobs.fail(job, f"{type(error).__name__}: {error}")
        log.exception("job %s of %s failed (attempt %s), now %s", job.job_id, job.cell, job.attempts, state)
    else:
        jobs.finish(job)


def _do(job: Job) -> None:
    if job.kind == "purge":
        with jobs.heartbeat(job, lease_seconds=settings.JOB_LEASE_SECONDS):
            purged = compaction.purge(job, role_prefix=settings.ROLE_PREFIX)
        log.info("purged %s rows from the log of collection %s", purged, job.collection_id)
        return
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
