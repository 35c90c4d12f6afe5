"""Who may see a page: a person who signed in, in a tenant that they belong to, whose role carries it.

Every page under `/dashboard/t/<tenant>/` goes through `member`. Another tenant's page and one that does not
exist are the same 404.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from http import HTTPStatus
from typing import Any, Concatenate
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from cloud.api.control.authentication import actor_of
from cloud.dashboard import navigation as places
from cloud.dashboard.views import errors
from tenants import audit, first_steps, flags, members
from tenants.actors import Actor
from tenants.errors import Code, NotFound, PermissionDenied, ServiceError
from tenants.members import Membership
from tenants.models import User
from tenants.roles import Action


class Permissions:
    """What an actor may do, as templates ask: `{% if visit.may.create_key %}`."""

    def __init__(self, by: Actor) -> None:
        self._by = by

    def __getattr__(self, name: str) -> bool:
        try:
            action = Action[name.upper()]
        except KeyError:
            raise AttributeError(name) from None
        return self._by.may(action)


@dataclass(frozen=True)
class Visit:
    """A person in one of their tenants.

    by:    the person as the verbs of `tenants` and `vectors` take them, with their role in this tenant
    page:  the name of the page's address
    """

    user: User
    membership: Membership
    memberships: Sequence[Membership]
    by: Actor
    page: str

    @property
    def tenant_id(self) -> UUID:
        """The tenant that the page is about."""
        return self.membership.tenant_id

    @property
    def tenant_name(self) -> str:
        """What the tenant is called."""
        return self.membership.tenant_name

    @property
    def may(self) -> Permissions:
        """What the person may do here."""
        return Permissions(self.by)

    @cached_property
    def navigation(self) -> list[places.Group]:
        """The pages that the person may see."""
        return places.offered(self.by)

    @property
    def collection_tabs(self) -> list[places.Tab]:
        """The pages of a collection that the person may see."""
        return places.collection_tabs(self.by)


View = Callable[Concatenate[HttpRequest, Visit, ...], HttpResponseBase]


def member(
    action: Action | None, *, post: Action | None = None, only_reads: bool = False
) -> Callable[[View], Callable[..., HttpResponseBase]]:
    """Let only members of the tenant in the path see the page; failures become pages in plain words.

    action:      what the role must carry; None: being a member is enough
    post:        what it must carry as well for anything but looking
    only_reads:  a POST changes nothing either, so that it goes on under maintenance
    """

    def decorate(view: View) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def entered(request: HttpRequest, tenant_name: str, **path: Any) -> HttpResponseBase:
            if not isinstance(request.user, User):
                return _ask_to_sign_in(request)
            try:
                visit = _enter(request, request.user, tenant_name)
                try:
                    _admit(request, visit, action, post, only_reads=only_reads)
                    response = view(request, visit, **path)
                except PermissionDenied:
                    _note_refusal(request, visit, action)
                    raise
                _note_look(request, visit, response)
            except ServiceError as error:
                if error.code in (Code.INTERNAL, Code.UNIMPLEMENTED):
                    raise
                response = errors.page(request, error)
            add_never_cache_headers(response)
            return response

        entered.action = action  # type: ignore[attr-defined]  # for the tests of every page
        return entered

    return decorate


def _admit(
    request: HttpRequest, visit: Visit, action: Action | None, post: Action | None, *, only_reads: bool
) -> None:
    """The role carries it; and of a suspended tenant nothing is changed, nor under maintenance.

    Raises:  PermissionDenied, Unavailable
    """
    if action is not None:
        visit.by.require(action)
    if request.method in ("GET", "HEAD"):
        return
    if post is not None:
        visit.by.require(post)
    if not only_reads:
        if visit.by.suspension is not None:
            raise PermissionDenied(f"This tenant is suspended. {visit.by.suspension}".strip())
        flags.refuse_in_maintenance(visit.tenant_id)


def _note_refusal(request: HttpRequest, visit: Visit, action: Action | None) -> None:
    """What was refused stands in the audit log, as what the control API refuses does."""
    what = f"page.{visit.page}" if action is None else action.value
    label = f"{request.method} {visit.page}"
    audit.record(visit.by, visit.tenant_id, what, outcome="refused", subject_label=label)


def signed_in(view: Callable[[HttpRequest, User], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Let only people who signed in see the page, whatever their tenants."""

    @wraps(view)
    def entered(request: HttpRequest) -> HttpResponse:
        if not isinstance(request.user, User):
            return _ask_to_sign_in(request)
        response = view(request, request.user)
        add_never_cache_headers(response)
        return response

    return entered


def show(
    request: HttpRequest, visit: Visit, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """A page within the frame: navigation, the tenant switcher, the person's menu."""
    return render(request, template, {**context, "visit": visit}, status=status)


def show_dialog(
    request: HttpRequest,
    visit: Visit,
    template: str,
    context: dict[str, Any],
    *,
    title: str,
    status: int = 200,
) -> HttpResponse:
    """A question: in the page's dialog when htmx asks, else as a page of its own.

    template:  the partial with the form; its heading has the id `dialog-title`
    """
    if is_partial(request):
        return show(request, visit, template, context, status=status)
    page = {**context, "dialog": template, "dialog_title": title}
    return show(request, visit, "dashboard/dialog_page.html", page, status=status)


def go(request: HttpRequest, to: str) -> HttpResponse:
    """On to another page after something was done; for htmx the whole page goes, not a part of it."""
    if is_partial(request):
        return HttpResponse(status=204, headers={"HX-Redirect": to})
    return redirect(to)


def is_partial(request: HttpRequest) -> bool:
    """Whether htmx asks, and wants only the part of the page that it will put in."""
    return request.headers.get("HX-Request") == "true"


def _enter(request: HttpRequest, user: User, tenant_name: str) -> Visit:
    memberships = members.memberships(user.user_id)
    for membership in memberships:
        if membership.tenant_name == tenant_name:
            by = replace(
                actor_of(user, request),
                role=membership.role,
                suspension=membership.suspension,
                is_operator=False,  # an operator's door is the console; here they are what their role says
            )
            page = request.resolver_match.url_name if request.resolver_match else None
            return Visit(user, membership, memberships, by, page or "")
    raise NotFound


def _note_look(request: HttpRequest, visit: Visit, response: HttpResponseBase) -> None:
    """Remember that the person has opened a collection: a statement once per session and tenant."""
    if visit.page != "collection" or response.status_code != HTTPStatus.OK:
        return
    if request.session.get("looked_in") != str(visit.tenant_id):
        first_steps.note_look(visit.by, visit.tenant_id)
        request.session["looked_in"] = str(visit.tenant_id)


def _ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    if is_partial(request):  # the whole page must go to the sign-in, not the part that asked
        return HttpResponse(headers={"HX-Refresh": "true"})
    return redirect(f"{reverse('dashboard:sign-in')}?{urlencode({'next': request.get_full_path()})}")
