"""Members and invitations: who belongs to the tenant, as what, and who was asked to."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from cloud.accounts import invitation_mail
from cloud.api import authentication
from cloud.dashboard import api_call, paging
from cloud.dashboard.access import Visit, member, show
from cloud.dashboard.forms.people import ROLES, InvitationForm, RoleForm
from cloud.dashboard.questions import Question, ask
from tenants import invitations
from tenants import members as tenant_members
from tenants.roles import Action, Role

_MEMBERS_PER_PAGE = 50
_MOST_INVITATIONS = 100


@require_safe
@member(Action.VIEW_MEMBERS)
def members(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The people of the tenant by address, and who was invited."""
    page = paging.stretch(
        request,
        _MEMBERS_PER_PAGE,
        lambda after, limit: tenant_members.list_members(
            visit.by, visit.tenant_id, limit_count=limit, after=str(after[0]) if after else ""
        ),
        lambda one: (one.user.email,),
    )
    context = {
        "stretch": page,
        "invitations": invitations.list_invitations(visit.by, visit.tenant_id, limit_count=_MOST_INVITATIONS),
        "roles": ROLES,
        "call": api_call.control("GET", visit.tenant_name, "members"),
    }
    return show(request, visit, "dashboard/members.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.INVITE_MEMBER)
def invite(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Ask whom and as what; a POST sends the invitation."""
    form = InvitationForm(visit.by, request.POST if request.method == "POST" else None, current="developer")
    question = Question(
        title="Invite somebody",
        lines=["They get an e-mail with a link that is good for seven days."],
        verb="Send invitation",
        back=_here(visit),
        call=api_call.control(
            "POST", visit.tenant_name, "invitations", body={"email": "ada@example.com", "role": "developer"}
        ),
    )

    def act() -> str:
        made = invitations.invite(visit.by, visit.tenant_id, form.cleaned_data["email"], form.chosen)
        return _send(request, visit, made)

    return ask(request, visit, question, act, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.INVITE_MEMBER)
def resend(request: HttpRequest, visit: Visit, invitation_id: UUID) -> HttpResponse:
    """Send an invitation again."""
    found = invitations.get(visit.tenant_id, invitation_id)
    question = Question(
        title=f"Send the invitation of {found.email} again?",
        lines=["A new link goes out, good for seven more days. The earlier link ends."],
        verb="Send again",
        back=_here(visit),
        call=api_call.control("POST", visit.tenant_name, "invitations", str(invitation_id), "resend"),
    )
    return ask(
        request,
        visit,
        question,
        lambda: _send(request, visit, invitations.resend(visit.by, visit.tenant_id, invitation_id)),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.INVITE_MEMBER)
def revoke_invitation(request: HttpRequest, visit: Visit, invitation_id: UUID) -> HttpResponse:
    """Take an invitation back."""
    found = invitations.get(visit.tenant_id, invitation_id)
    question = Question(
        title=f"Revoke the invitation of {found.email}?",
        lines=["Its link ends at once. You can invite the same address again."],
        verb="Revoke invitation",
        keep="Keep it",
        back=_here(visit),
        call=api_call.control("DELETE", visit.tenant_name, "invitations", str(invitation_id)),
        is_dangerous=True,
    )

    def act() -> str:
        invitations.revoke(visit.by, visit.tenant_id, invitation_id)
        return f"The invitation of {found.email} is revoked."

    return ask(request, visit, question, act)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.CHANGE_ROLE)
def change_role(request: HttpRequest, visit: Visit, user_id: UUID) -> HttpResponse:
    """Ask for the role; a POST changes it."""
    found = tenant_members.get(visit.by, visit.tenant_id, user_id)
    form = RoleForm(visit.by, request.POST if request.method == "POST" else None, current=found.role)
    question = Question(
        title=f"Change the role of {found.user.email}",
        lines=[f"They are {_article(Role(found.role))} now. The change counts from their next click on."],
        verb="Change role",
        back=_here(visit),
        call=api_call.control("PATCH", visit.tenant_name, "members", str(user_id), body={"role": "viewer"}),
    )

    def act() -> str:
        changed = tenant_members.change_role(visit.by, visit.tenant_id, user_id, form.chosen)
        return f"{changed.user.email} is {_article(Role(changed.role))} now."

    return ask(request, visit, question, act, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.REMOVE_MEMBER)
def remove(request: HttpRequest, visit: Visit, user_id: UUID) -> HttpResponse:
    """Ask once more; a POST takes somebody out of the tenant."""
    found = tenant_members.get(visit.by, visit.tenant_id, user_id)
    question = Question(
        title=f"Remove {found.user.email}?",
        lines=[
            "They lose access at once.",
            "API keys that they made are revoked, and so are invitations that they sent.",
            "You can invite them again; revoked keys stay revoked.",
        ],
        verb="Remove member",
        keep="Keep them",
        back=_here(visit),
        call=api_call.control("DELETE", visit.tenant_name, "members", str(user_id)),
        is_dangerous=True,
    )

    def act() -> str:
        ended = tenant_members.remove(visit.by, visit.tenant_id, user_id)
        authentication.forget_all()
        return f"{found.user.email} is removed; {_counted(ended.revoked_keys_count)} of theirs revoked."

    return ask(request, visit, question, act)


@require_http_methods(["GET", "HEAD", "POST"])
@member(None)
def leave(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Ask once more; a POST takes the person out of the tenant."""
    question = Question(
        title=f"Leave {visit.tenant_name}?",
        lines=[
            "You lose access at once. API keys that you made here are revoked.",
            "Somebody who is still a member can invite you again.",
        ],
        verb="Leave tenant",
        keep="Stay",
        back=reverse("dashboard:home"),
        call=api_call.control("POST", visit.tenant_name, "leave"),
        is_dangerous=True,
    )

    def act() -> str:
        tenant_members.leave(visit.by, visit.tenant_id)
        authentication.forget_all()
        return f"You left {visit.tenant_name}."

    return ask(request, visit, question, act)


def _send(request: HttpRequest, visit: Visit, made: invitations.NewInvitation) -> str:
    """Post the invitation; what went wrong is said, for the invitation stands."""
    invitation = invitations.get(visit.tenant_id, made.invitation_id)
    link = invitation_mail.link(made.token, request)
    if not invitation_mail.send(invitation, tenant_name=visit.tenant_name, link=link):
        messages.warning(request, "The mail server did not take the e-mail. Send the invitation again later.")
    return f"{invitation.email} is invited as {Role(invitation.role).label.lower()}."


def _article(role: Role) -> str:
    if role is Role.BILLING:
        return "a billing member"
    return f"{'an' if role.value[0] in 'aeiou' else 'a'} {role.value}"


def _counted(keys_count: int) -> str:
    return f"{keys_count} key{'' if keys_count == 1 else 's'}"


def _here(visit: Visit) -> str:
    return reverse("dashboard:members", args=[visit.tenant_name])
