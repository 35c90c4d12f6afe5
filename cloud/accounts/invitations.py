"""The page behind an invitation's link, and what a session remembers of it until somebody takes the place."""

from __future__ import annotations

import contextlib

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_http_methods

from cloud.dashboard.views import errors
from tenants import invitations
from tenants.errors import AlreadyExists, InvalidArgument, NotFound
from tenants.invitations import Invited
from tenants.models import User

_KEY = "invitation_token"
_TOKEN_CHARACTERS = 200


@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show who invites to what; take the place when somebody who signed in posts."""
    invited = invitations.look_up(token) if len(token) <= _TOKEN_CHARACTERS else None
    if invited is None:
        response = render(request, "account/invitation_over.html", status=404)
    elif request.method == "POST" and isinstance(request.user, User):
        response = _accept(request, token, invited, request.user)
    else:
        request.session[_KEY] = token
        response = render(request, "account/invitation.html", {"invited": invited})
    add_never_cache_headers(response)
    return response


def pending(request: HttpRequest) -> Invited | None:
    """The open invitation that this browser came with."""
    token = request.session.get(_KEY)
    return invitations.look_up(token) if token else None


def accept_pending(request: HttpRequest, user: User) -> str | None:
    """Take the place that this browser's invitation offers; the tenant's name, or None.

    Somebody with another address is told so and keeps the invitation, to sign in as whom it is for.
    """
    token: str = request.session.get(_KEY, "")
    invited = pending(request)
    if invited is None:
        request.session.pop(_KEY, None)
        return None
    try:
        with contextlib.suppress(AlreadyExists):
            invitations.accept(token, user)
    except InvalidArgument:
        messages.error(
            request, f"The invitation to {invited.tenant_name} is for {invited.email}, not for {user.email}."
        )
        return None
    except NotFound:
        messages.error(request, f"The invitation to {invited.tenant_name} is no longer valid.")
        return None
    request.session.pop(_KEY, None)
    return invited.tenant_name


def _accept(request: HttpRequest, token: str, invited: Invited, user: User) -> HttpResponse:
    request.session.pop(_KEY, None)
    try:
        with contextlib.suppress(AlreadyExists):
            invitations.accept(token, user)
    except NotFound as error:
        return errors.page(request, error)
    except InvalidArgument:
        return render(request, "account/invitation.html", {"invited": invited}, status=422)
    return redirect("dashboard:databases", tenant_name=invited.tenant_name)
