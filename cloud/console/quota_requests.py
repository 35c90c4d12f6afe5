"""Requests for higher limits: see, approve, decline."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from cloud.console.pages import Cleaned, NoteForm, ReadOnlyAdmin, actor, anchor, ask, posted
from tenants import quota_requests as verbs
from tenants.models import QuotaRequest
from tenants.tenants import limits_of


class QuotaRequestAdmin(ReadOnlyAdmin):
    """Every request, of every tenant."""

    list_display = (
        "limit_name",
        "shown_tenant",
        "now",
        "wanted",
        "shown_state",
        "requested_by",
        "created_at",
    )
    list_filter = ("state", "limit_name")
    search_fields = ("=request_id", "limit_name", "tenant__name", "requested_by")
    ordering = ("-created_at",)
    fields = (
        ("limit_name", "shown_tenant"),
        ("now", "wanted"),
        "reason",
        ("requested_by", "created_at"),
        "shown_state",
        ("decided_by", "decided_at"),
        "note",
    )
    actions_detail = ("approve", "decline")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With its tenant and plan."""
        return super().get_queryset(request).select_related("tenant__plan")

    @display(description="Tenant", ordering="tenant__name")
    def shown_tenant(self, found: QuotaRequest) -> SafeString | str:
        """Who asks."""
        return anchor(found.tenant)

    @display(description="Limit now")
    def now(self, found: QuotaRequest) -> str:
        """The limit in force."""
        return str(getattr(limits_of(found.tenant), found.limit_name, "—"))

    @display(
        description="State",
        label={"pending": "warning", "approved": "success", "declined": "danger", "withdrawn": "info"},
    )
    def shown_state(self, found: QuotaRequest) -> str:
        """Where it stands."""
        return found.state

    @action(description="Approve", url_path="approve", icon="check")
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give the tenant what it asked for."""
        found: QuotaRequest = self.wanted(request, object_id)

        def approve(cleaned: Cleaned) -> str:
            verbs.approve(actor(request), found.tenant_id, found.request_id, cleaned["note"])
            return f"{found.limit_name} of {found.tenant.name} is {found.wanted}, in force within a second."

        title = f"Raise {found.limit_name} of {found.tenant.name} to {found.wanted:,}"
        return self._ask(request, found, title, approve, submit="Approve")

    @action(description="Decline", url_path="decline", icon="close")
    def decline(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Leave the limit as it is."""
        found: QuotaRequest = self.wanted(request, object_id)

        def decline(cleaned: Cleaned) -> str:
            verbs.decline(actor(request), found.tenant_id, found.request_id, cleaned["note"])
            return f"The request of {found.tenant.name} is declined."

        title = f"Leave {found.limit_name} of {found.tenant.name} as it is"
        return self._ask(request, found, title, decline, submit="Decline")

    def _ask(
        self, request: HttpRequest, found: QuotaRequest, title: str, act: Any, *, submit: str
    ) -> HttpResponse:
        text = f"{found.requested_by} wrote: {found.reason}"
        form = NoteForm(posted(request))
        return ask(request, title, form, act, back=self.back(found), text=text, submit=submit)
