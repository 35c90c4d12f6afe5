"""Tenants: find one, see what it uses, suspend it, give it a plan and limits of its own; its databases."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import connections
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget

from cloud.console import numbers
from cloud.console.pages import OPERATOR, Cleaned, ReadOnlyAdmin, ReasonForm, actor, anchor, ask, posted
from tenants import plan_terms, suspension
from tenants import tenants as verbs
from tenants.models import Database, Member, Plan, Tenant
from tenants.quotas import Limits
from vectors.sql import in_cell


class SuspendedFilter(admin.SimpleListFilter):
    """Served or suspended."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Both."""
        del request, model_admin
        return [("served", "Served"), ("suspended", "Suspended")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The chosen."""
        del request
        if self.value() in ("served", "suspended"):
            return queryset.filter(suspended_at__isnull=self.value() == "served")
        return queryset


class TenantAdmin(ReadOnlyAdmin):
    """Every tenant of the installation."""

    list_display = ("name", "shown_plan", "shown_state", "databases_count", "members_count", "created_at")
    list_filter = (SuspendedFilter, "plan")
    search_fields = ("name", "=tenant_id", "member__user__email")
    ordering = ("name",)
    fields = (
        ("name", "tenant_id"),
        ("resource_name", "created_at"),
        ("shown_plan", "shown_state"),
        ("suspended_at", "suspension_reason"),
        ("allows_impersonation", "spend_cap_nano"),
        "usage",
        "own_limits",
        "members",
    )
    actions_detail = ("suspension", "plan", "limits")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With its counts."""
        counts = {
            "databases_total": Count("database", distinct=True),
            "members_total": Count("member", distinct=True),
        }
        found: QuerySet[Any] = super().get_queryset(request).select_related("plan").annotate(**counts)
        return found

    @display(description="State", label={"served": "success", "suspended": "danger"})
    def shown_state(self, tenant: Tenant) -> str:
        """Served or suspended."""
        return "suspended" if tenant.suspended_at else "served"

    @display(description="Plan", ordering="plan__name")
    def shown_plan(self, tenant: Tenant) -> SafeString | str:
        """Its plan."""
        return anchor(tenant.plan) if tenant.plan else "default"

    @display(description="Databases", ordering="databases_total")
    def databases_count(self, tenant: Any) -> int:
        """How many it has."""
        return int(tenant.databases_total)

    @display(description="Members", ordering="members_total")
    def members_count(self, tenant: Any) -> int:
        """How many it has."""
        return int(tenant.members_total)

    @display(description="In use now")
    def usage(self, tenant: Tenant) -> SafeString:
        """Databases, collections, records and bytes, cell by cell."""
        rows = []
        databases = Database.objects.using(OPERATOR).filter(tenant=tenant)
        for cell in sorted(set(databases.values_list("cell", flat=True))):
            with connections[OPERATOR].cursor() as cursor:
                cursor.execute(in_cell("usage_of_tenant", cell), {"tenant_id": tenant.tenant_id})
                rows.append([cell, *(cursor.fetchone() or (0, 0, 0, 0))])
        headers = ["Cell", "Collections", "Records", "Logical bytes", "Rows in the log"]
        return SafeString(render_to_string("console/small_table.html", {"headers": headers, "rows": rows}))

    @display(description="Limits of its own")
    def own_limits(self, tenant: Tenant) -> SafeString:
        """What it has beside its plan's."""
        rows = sorted(tenant.quota_overrides.items())
        return SafeString(
            render_to_string("console/small_table.html", {"headers": ["Limit", "Value"], "rows": rows})
        )

    @display(description="Members")
    def members(self, tenant: Tenant) -> SafeString:
        """Who they are; from a person's page an operator acts as them."""
        found = Member.objects.using(OPERATOR).filter(tenant=tenant).select_related("user")
        rows = [
            [anchor(one.user), one.role] for one in found.defer("user__password").order_by("created_at")[:200]
        ]
        headers = ["Person", "Role"]
        return SafeString(render_to_string("console/small_table.html", {"headers": headers, "rows": rows}))

    @action(description="Suspension", url_path="suspension", icon="block")
    def suspension(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Suspend the tenant with a reason, or serve it again."""
        tenant, back = self._found(request, object_id)

        def suspend(cleaned: Cleaned) -> str:
            suspension.suspend(actor(request), tenant.tenant_id, cleaned["reason"])
            return f"{tenant.name} is suspended."

        def restore(_: Cleaned) -> str:
            suspension.restore(actor(request), tenant.tenant_id)
            return f"{tenant.name} is served again."

        if tenant.suspended_at:
            text = f"Suspended since {tenant.suspended_at:%Y-%m-%d %H:%M} UTC: {tenant.suspension_reason}"
            form = forms.Form(posted(request))
            return ask(
                request, f"Serve {tenant.name} again", form, restore, back=back, text=text, submit="Serve"
            )
        text = "Its requests are refused within a second and told the reason; its data stays as it is."
        form = ReasonForm(posted(request))
        title = f"Suspend {tenant.name}"
        return ask(request, title, form, suspend, back=back, text=text, submit="Suspend")

    @action(description="Plan", url_path="plan", icon="sell")
    def plan(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give the tenant another plan."""
        tenant, back = self._found(request, object_id)
        choices = [("", "default"), *Plan.objects.using(OPERATOR).order_by("name").values_list("pk", "name")]

        class PlanForm(forms.Form):
            plan = forms.ChoiceField(
                choices=choices, required=False, initial=tenant.plan_id, widget=UnfoldAdminSelectWidget()
            )

        def assign(cleaned: Cleaned) -> str:
            plan_id = int(cleaned["plan"]) if cleaned["plan"] else None
            plan_terms.assign(actor(request), tenant.tenant_id, plan_id)
            return f"{tenant.name} has another plan, in force within a second."

        return ask(request, f"Plan of {tenant.name}", PlanForm(posted(request)), assign, back=back)

    @action(description="Limits", url_path="limits", icon="speed")
    def limits(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give the tenant limits of its own."""
        tenant, back = self._found(request, object_id)
        inherited = Limits.from_overrides(tenant.plan.limits if tenant.plan else {})
        form = forms.Form(posted(request))
        form.fields.update(numbers.limit_fields(inherited, tenant.quota_overrides))

        def override(cleaned: Cleaned) -> str:
            own = numbers.given(cleaned, numbers.LIMITS)
            verbs.override_limits(tenant.tenant_id, own, by=actor(request), is_whole=True)
            return f"{tenant.name} has {len(own)} limits of its own, in force within a second."

        text = "An empty field leaves the limit to the plan; its value stands in grey."
        return ask(request, f"Limits of {tenant.name}", form, override, back=back, text=text)

    def _found(self, request: HttpRequest, object_id: str) -> tuple[Tenant, str]:
        tenant: Tenant = self.wanted(request, object_id)
        return tenant, self.back(tenant)


class DatabaseAdmin(ReadOnlyAdmin):
    """Every database, and the cell that it is in for good."""

    list_display = ("name", "shown_tenant", "cell", "collections_count", "created_at")
    list_filter = ("cell",)
    search_fields = ("name", "=database_id", "tenant__name")
    ordering = ("-created_at",)
    fields = ("name", "database_id", "shown_tenant", "cell", "collections_count", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With its tenant and its count."""
        found: QuerySet[Any] = super().get_queryset(request).select_related("tenant")
        counted: QuerySet[Any] = found.annotate(collections_total=Count("collection"))
        return counted

    @display(description="Tenant", ordering="tenant__name")
    def shown_tenant(self, database: Database) -> SafeString | str:
        """Whose it is."""
        return anchor(database.tenant)

    @display(description="Collections", ordering="collections_total")
    def collections_count(self, database: Any) -> int:
        """How many it has."""
        return int(database.collections_total)
