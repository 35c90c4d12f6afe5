"""The limits at the edge: this process's limiter, and what an answer says of them."""

from __future__ import annotations

import os
from functools import cache
from types import TracebackType
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse

from cloud.api import peaks
from cloud.api.counters import Counters
from cloud.api.limiter import Limiter
from tenants import observed
from tenants.concurrency import Kind, Lane
from tenants.identity import Identity
from tenants.rates import WINDOW_SECONDS

# Requests end in milliseconds, so a burst of more than a collection may have at once is slowed, not refused.
_WAIT_SECONDS = 0.25


@cache
def limiter() -> Limiter:
    """The limiter of this process, made at its first request."""
    return Limiter(
        Counters(settings.REDIS_URL),
        process_count=settings.WEB_PROCESS_COUNT,
        wait_seconds=_WAIT_SECONDS,
        note_minute=peaks.note_minute,
    )


def forget() -> None:
    """Begin anew, with other settings."""
    peaks.forget()
    if limiter.cache_info().currsize:
        limiter().close()
        limiter.cache_clear()


# A child must not think that its parent's leases and thread are its own.
os.register_at_fork(after_in_child=limiter.cache_clear)


def admit(identity: Identity) -> None:
    """Count a request of the key, if it has a rate of its own, and of its tenant; note its use of limits.

    Raises:  RateLimited
    """
    observed.begin()
    if identity.key_id is not None and identity.requests_per_minute_count is not None:
        limiter().admit(identity.key_id, identity.requests_per_minute_count)
    limiter().admit(identity.tenant_id, identity.limits.requests_per_minute_count)


def tell(response: HttpResponse, identity: Identity) -> None:
    """Say on an answer how much of the minute is left, and keep what the request used.

    Source:  draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4
    """
    peaks.note(identity.tenant_id, observed.end())
    standing = limiter().standing(identity.tenant_id, identity.limits.requests_per_minute_count)
    policy = f'"requests";q={standing.limit_count};w={WINDOW_SECONDS}'
    left = f'"requests";r={standing.left_count};t={standing.reset_seconds}'
    if identity.key_id is not None and identity.requests_per_minute_count is not None:
        own = limiter().standing(identity.key_id, identity.requests_per_minute_count)
        policy = f'"key";q={own.limit_count};w={WINDOW_SECONDS}, {policy}'
        left = f'"key";r={own.left_count};t={own.reset_seconds}, {left}'
    response["RateLimit-Policy"] = policy
    response["RateLimit"] = left


class Working:
    """A place among the concurrent requests of a collection, for as long as the block lasts.

    Raises:  RateLimited at its beginning
    """

    __slots__ = ("_lane", "_limit_count", "_limiter", "_place")

    def __init__(self, identity: Identity, collection_id: UUID, kind: Kind) -> None:
        limits, is_read = identity.limits, kind is Kind.READ
        self._limit_count = limits.concurrent_reads_count if is_read else limits.concurrent_writes_count
        self._place = (collection_id, kind)

    def __enter__(self) -> None:
        self._limiter = limiter()
        self._lane: Lane = self._limiter.enter(self._place, self._limit_count)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._limiter.leave(self._lane)
