"""What use costs: meters, and a plan's price of each. [pure]

Quantities are integers in the meter's own unit; prices are integers in nano-units of the plan's currency per
pricing unit. A cost is rounded to the nearest nano-unit, half up, where it is stated: once per line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

GIB = 2**30
TIB = 2**40


class Meter(StrEnum):
    """What is counted; the values stand in the ledger."""

    BYTES_WRITTEN = "bytes_written"  # logical bytes of the images that writes appended
    BYTE_HOURS_STORED = "byte_hours_stored"  # logical bytes held for an hour each
    BYTES_SCANNED = "bytes_scanned"  # logical bytes of the collection × query units
    BYTES_RETURNED = "bytes_returned"  # of answers' bodies
    FORKS = "forks"


@dataclass(frozen=True)
class Prices:
    """Nano-units per pricing unit; the defaults are Chroma Cloud's published prices in US dollars.

    Source:  trychroma.com/pricing: $2.50 per GiB written, $0.33 per GiB and month (730 h) stored, $0.0075 per
             TiB queried, $0.09 per GiB returned, $0.03 per fork
    """

    bytes_written: int = 2_500_000_000
    byte_hours_stored: int = 452_055
    bytes_scanned: int = 7_500_000
    bytes_returned: int = 90_000_000
    forks: int = 30_000_000

    @classmethod
    def from_plan(cls, prices: Mapping[str, int]) -> Prices:
        """The defaults with a plan's own; what is no meter or no integer is ignored."""
        known = {price.name for price in fields(cls)}
        return cls(**{name: value for name, value in prices.items() if name in known and type(value) is int})


# How much of a meter one price is for.
PRICED_PER = {
    Meter.BYTES_WRITTEN: GIB,
    Meter.BYTE_HOURS_STORED: GIB,
    Meter.BYTES_SCANNED: TIB,
    Meter.BYTES_RETURNED: GIB,
    Meter.FORKS: 1,
}


def cost_nano(meter: Meter, quantity: int, prices: Prices) -> int:
    """What a quantity costs, in nano-units."""
    unit = PRICED_PER[meter]
    price: int = getattr(prices, meter.value)
    return (2 * quantity * price + unit) // (2 * unit)
