"""What the commands that import and export share: finding the place, and waiting for the workers."""

from __future__ import annotations

import sys
import time
from uuid import UUID

from tenants import databases, tenants
from tenants.actors import Actor
from tenants.errors import Internal, InvalidArgument, Unavailable
from tenants.models import Database
from tenants.quotas import Limits
from vectors import collections, transfers
from vectors.transfer import Transfer

_POLL_SECONDS = 0.5


def find(tenant_name: str, database_name: str, collection_name: str) -> tuple[Database, UUID, Limits]:
    """The database, the collection's id, and the tenant's limits.

    Raises:  NotFound, CollectionNotFound
    """
    tenant_id = tenants.resolve(tenant_name)
    database = databases.get(tenant_id, database_name)
    collection_id = collections.get_by_name(database, collection_name).collection_id
    return database, collection_id, tenants.limits_of(tenants.get(tenant_id))


def wait(by: Actor, database: Database, transfer_id: UUID, *, timeout_seconds: int) -> Transfer:
    """Report on standard error until it is done.

    Raises:  InvalidArgument when a rule stopped it, Internal when it failed, Unavailable when it takes long
    """
    deadline, last = time.monotonic() + timeout_seconds, ""
    while True:
        one = transfers.get(by, database, transfer_id)
        failed = f", {one.rows_failed} failed" if one.rows_failed else ""
        line = f"{one.state}: {one.rows_done} rows{failed}, {one.rows_per_second:.0f} rows/s"
        if line != last:
            sys.stderr.write(f"{line}\n")
            last = line
        if one.state == "done":
            return one
        if one.state in ("stopped", "cancelled"):
            raise InvalidArgument(f"The {one.kind} {transfer_id} is {one.state}. {one.cause}".strip())
        if one.state == "parked":
            raise Internal(f"The {one.kind} {transfer_id} failed several times: {one.cause}")
        if time.monotonic() > deadline:
            raise Unavailable(f"{line} after {timeout_seconds} s. Is a worker running? See its log.")
        time.sleep(_POLL_SECONDS)
