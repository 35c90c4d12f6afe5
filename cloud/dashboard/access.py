"""Who may see a page: a person who signed in, in a tenant that they belong to.

Every page under `/dashboard/t/<tenant>/` goes through `member`. Another tenant's page and one that does not
exist are the same 404.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from cloud.dashboard.views import errors
from tenants import flags, members
from tenants.errors import Conflict, NotFound, PermissionDenied, Unavailable
from tenants.members import Membership
from tenants.models import User


@dataclass(frozen=True)
class Visit:
    """A person in one of their tenants."""

    user: User
    membership: Membership
    memberships: Sequence[Membership]

    @property
    def tenant_id(self) -> UUID:
        """The tenant that the page is about."""
        return self.membership.tenant_id

    @property
    def tenant_name(self) -> str:
        """What the tenant is called."""
        return self.membership.tenant_name


View = Callable[Concatenate[HttpRequest, Visit, ...], HttpResponse]


def member(view: View) -> Callable[..., HttpResponse]:
    """Let only members of the tenant in the path see the page; failures become pages in plain words."""

    @wraps(view)
    def entered(request: HttpRequest, tenant_name: str, **path: Any) -> HttpResponse:
        if not isinstance(request.user, User):
            return _ask_to_sign_in(request)
        try:
            visit = _enter(request.user, tenant_name)
            if request.method == "POST":
                flags.refuse_in_maintenance(visit.tenant_id)
            response = view(request, visit, **path)
        except (NotFound, PermissionDenied, Conflict, Unavailable) as error:
            response = errors.page(request, error)
        add_never_cache_headers(response)
        return response

    return entered


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


def is_partial(request: HttpRequest) -> bool:
    """Whether htmx asks, and wants only the part of the page that it will put in."""
    return request.headers.get("HX-Request") == "true"


def _enter(user: User, tenant_name: str) -> Visit:
    memberships = members.memberships(user.user_id)
    for membership in memberships:
        if membership.tenant_name == tenant_name:
            return Visit(user, membership, memberships)
    raise NotFound


def _ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    if is_partial(request):  # the whole page must go to the sign-in, not the part that asked
        return HttpResponse(headers={"HX-Refresh": "true"})
    return redirect(f"{reverse('dashboard:sign-in')}?{urlencode({'next': request.get_full_path()})}")
