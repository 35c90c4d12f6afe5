"""Flags: named switches of the installation, with a tenant's own position where it has one.

Every process keeps all of them and looks again after CACHE_SECONDS; one thread asks, the others go on with
what is known. When the database is away, what was known stands.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from django.db import Error, connection, transaction

from tenants import audit
from tenants.actors import Actor
from tenants.errors import InvalidArgument, NotFound, Unavailable
from tenants.models import Flag, FlagOverride, Tenant
from tenants.scope import tenant_transaction

CACHE_SECONDS = 5.0
MAINTENANCE = "maintenance"
# What the code asks for; any other name would be a switch that nothing hangs on.
KNOWN = {MAINTENANCE: "Changing calls and writes of data are answered 503; reads go on."}
MAX_NOTE_CHARACTERS = 256

log = logging.getLogger("tessera.flags")


@dataclass(frozen=True)
class Position:
    """Where a flag stands: for all, and for the tenants that differ."""

    is_on: bool = False
    by_tenant: dict[UUID, bool] = field(default_factory=dict)


class _Cache:
    """All flags, as they were at most CACHE_SECONDS ago."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._positions: dict[str, Position] = {}
        self._until = float("-inf")
        self._asking = threading.Lock()

    def position(self, name: str) -> Position:
        if self._clock() >= self._until and self._asking.acquire(blocking=self._until == float("-inf")):
            try:
                self._ask()
            finally:
                self._asking.release()
        return self._positions.get(name, _OFF)

    def forget(self) -> None:
        self._until = float("-inf")

    def _ask(self) -> None:
        if self._clock() < self._until:  # while this thread waited
            return
        try:
            self._positions = _read()
        except Error as error:
            log.warning("flags stand as they were: %s", error)
        self._until = self._clock() + CACHE_SECONDS


_OFF = Position()
_cache = _Cache()


def is_on(name: str, tenant_id: UUID | None = None) -> bool:
    """Whether a flag is on, for a tenant or for the installation."""
    position = _cache.position(name)
    return position.is_on if tenant_id is None else position.by_tenant.get(tenant_id, position.is_on)


def forget() -> None:
    """Ask the database again."""
    _cache.forget()


def refuse_in_maintenance(tenant_id: UUID | None = None) -> None:
    """Let nothing be changed while the flag `maintenance` is on.

    Raises:  Unavailable
    """
    if is_on(MAINTENANCE, tenant_id):
        raise Unavailable(
            "The service is under maintenance and takes no changes now; reads go on. Try later."
        )


def _read() -> dict[str, Position]:
    found: dict[str, Position] = {}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT name, is_on, tenant_id, is_on_there FROM tenants_flags()")
        for name, on, tenant_id, is_on_there in cursor.fetchall():
            position = found.setdefault(name, Position(on))
            if tenant_id is not None:
                position.by_tenant[tenant_id] = is_on_there
    return found


def turn(by: Actor, name: str, *, is_on: bool, note: str = "") -> None:
    """Turn a flag on or off for all; in force here at once, elsewhere within CACHE_SECONDS.

    Raises:      PermissionDenied, NotFound for a name that nothing asks for, InvalidArgument for a long note
    Transaction: opens one
    """
    by.require_operator()
    _check_name(name)
    if len(note) > MAX_NOTE_CHARACTERS:
        raise InvalidArgument(f"note: expected at most {MAX_NOTE_CHARACTERS} characters, got {len(note)}")
    with transaction.atomic():
        Flag.objects.update_or_create(name=name, defaults={"is_on": is_on, "note": note})
        details = {"is_on": is_on, "note": note}
        audit.record(by, None, "flags.turn", subject_id=name, subject_label=name, details=details)
    forget()


def turn_for(by: Actor, name: str, tenant_id: UUID, *, is_on: bool | None) -> None:
    """Turn a flag on or off for one tenant; None: as for all others.

    Raises:      PermissionDenied, NotFound for the flag or the tenant
    Transaction: opens one
    """
    by.require_operator()
    _check_name(name)
    with tenant_transaction(tenant_id):
        tenant = Tenant.objects.filter(tenant_id=tenant_id).first()
        if tenant is None:
            raise NotFound(f"Tenant [{tenant_id}] not found")
        Flag.objects.get_or_create(name=name)
        if is_on is None:
            FlagOverride.objects.filter(flag_id=name, tenant_id=tenant_id).delete()
        else:
            FlagOverride.objects.update_or_create(
                flag_id=name, tenant_id=tenant_id, defaults={"is_on": is_on}
            )
        details = {"is_on": is_on}
        audit.record(by, tenant_id, "flags.turn", subject_id=name, subject_label=name, details=details)
    forget()


def _check_name(name: str) -> None:
    if name not in KNOWN:
        raise NotFound(f"Flag [{name[:64]}] not found; the flags are {', '.join(sorted(KNOWN))}")
