"""What pages count and remember for minutes, in Valkey; while that is away, nothing is remembered.

Rate limits of sign-in build on it. A store that may be lost must not keep people out, and the slow password
hash still limits how fast anybody can guess.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

import orjson
import redis
from django.conf import settings
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache, RedisCacheClient

_TIMEOUT_SECONDS = 1.0
_PAUSE_SECONDS = 5.0  # after a failure, before Valkey is asked again
T = TypeVar("T")
log = logging.getLogger("tessera.cache")


class Json:
    """Values as JSON: nothing that is read can run."""

    def dumps(self, obj: Any) -> bytes:
        """To bytes."""
        return orjson.dumps(obj)

    def loads(self, data: Any) -> Any:
        """From bytes."""
        return orjson.loads(data)


class Cache(RedisCache):
    """Django's cache on Valkey: `get`, `add`, `set` and `delete` answer as if it were empty in an outage."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._clients: dict[str, RedisCacheClient] = {}
        self._away_until = 0.0

    @property
    def _cache(self) -> RedisCacheClient:
        """The client of the Valkey that the settings name now."""
        url = settings.REDIS_URL
        if url not in self._clients:
            self._clients[url] = RedisCacheClient(
                [url],
                serializer=Json,
                socket_timeout=_TIMEOUT_SECONDS,
                socket_connect_timeout=_TIMEOUT_SECONDS,
            )
        return self._clients[url]

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """The value, or the default."""
        return self._unless_away(lambda: super(Cache, self).get(key, default, version), default)

    def add(
        self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        """Whether the key was free, and is the caller's now."""
        return self._unless_away(lambda: super(Cache, self).add(key, value, timeout, version), instead=True)

    def set(
        self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        """Remember the value."""
        self._unless_away(lambda: super(Cache, self).set(key, value, timeout, version), None)

    def delete(self, key: str, version: int | None = None) -> bool:
        """Forget the value."""
        return self._unless_away(lambda: super(Cache, self).delete(key, version), instead=False)

    def _unless_away(self, ask: Callable[[], T], instead: T) -> T:
        if time.monotonic() < self._away_until:
            return instead
        try:
            return ask()
        except redis.RedisError as error:
            self._away_until = time.monotonic() + _PAUSE_SECONDS
            log.warning("nothing is remembered and attempts are not counted, Valkey is away: %s", error)
            return instead
