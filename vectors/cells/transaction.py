"""One transaction in one round trip, bound to a tenant.

Statements are queued in a pipeline and their results are read after the block, so a write or a query costs
one exchange with PostgreSQL however many statements it has. Django's own connection is used (its thread,
its settings), without its cursors, which bind values on our side and never prepare.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection as django_connection
from psycopg import pq
from psycopg.types.numeric import Int8

from tenants.errors import Unavailable
from tenants.scope import drop_if_hung_up, set_local_tenant
from vectors.sql import identifier, in_cell, statement

Row = tuple[Any, ...]
Parameters = Mapping[str, object]


def connect() -> psycopg.Connection[Row]:
    """This thread's connection; a dead one is replaced before anything is sent over it.

    Raises:  Unavailable when PostgreSQL cannot be reached
    """
    drop_if_hung_up()
    try:
        django_connection.ensure_connection()
    except Exception as error:
        raise Unavailable("The database cannot be reached; try again.") from error
    connection: psycopg.Connection[Row] = django_connection.connection
    return connection


def execute(name: str, cell: str, parameters: Parameters, **fragments: str) -> psycopg.Cursor[Row]:
    """One named statement of a cell, in whatever transaction this thread has open, else in its own."""
    text = statement(name, cell=identifier(cell), **fragments) if fragments else in_cell(name, cell)
    cursor = psycopg.Cursor(connect())
    cursor.execute(text.encode(), parameters)
    return cursor


class Pipeline:
    """Queues statements of one transaction."""

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self.connection = connection

    def run(self, statement: str, parameters: Parameters, *, keep: bool = True) -> psycopg.Cursor[Row]:
        """Queue a statement; read its cursor after the block. `keep` prepares it for the next time."""
        cursor = psycopg.Cursor(self.connection)
        # One width for all integers: PostgreSQL would otherwise keep a prepared statement for each.
        typed = {name: Int8(value) if type(value) is int else value for name, value in parameters.items()}
        cursor.execute(statement.encode(), typed, prepare=keep, binary=True)
        return cursor

    def set_local(self, setting: str) -> None:
        """Queue a `SET LOCAL`; the text is ours, never a client's."""
        psycopg.Cursor(self.connection).execute(f"SET LOCAL {setting}".encode())


@contextmanager
def transaction(
    tenant_id: UUID,
    settings: Sequence[str] = (),
    *,
    has_one_snapshot: bool = False,
) -> Iterator[Pipeline]:
    """A transaction whose statements travel together and commit at the end of the block.

    has_one_snapshot: all of its statements see what the first one sees

    Transaction: opens one; must not be inside another
    Raises:      whatever a statement raised; then nothing of the block has happened
    """
    connection = connect()
    pipeline = Pipeline(connection)
    try:
        with connection.pipeline():
            control = psycopg.Cursor(connection)
            control.execute("BEGIN ISOLATION LEVEL REPEATABLE READ" if has_one_snapshot else "BEGIN")
            control.execute(set_local_tenant(tenant_id).encode())
            for setting in settings:
                pipeline.set_local(setting)
            yield pipeline
            control.execute("COMMIT")
    except BaseException:
        _roll_back(connection)
        raise


def _roll_back(connection: psycopg.Connection[Row]) -> None:
    if connection.closed or connection.info.transaction_status == pq.TransactionStatus.IDLE:
        return
    try:
        connection.rollback()
    except psycopg.Error:
        connection.close()
