"""Binding a transaction to one tenant, so that row-level security lets through its rows and no others.

Only `SET LOCAL`: the setting ends with its transaction, so that a pooled connection never carries one
tenant's setting into another tenant's request, and Citus hands it on to its nodes.
"""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connection, transaction


def set_local_tenant(tenant_id: UUID) -> str:
    """The statement that binds the transaction; SET takes no parameters, so the type is checked here."""
    if not isinstance(tenant_id, UUID):
        raise TypeError(f"tenant_id must be a UUID, got {type(tenant_id).__name__}")
    return f"SET LOCAL app.tenant_id = '{tenant_id}'"


@contextmanager
def tenant_transaction(tenant_id: UUID) -> Iterator[None]:
    """One transaction of the control plane, bound to a tenant.

    Transaction: opens one, or joins the open one
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(set_local_tenant(tenant_id))
        yield


def drop_if_hung_up() -> None:
    """Close this thread's connection if PostgreSQL has: whoever uses it next then gets a new one.

    No round trip: only a server that went away says anything on an idle connection, so there is something to
    read. Called before each request and each piece of work.
    """
    raw = connection.connection
    if raw is None or connection.in_atomic_block:
        return
    if raw.closed or _has_something_to_say(raw.fileno()):
        connection.close()


def _has_something_to_say(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
