"""Service accounts: programs that manage the tenant over the control API, and their keys."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from cloud.dashboard import api_call, forms
from cloud.dashboard.access import Visit, is_partial, member, show, show_dialog
from cloud.dashboard.forms.people import RoleForm, SecretForm, ServiceAccountForm
from cloud.dashboard.questions import Question, ask
from tenants import service_accounts as accounts
from tenants.roles import Action, Role


@require_safe
@member(Action.VIEW_SERVICE_ACCOUNTS)
def service_accounts(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The tenant's accounts, oldest first."""
    context = {
        "accounts": accounts.list_accounts(visit.by, visit.tenant_id),
        "call": api_call.control("GET", visit.tenant_name, "service-accounts"),
    }
    return show(request, visit, "dashboard/service_accounts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.MANAGE_SERVICE_ACCOUNTS)
def create(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The form of a new account; a POST makes it and shows its first key, this once."""
    form = ServiceAccountForm(visit.by, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        made = forms.attempt(
            form,
            lambda: accounts.create(
                visit.by,
                visit.tenant_id,
                form.cleaned_data["name"],
                form.chosen,
                pepper=settings.KEY_PEPPERS[0],
                expires_at=form.expires_at,
            ),
        )
        if made is not None:
            return _created(request, visit, form.cleaned_data["name"], made.secret)
    question = Question(
        title="Create a service account",
        lines=[
            "A program that signs in to the control API with a key of its own, in a role that you choose."
        ],
        verb="Create service account",
        back=_all(visit),
        call=api_call.control(
            "POST", visit.tenant_name, "service-accounts", body={"name": "terraform", "role": "admin"}
        ),
    )
    return _form(request, visit, question, form)


@require_safe
@member(Action.VIEW_SERVICE_ACCOUNTS)
def service_account(request: HttpRequest, visit: Visit, service_account_id: UUID) -> HttpResponse:
    """One account and its keys."""
    context = {
        "account": accounts.get(visit.by, visit.tenant_id, service_account_id),
        "keys": accounts.list_keys(visit.by, visit.tenant_id, service_account_id),
        "call": api_call.control(
            "GET", visit.tenant_name, "service-accounts", str(service_account_id), "keys"
        ),
    }
    return show(request, visit, "dashboard/service_account.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.MANAGE_SERVICE_ACCOUNTS)
def change_role(request: HttpRequest, visit: Visit, service_account_id: UUID) -> HttpResponse:
    """Ask for the role; a POST changes it."""
    found = accounts.get(visit.by, visit.tenant_id, service_account_id)
    posted = request.POST if request.method == "POST" else None
    form = RoleForm(visit.by, posted, current=found.role, leaves_out=(Role.OWNER,))
    question = Question(
        title=f"Change the role of {found.name}",
        lines=["The change counts from the account’s next request on."],
        verb="Change role",
        back=_one(visit, service_account_id),
        call=api_call.control(
            "PATCH", visit.tenant_name, "service-accounts", str(service_account_id), body={"role": "viewer"}
        ),
    )

    def act() -> str:
        accounts.change_role(visit.by, visit.tenant_id, service_account_id, form.chosen)
        return f"{found.name} has the role {form.chosen.value} now."

    return ask(request, visit, question, act, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.MANAGE_SERVICE_ACCOUNTS)
def disable(request: HttpRequest, visit: Visit, service_account_id: UUID) -> HttpResponse:
    """Ask once more; a POST ends the account."""
    found = accounts.get(visit.by, visit.tenant_id, service_account_id)
    question = Question(
        title=f"Disable {found.name}?",
        lines=[
            "Programs that sign in as it are refused from their next request on, and its keys are revoked.",
            "This cannot be undone; its name can be given again.",
        ],
        verb="Disable service account",
        keep="Keep it",
        back=_all(visit),
        call=api_call.control("DELETE", visit.tenant_name, "service-accounts", str(service_account_id)),
        is_dangerous=True,
    )

    def act() -> str:
        accounts.disable(visit.by, visit.tenant_id, service_account_id)
        return f"{found.name} is disabled."

    return ask(request, visit, question, act)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.MANAGE_SERVICE_ACCOUNTS)
def add_key(request: HttpRequest, visit: Visit, service_account_id: UUID) -> HttpResponse:
    """Ask how long another key is to live; a POST makes it and shows it, this once."""
    found = accounts.get(visit.by, visit.tenant_id, service_account_id)
    form = SecretForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        made = forms.attempt(
            form,
            lambda: accounts.add_key(
                visit.by,
                visit.tenant_id,
                service_account_id,
                pepper=settings.KEY_PEPPERS[0],
                expires_at=form.expires_at,
            ),
        )
        if made is not None:
            return _created(request, visit, found.name, made.secret)
    question = Question(
        title=f"Another key for {found.name}",
        lines=[
            "The earlier keys stay good until they end or are revoked, so that a program can change over."
        ],
        verb="Create key",
        back=_one(visit, service_account_id),
        call=api_call.control(
            "POST", visit.tenant_name, "service-accounts", str(service_account_id), "keys", body={}
        ),
    )
    return _form(request, visit, question, form)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.MANAGE_SERVICE_ACCOUNTS)
def revoke_key(
    request: HttpRequest, visit: Visit, service_account_id: UUID, account_key_id: UUID
) -> HttpResponse:
    """Ask once more; a POST revokes one key."""
    found = accounts.get(visit.by, visit.tenant_id, service_account_id)
    question = Question(
        title=f"Revoke a key of {found.name}?",
        lines=["Programs that use it are refused from their next request on. This cannot be undone."],
        verb="Revoke key",
        keep="Keep it",
        back=_one(visit, service_account_id),
        call=api_call.control(
            "DELETE",
            visit.tenant_name,
            "service-accounts",
            str(service_account_id),
            "keys",
            str(account_key_id),
        ),
        is_dangerous=True,
    )

    def act() -> str:
        accounts.revoke_key(visit.by, visit.tenant_id, service_account_id, account_key_id)
        return "The key is revoked."

    return ask(request, visit, question, act)


def _form(
    request: HttpRequest, visit: Visit, question: Question, form: ServiceAccountForm | SecretForm
) -> HttpResponse:
    context = {"question": question, "form": form}
    status = 422 if form.is_bound else 200
    return show_dialog(request, visit, "dashboard/_ask.html", context, title=question.title, status=status)


def _created(request: HttpRequest, visit: Visit, name: str, secret: str) -> HttpResponse:
    context = {"name": name, "secret": secret, "env": f"TESSERA_SERVICE_ACCOUNT_KEY={secret}\n"}
    template = "dashboard/_secret_created.html"
    if is_partial(request):
        return show(request, visit, template, context)
    return show_dialog(request, visit, template, context, title=f"A key for {name}")


def _all(visit: Visit) -> str:
    return reverse("dashboard:service-accounts", args=[visit.tenant_name])


def _one(visit: Visit, service_account_id: UUID) -> str:
    return reverse("dashboard:service-account", args=[visit.tenant_name, service_account_id])
