"""A person's sessions: every browser in which they are signed in."""

from __future__ import annotations

from uuid import UUID

from allauth.usersessions.adapter import get_adapter
from allauth.usersessions.middleware import UserSessionsMiddleware
from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse

from tenants.errors import NotFound


class Noted(UserSessionsMiddleware):
    """Notes where a session is used; an operator who acts as the person is not the person."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Note it, unless somebody else acts."""
        layer = self.get_response if request.session.get("hijack_history") else super().__call__
        response: HttpResponse = layer(request)
        return response


def list_sessions(user_id: UUID) -> list[UserSession]:
    """The sessions that are still open, the last used first."""
    rows = UserSession.objects.filter(user_id=user_id).select_related("user")
    living = [session for session in rows if not session.purge()]
    return sorted(living, key=lambda session: session.last_seen_at, reverse=True)


def end(user_id: UUID, session_id: int) -> None:
    """End one session; its next request is nobody's.

    Raises:  NotFound, also for somebody else's
    """
    session = UserSession.objects.filter(user_id=user_id, pk=session_id).first()
    if session is None:
        raise NotFound(f"Session [{session_id}] not found")
    get_adapter().end_sessions([session])


def end_all(user_id: UUID) -> None:
    """End every session of a person at once. Idempotent."""
    get_adapter().end_sessions(list(UserSession.objects.filter(user_id=user_id)))
