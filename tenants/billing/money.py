"""Nano-units of a currency as people read them: exactly, and as an amount to pay. [pure]"""

from __future__ import annotations

import re

from tenants.errors import InvalidArgument

NANO = 10**9
_AMOUNT = re.compile(r"(?=.*\d)\d{0,10}(\.\d{0,9})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}")
# Source: ISO 4217; all others that are billed in have two digits.
_MINOR_DIGITS = {"JPY": 0, "KRW": 0, "CLP": 0, "ISK": 0, "VND": 0, "KWD": 3, "BHD": 3, "TND": 3, "JOD": 3}
_MAX_NANO = 2**62


def exact(amount_nano: int, currency: str) -> str:
    """Every digit that is not a trailing zero, and at least those of the currency: `USD -0.0075`."""
    digits = _MINOR_DIGITS.get(currency, 2)
    whole, fraction = divmod(abs(amount_nano), NANO)
    text = f"{fraction:09d}"
    kept = text[:digits] + text[digits:].rstrip("0")
    sign = "-" if amount_nano < 0 else ""
    return f"{currency} {sign}{whole:,}" + (f".{kept}" if kept else "")


def payable(amount_nano: int, currency: str) -> str:
    """The amount in whole minor units, rounded to the nearest, half up."""
    unit = minor_unit_nano(currency)
    return exact((2 * amount_nano + unit) // (2 * unit) * unit, currency)


def minor_unit_nano(currency: str) -> int:
    """The smallest amount that can be paid: a cent."""
    return int(10 ** (9 - _MINOR_DIGITS.get(currency, 2)))


def parse(text: str, currency: str) -> int:
    """An amount as people type it, in the currency's own unit: `12.50`, `1,000`.

    Raises:  InvalidArgument for what is no amount, or has more than nine digits behind the point
    """
    plain = text.replace(",", "").replace("\N{NO-BREAK SPACE}", "").removeprefix(currency).strip()
    if not _AMOUNT.fullmatch(plain):
        raise InvalidArgument(f"expected an amount in {currency}, such as 25.00, got {text[:40]!r}")
    whole, _, fraction = plain.partition(".")
    return int(whole or "0") * NANO + int(fraction.ljust(9, "0") or "0")


def check_currency(currency: str) -> None:
    """Three capital letters.

    Raises:  InvalidArgument
    """
    if not _CURRENCY.fullmatch(currency):
        raise InvalidArgument(f"currency: expected three capital letters, got {currency[:20]!r}")


def check_amount(name: str, amount_nano: int, *, at_least: int) -> None:
    """An amount that can be stored.

    Raises:  InvalidArgument
    """
    if not at_least <= amount_nano <= _MAX_NANO:
        raise InvalidArgument(f"{name}: expected an integer of {at_least} to {_MAX_NANO}, got {amount_nano}")
