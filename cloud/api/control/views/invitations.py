"""Invitations: list, invite, send again, revoke, accept."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloud.accounts import invitation_mail
from cloud.api.control.endpoint import check_after, check_limit, one_of
from cloud.api.control.routes import Call, Door, route
from cloud.api.control.schemas import invitations as shapes
from cloud.api.control.schemas.shape import Nothing, PageQuery
from tenants import invitations, tenants
from tenants.actors import ActorKind
from tenants.errors import InvalidArgument
from tenants.models import Invitation, User
from tenants.roles import Action, Role

_PATH = "/tenants/{tenant}/invitations"


@route("GET", _PATH, Door.MEMBER, action=Action.VIEW_MEMBERS, query=PageQuery, answer=shapes.InvitationsPage)
def list_invitations(call: Call[None]) -> shapes.InvitationsPage:
    """List invitations that are neither used nor revoked, by address."""
    limit = check_limit(call.query.limit)
    found = invitations.list_invitations(
        call.actor, call.tenant_id, limit_count=limit + 1, after=check_after(call.query.after)
    )
    return shapes.InvitationsPage(
        items=[_shown(one) for one in found[:limit]],
        next=found[limit - 1].email if len(found) > limit else None,
    )


@route(
    "POST",
    _PATH,
    Door.MEMBER,
    action=Action.INVITE_MEMBER,
    body=shapes.NewInvitation,
    answer=shapes.SentInvitation,
    status=201,
    description="An earlier invitation of the same address ends. Nobody gives a role that they do not have.",
)
def invite_member(call: Call[shapes.NewInvitation]) -> shapes.SentInvitation:
    """Invite somebody by e-mail."""
    role = one_of(Role, call.body.role, "role")
    return _send(call, invitations.invite(call.actor, call.tenant_id, call.body.email, role))


@route(
    "POST",
    _PATH + "/{invitation_id}/resend",
    Door.MEMBER,
    action=Action.INVITE_MEMBER,
    answer=shapes.SentInvitation,
    description="Answers a new invitation, with an id of its own; the earlier link ends.",
)
def resend_invitation(call: Call[None]) -> shapes.SentInvitation:
    """Send an invitation again, with a new link and seven more days."""
    return _send(call, invitations.resend(call.actor, call.tenant_id, call.path_id("invitation_id")))


@route("DELETE", _PATH + "/{invitation_id}", Door.MEMBER, action=Action.INVITE_MEMBER, answer=Nothing)
def revoke_invitation(call: Call[None]) -> Nothing:
    """Revoke an invitation."""
    invitations.revoke(call.actor, call.tenant_id, call.path_id("invitation_id"))
    return Nothing()


@route("POST", "/invitations/accept", Door.PERSON, body=shapes.Acceptance, answer=shapes.Accepted)
def accept_invitation(call: Call[shapes.Acceptance]) -> shapes.Accepted:
    """Accept an invitation that was sent to one's own address."""
    if call.actor.kind is not ActorKind.USER or call.actor.impersonator:
        raise InvalidArgument("An invitation is accepted by the person that it was sent to, signed in.")
    member = invitations.accept(call.body.token, User.objects.get(user_id=_id_of(call)))
    tenant = tenants.get(member.tenant_id)
    return shapes.Accepted(tenant_id=tenant.tenant_id, tenant_name=tenant.name, role=member.role)


def _id_of(call: Call[shapes.Acceptance]) -> UUID:
    if call.actor.actor_id is None:
        raise InvalidArgument
    return call.actor.actor_id


def _send(call: Call[Any], made: invitations.NewInvitation) -> shapes.SentInvitation:
    invitation = invitations.get(call.tenant_id, made.invitation_id)
    sent = invitation_mail.send(
        invitation,
        tenant_name=call.tenant_name,
        link=invitation_mail.link(made.token, call.request._request),  # noqa: SLF001 (as in `endpoint`)
    )
    return shapes.SentInvitation(invitation=_shown(invitation), sent=sent)


def _shown(one: Invitation) -> shapes.Invitation:
    return shapes.Invitation(
        invitation_id=one.invitation_id,
        email=one.email,
        role=one.role,
        invited_by=one.invited_by,
        created_at=one.created_at,
        expires_at=one.expires_at,
    )
