"""Who calls the control API: somebody who signed in to the dashboard, or a service account by its key."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from cloud import tracing
from cloud.api.authentication import bearer_secret
from cloud.console import second_factor
from tenants import impersonation, members, service_accounts, tenants
from tenants.actors import Actor, ActorKind
from tenants.errors import NotFound, Unauthenticated
from tenants.models import User

_SESSION = SessionAuthentication()


def authenticate(request: Request) -> Actor:
    """Who is calling, without a role yet.

    A session counts only with Django's CSRF token, as on a page.
    Raises:  Unauthenticated
    """
    plain: HttpRequest = request._request  # noqa: SLF001 (the framework offers no other way)
    secret = bearer_secret(plain)
    if secret:
        actor = service_accounts.authenticate(secret, peppers=settings.KEY_PEPPERS)
        return replace(
            actor, address=client_address(plain), client=_client(plain), trace_id=tracing.current()
        )
    found = _SESSION.authenticate(request)  # raises PermissionDenied of the framework without a CSRF token
    if found is None:
        raise Unauthenticated("Sign in, or send a service account's key: Authorization: Bearer sa-…")
    user = found[0]
    if not isinstance(user, User):
        raise Unauthenticated
    return actor_of(user, plain)


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
                return replace(actor, role=membership.role), membership.tenant_id
    elif actor.home is not None and actor.home[1] == tenant_name:
        return actor, actor.home[0]
    if actor.is_operator:
        return actor, tenants.resolve(tenant_name)
    raise NotFound(f"Tenant [{tenant_name}] not found")


def client_address(request: HttpRequest) -> str | None:
    """Where the request came from; behind a proxy, the proxy."""
    return request.META.get("REMOTE_ADDR") or None


def _client(request: HttpRequest) -> str:
    return request.headers.get("user-agent", "")[:256]
