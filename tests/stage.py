"""Pointing this process's Django at the servers of a test run, as one role or another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from django.conf import settings
from django.db import connection, connections
from psycopg.conninfo import conninfo_to_dict

from cloud.api import admission, key_use, metering, request_metrics
from cloud.processes import Service

T = TypeVar("T")
ROLE_PREFIX = settings.ROLE_PREFIX


def use(service: Service) -> None:
    """Connect to the service's PostgreSQL as the web role, and to its Valkey, from now on in every thread."""
    key_use.forget()
    connections.settings["default"].update(_settings(service, "web"))
    connection.close()
    connection.settings_dict.update(_settings(service, "web"))
    connections.settings["operator"].update(_settings(service, "operator"))
    connections["operator"].close()
    connections["operator"].settings_dict.update(_settings(service, "operator"))
    admission.forget()
    settings.REDIS_URL = service.environment["REDIS_URL"]


def leave() -> None:
    """Send what was noted of keys and of reads, and close what this thread holds."""
    key_use.forget()
    metering.process.close()
    request_metrics.process.close()
    connections.close_all()
    admission.forget()


def _settings(service: Service, role: str) -> dict[str, Any]:
    parts = conninfo_to_dict(service.environment["DATABASE_URL"])
    owner = role == "owner"
    return {
        "NAME": parts["dbname"],
        "HOST": parts["host"],
        "PORT": str(parts["port"]),
        "USER": parts["user"] if owner else f"{ROLE_PREFIX}_{role}",
        "PASSWORD": parts["password"] if owner else settings.ROLE_PASSWORDS[role],
    }


@contextmanager
def role(service: Service, name: str) -> Iterator[None]:
    """This thread's connection as `worker` or `owner`; other threads stay as they are."""
    connection.close()
    before = connection.settings_dict
    connection.settings_dict = {**before, **_settings(service, name)}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = before


def elsewhere(act: Callable[[], T]) -> T:
    """Do something over a connection of its own, as another client would."""

    def run() -> T:
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(run).result()
