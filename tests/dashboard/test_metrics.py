"""The metrics page in process: what it counts, filters, what it refuses, and that names stay inert."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from cloud.api import request_metrics
from tenants import request_counts
from tenants.request_counts import Counted, Sums
from tenants.roles import Role
from tests.dashboard.cast import Cast


def page(cast: Cast, **query: str) -> HttpResponse:
    """The page as somebody sees it."""
    request_metrics.process.flush()
    answer = cast.browser(Role.VIEWER).get(f"/dashboard/t/{cast.tenant_name}/metrics?{urlencode(query)}")
    assert isinstance(answer, HttpResponse)
    return answer


def text(answer: HttpResponse) -> str:
    """Its text, which was answered with 200."""
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_shows_what_was_asked_of_the_tenant(cast: Cast) -> None:
    shown = text(page(cast))
    assert "<h1>Metrics</h1>" in shown
    assert '<a href="?operation=add">add</a>' in shown
    assert ">books</a>" in shown
    for title in ("Requests by outcome", "Errors", "Latency of answers", "Requests by operation"):
        assert title in shown


def test_a_step_without_an_answer_has_no_latency_and_zero_requests(cast: Cast) -> None:
    shown = text(page(cast, range="1h"))
    latency = shown[shown.index('id="chart-latency"') : shown.index('id="chart-operations"')]
    assert '<td data-value="">–</td>' in latency
    requests = shown[shown.index('id="chart-requests"') : shown.index('id="chart-errors"')]
    assert '<td data-value="0">0</td>' in requests
    assert 'data-value=""' not in requests


@pytest.mark.parametrize(
    ("range_name", "steps"), [("1h", 61), ("6h", 73), ("24h", 97), ("7d", 57), ("30d", 31)]
)
def test_a_range_has_steps_that_suit_it(cast: Cast, range_name: str, steps: int) -> None:
    shown = text(page(cast, range=range_name))
    assert abs(shown.count('<th scope="row" data-value="') / 4 - steps) <= 1
    assert 'aria-current="true">' in shown


def test_filters_stand_in_the_address_and_narrow_what_is_shown(cast: Cast) -> None:
    shown = text(page(cast, database="library", operation="add", range="6h"))
    assert '<option value="library" selected>' in shown
    assert '<option value="add" selected>' in shown
    assert "?database=library&amp;operation=add&amp;range=7d" in shown
    assert "database=library&amp;operation=add" in shown[shown.index("curl") :]
    assert "No requests in this time" in text(page(cast, operation="query"))


def test_a_time_of_ones_own_comes_before_the_range(cast: Cast) -> None:
    now = datetime.now(UTC)
    own = {
        "from": f"{now - timedelta(hours=2):%Y-%m-%dT%H:%M}",
        "to": f"{now + timedelta(hours=1):%Y-%m-%dT%H:%M}",
    }
    shown = text(page(cast, range="1h", **own))
    assert "in this time" in shown
    assert ">add</a>" in shown
    past = {"from": "2026-01-02T10:00", "to": "2026-01-03T10:00"}
    assert "No requests in this time" in text(page(cast, **past))


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ({"from": "2026-01-02T10:00"}, "Give both a beginning and an end."),
        ({"from": "2026-01-03T10:00", "to": "2026-01-02T10:00"}, "The end is expected after the beginning."),
        ({"from": "1999-01-03T10:00", "to": "2026-01-02T10:00"}, "metrics are kept for 400 days"),
        ({"from": "<script>alert(1)</script>", "to": "2026-01-02T10:00"}, "Enter a valid date/time."),
        ({"operation": "<script>alert(1)</script>"}, "Select a valid choice."),
        ({"database": "<script>alert(1)</script>"}, "Select a valid choice."),
        ({"range": "<script>alert(1)</script>"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_meant_is_shown_again_with_why(
    cast: Cast, query: dict[str, str], complaint: str
) -> None:
    answer = page(cast, **query)
    assert answer.status_code == 422
    assert complaint in answer.content.decode()
    assert "<script>alert" not in answer.content.decode()


def test_a_quiet_tenant_learns_what_fills_the_page(cast: Cast) -> None:
    answer = cast.outsider.client.get("/dashboard/", follow=True)
    address = answer.redirect_chain[-1][0].rpartition("/")[0] + "/metrics"
    shown = cast.outsider.client.get(address).content.decode()
    assert "No requests in this time" in shown
    assert "ten seconds later" in shown


def test_a_collection_that_is_gone_keeps_its_numbers_and_a_name_is_inert(cast: Cast) -> None:
    gone = uuid.uuid4()
    minute = int(datetime.now(UTC).timestamp()) // 60
    key = Counted(cast.tenant_id, uuid.uuid4(), gone, "query", "ok", minute)
    request_counts.note(uuid.uuid4(), request_counts.rows_of({key: Sums(50.0, {90: 1_000})}))
    wire = cast.people[Role.OWNER]
    assert wire.post(f"/tenants/{cast.tenant_name}/databases", {"name": "other-shelf"}).status == 201
    shown = text(page(cast))
    assert f"<code>{gone}</code>" in shown
    assert "50 ms" in shown
    assert "1,000" in shown


def test_the_number_of_statements_does_not_grow_with_collections(cast: Cast) -> None:
    minute = int(datetime.now(UTC).timestamp()) // 60

    def asked() -> int:
        with CaptureQueriesContext(connection) as statements:
            page(cast, range="30d")
        return len(statements)

    before = asked()
    many = {
        Counted(cast.tenant_id, uuid.uuid4(), uuid.uuid4(), "get", "ok", minute): Sums(0.1, {20: 3})
        for _ in range(150)
    }
    request_counts.note(uuid.uuid4(), request_counts.rows_of(many))
    assert asked() == before
