"""The worker's side of PostgreSQL: named statements of one cell, in transactions bound to one tenant.

Unlike a request, a build takes its time and looks at what came back before it goes on, so nothing is
pipelined here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from uuid import UUID

import psycopg
from psycopg import sql

from tenants.scope import set_local_tenant
from vectors.cells.transaction import Row, connect
from vectors.sql import identifier, statement


class Database:
    """One cell over one connection."""

    def __init__(self, cell: str, *, role_prefix: str) -> None:
        self.cell = identifier(cell)
        self.role_prefix = identifier(role_prefix)
        self.connection = connect()

    @contextmanager
    def transaction(self, tenant_id: UUID, *, isolation: str = "READ COMMITTED") -> Iterator[None]:
        """A transaction bound to a tenant."""
        with self.connection.transaction():
            self.connection.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}".encode())
            self.connection.execute(set_local_tenant(tenant_id).encode())
            yield

    @contextmanager
    def as_segment_owner(self) -> Iterator[None]:
        """Within a transaction: own what is made. The worker itself owns no table."""
        role = f"{self.role_prefix}_segments"
        self.connection.execute(f"SET LOCAL ROLE {role}".encode())
        yield
        self.connection.execute("SET LOCAL ROLE NONE")

    def run(
        self, name: str, parameters: Mapping[str, object] | None = None, **fragments: str
    ) -> psycopg.Cursor[Row]:
        """Execute a named statement with values and identifiers."""
        text = statement(name, cell=self.cell, **fragments)
        cursor = psycopg.Cursor(self.connection)
        cursor.execute(text.encode(), parameters, prepare=False)
        return cursor

    def all(self, name: str, parameters: Mapping[str, object] | None = None, **fragments: str) -> list[Row]:
        """Every row of a named statement."""
        return self.run(name, parameters, **fragments).fetchall()

    def one(self, name: str, parameters: Mapping[str, object] | None = None, **fragments: str) -> Row:
        """The only row of a named statement; LookupError without one."""
        row = self.run(name, parameters, **fragments).fetchone()
        if row is None:
            raise LookupError(f"{name} found nothing")
        return row

    def run_all(self, texts: Sequence[str | sql.SQL | sql.Composed]) -> None:
        """Execute statements of `layout`, one after the other."""
        for text in texts:
            query = text.encode() if isinstance(text, str) else text
            psycopg.Cursor(self.connection).execute(query)
