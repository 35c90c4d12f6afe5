"""Plans: limits and prices with a field each, changed for all of a plan's tenants at once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminBigIntegerFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
)

from cloud.console import numbers
from cloud.console.pages import Cleaned, ReadOnlyAdmin, actor, ask, posted
from tenants import plan_terms
from tenants.models import Plan
from tenants.plan_terms import MAX_NANO, MAX_RECYCLE_SECONDS, Terms
from tenants.quotas import Limits

_TERMS = ["currency", "monthly_fee_nano", "recycle_seconds"]
_TEXT = "An empty limit or price is the default's, whose value stands in grey. Prices are in nano-units."


class TermsForm(forms.Form):
    """A plan's terms: these, and a field for each limit and price."""

    currency = forms.CharField(min_length=3, max_length=3, widget=UnfoldAdminTextInputWidget())
    monthly_fee_nano = forms.IntegerField(
        min_value=0, max_value=MAX_NANO, widget=UnfoldAdminBigIntegerFieldWidget()
    )
    recycle_seconds = forms.IntegerField(
        min_value=0, max_value=MAX_RECYCLE_SECONDS, widget=UnfoldAdminIntegerFieldWidget()
    )

    def __init__(self, plan: Plan, data: Any = None) -> None:
        """As the plan stands."""
        super().__init__(data, initial={name: getattr(plan, name) for name in _TERMS})
        self.fields.update(numbers.price_fields(plan.prices))
        self.fields.update(numbers.limit_fields(Limits(), plan.limits))

    @property
    def terms(self) -> Terms:
        """What was filled in."""
        return Terms(
            limits=numbers.given(self.cleaned_data, numbers.LIMITS),
            prices=numbers.given(self.cleaned_data, numbers.PRICES, prefix=numbers.PRICE),
            **{name: self.cleaned_data[name] for name in _TERMS},
        )


class NewPlanForm(TermsForm):
    """A plan to be."""

    name = forms.CharField(max_length=64, widget=UnfoldAdminTextInputWidget())


class PlanAdmin(ReadOnlyAdmin):
    """Every plan."""

    list_display = ("name", "currency", "monthly_fee_nano", "tenants_count")
    search_fields = ("name",)
    ordering = ("name",)
    fields = ("name", "currency", "monthly_fee_nano", "recycle_seconds", "shown_prices", "shown_limits")
    actions_list = ("add_plan",)
    actions_detail = ("terms",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With its count."""
        found: QuerySet[Any] = super().get_queryset(request).annotate(tenants_total=Count("tenant"))
        return found

    @display(description="Tenants", ordering="tenants_total")
    def tenants_count(self, plan: Any) -> int:
        """How many have it."""
        return int(plan.tenants_total)

    @display(description="Limits of its own")
    def shown_limits(self, plan: Plan) -> SafeString:
        """What differs from the defaults."""
        return _table("Limit", plan.limits)

    @display(description="Prices of its own")
    def shown_prices(self, plan: Plan) -> SafeString:
        """What differs from the defaults."""
        return _table("Meter", plan.prices)

    @action(description="New plan", url_path="new", icon="add")
    def add_plan(self, request: HttpRequest) -> HttpResponse:
        """Make a plan."""
        form = NewPlanForm(Plan(), posted(request))

        def create(cleaned: Cleaned) -> str:
            plan_terms.create(actor(request), cleaned["name"], form.terms)
            return f"Plan {cleaned['name']} is made."

        back = reverse("admin:tenants_plan_changelist")
        sections = _sections(["name"])
        return ask(request, "New plan", form, create, back=back, text=_TEXT, sections=sections)

    @action(description="Terms", url_path="terms", icon="edit")
    def terms(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Change a plan's terms."""
        plan: Plan = self.wanted(request, object_id)
        form = TermsForm(plan, posted(request))

        def change(_: Cleaned) -> str:
            plan_terms.change(actor(request), plan.pk, form.terms)
            return f"Plan {plan.name} is changed, in force within a second."

        text = f"They hold for all of its tenants within a second. {_TEXT}"
        sections = _sections([])
        return ask(
            request, f"Terms of {plan.name}", form, change, back=self.back(plan), text=text, sections=sections
        )


def _sections(more: list[str]) -> list[tuple[str, list[str]]]:
    prices = [numbers.PRICE + name for name in numbers.PRICES]
    return [("Plan", more + _TERMS), ("Prices", prices), ("Limits", numbers.LIMITS)]


def _table(heading: str, values: dict[str, Any]) -> SafeString:
    context = {"headers": [heading, "Value"], "rows": sorted(values.items())}
    return SafeString(render_to_string("console/small_table.html", context))
