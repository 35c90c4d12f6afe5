"""People, their places, and service accounts: deactivate, end sessions, disable, act as somebody."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from cloud.console.pages import (
    OPERATOR,
    Cleaned,
    ReadOnlyAdmin,
    ReasonForm,
    actor,
    anchor,
    ask,
    posted,
)
from cloud.console.site import console
from tenants import impersonation, service_accounts, user_access
from tenants.errors import InvalidArgument
from tenants.models import Member, ServiceAccount, User


class UserAdmin(ReadOnlyAdmin):
    """Everybody who can sign in."""

    list_display = ("email", "is_active", "is_staff", "created_at", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "=user_id")
    ordering = ("email",)
    fields = (("email", "user_id"), ("is_active", "is_staff"), ("created_at", "last_login"), "places")
    actions_detail = ("act_as", "end_sessions", "access")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without what the operator's role may not see."""
        return super().get_queryset(request).defer("password")

    @display(description="Tenants")
    def places(self, user: User) -> SafeString:
        """Where, as what, and whether an operator may act there."""
        found = Member.objects.using(OPERATOR).filter(user=user).select_related("tenant")
        rows = [
            [anchor(one.tenant), one.role, "yes" if one.tenant.allows_impersonation else "no"]
            for one in found.order_by("tenant__name")[:200]
        ]
        headers = ["Tenant", "Role", "Operators may act there"]
        return SafeString(render_to_string("console/small_table.html", {"headers": headers, "rows": rows}))

    @action(description="Act as", url_path="act", icon="theater_comedy")
    def act_as(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask why; django-hijack's own view then swaps the person of the session."""
        user: User = self.wanted(request, object_id)
        refusal = (
            impersonation.refusal(request.user, user) if isinstance(request.user, User) else "Nobody asks."
        )
        context = {
            **console.each_context(request),
            "title": f"Act as {user.email}",
            "person": user,
            "form": ReasonForm(),
            "refusal": refusal,
            "back": self.back(user),
        }
        return TemplateResponse(request, "console/act_as.html", context)

    @action(description="End sessions", url_path="sessions", icon="logout")
    def end_sessions(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Sign the person out everywhere."""
        user: User = self.wanted(request, object_id)

        def end(_: Cleaned) -> str:
            user_access.end_sessions(actor(request), user.user_id)
            return f"{user.email} is signed out everywhere."

        form = forms.Form(posted(request))
        title = f"Sign {user.email} out everywhere"
        return ask(request, title, form, end, back=self.back(user), submit="End sessions")

    @action(description="Access", url_path="access", icon="person_off")
    def access(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Deactivate the person, or let them sign in again."""
        user: User = self.wanted(request, object_id)
        becomes = not user.is_active

        def change(_: Cleaned) -> str:
            user_access.set_active(actor(request), user.user_id, is_active=becomes)
            return f"{user.email} {'can sign in again' if becomes else 'is deactivated and signed out'}."

        text = "" if becomes else "They are signed out and cannot sign in; their places in tenants stay."
        submit = "Reactivate" if becomes else "Deactivate"
        form, back = forms.Form(posted(request)), self.back(user)
        title = f"{submit} {user.email}"
        return ask(request, title, form, change, back=back, text=text, submit=submit)


class MemberAdmin(ReadOnlyAdmin):
    """Every place of a person in a tenant."""

    list_display = ("shown_user", "shown_tenant", "role", "created_at")
    list_filter = ("role",)
    search_fields = ("user__email", "tenant__name")
    ordering = ("-created_at",)
    fields = ("shown_user", "shown_tenant", "role", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With both."""
        return super().get_queryset(request).select_related("user", "tenant").defer("user__password")

    @display(description="Person", ordering="user__email")
    def shown_user(self, member: Member) -> SafeString | str:
        """Who."""
        return anchor(member.user)

    @display(description="Tenant", ordering="tenant__name")
    def shown_tenant(self, member: Member) -> SafeString | str:
        """Where."""
        return anchor(member.tenant)


class ServiceAccountAdmin(ReadOnlyAdmin):
    """Every service account; one without a tenant is an operator of the installation."""

    list_display = ("name", "shown_tenant", "shown_role", "created_by", "created_at", "disabled_at")
    list_filter = ("role",)
    search_fields = ("name", "=service_account_id", "tenant__name")
    ordering = ("-created_at",)
    fields = (
        ("name", "service_account_id"),
        ("shown_tenant", "shown_role"),
        ("created_by", "created_at"),
        "disabled_at",
    )
    actions_detail = ("disable",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With its tenant."""
        return super().get_queryset(request).select_related("tenant")

    @display(description="Tenant", ordering="tenant__name")
    def shown_tenant(self, account: ServiceAccount) -> SafeString | str:
        """Whose it is."""
        return anchor(account.tenant)

    @display(description="Role")
    def shown_role(self, account: ServiceAccount) -> str:
        """What it may."""
        return account.role or "operator"

    @action(description="Disable", url_path="disable", icon="block")
    def disable(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Refuse the account from its next request on."""
        account: ServiceAccount = self.wanted(request, object_id)

        def disable(_: Cleaned) -> str:
            if account.tenant_id is None:
                raise InvalidArgument("An operator's account is disabled as the owner of the database only.")
            service_accounts.disable(actor(request), account.tenant_id, account.pk)
            return f"{account.name} is disabled."

        form, back = forms.Form(posted(request)), self.back(account)
        text = "It and its keys are refused from the next request on, for good."
        title = f"Disable {account.name}"
        return ask(request, title, form, disable, back=back, text=text, submit="Disable")
