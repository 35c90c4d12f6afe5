"""Members, invitations, service accounts: roles that somebody gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms

from tenants.actors import Actor
from tenants.roles import Role, may_give

# In a sentence each, for whoever chooses; the exact table is docs/permissions.md.
ROLES = {
    Role.OWNER: "everything, with billing and the tenant itself",
    Role.ADMIN: "everything but billing and owners",
    Role.DEVELOPER: "databases, collections, records and keys",
    Role.VIEWER: "looks, and changes nothing",
    Role.BILLING: "usage, plan and invoices; no data",
}


def roles(by: Actor, *, leaves_out: tuple[Role, ...] = ()) -> list[tuple[str, str]]:
    """The roles that somebody may give, each with what it is for."""
    return [
        (role.value, f"{role.label}: {words}")
        for role, words in ROLES.items()
        if role not in leaves_out and by.role is not None and may_give(by.role, role)
    ]


class RoleForm(forms.Form):
    """Another role."""

    role = forms.ChoiceField(label="Role", choices=())

    def __init__(
        self, by: Actor, data: Any = None, *, current: str = "", leaves_out: tuple[Role, ...] = ()
    ) -> None:
        super().__init__(data, initial={"role": current})
        field = self.fields["role"]
        if isinstance(field, forms.ChoiceField):
            field.choices = roles(by, leaves_out=leaves_out)

    @property
    def chosen(self) -> Role:
        """The role."""
        return Role(self.cleaned_data["role"])


class InvitationForm(RoleForm):
    """Somebody to come."""

    email = forms.EmailField(
        label="E-mail address", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    field_order = ("email", "role")


class ServiceAccountForm(RoleForm):
    """A program that manages the tenant over the control API."""

    name = forms.CharField(
        max_length=128,
        help_text="What it does, such as “terraform”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    expires_days = forms.IntegerField(
        label="Its first key ends after days", min_value=1, max_value=365, initial=90
    )
    field_order = ("name", "role", "expires_days")

    def __init__(self, by: Actor, data: Any = None) -> None:
        super().__init__(by, data, current=Role.VIEWER.value, leaves_out=(Role.OWNER,))
        self.fields["expires_days"].initial = 90

    @property
    def expires_at(self) -> datetime:
        """When its first key ends."""
        return datetime.now(UTC) + timedelta(days=self.cleaned_data["expires_days"])


class SecretForm(forms.Form):
    """Another key of a service account."""

    expires_days = forms.IntegerField(label="It ends after days", min_value=1, max_value=365, initial=90)

    @property
    def expires_at(self) -> datetime:
        """When the key ends."""
        return datetime.now(UTC) + timedelta(days=self.cleaned_data["expires_days"])
