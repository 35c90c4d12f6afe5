"""Who calls the control API: somebody who signed in to the dashboard, or a service account by its key."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.authentication import CSRFCheck
from rest_framework.request import Request

from cloud import tracing
from cloud.api.addresses import client_address
from cloud.api.authentication import bearer_secret
from cloud.console import second_factor
from tenants import impersonation, members, service_accounts, tenants
from tenants.actors import Actor, ActorKind
from tenants.errors import NotFound, PermissionDenied, Unauthenticated
from tenants.models import User


def authenticate(request: Request) -> Actor:
    """Who is calling, without a role yet.

    A session counts only with Django's CSRF token, as on a page.
    Raises:  Unauthenticated; PermissionDenied for a write of a session without the token
    """
    plain: HttpRequest = request._request  # noqa: SLF001 (the framework offers no other way)
    secret = bearer_secret(plain)
    if secret:
        actor = service_accounts.authenticate(secret, peppers=settings.KEY_PEPPERS)
        return replace(
            actor, address=client_address(plain), client=_client(plain), trace_id=tracing.current()
        )
    user = getattr(plain, "user", None)
    if not isinstance(user, User):
        raise Unauthenticated("Sign in, or send a service account's key: Authorization: Bearer sa-…")
    _check_csrf(plain)
    return actor_of(user, plain)


def _check_csrf(request: HttpRequest) -> None:
    check = CSRFCheck(lambda _: HttpResponse())
    check.process_request(request)
    reason = check.process_view(request, lambda _: HttpResponse(), (), {})
    if reason:
        raise PermissionDenied(f"Permission denied. CSRF: {reason}")


def actor_of(user: User, request: HttpRequest) -> Actor:
    """The actor that a signed-in person is, without a role yet."""
    return Actor(
        kind=ActorKind.USER,
        actor_id=user.user_id,
        label=user.email,
        is_operator=not second_factor.refusal(user),
        impersonator=impersonation.acting(),
        address=client_address(request),
        client=_client(request),
        trace_id=tracing.current(),
    )


def enter(actor: Actor, tenant_name: str) -> tuple[Actor, UUID]:
    """The actor with their role in this tenant, and the tenant's id.

    Raises:  NotFound for a tenant that is missing or somebody else's: the two must not be told apart
    """
    if actor.kind is ActorKind.USER and actor.actor_id is not None:
        for membership in members.memberships(actor.actor_id):
            if membership.tenant_name == tenant_name:
                entered = replace(actor, role=membership.role, suspension=membership.suspension)
                return entered, membership.tenant_id
    elif actor.home is not None and actor.home[1] == tenant_name:
        return actor, actor.home[0]
    if actor.is_operator:
        return actor, tenants.resolve(tenant_name)
    raise NotFound(f"Tenant [{tenant_name}] not found")


def _client(request: HttpRequest) -> str:
    return request.headers.get("user-agent", "")[:256]
