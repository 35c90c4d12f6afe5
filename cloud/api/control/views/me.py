"""One's own account: who, and where one is signed in. For people; a service account has neither."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloud.accounts import addresses, second_factors, sessions
from cloud.api.control.routes import Call, Door, route
from cloud.api.control.schemas import me as shapes
from cloud.api.control.schemas.shape import Nothing
from tenants import members
from tenants.actors import ActorKind
from tenants.errors import NotFound, PermissionDenied
from tenants.models import User


@route("GET", "/me", Door.PERSON, answer=shapes.Me)
def get_me(call: Call[None]) -> shapes.Me:
    """Get who is signed in."""
    user = User.objects.get(pk=_person(call))
    return shapes.Me(
        user_id=user.user_id,
        email=user.email,
        is_email_verified=addresses.is_verified(user),
        second_factors=second_factors.kinds(user),
        tenants=[
            shapes.Place(tenant_id=one.tenant_id, name=one.tenant_name, role=one.role.value)
            for one in members.memberships(user.user_id)
        ],
    )


@route("GET", "/me/sessions", Door.PERSON, answer=shapes.Sessions)
def list_my_sessions(call: Call[None]) -> shapes.Sessions:
    """List the browsers in which one is signed in, the last used first."""
    current = call.request.session.session_key
    return shapes.Sessions(
        items=[
            shapes.Session(
                session_id=one.pk,
                address=one.ip,
                client=one.user_agent,
                created_at=one.created_at,
                last_used_at=one.last_seen_at,
                is_current=one.session_key == current,
            )
            for one in sessions.list_sessions(_person(call))
        ]
    )


@route("DELETE", "/me/sessions/{session_id}", Door.PERSON, answer=Nothing)
def end_my_session(call: Call[None]) -> Nothing:
    """End one of one's own sessions; its next request is nobody's."""
    person, session_id = _person(call), call.path["session_id"]
    if not (session_id.isascii() and session_id.isdigit() and len(session_id) < 10):
        raise NotFound(f"Session [{session_id[:40]}] not found")
    sessions.end(person, int(session_id))
    return Nothing()


def _person(call: Call[Any]) -> UUID:
    if call.actor.kind is not ActorKind.USER or call.actor.actor_id is None:
        raise PermissionDenied("Permission denied. A service account has no account of a person: sign in.")
    return call.actor.actor_id
