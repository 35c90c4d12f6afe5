"""Which usage a person wants to see: time, and one database, collection, key or meter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import forms

from cloud.billing import wording
from tenants.billing import months
from tenants.billing.months import DAY
from tenants.prices import Meter

HOUR = timedelta(hours=1)
MONTH, LAST_MONTH, DAYS = "month", "last-month", "days"
RANGES = {
    "24h": "Last 24 hours",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
    MONTH: "This month",
    LAST_MONTH: "Last month",
    DAYS: "The days below",
}
_BACK_DAYS = {"7d": 7, "30d": 30, "90d": 90}
_MAX_DAYS = 400


@dataclass(frozen=True)
class Time:
    """A stretch of whole hours or days of UTC: from `since`, before `until`."""

    since: datetime
    until: datetime
    step: timedelta

    def times(self, now: datetime) -> list[datetime]:
        """Where each hour or day begins, up to the one that runs."""
        count = max(
            0, (min(self.until, now + timedelta(microseconds=1)) - self.since + self.step) // self.step
        )
        found = [self.since + self.step * place for place in range(count)]
        return [one for one in found if one < self.until and one <= now]


def time_of(name: str, now: datetime, first: date | None = None, last: date | None = None) -> Time:
    """The time that a range is. [pure]"""
    today = months.start_of(now.astimezone(UTC).date())
    if name == "24h":
        hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return Time(hour - 23 * HOUR, hour + HOUR, HOUR)
    if name in _BACK_DAYS:
        return Time(today - (_BACK_DAYS[name] - 1) * DAY, today + DAY, DAY)
    if name == LAST_MONTH:
        since, until = months.bounds(months.month_of(months.start_of(months.month_of(now)) - DAY))
        return Time(since, until, DAY)
    if name == DAYS and first is not None and last is not None:
        return Time(months.start_of(first), months.start_of(last) + DAY, DAY)
    return Time(months.start_of(months.month_of(now)), today + DAY, DAY)


class UsageForm(forms.Form):
    """The filters above the charts; everything stands in the address."""

    range = forms.ChoiceField(
        choices=list(RANGES.items()), required=False, label="Time", help_text="", initial=MONTH
    )
    first = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))
    database = forms.ChoiceField(required=False)
    collection = forms.CharField(
        required=False,
        max_length=512,
        widget=forms.TextInput(attrs={"placeholder": "name or id", "autocomplete": "off"}),
    )
    key = forms.ChoiceField(required=False, label="API key")
    meter = forms.ChoiceField(
        required=False, choices=[("", "All"), *((one.value, wording.meter(one.value)) for one in Meter)]
    )

    def __init__(self, data: Mapping[str, Any], databases: Sequence[str], keys: Mapping[str, str]) -> None:
        super().__init__({**data, "range": data.get("range") or MONTH})
        for name, choices in (("database", [(one, one) for one in databases]), ("key", list(keys.items()))):
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = [("", "All"), *choices]

    def clean(self) -> dict[str, Any]:
        """Days come in pairs, in order, and not for years."""
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if cleaned.get("range") != DAYS:
            return cleaned
        if first is None or last is None:
            if not self.errors:
                self.add_error("first", "Choose the first and the last day.")
        elif not first <= last:
            self.add_error("last", "Choose a day that is not before the first.")
        elif (last - first).days >= _MAX_DAYS:
            self.add_error("last", f"Choose at most {_MAX_DAYS} days.")
        return cleaned

    def time(self, now: datetime) -> Time:
        """The time that is wanted; this month where nothing fits."""
        if not self.is_valid():
            return time_of(MONTH, now)
        chosen = self.cleaned_data
        return time_of(chosen["range"] or MONTH, now, chosen["first"], chosen["last"])
