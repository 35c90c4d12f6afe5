"""Nano-units as people read them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.billing import money, months
from tenants.errors import InvalidArgument


@pytest.mark.parametrize(
    ("nano", "currency", "exact", "payable"),
    [
        (0, "USD", "USD 0.00", "USD 0.00"),
        (7_500_000, "USD", "USD 0.0075", "USD 0.01"),
        (4_999_999, "USD", "USD 0.004999999", "USD 0.00"),
        (1_234_567_500_000_000, "EUR", "EUR 1,234,567.50", "EUR 1,234,567.50"),
        (-5_000_000, "USD", "USD -0.005", "USD 0.00"),
        (1_500_000_000, "JPY", "JPY 1.5", "JPY 2"),
        (2_000_000_000, "JPY", "JPY 2", "JPY 2"),
        (1_000_000, "KWD", "KWD 0.001", "KWD 0.001"),
    ],
)
def test_it_shows_every_digit_and_rounds_what_is_paid(
    nano: int, currency: str, exact: str, payable: str
) -> None:
    assert money.exact(nano, currency) == exact
    assert money.payable(nano, currency) == payable


@given(st.integers(-(2**63), 2**63))
def test_what_it_shows_is_the_number(nano: int) -> None:
    shown = money.exact(nano, "USD").removeprefix("USD ").replace(",", "")
    assert Decimal(shown) * money.NANO == nano


@pytest.mark.parametrize("currency", ["", "usd", "US", "USDX", "US1", "USD\n"])
def test_it_refuses_what_is_no_currency(currency: str) -> None:
    with pytest.raises(InvalidArgument, match="currency"):
        money.check_currency(currency)


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-1-1", "x"])
def test_it_refuses_what_is_no_month(text: str) -> None:
    with pytest.raises(InvalidArgument, match="month"):
        months.parse(text)
