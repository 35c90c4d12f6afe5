"""Meters to Stripe, against a local server that answers as Stripe's does."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import orjson
import pytest
from django.conf import settings

from cloud.processes import Service
from tenants.actors import command
from tenants.billing import profiles
from tenants.billing.profiles import Details
from tenants.models import StripeWatermark
from tenants.scope import tenant_transaction
from tests import stage
from tests.factories import Cast
from tests.ledger import write_ledger
from workers import stripe_export, tasks
from workers.stripe_export import HOUR, Account

BY = command("tests")
NOW = datetime.now(UTC)
END = (NOW - stripe_export.GRACE).replace(minute=0, second=0, microsecond=0)


@dataclass
class Stripe:
    """What was asked of it, and what it answers first."""

    url: str = ""
    requests: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)

    @property
    def account(self) -> Account:
        """A test account there."""
        return Account("sk_test_key", self.url, "tessera_")


@pytest.fixture
def server() -> Iterator[Stripe]:
    """A server of the test's own."""
    stand = Stripe()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(sent).items()}
            stand.requests.append((self.path, dict(self.headers), form))
            status = stand.failures.pop(0) if stand.failures else 200
            answer = {"object": "billing.meter_event"} if status == 200 else {"error": {"message": "no"}}
            content = orjson.dumps(answer)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    stand.url = f"http://127.0.0.1:{http.server_port}"
    yield stand
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def customer(acme: Cast, database: Service) -> Iterator[uuid.UUID]:
    """A customer, sent up to three hours ago; in the hours since it wrote 5, no and 7 bytes."""
    with stage.role(database, "owner"):
        profiles.update(BY, acme.tenant_id, Details(stripe_customer_id="cus_acme"))
        StripeWatermark.objects.create(tenant_id=acme.tenant_id, sent_before=END - 3 * HOUR)
        for at, written_bytes in ((END - 3 * HOUR, 5), (END - timedelta(microseconds=1), 7), (END, 11)):
            write_ledger(acme.tenant_id, at, written_bytes)
        yield acme.tenant_id
        profiles.update(BY, acme.tenant_id, Details())


def export(database: Service, server: Stripe, *, now: datetime = NOW) -> tuple[int, list[float]]:
    """As the worker does: how many events were taken, and how long it paused."""
    pauses: list[float] = []
    with stage.role(database, "worker"):
        return stripe_export.export(server.account, now=now, sleep=pauses.append), pauses


def sent_before(tenant_id: uuid.UUID) -> datetime:
    """The watermark."""
    with tenant_transaction(tenant_id):
        return StripeWatermark.objects.get(tenant_id=tenant_id).sent_before


def test_each_hour_is_sent_once_as_stripe_wants_it(
    customer: uuid.UUID, database: Service, server: Stripe
) -> None:
    assert export(database, server) == (2, [])
    path, headers, form = server.requests[0]
    first = END - 3 * HOUR
    assert path == "/v1/billing/meter_events"
    assert headers["Authorization"] == "Bearer sk_test_key"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    identifier = f"{customer}-bytes_written-{first:%Y%m%d%H}"
    assert headers["Idempotency-Key"] == identifier
    assert form == {
        "event_name": "tessera_bytes_written",
        "identifier": identifier,
        "payload[stripe_customer_id]": "cus_acme",
        "payload[value]": "5",
        "timestamp": str(int(first.timestamp())),
    }
    assert server.requests[1][2]["payload[value]"] == "7"
    assert sent_before(customer) == END
    assert export(database, server) == (0, [])


def test_it_tries_again_when_time_may_help(customer: uuid.UUID, database: Service, server: Stripe) -> None:
    server.failures = [429, 500]
    assert export(database, server) == (2, [0.5, 1.0])
    names = [form["identifier"] for _, _, form in server.requests]
    assert len(names) == 4
    assert len(set(names)) == 2  # the same event under the same name


def test_what_was_not_taken_is_sent_by_the_next_run_under_the_same_name(
    customer: uuid.UUID, database: Service, server: Stripe, caplog: pytest.LogCaptureFixture
) -> None:
    server.failures = [500] * 4
    assert export(database, server) == (0, [0.5, 1.0, 2.0])
    assert sent_before(customer) == END - 3 * HOUR
    assert "sk_test_key" not in caplog.text
    assert export(database, server) == (2, [])
    assert server.requests[0][2] == server.requests[4][2]


def test_it_does_not_insist_on_what_is_refused(
    customer: uuid.UUID, database: Service, server: Stripe, caplog: pytest.LogCaptureFixture
) -> None:
    server.failures = [400]
    assert export(database, server) == (0, [])
    assert f"tenant {customer}: InvalidRequestError" in caplog.text
    assert len(server.requests) == 1


def test_a_new_customer_begins_with_the_next_hour(
    customer: uuid.UUID, acme: Cast, globex: Cast, database: Service, server: Stripe
) -> None:
    write_ledger(globex.tenant_id, END - 2 * HOUR, 99)
    write_ledger(globex.tenant_id, END, 13)
    profiles.update(BY, globex.tenant_id, Details(stripe_customer_id="cus_globex"))
    export(database, server)
    export(database, server, now=NOW + HOUR)
    profiles.update(BY, globex.tenant_id, Details())
    sent = {(form["payload[stripe_customer_id]"], form["payload[value]"]) for _, _, form in server.requests}
    assert sent == {("cus_acme", "5"), ("cus_acme", "7"), ("cus_acme", "11"), ("cus_globex", "13")}


def test_without_a_key_nothing_is_sent(customer: uuid.UUID, database: Service) -> None:
    assert settings.STRIPE_API_KEY == ""
    with stage.role(database, "worker"):
        tasks.export_to_stripe()
    assert sent_before(customer) == END - 3 * HOUR
