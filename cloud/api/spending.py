"""The hard spend cap at the edge: what a request may cost is reserved before it is answered.

`tenants/billing/spender.py` keeps what this process holds of its tenants' budgets.
"""

from __future__ import annotations

import atexit
import os
import socket
from datetime import date
from functools import cache
from types import TracebackType
from typing import Self
from uuid import UUID

from django.conf import settings

from tenants import tenants
from tenants.billing import history
from tenants.billing.budgets import Holder
from tenants.billing.spender import FREE, Reservation, Spender
from tenants.identity import READ_VERBS, Identity, Verb
from tenants.models import Tenant
from tenants.prices import Meter, cost_nano
from vectors import usage
from vectors.types import Manifest

_FLOAT_BYTES = 4
_ANSWER_BYTES = 16 * 1024


@cache
def spender() -> Spender:
    """This process's, made at the first request of a tenant with a cap."""
    holder = Holder(f"{socket.gethostname()}:{os.getpid()}", settings.WEB_PROCESS_COUNT)
    made = Spender(holder, spent_nano=_spent_nano)
    atexit.register(made.close)
    return made


def _spent_nano(tenant_id: UUID, month: date) -> int:
    return history.spent_nano(tenant_id, month, usage.rolled_totals)


# A child must not think that its parent's leases and thread are its own.
os.register_at_fork(after_in_child=spender.cache_clear)


def reserve(identity: Identity, verb: Verb, manifest: Manifest, body_length: int) -> Reservation:
    """Reserve what a request of a key may cost.

    Raises:  QuotaExceeded, RateLimited
    """
    cap_nano = identity.spend_cap_nano
    if cap_nano is None:
        return FREE
    estimate = estimate_nano(identity, verb, manifest, body_length)
    kind = (manifest.collection_id, verb)
    reserved = spender().reserve(identity.tenant_id, cap_nano, max(estimate, _lately.get(kind, 0)))
    return _Noted(reserved, kind) if estimate else reserved


def reserve_of_member(tenant: Tenant, meter: Meter, quantity: int) -> Reservation:
    """Reserve what somebody with a place in the tenant is about to use, without a key.

    Raises:  QuotaExceeded, RateLimited
    """
    if tenant.spend_cap_nano is None:
        return FREE
    cost = cost_nano(meter, quantity, tenants.prices_of(tenant))
    return spender().reserve(tenant.tenant_id, tenant.spend_cap_nano, cost)


# What the dearest request of a kind cost lately, by collection and verb: the next one may cost as much.
_lately: dict[tuple[UUID, Verb], int] = {}
_MAX_KINDS = 10_000


class _Noted:
    """A reservation whose cost is remembered."""

    __slots__ = ("_kind", "_reserved")

    def __init__(self, reserved: Reservation, kind: tuple[UUID, Verb]) -> None:
        self._reserved, self._kind = reserved, kind

    def __enter__(self) -> Self:
        self._reserved.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reserved.__exit__(kind, error, trace)

    def settle(self, actual_nano: int) -> None:
        """Say what it cost; what was dear before is forgotten by an eighth at a time."""
        before = _lately.get(self._kind, 0)
        if len(_lately) >= _MAX_KINDS:
            _lately.clear()
        _lately[self._kind] = max(actual_nano, before - before // 8)
        self._reserved.settle(actual_nano)


def estimate_nano(identity: Identity, verb: Verb, manifest: Manifest, body_length: int) -> int:
    """What a request may cost, as far as it shows: a write twice its body, a read what it scans and returns.

    A number takes four bytes and at least two characters. What a read scans is taken as the vectors of the
    segments, twice, and what it returns as the longest answer of few records; `_lately` knows better from
    the second one on. What frees or counts costs nothing, so that a tenant at its cap can look around and
    tidy up.
    """
    if verb in (Verb.DELETE, Verb.COUNT):
        return 0
    if verb is Verb.FORK_COLLECTION:
        return cost_nano(Meter.FORKS, 1, identity.prices)
    if verb not in READ_VERBS:
        return cost_nano(Meter.BYTES_WRITTEN, 2 * body_length, identity.prices)
    rows = sum(segment.rows for segment in manifest.segments)
    scanned = max(body_length, 2 * rows * (manifest.dimension or 0) * _FLOAT_BYTES)
    returned = cost_nano(Meter.BYTES_RETURNED, _ANSWER_BYTES, identity.prices)
    return cost_nano(Meter.BYTES_SCANNED, scanned, identity.prices) + returned
