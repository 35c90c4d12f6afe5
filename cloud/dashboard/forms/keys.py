"""A new API key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms

from tenants.models import Database

_MAX_EXPIRY_DAYS = 3_650


class KeyForm(forms.Form):
    """A new API key."""

    ALL, ONLY = "all", "only"

    name = forms.CharField(
        max_length=128,
        help_text="Where the key will be used, such as “ingest job”. You find it by this name later.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    reach = forms.ChoiceField(
        label="Databases",
        choices=[(ALL, "All databases, also future ones"), (ONLY, "Only these")],
        initial=ALL,
        widget=forms.RadioSelect,
    )
    databases = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    is_read_only = forms.BooleanField(required=False, label="Read only")
    expires_days = forms.IntegerField(
        required=False,
        initial=90,
        min_value=1,
        max_value=_MAX_EXPIRY_DAYS,
        label="Expires after days",
        help_text="Leave empty for a key that works until it is revoked.",
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "placeholder": "never"}),
    )

    def __init__(self, databases: Sequence[Database], data: Any = None) -> None:
        super().__init__(data)
        choices = [(str(database.database_id), database.name) for database in databases]
        field = self.fields["databases"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = choices

    def clean(self) -> dict[str, Any]:
        """A key for some databases names at least one."""
        cleaned = super().clean() or {}
        if (
            cleaned.get("reach") == self.ONLY
            and not cleaned.get("databases")
            and "databases" not in self.errors
        ):
            self.add_error("databases", "Choose at least one database.")
        return cleaned

    @property
    def database_ids(self) -> list[UUID]:
        """The only databases of the key; empty means all."""
        if self.cleaned_data["reach"] == self.ALL:
            return []
        return [UUID(chosen) for chosen in self.cleaned_data["databases"]]

    @property
    def expires_at(self) -> datetime | None:
        """When the key ends."""
        days: int | None = self.cleaned_data["expires_days"]
        return None if days is None else datetime.now(UTC) + timedelta(days=days)
