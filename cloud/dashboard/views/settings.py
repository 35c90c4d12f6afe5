"""The tenant's settings, its deletion, and a new tenant."""

from __future__ import annotations

from django.conf import settings as configured
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from cloud.api import authentication
from cloud.api.control.authentication import actor_of
from cloud.dashboard import api_call, forms
from cloud.dashboard.access import Visit, member, show, signed_in
from cloud.dashboard.forms.tenant import DeletionForm, NewTenantForm, SettingsForm
from cloud.dashboard.questions import Question, ask
from tenants import tenants
from tenants.errors import PermissionDenied
from tenants.models import User
from tenants.roles import Action


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.VIEW_TENANT, post=Action.UPDATE_TENANT)
def settings(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What the tenant is and what its admins decide; a POST changes it."""
    tenant = tenants.get(visit.tenant_id)
    initial = {"allows_impersonation": tenant.allows_impersonation}
    form = SettingsForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        tenants.update(visit.by, visit.tenant_id, **form.cleaned_data)
        messages.success(request, "The settings are saved.")
        return redirect("dashboard:settings", visit.tenant_name)
    context = {
        "tenant": tenant,
        "form": form,
        "call": api_call.control("PATCH", visit.tenant_name, body={"allows_impersonation": False}),
    }
    return show(request, visit, "dashboard/settings.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.DELETE_TENANT)
def delete(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Ask for the name; a POST closes the tenant."""
    form = DeletionForm(request.POST if request.method == "POST" else None)
    question = Question(
        title=f"Delete the tenant {visit.tenant_name}?",
        lines=[
            "Its API keys, service accounts, invitations and members end at once.",
            "Delete its databases before. Its bills and its audit log stay with whoever runs this service.",
            "This cannot be undone, and the name is not given again.",
        ],
        verb="Delete tenant",
        keep="Keep it",
        back=reverse("dashboard:home"),
        call=api_call.control("DELETE", visit.tenant_name, body={"name": visit.tenant_name}),
        is_dangerous=True,
    )

    def act() -> str:
        tenants.delete(visit.by, visit.tenant_id, name=form.cleaned_data["name"])
        authentication.forget_all()
        return f"{visit.tenant_name} is deleted."

    return ask(request, visit, question, act, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def create(request: HttpRequest, user: User) -> HttpResponse:
    """The form of a new tenant; who makes it owns it."""
    may = configured.TENANT_CREATION == "members"
    form = NewTenantForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        name = form.cleaned_data["name"]
        try:
            made = forms.attempt(
                form, lambda: tenants.create(name, by=actor_of(user, request), people_may=may), field="name"
            )
        except PermissionDenied as error:
            form.add_error(None, error.message)
            made = None
        if made is not None:
            messages.success(request, f"{made.name} is yours. Create its first database.")
            return redirect("dashboard:databases", made.name)
    context = {"form": form, "may_create": may}
    return render(request, "dashboard/tenant_create.html", context, status=422 if form.is_bound else 200)
