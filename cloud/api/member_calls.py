"""Calls on records that a member makes from a page, held to what holds for every key of the tenant.

The tenant's rate, its spend cap and how many may work on a collection at once are the same as on the wire.
The ledger has what was written, without a key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cloud.api import admission, spending
from tenants import readers, tenants
from tenants.concurrency import KIND_OF
from tenants.identity import ALL_VERBS, Verb
from tenants.prices import Meter, cost_nano
from tenants.quotas import Limits
from vectors.types import Manifest


@dataclass(frozen=True)
class Allowed:
    """A call that was let in.

    wrote:  says how many bytes it wrote; unsaid, it is taken as what it may have cost
    """

    limits: Limits
    wrote: Callable[[int], None]


@contextmanager
def calling(manifest: Manifest, verb: Verb, *, body_bytes: int = 0) -> Iterator[Allowed]:
    """Count and reserve what a member's call may use, for as long as the block lasts.

    body_bytes:  what a request with the same content would have, about
    Raises:      RateLimited, QuotaExceeded at the spend cap, NotFound for a tenant that is gone
    """
    identity = readers.of_tenant(tenants.get(manifest.tenant_id), ALL_VERBS)
    admission.limiter().admit(manifest.tenant_id, identity.limits.requests_per_minute_count)
    with (
        spending.reserve(identity, verb, manifest, body_bytes) as reservation,
        admission.Working(identity, manifest.collection_id, KIND_OF[verb]),
    ):

        def wrote(written_bytes: int) -> None:
            reservation.settle(cost_nano(Meter.BYTES_WRITTEN, written_bytes, identity.prices))

        yield Allowed(identity.limits, wrote)
