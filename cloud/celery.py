"""Celery: the app, its queue, and the beat schedule as one table."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cloud.settings")
os.environ.setdefault("DATABASE_ROLE", "worker")

from celery import Celery
from celery.schedules import crontab
from django.conf import settings

app = Celery("tessera")
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": 3600},
    task_default_queue="tessera",
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    timezone="UTC",
    beat_schedule={
        "find due collections": {
            "task": "workers.tasks.find_due",
            "schedule": settings.SWEEP_SECONDS,
            "options": {
                "expires": 5 * settings.SWEEP_SECONDS
            },  # late is better than never, on a busy machine
        },
        "collect garbage": {
            "task": "workers.tasks.collect_garbage",
            "schedule": 30,
            "options": {"expires": 30},
        },
        "forget sessions": {
            "task": "workers.tasks.forget_sessions",
            "schedule": crontab(minute="40"),
            "options": {"expires": 3600},
        },
        "sample storage": {
            "task": "workers.tasks.sample_storage",
            "schedule": 300,  # whichever comes first in an hour enters it
            "options": {"expires": 300},
        },
        "roll up metrics": {
            "task": "workers.tasks.roll_up_metrics",
            "schedule": 300,
            "options": {"expires": 300},
        },
        "roll up usage": {
            "task": "workers.tasks.roll_up_usage",
            "schedule": 60,  # what it has not had yet is summed up by every report
            "options": {"expires": 60},
        },
        "empty recycle bin": {
            "task": "workers.tasks.empty_recycle_bin",
            "schedule": 60,
            "options": {"expires": 60},
        },
        "scrub": {
            "task": "workers.tasks.scrub",
            "schedule": 60,
            "options": {"expires": 60},
        },
        "sample quotas": {
            "task": "workers.tasks.sample_quotas",
            "schedule": 3600,
            "options": {"expires": 3600},
        },
        "issue invoices": {
            "task": "workers.tasks.issue_invoices",
            "schedule": crontab(minute="10"),  # hourly: a month that is over is billed within the day
        },
        "recount budgets": {
            "task": "workers.tasks.recount_budgets",
            "schedule": settings.BUDGET_RECOUNT_SECONDS,
            "options": {"expires": settings.BUDGET_RECOUNT_SECONDS},
        },
        "check billing alerts": {
            "task": "workers.tasks.check_billing_alerts",
            "schedule": 300,
            "options": {"expires": 300},
        },
        "export to Stripe": {
            "task": "workers.tasks.export_to_stripe",
            "schedule": crontab(minute="20"),
            "options": {"expires": 3600},
        },
    },
)
app.autodiscover_tasks(["workers"])
