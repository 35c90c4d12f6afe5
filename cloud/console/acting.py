"""An operator who acts as a member: the layer that says so to everything below, and keeps them to the tenant.

django-hijack swaps the person of the session and remembers who was there before; what is written down, where
it is allowed and what the banner says is ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from hijack.signals import hijack_ended, hijack_started

from cloud.api import errors
from cloud.api.control.authentication import actor_of
from cloud.console import second_factor
from tenants import impersonation
from tenants.models import User

HISTORY = "hijack_history"  # django-hijack's: the ids of who was there before, the last one last
_LABEL = "acting_operator"
MAX_REASON_CHARACTERS = 512
# Where somebody who acts as a member may go: the tenant's pages and calls. Never the person's own account.
_ALLOWED_BELOW = (
    "/dashboard/t/",
    "/api/control/v1/tenants/",
    "/admin/impersonation/",
    "/static/",
    "/docs",
    "/openapi.json",
)
_ALLOWED = {"/dashboard", "/dashboard/", "/dashboard/sign-out", "/dashboard/theme"}


class Acting:
    """Says during a request which operator acts, and refuses pages that are the person's alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """A request without a session cookie is nobody's, and costs nothing."""
        label = ""
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.session.get(HISTORY):
            label = str(request.session.get(_LABEL) or "an operator")
        request.acting_operator = label  # type: ignore[attr-defined]
        if not label:
            return self.get_response(request)
        with impersonation.acting_as_member(label):
            if _is_allowed(request):
                return self.get_response(request)
            if request.path.startswith("/api/"):
                return errors.body(
                    403, "ChromaError", "Permission denied. Not while an operator acts as a member."
                )
            return render(request, "console/not_while_acting.html", status=403)


def _is_allowed(request: HttpRequest) -> bool:
    if request.path == "/api/control/v1/tenants":  # listing them, not making one
        return request.method == "GET"
    return request.path in _ALLOWED or request.path.startswith(_ALLOWED_BELOW)


def may_act_as(*, hijacker: User, hijacked: User | None) -> bool:
    """Whether an operator may act as a person; asked by django-hijack before it swaps them."""
    if hijacked is None or second_factor.refusal(hijacker):
        return False
    return not impersonation.refusal(hijacker, hijacked)


@receiver(hijack_started)
def _note_begin(*, request: HttpRequest, hijacker: User, hijacked: User, **_: Any) -> None:
    request.session[_LABEL] = hijacker.email
    reason = request.POST.get("reason", "").strip()[:MAX_REASON_CHARACTERS]
    impersonation.note(actor_of(hijacker, request), hijacked, begins=True, reason=reason)


@receiver(hijack_ended)
def _note_end(*, request: HttpRequest, hijacker: User, hijacked: User, **_: Any) -> None:
    request.session.pop(_LABEL, None)
    with impersonation.acting_as_member(""):  # from here on it is the operator again
        impersonation.note(actor_of(hijacker, request), hijacked, begins=False)


@receiver(user_logged_out)
def _note_sign_out(*, request: HttpRequest | None, user: User | None, **_: Any) -> None:
    """Whoever signs out while acting ends that, too."""
    history = request.session.get(HISTORY) if request is not None else None
    if request is None or user is None or not history:
        return
    operator = User.objects.filter(user_id=UUID(history[-1])).first()
    if operator is not None:
        with impersonation.acting_as_member(""):
            impersonation.note(actor_of(operator, request), user, begins=False)
