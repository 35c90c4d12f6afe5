"""The audit log of every tenant and of the installation: read, filtered, never changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from cloud.console.pages import OPERATOR, ReadOnlyAdmin, anchor
from tenants.audit import INSTALLATION
from tenants.models import AuditEntry, Tenant


class TenantFilter(admin.SimpleListFilter):
    """Of one chain: `?tenant=<id>`; the installation's is the only one offered by name."""

    title = "chain"
    parameter_name = "tenant"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The installation's, and the one chosen by its id."""
        del model_admin
        chosen = request.GET.get(self.parameter_name, "")
        found = [(str(INSTALLATION), "The installation")]
        if (wanted := _uuid(chosen)) and wanted != INSTALLATION:
            tenant = Tenant.objects.using(OPERATOR).filter(pk=wanted).first()
            found.append((chosen, tenant.name if tenant else chosen))
        return found

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The chosen."""
        del request
        wanted = _uuid(self.value() or "")
        return queryset if wanted is None else queryset.filter(tenant_id=wanted)


class AuditEntryAdmin(ReadOnlyAdmin):
    """Every entry, newest first."""

    list_display = ("at", "action", "shown_outcome", "actor_label", "impersonator", "subject_label", "chain")
    list_filter = (TenantFilter, "outcome", "actor_kind")
    search_fields = ("action", "actor_label", "impersonator", "=subject_id", "subject_label", "=trace_id")
    ordering = ("-entry_id",)
    fields = (
        ("at", "chain"),
        ("action", "shown_outcome"),
        ("actor_label", "actor_kind"),
        ("impersonator", "actor_id"),
        ("subject_label", "subject_id"),
        ("address", "client"),
        "trace_id",
        "shown_details",
        ("sequence", "shown_hash"),
    )

    @display(description="Outcome", ordering="outcome", label={"done": "success", "refused": "danger"})
    def shown_outcome(self, entry: AuditEntry) -> str:
        """Done or refused."""
        return entry.outcome

    @display(description="Chain")
    def chain(self, entry: AuditEntry) -> SafeString | str:
        """Whose log it is in."""
        if entry.tenant_id == INSTALLATION:
            return "installation"
        tenant = Tenant.objects.using(OPERATOR).filter(pk=entry.tenant_id).first()
        return anchor(tenant) if tenant else str(entry.tenant_id)

    @display(description="Details")
    def shown_details(self, entry: AuditEntry) -> SafeString:
        """As JSON."""
        return format_html("<pre>{}</pre>", orjson.dumps(entry.details, option=orjson.OPT_INDENT_2).decode())

    @display(description="Hash")
    def shown_hash(self, entry: AuditEntry) -> str:
        """In hexadecimal."""
        return bytes(entry.hash).hex()


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
