"""Forms with a field for each limit or price: an empty one leaves the default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from tenants.plan_terms import MAX_NANO
from tenants.prices import Prices
from tenants.quotas import MAX_LIMIT, Limits

LIMITS = list(asdict(Limits()))
PRICES = list(asdict(Prices()))
PRICE = "price_"  # so that a price and a limit may share a name


def limit_fields(inherited: Limits, own: Mapping[str, Any]) -> dict[str, forms.IntegerField]:
    """A field for each limit; what it shows while empty is what then holds."""
    return {
        name: _field(name, own.get(name), inherited=value, most=MAX_LIMIT)
        for name, value in asdict(inherited).items()
    }


def price_fields(own: Mapping[str, Any]) -> dict[str, forms.IntegerField]:
    """A field for each price, in nano-units of the currency per pricing unit."""
    return {
        PRICE + name: _field(name, own.get(name), inherited=value, most=MAX_NANO)
        for name, value in asdict(Prices()).items()
    }


def given(cleaned: Mapping[str, Any], names: list[str], *, prefix: str = "") -> dict[str, int]:
    """What was filled in."""
    return {name: cleaned[prefix + name] for name in names if cleaned[prefix + name] is not None}


def _field(name: str, own: Any, *, inherited: int, most: int) -> forms.IntegerField:
    return forms.IntegerField(
        label=name,
        required=False,
        min_value=0,
        max_value=most,
        initial=own,
        widget=UnfoldAdminIntegerFieldWidget(attrs={"placeholder": f"{inherited:,}"}),
    )
