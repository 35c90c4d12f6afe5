"""The actor that a key is, for what the audit log tells of the data plane."""

from __future__ import annotations

from rest_framework.request import Request

from cloud import tracing
from tenants import keys
from tenants.actors import SYSTEM, Actor, ActorKind
from tenants.errors import NotFound, PermissionDenied
from tenants.identity import Identity


def actor_of(identity: Identity, request: Request) -> Actor:
    """The key by its name; it has verbs, which the edge asks for, and no role."""
    key_id = identity.key_id
    if key_id is None:  # people have actors of their own, made from their session
        raise PermissionDenied
    try:
        name = keys.get(SYSTEM, identity.tenant_id, key_id).name
    except NotFound:  # revoked while the request was under way
        name = str(key_id)
    return Actor(
        kind=ActorKind.API_KEY,
        actor_id=key_id,
        label=name,
        is_operator=identity.is_operator,
        home=(identity.tenant_id, identity.tenant_name),
        address=request.META.get("REMOTE_ADDR") or None,
        client=request.headers.get("user-agent", "")[:256],
        trace_id=tracing.current(),
    )
