"""What a page of metrics shows: which time, which database, which operation; all of it in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms

from tenants.models import Database
from tenants.request_counts import OPERATIONS

RANGES = {
    "1h": ("1 hour", timedelta(hours=1)),
    "6h": ("6 hours", timedelta(hours=6)),
    "24h": ("24 hours", timedelta(hours=24)),
    "7d": ("7 days", timedelta(days=7)),
    "30d": ("30 days", timedelta(days=30)),
}
DEFAULT_RANGE = "24h"
_SHAPE = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True)
class Range:
    """A stretch of time; `name` is one of RANGES, or empty for one of the person's own."""

    name: str
    since: datetime
    until: datetime


def _moment(label: str) -> forms.DateTimeField:
    shown = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_SHAPE)
    return forms.DateTimeField(
        label=label, required=False, input_formats=[_SHAPE, f"{_SHAPE}:%S"], widget=shown
    )


class MetricsForm(forms.Form):
    """Filters of the page; `from` and `to`, both or neither, come before `range`."""

    database = forms.ChoiceField(required=False)
    operation = forms.ChoiceField(
        required=False, choices=[("", "All operations"), *((one, one) for one in OPERATIONS)]
    )
    range = forms.ChoiceField(
        required=False,
        choices=[(name, label) for name, (label, _) in RANGES.items()],
        widget=forms.HiddenInput,
    )

    def __init__(self, databases: Sequence[Database], data: Mapping[str, Any]) -> None:
        super().__init__(data)
        self.fields["from"] = _moment("From (UTC)")
        self.fields["to"] = _moment("To (UTC)")
        choices = [("", "All databases"), *((one.name, one.name) for one in databases)]
        field = self.fields["database"]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    def clean(self) -> dict[str, Any]:
        """A time of the person's own has a beginning and an end, in this order."""
        cleaned = super().clean() or {}
        since, until = cleaned.get("from"), cleaned.get("to")
        if "from" in self.errors or "to" in self.errors:
            return cleaned
        if (since is None) != (until is None):
            self.add_error("to" if until is None else "from", "Give both a beginning and an end.")
        elif since is not None and until is not None and since >= until:
            self.add_error("to", "The end is expected after the beginning.")
        return cleaned

    def chosen(self, now: datetime) -> Range:
        """The time that the page is about; that of an invalid form is the default one."""
        cleaned = self.cleaned_data if self.is_valid() else {}
        if cleaned.get("from"):
            since, until = cleaned["from"], cleaned["to"]
            return Range("", since.replace(tzinfo=UTC), until.replace(tzinfo=UTC))
        name = cleaned.get("range") or DEFAULT_RANGE
        return Range(name, now - RANGES[name][1], now)
