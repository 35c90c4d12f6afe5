"""The tenant itself: settings, deletion, wishes for higher quotas; and a new tenant."""

from __future__ import annotations

from typing import Any

from django import forms

_AS_TYPED = {"autocomplete": "off", "spellcheck": "false"}


class SettingsForm(forms.Form):
    """What a tenant's admin decides."""

    allows_impersonation = forms.BooleanField(
        required=False,
        label="Operators of this installation may look at this tenant as one of its members, to help",
    )


class DeletionForm(forms.Form):
    """The name, typed: nobody deletes a tenant by a slip."""

    name = forms.CharField(label="Type the tenant’s name to confirm", widget=forms.TextInput(attrs=_AS_TYPED))


class NewTenantForm(forms.Form):
    """A tenant to be."""

    name = forms.CharField(
        help_text="It is part of every address and cannot be changed later.",
        widget=forms.TextInput(attrs=_AS_TYPED),
    )


class QuotaRequestForm(forms.Form):
    """A wish for a higher limit."""

    wanted = forms.IntegerField(label="New limit", min_value=1)
    reason = forms.CharField(
        max_length=2_000,
        label="What is it for?",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Operators read this when they decide.",
    )

    def __init__(self, limit: int, data: Any = None) -> None:
        super().__init__(data)
        self.fields["wanted"].help_text = f"The limit is {limit:,} now."
