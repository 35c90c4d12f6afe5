"""The hard spend cap over two web processes: a burst of writes and reads at it, then a higher one."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
from django.conf import settings

from tenants.prices import Meter, Prices, cost_nano
from tests.factories import batch
from tests.journeys.conftest import Customer
from tests.journeys.waiting import until

CLIENTS, REQUESTS, WEB_PROCESSES = 8, 8, 2
CONTROL = "/api/control/v1/tenants"


def connect(customer: Customer) -> httpx.Client:
    """A connection of its own, which one of the web's processes serves."""
    return httpx.Client(
        base_url=customer.service.url, headers={"x-chroma-token": customer.key}, timeout=60, trust_env=False
    )


def billing(customer: Customer, secret: str, cap_nano: int | None = None) -> dict[str, Any]:
    """The running month, after the cap was set where one is given."""
    headers = {"authorization": f"Bearer {secret}"}
    with httpx.Client(base_url=customer.service.url, headers=headers, trust_env=False) as client:
        path = f"{CONTROL}/{customer.tenant}/billing"
        if cap_nano is not None:
            done = client.put(f"{path}/spend-cap", json={"spend_cap_nano": cap_nano})
            assert done.status_code == 200, done.text
            time.sleep(settings.KEY_CACHE_SECONDS + 0.5)  # each process knows within its own second
        told: dict[str, Any] = client.get(path).json()
        return told


def burst(customer: Customer, path: str) -> Counter[tuple[str, int]]:
    """What clients get that write and query at once, each over connections of its own."""
    together = Barrier(CLIENTS, timeout=60)
    query = {"query_embeddings": [[0.5] * 8], "include": []}

    def work(client_number: int) -> list[tuple[str, int]]:
        found = []
        together.wait()
        for number in range(REQUESTS):
            with connect(customer) as client:
                verb = "query" if (client_number + number) % 3 == 0 else "upsert"
                first = 1_000 + 20 * (client_number * REQUESTS + number)
                body = query if verb == "query" else batch(20, first=first)
                answer = client.post(f"{path}/{verb}", json=body)
                if answer.status_code == 422:
                    assert answer.json()["message"].startswith("Billing limit exceeded")
                found.append((verb, answer.status_code))
        return found

    with ThreadPoolExecutor(CLIENTS) as pool:
        return Counter(one for found in pool.map(work, range(CLIENTS)) for one in found)


def test_a_burst_over_two_processes_passes_the_cap_by_a_request_each_at_most(customer: Customer) -> None:
    secret = customer.service.manage(
        "create_service_account", "billing test", "--tenant", customer.tenant, "--role", "billing"
    ).strip()
    collection = customer.client().create_collection("capped", embedding_function=None)
    path = f"/api/v2/tenants/{customer.tenant}/databases/main/collections/{collection.id}"
    with connect(customer) as client:
        body = batch(20, first=900)
        assert client.post(f"{path}/upsert", json=body).status_code == 200
    before = billing(customer, secret)["metered_nano"]
    body_bytes = len(httpx.Request("POST", "http://x", json=body).read())
    largest = cost_nano(Meter.BYTES_WRITTEN, body_bytes, Prices())
    cap = before + 8 * largest
    billing(customer, secret, cap)
    found = burst(customer, path)
    # On a slow machine some wait too long for those before them, and are told to come back.
    assert {status for _, status in found} - {429} == {200, 422}, found
    told = billing(customer, secret)
    assert before < told["metered_nano"] <= cap + WEB_PROCESSES * largest
    billing(customer, secret, cap + 10**12)

    def works() -> bool:
        with connect(customer) as client:
            return client.post(f"{path}/upsert", json=body).status_code == 200

    until(works, seconds=10, what="a request under the higher cap")
