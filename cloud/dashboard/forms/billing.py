"""What a tenant pays: its spend cap, its alerts, who pays."""

from __future__ import annotations

from typing import Any

from django import forms

from tenants.billing import money
from tenants.billing.profiles import Details
from tenants.errors import InvalidArgument

_DECIMAL = {"inputmode": "decimal", "autocomplete": "off"}


class Amount(forms.CharField):
    """An amount in the tenant's currency; its value is in nano-units, None when empty."""

    currency = "USD"

    def __init__(self, **more: Any) -> None:
        super().__init__(max_length=32, widget=forms.TextInput(attrs=_DECIMAL), **more)

    def clean(self, value: Any) -> Any:
        """Nano-units."""
        text = super().clean(value).strip()
        if not text:
            return None
        try:
            return money.parse(text, self.currency)
        except InvalidArgument as error:
            raise forms.ValidationError(f"E{error.message[1:]}.") from error


def typed(amount_nano: int | None, currency: str) -> str:
    """An amount as it stands in a field."""
    return "" if amount_nano is None else money.exact(amount_nano, currency).partition(" ")[2]


class _InCurrency(forms.Form):
    """A form with amounts in the tenant's currency."""

    def __init__(self, currency: str, data: Any = None, **more: Any) -> None:
        super().__init__(data, **more)
        for field in self.fields.values():
            if isinstance(field, Amount):
                field.currency = currency
                field.label = f"{field.label} in {currency}"


class SpendCapForm(_InCurrency):
    """What a month's meters may cost."""

    NONE, AMOUNT = "none", "amount"

    kind = forms.ChoiceField(
        label="Limit",
        choices=[(NONE, "No cap: what is used is billed"), (AMOUNT, "Stop at an amount")],
        widget=forms.RadioSelect,
    )
    amount = Amount(required=False, label="Amount per month")

    def clean(self) -> dict[str, Any]:
        """A cap has an amount."""
        cleaned = super().clean() or {}
        if (
            cleaned.get("kind") == self.AMOUNT
            and cleaned.get("amount") is None
            and "amount" not in self.errors
        ):
            self.add_error("amount", "Say how much a month may cost.")
        return cleaned

    @property
    def cap_nano(self) -> int | None:
        """The cap; None: there is none."""
        found: int | None = self.cleaned_data["amount"]
        return found if self.cleaned_data["kind"] == self.AMOUNT else None


class AlertForm(_InCurrency):
    """When who pays is told."""

    PERCENT, AMOUNT = "percent", "amount"

    kind = forms.ChoiceField(
        label="Tell me when a month has cost",
        choices=[(AMOUNT, "An amount"), (PERCENT, "A share of the spend cap")],
        initial=AMOUNT,
        widget=forms.RadioSelect,
    )
    amount = Amount(required=False, label="Amount")
    percent = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=100,
        label="Percent of the spend cap",
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )

    def clean(self) -> dict[str, Any]:
        """The kind that is chosen has its number."""
        cleaned = super().clean() or {}
        kind = cleaned.get("kind")
        if kind and cleaned.get(kind) is None and kind not in self.errors:
            self.add_error(kind, "Say how much.")
        return cleaned

    def chosen(self, kind: str) -> int | None:
        """The number of this kind, if it is the one that was chosen."""
        found: int | None = self.cleaned_data[kind]
        return found if self.cleaned_data["kind"] == kind else None


class DetailsForm(forms.Form):
    """Who pays, as it stands on the next invoices."""

    name = forms.CharField(
        required=False,
        max_length=256,
        label="Name or company",
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    email = forms.CharField(
        required=False,
        max_length=254,
        label="E-mail address for invoices",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    address = forms.CharField(
        required=False,
        max_length=800,
        label="Address",
        help_text="At most six lines.",
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "street-address"}),
    )
    country = forms.CharField(
        required=False,
        max_length=2,
        help_text="Two letters, such as DE or US.",
        widget=forms.TextInput(attrs={"autocomplete": "country"}),
    )
    tax_id = forms.CharField(
        required=False, max_length=64, label="Tax id", help_text="It stands on invoices as it is here."
    )
    stripe_customer_id = forms.CharField(
        required=False,
        max_length=64,
        label="Stripe customer",
        help_text="cus_…, where this installation sends its meters to Stripe. Leave empty otherwise.",
    )

    @classmethod
    def of(cls, details: Details) -> DetailsForm:
        """The form with what is known."""
        initial = {
            name: getattr(details, name)
            for name in ("name", "email", "country", "tax_id", "stripe_customer_id")
        }
        return cls(initial={**initial, "address": "\n".join(details.address_lines)})

    def clean_country(self) -> str:
        """Capital letters."""
        return str(self.cleaned_data["country"]).upper()

    @property
    def details(self) -> Details:
        """What was typed."""
        chosen = dict(self.cleaned_data)
        lines = tuple(line.strip() for line in chosen.pop("address").splitlines() if line.strip())
        return Details(**chosen, address_lines=lines)
