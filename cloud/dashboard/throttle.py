"""How often somebody may try a password: a few times per address and e-mail, then not for a while.

An attempt is counted before the password is looked at, so that many at once are not many guesses, and a
refused one costs no password hash. Counters live in Valkey under a digest of fixed length and expire.
"""

from __future__ import annotations

import hashlib
import logging
from functools import cache

import redis
from django.conf import settings

# Far below the 100 failures an hour per account that OWASP ASVS 4.0, 2.2.1 allows at most.
MAX_ATTEMPTS = 5
WINDOW_SECONDS = 15 * 60
_TIMEOUT_SECONDS = 1.0

log = logging.getLogger("tessera.dashboard")


def reserve(address: str, email: str) -> int:
    """Count an attempt; the seconds to wait before the next one, 0 when this one may go on.

    Without Valkey nothing is counted and everybody may go on: a store that may be lost must not keep people
    out, and the slow password hash still limits how fast anybody can guess.
    """
    key = _key(address, email)
    try:
        with _store().pipeline(transaction=True) as pipeline:
            pipeline.set(key, 0, ex=WINDOW_SECONDS, nx=True)
            pipeline.incr(key)
            pipeline.ttl(key)
            _, attempts, left_seconds = pipeline.execute()
    except redis.RedisError as error:
        log.warning("sign-in attempts are not counted, Valkey is away: %s", error)
        return 0
    return max(int(left_seconds), 1) if int(attempts) > MAX_ATTEMPTS else 0


def forget(address: str, email: str) -> None:
    """Start counting anew; called after a right password."""
    try:
        _store().delete(_key(address, email))
    except redis.RedisError as error:
        log.warning("sign-in attempts are not forgotten, Valkey is away: %s", error)


@cache
def _store() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
    )


def _key(address: str, email: str) -> str:
    who = hashlib.sha256(f"{address}\n{email.strip().lower()}".encode()).hexdigest()
    return f"tessera:sign-in:{who}"
