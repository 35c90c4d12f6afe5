"""An invoice's page in a real browser: it fits a phone, and has everything on it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from playwright.sync_api import Browser, expect

from cloud.billing import page
from tenants.billing import months, rating, terms
from tenants.billing.rating import Metered
from tenants.billing.terms import Span, Terms
from tenants.models import Invoice
from tenants.prices import GIB, TIB, Meter, Prices
from tests.e2e.watching import assert_fits

pytestmark = pytest.mark.browser


def example() -> Invoice:
    """A month with a change of plan in it."""
    month = date(2026, 10, 1)
    (since, until), moved = months.bounds(month), datetime(2026, 10, 13, 9, 30, tzinfo=UTC)
    pro = Terms("Pro", prices=Prices(bytes_written=2_000_000_000), monthly_fee_nano=49_000_000_000)
    metered = [
        Metered(Span(since, moved, 12, Terms()), {Meter.BYTES_WRITTEN: 5 * GIB + 377_487_360}),
        Metered(
            Span(moved, until, 19, pro),
            {
                Meter.BYTES_WRITTEN: 18 * GIB,
                Meter.BYTE_HOURS_STORED: 24 * 446 * GIB + 123_456_789,
                Meter.BYTES_SCANNED: 61 * TIB,
                Meter.BYTES_RETURNED: 9 * GIB + 1,
                Meter.FORKS: 3,
            },
        ),
    ]
    credit = [rating.Left(Invoice().invoice_id, 25_000_000_000)]
    bill = rating.rate(metered, credit, days_count=31)
    return Invoice(
        tenant_name="acme",
        month=month,
        number="2026-000123",
        currency=bill.currency,
        lines=[rating.as_json(line) for line in bill.lines],
        spans=[terms.as_json(one.span) for one in metered],
        billed_to={
            "name": "Acme Research Ltd",
            "email": "billing@acme.example",
            "address_lines": ["12 Harbour Street", "20457 Hamburg"],
            "country": "DE",
            "tax_id": "DE123456789",
        },
        subtotal_nano=bill.subtotal_nano,
        credits_nano=bill.credits_nano,
        total_nano=bill.total_nano,
        issued_at=datetime(2026, 11, 1, 2, 10, tzinfo=UTC),
    )


@pytest.mark.parametrize("width", [360, 1000])
def test_it_fits_the_screen_and_says_what_is_due(browser: Browser, width: int) -> None:
    with browser.new_context(viewport={"width": width, "height": 800}) as context:
        shown = context.new_page()
        shown.set_content(page.render(example()).decode())
        assert_fits(shown)
        expect(shown.get_by_role("heading", name="Invoice 2026-000123")).to_be_visible()
        expect(shown.locator("dd.due")).to_have_text("USD 60.61")
        expect(shown.get_by_text("Pro").first).to_be_visible()
        assert shown.locator("tbody tr").count() == len(example().lines)
