"""Quotas: how much of each is used, and requests for more."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from cloud.dashboard import api_call, shown_quotas
from cloud.dashboard.access import Visit, member, show
from cloud.dashboard.forms.tenant import QuotaRequestForm
from cloud.dashboard.questions import Question, ask
from tenants import quota_requests, quota_standing
from tenants.errors import NotFound
from tenants.roles import Action
from vectors import state_usage

_MOST_REQUESTS = 20


@require_safe
@member(Action.VIEW_QUOTAS)
def quotas(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Every limit with its use, and the latest requests."""
    context = {
        "groups": shown_quotas.groups(_standings(visit)),
        "requests": quota_requests.list_requests(visit.by, visit.tenant_id, limit_count=_MOST_REQUESTS),
        "call": api_call.control("GET", visit.tenant_name, "quotas"),
    }
    return show(request, visit, "dashboard/quotas.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.REQUEST_QUOTA)
def request_quota(request: HttpRequest, visit: Visit, limit_name: str) -> HttpResponse:
    """Ask how much and why; a POST sends the request to the operators."""
    standing = next((one for one in _standings(visit) if one.limit_name == limit_name), None)
    if standing is None:
        raise NotFound
    form = QuotaRequestForm(standing.limit, request.POST if request.method == "POST" else None)
    question = Question(
        title=f"Ask for more: {shown_quotas.label(limit_name)}",
        lines=["Operators of this installation decide; you get an e-mail when they did."],
        verb="Send request",
        back=_here(visit),
        call=api_call.control(
            "POST",
            visit.tenant_name,
            "quota-requests",
            body={"limit": limit_name, "wanted": standing.limit * 2, "reason": "…"},
        ),
    )

    def act() -> str:
        wanted, reason = form.cleaned_data["wanted"], form.cleaned_data["reason"]
        quota_requests.request(visit.by, visit.tenant_id, limit_name, wanted, reason)
        return f"Your request for {wanted:,} is with the operators."

    return ask(request, visit, question, act, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.REQUEST_QUOTA)
def withdraw(request: HttpRequest, visit: Visit, request_id: UUID) -> HttpResponse:
    """Ask once more; a POST withdraws a request that is not decided yet."""
    question = Question(
        title="Withdraw the request?",
        lines=["The limit stays as it is. You can ask again at any time."],
        verb="Withdraw request",
        keep="Keep it",
        back=_here(visit),
        call=api_call.control("DELETE", visit.tenant_name, "quota-requests", str(request_id)),
    )

    def act() -> str:
        quota_requests.withdraw(visit.by, visit.tenant_id, request_id)
        return "The request is withdrawn."

    return ask(request, visit, question, act)


def _standings(visit: Visit) -> list[quota_standing.Standing]:
    states = state_usage.of_tenant(visit.tenant_id, quota_standing.cells(visit.tenant_id))
    return quota_standing.standings(visit.by, visit.tenant_id, states)


def _here(visit: Visit) -> str:
    return reverse("dashboard:quotas", args=[visit.tenant_name])
