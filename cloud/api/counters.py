"""What the web processes share in Valkey: the counter of each tenant's minute, the leases of each collection.

Nothing here decides but the one script, which must be atomic. Every key ends by itself. Valkey may forget
everything at any time: the name under `generation` changes then, and every answer carries it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tenants import rates
from tenants.concurrency import Kind

LEASE_SECONDS = 3.0
_TIMEOUT_SECONDS = 0.25  # beyond a pause of a busy machine; only the requests that meet the loss wait for it
_GENERATION = "tessera:limits:generation"
_GENERATION_SECONDS = 24 * 3600
_RECALL = "tessera:limits:recall"

# Holders of places in a lane: holder → "count:until", in milliseconds of Valkey's own clock. A holder gets
# what it asks for as far as others leave it, and never less than what it says is taken by requests in hand.
_LEASE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local holder, taken, wanted, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local length, others = tonumber(ARGV[5]), 0
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if all[i] ~= holder then
    local count, ends = string.match(all[i + 1], '^(%d+):(%d+)$')
    if tonumber(ends) > now then others = others + tonumber(count)
    else redis.call('HDEL', KEYS[1], all[i]) end
  end
end
local granted = math.max(taken, math.min(wanted, limit - others))
if granted > 0 then
  redis.call('HSET', KEYS[1], holder, string.format('%d:%.0f', granted, now + length))
  redis.call('PEXPIRE', KEYS[1], length)
else
  redis.call('HDEL', KEYS[1], holder)
end
if granted < wanted and others > 0 and ARGV[6] ~= '' then redis.call('PUBLISH', ARGV[6], ARGV[7]) end
return {granted, others}
"""

Place = tuple[UUID, Kind]


class Away(Exception):
    """Valkey does not answer, or has forgotten what it knew."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A process's word on a lane: what requests have, what it wants, and whether others shall give back."""

    place: Place
    taken_count: int
    wanted_count: int
    limit_count: int
    is_recall: bool = False


class Counters:
    """One process's way to Valkey. Thread-safe but for `recalls`, which belongs to one thread."""

    def __init__(self, url: str, *, lease_seconds: float = LEASE_SECONDS) -> None:
        """Connect to nothing yet."""
        self.lease_seconds = lease_seconds
        self._holder = uuid4().hex
        self._calls = itertools.count()
        self._store = redis.Redis.from_url(
            url,
            decode_responses=True,
            encoding_errors="replace",
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            # Once, at once, for a connection that was closed while idle. The library's own way takes seconds.
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        )
        self._pubsub: redis.client.PubSub | None = None

    def greet(self) -> str:
        """The generation, kept alive.

        Raises:  Away
        """
        pipeline = self._begin()
        pipeline.expire(_GENERATION, _GENERATION_SECONDS)
        return self._answers(pipeline)[0]

    def take(self, wanted: Sequence[tuple[UUID, int, int]]) -> tuple[str, list[int]]:
        """Add to the counters of (tenant, window, count); the generation, and where each stands now.

        Raises:  Away; whether it was added is then unknown
        """
        pipeline = self._begin()
        for tenant_id, window, count in wanted:
            key = f"tessera:rate:{tenant_id.hex}:{window}"
            pipeline.incrby(key, count)
            pipeline.expire(key, 2 * rates.WINDOW_SECONDS)
        generation, answers = self._answers(pipeline)
        return generation, [int(used_count) for used_count in answers[::2]]

    def lease(self, asks: Sequence[Ask]) -> tuple[str, list[tuple[int, int]]]:
        """Settle lanes; the generation, and for each what this process has now and what others have.

        Raises:  Away; the leases are then unknown
        """
        pipeline = self._begin()
        for ask in asks:
            name = _to_text(ask.place)
            numbers = (ask.taken_count, ask.wanted_count, ask.limit_count, int(self.lease_seconds * 1000))
            channel = _RECALL if ask.is_recall else ""
            # Not by the script's digest: in a pipeline the library asks first whether the digest is known.
            pipeline.eval(_LEASE, 1, f"tessera:lane:{name}", self._holder, *map(str, numbers), channel, name)
        generation, answers = self._answers(pipeline)
        return generation, [(int(leased_count), int(others_count)) for leased_count, others_count in answers]

    def recalls(self, timeout_seconds: float) -> Place | None:
        """A lane in which another process lacks places, as soon as one does; None after the time.

        Raises:  Away
        """
        try:
            if self._pubsub is None:
                self._pubsub = self._store.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
                self._pubsub.subscribe(_RECALL)
            message = self._pubsub.get_message(timeout=timeout_seconds)
        except (redis.RedisError, OSError) as error:
            self.stop_listening()
            raise Away(str(error)) from error
        return None if message is None else _from_text(message["data"])

    def stop_listening(self) -> None:
        """Let the connection of `recalls` go."""
        pubsub, self._pubsub = self._pubsub, None
        if pubsub is not None:
            pubsub.close()

    def close(self) -> None:
        """Let every connection go; leases lapse by themselves."""
        self.stop_listening()
        self._store.close()

    def _begin(self) -> redis.client.Pipeline:
        pipeline = self._store.pipeline(transaction=True)
        generation = f"{self._holder}:{next(self._calls)}"  # never one that was there before
        pipeline.set(_GENERATION, generation, nx=True, ex=_GENERATION_SECONDS)
        pipeline.get(_GENERATION)
        return pipeline

    def _answers(self, pipeline: redis.client.Pipeline) -> tuple[str, list[Any]]:
        try:
            _, generation, *answers = pipeline.execute()
        except (redis.RedisError, OSError) as error:
            raise Away(str(error) or type(error).__name__) from error
        return str(generation), answers


def _to_text(place: Place) -> str:
    collection_id, kind = place
    return f"{collection_id.hex}:{kind.value}"


def _from_text(text: str) -> Place | None:
    collection_id, _, kind = text.partition(":")
    try:
        return UUID(collection_id), Kind(kind)
    except ValueError:
        return None  # somebody else's word on our channel
