"""Members: list, change a role, remove, leave."""

from __future__ import annotations

from cloud.api import authentication
from cloud.api.control.endpoint import check_after, check_limit, one_of
from cloud.api.control.routes import Call, Door, route
from cloud.api.control.schemas import members as shapes
from cloud.api.control.schemas.shape import PageQuery
from tenants import members
from tenants.models import Member
from tenants.roles import Action, Role

_PATH = "/tenants/{tenant}/members"


@route("GET", _PATH, Door.MEMBER, action=Action.VIEW_MEMBERS, query=PageQuery, answer=shapes.MembersPage)
def list_members(call: Call[None]) -> shapes.MembersPage:
    """List the people in a tenant, by address."""
    limit = check_limit(call.query.limit)
    found = members.list_members(
        call.actor, call.tenant_id, limit_count=limit + 1, after=check_after(call.query.after)
    )
    return shapes.MembersPage(
        items=[_shown(one) for one in found[:limit]],
        next=found[limit - 1].user.email if len(found) > limit else None,
    )


@route(
    "PATCH",
    _PATH + "/{user_id}",
    Door.MEMBER,
    action=Action.CHANGE_ROLE,
    body=shapes.RoleChange,
    answer=shapes.Member,
    description="Nobody gives what they do not have; only owners change owners. The last owner stays one.",
)
def change_member_role(call: Call[shapes.RoleChange]) -> shapes.Member:
    """Change the role of a member."""
    role = one_of(Role, call.body.role, "role")
    return _shown(members.change_role(call.actor, call.tenant_id, call.path_id("user_id"), role))


@route(
    "DELETE",
    _PATH + "/{user_id}",
    Door.MEMBER,
    action=Action.REMOVE_MEMBER,
    answer=shapes.Departure,
    description="API keys that they made are revoked with their place. Only owners remove owners.",
)
def remove_member(call: Call[None]) -> shapes.Departure:
    """Remove a member."""
    return _told(members.remove(call.actor, call.tenant_id, call.path_id("user_id")))


@route("POST", "/tenants/{tenant}/leave", Door.MEMBER, answer=shapes.Departure)
def leave_tenant(call: Call[None]) -> shapes.Departure:
    """Leave a tenant; one's own API keys in it are revoked."""
    return _told(members.leave(call.actor, call.tenant_id))


def _told(ended: members.Departure) -> shapes.Departure:
    authentication.forget_all()
    return shapes.Departure(
        revoked_keys_count=ended.revoked_keys_count,
        revoked_invitations_count=ended.revoked_invitations_count,
    )


def _shown(member: Member) -> shapes.Member:
    return shapes.Member(
        user_id=member.user_id, email=member.user.email, role=member.role, joined_at=member.created_at
    )
