"""The edge of each count: many at once never pass it, and all that fit are served."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connections

from cloud.processes import Service
from tenants.rates import window_of
from tests.factories import GENEROUS, Answer, Cast, batch, make_tenant

_THREADS = 8


def all_at_once(count: int, act: Callable[[int], Answer]) -> Counter[int]:
    """The statuses of so many calls, _THREADS of them beginning together."""
    together = Barrier(_THREADS)

    def run(thread: int) -> list[int]:
        together.wait()
        try:
            return [act(number).status for number in range(thread, count, _THREADS)]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(_THREADS) as pool:
        return Counter(status for statuses in pool.map(run, range(_THREADS)) for status in statuses)


def limited(**quotas: int) -> Cast:
    """A tenant with these limits, and room for all threads in a collection."""
    return make_tenant("edge", {**GENEROUS, "concurrent_writes_count": 100, **quotas})


def test_databases_stop_at_the_quota(database: Service) -> None:
    cast = limited(databases_count=6)
    path = f"/tenants/{cast.name}/databases"
    statuses = all_at_once(24, lambda number: cast.wire.post(path, {"name": f"db-{number}"}))
    assert statuses == {200: 5, 422: 19}  # one was there
    assert len(cast.wire.get(path).body) == 6


def test_collections_stop_at_the_quota(database: Service) -> None:
    cast = limited(collections_count=5)
    path = f"{cast.place}/collections"
    statuses = all_at_once(24, lambda number: cast.wire.post(path, {"name": f"col-{number}"}))
    assert statuses == {200: 5, 422: 19}
    assert cast.wire.get(f"{cast.place}/collections_count").body == 5


def test_records_stop_at_the_quota(database: Service) -> None:
    cast = limited(collection_records_count=50)
    place = cast.collection()
    cast.wire.post(f"{place.path}/add", batch(1, first=10_000))
    statuses = all_at_once(16, lambda number: cast.wire.post(f"{place.path}/add", batch(7, first=7 * number)))
    assert statuses == {201: 7, 422: 9}
    assert place.count() == 50


def test_requests_stop_at_the_minutes_quota(database: Service) -> None:
    for _ in range(3):
        cast = limited(requests_per_minute_count=40)
        before = window_of(time.time())
        statuses = all_at_once(120, lambda _, cast=cast: cast.wire.get(f"/tenants/{cast.name}"))  # type: ignore[misc]
        if window_of(time.time()) == before:  # else a new minute began within, and brought its own
            break
    assert statuses[429] == 120 - statuses[200]
    assert 40 <= statuses[200] <= 41
