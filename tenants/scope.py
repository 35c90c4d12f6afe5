"""Binding a transaction to one tenant, so that row-level security lets through its rows and no others.

Only `SET LOCAL`: the setting ends with its transaction, so that a pooled connection never carries one
tenant's setting into another tenant's request, and Citus hands it on to its nodes.
"""

from __future__ import annotations

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
