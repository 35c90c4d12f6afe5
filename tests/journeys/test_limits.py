"""Limits over the web's two processes: no false refusal, and no request too many."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
import pytest
from django.conf import settings

from tests.factories import batch
from tests.journeys.conftest import Customer
from tests.journeys.waiting import until

CLIENTS, REQUESTS, BURSTS = 8, 25, 6


@pytest.fixture
def path(customer: Customer) -> str:
    """The record routes of a filled collection, below the service."""
    collection = customer.client().create_collection("limited", embedding_function=None)
    records = batch(50)
    collection.add(ids=records["ids"], embeddings=records["embeddings"])
    return f"/api/v2/tenants/{customer.tenant}/databases/main/collections/{collection.id}"


def connect(customer: Customer) -> httpx.Client:
    """A connection of its own, which one of the web's processes serves."""
    return httpx.Client(
        base_url=customer.service.url, headers={"x-chroma-token": customer.key}, timeout=30, trust_env=False
    )


def burst(customer: Customer, path: str, *, clients: int) -> Counter[int]:
    """The statuses that so many clients get at once, each over a new connection and many times."""
    together = Barrier(clients, timeout=30)
    query = {"query_embeddings": [[0.5] * 8], "include": []}

    def work(_: int) -> list[int]:
        with connect(customer) as client:
            together.wait()
            return [client.post(f"{path}/query", json=query).status_code for _ in range(REQUESTS)]

    with ThreadPoolExecutor(clients) as pool:
        return Counter(status for statuses in pool.map(work, range(clients)) for status in statuses)


def test_as_many_clients_as_the_limit_allows_are_never_refused(customer: Customer, path: str) -> None:
    found: Counter[int] = sum((burst(customer, path, clients=CLIENTS) for _ in range(BURSTS)), Counter())
    assert found == {200: CLIENTS * REQUESTS * BURSTS}


def test_the_processes_share_a_minute(customer: Customer, path: str) -> None:
    limit = 60
    customer.service.manage("set_quota", "--tenant", customer.tenant, f"requests_per_minute_count={limit}")
    # Each process knows within its own second, and a request cannot choose which process answers.
    time.sleep(settings.KEY_CACHE_SECONDS + 0.5)
    until(lambda: seconds_left(customer) > 20, seconds=25, what="a minute that has only begun")
    statuses: Counter[int] = Counter()
    for _ in range(2 * limit):
        with connect(customer) as client:
            answer = client.get(f"{path}/count")
        statuses[answer.status_code] += 1
    assert limit - 20 < statuses[200] <= limit  # the first few of the minute prepared the test
    assert statuses[429] == 2 * limit - statuses[200]
    assert answer.json() == {
        "error": "RateLimitError",
        "message": "Too many requests; backoff and try again",
    }
    assert 1 <= int(answer.headers["retry-after"]) <= 60


def seconds_left(customer: Customer) -> int:
    """Of the minute, as an answer has it."""
    with connect(customer) as client:
        headers = client.get("/api/v2/pre-flight-checks").headers
    return int(headers["ratelimit"].rpartition("t=")[2])
