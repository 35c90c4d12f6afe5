"""The workers as a Django app, so that Celery finds their tasks."""

from django.apps import AppConfig


class WorkersConfig(AppConfig):
    """Compaction and garbage collection."""

    name = "workers"
