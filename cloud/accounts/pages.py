"""What people do to their account that allauth has no page for."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

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
