"""What people do to their account that allauth has no page for."""

from __future__ import annotations

from allauth.socialaccount.providers.saml import views as saml
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST
from lxml import etree

from cloud.accounts import sessions
from cloud.dashboard.views import errors
from tenants.errors import NotFound
from tenants.models import User


@require_POST
@login_required
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """End one of one's own sessions."""
    if not isinstance(request.user, User):
        return errors.not_found(request)
    try:
        sessions.end(request.user.user_id, session_id)
    except NotFound as error:
        return errors.page(request, error)
    messages.success(request, "The session has ended.")
    return redirect("usersessions_list")


def finish_saml(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """What came back from a SAML identity provider; what is no XML is refused like what is forged."""
    try:
        response: HttpResponse = saml.finish_acs(request, organization_slug=organization_slug)
    except (etree.LxmlError, ValueError):
        response = render(request, "socialaccount/authentication_error.html", status=401)
    return response
