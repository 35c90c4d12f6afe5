"""API keys: a new one, a change of one, a rotation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms

from tenants import key_scopes
from tenants.errors import InvalidArgument
from tenants.identity import ALL_VERBS
from tenants.key_scopes import DEFAULT, Default, Template
from tenants.keys import Change
from tenants.models import ApiKey, Database

_CUSTOM, _NEVER, _UNTIL = "custom", "never", "until"
_TEMPLATES = {
    Template.FULL: "Full access",
    Template.READ_ONLY: "Read only",
    Template.INGEST_ONLY: "Ingest only",
    Template.ONE_COLLECTION: "One collection",
}
_OVERLAPS = {0: "at once", 3_600: "after 1 hour", 86_400: "after 1 day", 604_800: "after 7 days"}


class LinesField(forms.CharField):
    """Several values, one in each line."""

    widget = forms.Textarea

    def clean(self, value: Any) -> list[str]:
        """The lines that are not empty."""
        return [line.strip() for line in super().clean(value).splitlines() if line.strip()]


class LimitsForm(forms.Form):
    """What a key is held to from its first day to its last, and may change between."""

    networks = LinesField(
        required=False,
        label="From these networks only",
        help_text="One in a line, such as 203.0.113.0/24. Leave empty for anywhere.",
        widget=forms.Textarea(attrs={"rows": 2, "class": "code"}),
    )
    requests_per_minute_count = forms.IntegerField(
        required=False,
        label="Requests a minute, at most",
        min_value=1,
        max_value=key_scopes.MAX_RATE,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "placeholder": "as the plan allows"}),
    )

    def clean_networks(self) -> tuple[str, ...]:
        """In CIDR notation."""
        try:
            return key_scopes.parse_networks(self.cleaned_data["networks"])
        except InvalidArgument as error:
            raise forms.ValidationError(error.message) from error


class KeyForm(LimitsForm):
    """A new API key."""

    ALL, ONLY = "all", "only"

    name = forms.CharField(
        max_length=key_scopes.MAX_NAME_CHARACTERS,
        help_text="Where the key will be used, such as “ingest job”. You find it by this name later.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    template = forms.ChoiceField(
        label="It may",
        choices=[*((one.value, label) for one, label in _TEMPLATES.items()), (_CUSTOM, "Only what I choose")],
        initial=Template.FULL.value,
        widget=forms.RadioSelect,
    )
    verbs = forms.MultipleChoiceField(
        label="What it may do",
        required=False,
        choices=[(verb.value, verb.value) for verb in sorted(ALL_VERBS, key=lambda verb: verb.value)],
        widget=forms.CheckboxSelectMultiple,
    )
    reach = forms.ChoiceField(
        label="Databases",
        choices=[(ALL, "All databases, also future ones"), (ONLY, "Only these")],
        initial=ALL,
        widget=forms.RadioSelect,
    )
    databases = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    collections = LinesField(
        required=False,
        label="Only these collections",
        help_text="One in a line, as database/collection. Leave empty for all collections of its databases.",
        widget=forms.Textarea(attrs={"rows": 2, "class": "code"}),
    )
    expires = forms.ChoiceField(
        label="Expires",
        choices=[
            ("7", "in 7 days"),
            ("30", "in 30 days"),
            ("90", "in 90 days"),
            ("365", "in a year"),
            (_UNTIL, "on a day that I choose"),
            (_NEVER, "never"),
        ],
        initial="90",
    )
    expires_on = forms.DateField(
        required=False, label="On this day", widget=forms.DateInput(attrs={"type": "date"})
    )
    where = forms.CharField(
        required=False,
        label="Forced filter",
        help_text='JSON, such as {"customer": "c-17"}: the key reads and changes only what passes it.',
        widget=forms.Textarea(attrs={"rows": 2, "class": "code"}),
    )

    def __init__(self, databases: Sequence[Database], data: Any = None) -> None:
        super().__init__(data)
        field = self.fields["databases"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = [(str(database.database_id), database.name) for database in databases]

    def clean_where(self) -> object:
        """JSON, or nothing."""
        text = self.cleaned_data["where"]
        try:
            return json.loads(text) if text else None
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(f"expected JSON: {error}") from error

    def clean(self) -> dict[str, Any]:
        """What one field asks of another."""
        cleaned = super().clean() or {}
        if (
            cleaned.get("reach") == self.ONLY
            and not cleaned.get("databases")
            and "databases" not in self.errors
        ):
            self.add_error("databases", "Choose at least one database.")
        if cleaned.get("template") == _CUSTOM and not cleaned.get("verbs"):
            self.add_error("verbs", "Choose at least one.")
        if cleaned.get("template") == Template.ONE_COLLECTION and len(cleaned.get("collections") or ()) != 1:
            self.add_error("collections", "Name the one collection, as database/collection.")
        if cleaned.get("expires") == _UNTIL and not cleaned.get("expires_on"):
            self.add_error("expires_on", "Choose the day, or another time above.")
        return cleaned

    @property
    def database_ids(self) -> list[UUID]:
        """The only databases of the key; empty means all."""
        if self.cleaned_data["reach"] == self.ALL:
            return []
        return [UUID(chosen) for chosen in self.cleaned_data["databases"]]

    @property
    def chosen_template(self) -> Template:
        """What the verbs come from, unless they were chosen."""
        chosen = self.cleaned_data["template"]
        return Template.FULL if chosen == _CUSTOM else Template(chosen)

    @property
    def chosen_verbs(self) -> list[str] | None:
        """The verbs that were chosen; None: the template's."""
        chosen: list[str] = self.cleaned_data["verbs"]
        return chosen if self.cleaned_data["template"] == _CUSTOM else None

    @property
    def expires_at(self) -> datetime | None:
        """When the key ends."""
        expires: str = self.cleaned_data["expires"]
        if expires == _NEVER:
            return None
        if expires == _UNTIL:
            day = self.cleaned_data["expires_on"]
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        return datetime.now(UTC) + timedelta(days=int(expires))


class KeyChangeForm(LimitsForm):
    """What can be changed of a key."""

    name = forms.CharField(
        max_length=key_scopes.MAX_NAME_CHARACTERS, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    expires_on = forms.DateField(
        required=False,
        label="Let it end sooner, on",
        help_text="A key’s life is only shortened; rotate it for a longer one.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    @classmethod
    def of(cls, key: ApiKey, data: Any = None) -> KeyChangeForm:
        """As the key is now."""
        initial = {
            "name": key.name,
            "networks": "\n".join(key.allowed_networks),
            "requests_per_minute_count": key.requests_per_minute_count,
        }
        return cls(data, initial=initial)

    @property
    def change(self) -> Change:
        """For `tenants.keys.update`."""
        day = self.cleaned_data["expires_on"]
        until: datetime | Default = (
            DEFAULT if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)
        )
        return Change(
            name=self.cleaned_data["name"],
            allowed_networks=self.cleaned_data["networks"],
            requests_per_minute_count=self.cleaned_data["requests_per_minute_count"],
            expires_at=until,
        )


class RotationForm(forms.Form):
    """How long the old key still works."""

    overlap_seconds = forms.TypedChoiceField(
        label="The old key stops working",
        choices=list(_OVERLAPS.items()),
        coerce=int,
        initial=86_400,
    )
