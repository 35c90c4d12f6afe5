"""Calls on records that a member makes from a page, held to what holds for every key of the tenant.

The tenant's rate, its spend cap and how many may work on a collection at once are the same as on the wire.
The ledger has what was written, without a key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cloud.api import admission, spending
from tenants import tenants
from tenants.actors import Actor
from tenants.concurrency import KIND_OF
from tenants.identity import ALL_VERBS, Identity, Verb
from tenants.prices import Meter, Prices, cost_nano
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
def calling(by: Actor, manifest: Manifest, verb: Verb, *, body_bytes: int = 0) -> Iterator[Allowed]:
    """Count and reserve what a member's call may use, for as long as the block lasts.

    body_bytes:  what a request with the same content would have, about
    Raises:      RateLimited, QuotaExceeded at the spend cap, NotFound for a tenant that is gone
    """
    identity = _identity(by, manifest)
    admission.limiter().admit(manifest.tenant_id, identity.limits.requests_per_minute_count)
    with (
        spending.reserve(identity, verb, manifest, body_bytes) as reservation,
        admission.Working(identity, manifest.collection_id, KIND_OF[verb]),
    ):

        def wrote(written_bytes: int) -> None:
            reservation.settle(cost_nano(Meter.BYTES_WRITTEN, written_bytes, identity.prices))

        yield Allowed(identity.limits, wrote)


def _identity(by: Actor, manifest: Manifest) -> Identity:
    """What a key with every right would be; the role was asked before."""
    tenant = tenants.get(manifest.tenant_id)
    return Identity(
        key_id=by.actor_id or manifest.tenant_id,
        tenant_id=manifest.tenant_id,
        tenant_name=tenant.name,
        databases=None,
        verbs=ALL_VERBS,
        is_operator=False,
        expires_at=None,
        limits=tenants.limits_of(tenant),
        prices=Prices.from_plan(tenant.plan.prices if tenant.plan else {}),
        spend_cap_nano=tenant.spend_cap_nano,
    )
