"""What is counted survives: nothing is lost at a clean stop, and at most one flush of reads with kill -9."""

from __future__ import annotations

import os
import signal
import uuid
from pathlib import Path

import httpx
import psycopg

from cloud.processes import Service
from tests.conftest import USAGE_FLUSH_SECONDS
from tests.journeys.conftest import Customer
from tests.journeys.waiting import until

Counted = dict[str, int]


class Caller:
    """Sends requests to one collection and reads its ledger."""

    def __init__(self, service: Service, customer: Customer) -> None:
        """Make the collection."""
        self.service, self.customer = service, customer
        self.http = httpx.Client(base_url=service.url, headers={"x-chroma-token": customer.key}, timeout=30)
        place = f"/api/v2/tenants/{customer.tenant}/databases/{customer.database}/collections"
        made = self.http.post(place, json={"name": f"c-{uuid.uuid4().hex[:8]}"}).json()
        self.path, self.collection_id = f"{place}/{made['id']}", made["id"]

    def send(self, verb: str, body: dict[str, object]) -> httpx.Response:
        """One request that must succeed."""
        answer = self.http.post(f"{self.path}/{verb}", json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer

    def write(self, count: int, first: int) -> None:
        """One record each."""
        for number in range(first, first + count):
            self.send("add", {"ids": [f"r{number}"], "embeddings": [[1.0, 2.0]]})

    def read(self, count: int) -> int:
        """Gets over all web processes, each over a connection of its own; the bytes that came back."""
        received = 0
        for _ in range(count):
            received += len(self.send("get", {}).content)
            self.http.close()
            self.http = httpx.Client(
                base_url=self.service.url, headers={"x-chroma-token": self.customer.key}, timeout=30
            )
        return received

    def requests(self) -> Counted:
        """Requests in the ledger by operation."""
        return {operation: requests for operation, requests, _ in self._ledger()}

    def returned_bytes(self) -> int:
        """Of gets, by the ledger."""
        return sum(quantity for operation, _, quantity in self._ledger() if operation == "get")

    def _ledger(self) -> list[tuple[str, int, int]]:
        with psycopg.connect(self.service.environment["DATABASE_URL"]) as connection:
            return [
                row
                for number in range(4)
                for row in connection.execute(
                    f"SELECT operation, sum(requests)::int, sum(quantity)::bigint "
                    f"FROM cell_{number:03d}.usage_ledger WHERE collection_id = %s "
                    "AND meter IN ('bytes_written', 'bytes_returned') GROUP BY 1",
                    [self.collection_id],
                ).fetchall()
            ]


def web_processes(service: Service) -> set[int]:
    """The workers of gunicorn."""
    master = service._children["web"].popen.pid
    text = Path(f"/proc/{master}/task/{master}/children").read_text(encoding="ascii")
    return set(map(int, text.split()))


def end_web_processes(service: Service, number: signal.Signals) -> None:
    """Signal every worker of gunicorn, and wait until others have taken their place."""
    before = web_processes(service)
    assert len(before) == 2
    for process in before:
        os.kill(process, number)
    until(
        lambda: len(web_processes(service) - before) == 2 and not web_processes(service) & before,
        seconds=60,
        what="other web processes",
    )
    service.wait_until_ready()


def test_a_clean_stop_loses_nothing(service: Service, customer: Customer) -> None:
    caller = Caller(service, customer)
    caller.write(3, first=0)
    received = caller.read(60)
    end_web_processes(service, signal.SIGTERM)
    assert caller.requests() == {"add": 3, "get": 60}
    assert caller.returned_bytes() == received


def test_kill_9_loses_no_write_and_at_most_a_flush_of_reads(service: Service, customer: Customer) -> None:
    caller = Caller(service, customer)
    caller.write(2, first=0)
    caller.read(20)
    until(
        lambda: caller.requests().get("get") == 20,
        seconds=USAGE_FLUSH_SECONDS + 20,
        what="the reads to be written down",
    )
    caller.write(5, first=2)
    caller.read(15)
    caller.write(5, first=7)
    end_web_processes(service, signal.SIGKILL)
    counted = caller.requests()
    assert counted["add"] == 12
    assert 20 <= counted["get"] <= 35
    said = service.manage("recount", "--tenant", customer.tenant, "--month", "2026-01")
    assert said.splitlines()[-1] == "no difference"
    assert f"{caller.collection_id} " in said
