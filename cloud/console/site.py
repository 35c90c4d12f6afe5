"""The console's site: who may enter, its pages, its content-security policy."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, URLResolver, reverse
from django.utils.cache import add_never_cache_headers
from unfold.sites import UnfoldAdminSite

from cloud.console import second_factor

# Unfold's pages are made alive by Alpine, which evaluates the expressions of their attributes, and name their
# colours in a style element. Scripts are files of ours alone, as everywhere.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
View = Callable[..., HttpResponseBase]


class Console(UnfoldAdminSite):
    """Unfold's site without its own sign-in, password page and view of others' passwords."""

    index_title = "Overview"
    index_template = "console/index.html"
    enable_nav_sidebar = True

    def __init__(self, name: str = "admin") -> None:
        """Without pages yet: `cloud/console/urls.py` adds them."""
        super().__init__(name)
        self.own_pages: list[URLPattern] = []

    def has_permission(self, request: HttpRequest) -> bool:
        """Operators only; asked before every page."""
        return not second_factor.refusal(request.user)

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # noqa: FBT001, FBT002 (Django's signature)
        """Every page, with the console's policy and never kept."""
        guarded = super().admin_view(view, cacheable)

        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            response: HttpResponseBase = guarded(request, *args, **kwargs)
            response.headers["Content-Security-Policy"] = POLICY
            add_never_cache_headers(response)
            return response

        return update_wrapper(inner, view)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The site's own sign-in; who signed in and is no operator hears why they stay outside."""
        del extra_context
        if request.user.is_authenticated:
            reason = second_factor.refusal(request.user)
            if reason:
                return render(request, "console/refused.html", {"reason": reason}, status=403)
            return redirect("admin:index")
        wanted = request.GET.get("next") or reverse("admin:index")
        return redirect(f"{reverse(settings.LOGIN_URL)}?{urlencode({'next': wanted})}")

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """End the session and go to the sign-in."""
        super().logout(request, extra_context)
        return redirect(settings.LOGIN_URL)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A password is changed where everybody's is."""
        del request, extra_context
        raise Http404

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The pages that are no model's, and all others."""
        return [*self.own_pages, *super().get_urls()]


console = Console()


def environment(request: HttpRequest) -> list[str]:
    """What the corner of every page says."""
    del request
    return [settings.PROFILE.capitalize(), "info" if settings.IS_DEVELOPMENT else "danger"]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar."""
    del request

    def entry(title: str, icon: str, name: str) -> dict[str, Any]:
        return {"title": title, "icon": icon, "link": reverse(f"admin:{name}")}

    return [
        {"title": "", "items": [entry("Overview", "space_dashboard", "index")]},
        {
            "title": "Customers",
            "separator": True,
            "items": [
                entry("Tenants", "apartment", "tenants_tenant_changelist"),
                entry("Plans", "sell", "tenants_plan_changelist"),
                entry("Quota requests", "trending_up", "tenants_quotarequest_changelist"),
                entry("People", "person", "tenants_user_changelist"),
                entry("Members", "group", "tenants_member_changelist"),
                entry("Service accounts", "smart_toy", "tenants_serviceaccount_changelist"),
            ],
        },
        {
            "title": "Installation",
            "separator": True,
            "items": [
                entry("Databases", "database", "tenants_database_changelist"),
                entry("Cells", "grid_view", "cells"),
                entry("Jobs", "manufacturing", "jobs"),
                entry("Flags", "flag", "flags"),
                entry("Audit log", "history", "tenants_auditentry_changelist"),
            ],
        },
    ]
