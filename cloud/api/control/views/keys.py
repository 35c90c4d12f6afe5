"""API keys: templates, list, create, get, update, rotate, revoke."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from msgspec import UNSET

from cloud import key_limits
from cloud.api import authentication
from cloud.api.control.endpoint import check_limit, one_of
from cloud.api.control.routes import Call, Door, route
from cloud.api.control.schemas import keys as shapes
from cloud.api.control.schemas.shape import Nothing
from tenants import key_scopes, keys
from tenants.errors import InvalidArgument
from tenants.key_scopes import DEFAULT, Scopes
from tenants.keys import Change, IssuedKey
from tenants.models import ApiKey
from tenants.roles import Action

_PATH = "/tenants/{tenant}/keys"
_ONE = _PATH + "/{key_id}"


@route(
    "GET", "/tenants/{tenant}/key-templates", Door.MEMBER, action=Action.VIEW_KEYS, answer=shapes.Templates
)
def list_key_templates(call: Call[None]) -> shapes.Templates:
    """List the uses that keys are made for, and the verbs of each."""
    del call
    return shapes.Templates(
        items=[
            shapes.Template(
                name=template.value,
                description=key_scopes.DESCRIPTIONS[template],
                verbs=sorted(verb.value for verb in verbs),
            )
            for template, verbs in key_scopes.TEMPLATES.items()
        ]
    )


@route("GET", _PATH, Door.MEMBER, action=Action.VIEW_KEYS, query=shapes.KeysQuery, answer=shapes.KeyPage)
def list_keys(call: Call[None]) -> shapes.KeyPage:
    """List the API keys of a tenant, newest first."""
    limit = check_limit(call.query.limit)
    found = keys.list_keys(
        call.actor,
        call.tenant_id,
        includes_revoked=call.query.include_revoked,
        limit_count=limit + 1,
        after=None if call.query.after is None else _read_place(call.query.after),
    )
    is_last = len(found) <= limit
    return shapes.KeyPage(
        items=[shown(key) for key in found[:limit]], next=None if is_last else _place(found[limit - 1])
    )


@route(
    "POST",
    _PATH,
    Door.MEMBER,
    action=Action.CREATE_KEY,
    body=shapes.NewKey,
    answer=shapes.CreatedKey,
    status=201,
)
def create_key(call: Call[shapes.NewKey]) -> shapes.CreatedKey:
    """Create an API key; its secret is shown this once."""
    body = call.body
    issued = keys.issue(
        call.actor,
        call.tenant_id,
        pepper=settings.KEY_PEPPERS[0],
        name=body.name,
        scopes=_scopes(call.tenant_id, body),
        expires_at=DEFAULT if body.expires_at is UNSET else body.expires_at,
    )
    return _created(call, issued)


@route("GET", _ONE, Door.MEMBER, action=Action.VIEW_KEYS, answer=shapes.Key)
def get_key(call: Call[None]) -> shapes.Key:
    """Get an API key, also one that is revoked."""
    return shown(keys.get(call.actor, call.tenant_id, call.path_id("key_id"), includes_revoked=True))


@route("PATCH", _ONE, Door.MEMBER, action=Action.CREATE_KEY, body=shapes.KeyChange, answer=shapes.Key)
def update_key(call: Call[shapes.KeyChange]) -> shapes.Key:
    """Rename an API key, change where from and how often it may be used, or let it end sooner."""
    body, key_id = call.body, call.path_id("key_id")
    networks, rate = body.allowed_networks, body.requests_per_minute_count
    change = Change(
        name=DEFAULT if body.name is UNSET else body.name,
        allowed_networks=DEFAULT if networks is UNSET else key_scopes.parse_networks(networks),
        requests_per_minute_count=DEFAULT if rate is UNSET else rate,
        expires_at=DEFAULT if body.expires_at is UNSET else body.expires_at,
    )
    keys.update(call.actor, call.tenant_id, key_id, change)
    authentication.forget_all()
    return shown(keys.get(call.actor, call.tenant_id, key_id))


@route(
    "POST",
    _ONE + "/rotate",
    Door.MEMBER,
    action=Action.ROTATE_KEY,
    body=shapes.Rotation,
    answer=shapes.CreatedKey,
    status=201,
)
def rotate_key(call: Call[shapes.Rotation]) -> shapes.CreatedKey:
    """Make a key with the same scopes in an API key's place; the old one works for a while yet."""
    issued = keys.rotate(
        call.actor,
        call.tenant_id,
        call.path_id("key_id"),
        pepper=settings.KEY_PEPPERS[0],
        overlap=key_scopes.overlap_of(call.body.overlap_seconds),
    )
    authentication.forget_all()
    return _created(call, issued)


@route("DELETE", _ONE, Door.MEMBER, action=Action.REVOKE_KEY, answer=Nothing)
def revoke_key(call: Call[None]) -> Nothing:
    """Revoke an API key: refused everywhere within a second, for good."""
    keys.revoke(call.actor, call.tenant_id, call.path_id("key_id"))
    authentication.forget_all()
    return Nothing()


def _scopes(tenant_id: UUID, body: shapes.NewKey) -> Scopes:
    database_ids = frozenset(body.database_ids)
    if body.collection_ids:
        database_ids = key_limits.databases_of(tenant_id, body.collection_ids, database_ids=database_ids)
    return Scopes(
        template=one_of(key_scopes.Template, body.template, "template"),
        verbs=None if body.verbs is None else key_scopes.parse_verbs(body.verbs),
        database_ids=database_ids,
        collection_ids=None if body.collection_ids is None else frozenset(body.collection_ids),
        allowed_networks=key_scopes.parse_networks(body.allowed_networks),
        forced_where=None if body.where is None else key_limits.canonical_forced_where(body.where),
        requests_per_minute_count=body.requests_per_minute_count,
    )


def _created(call: Call[shapes.NewKey] | Call[shapes.Rotation], issued: IssuedKey) -> shapes.CreatedKey:
    key = keys.get(call.actor, call.tenant_id, issued.key_id)
    return shapes.CreatedKey(key=shown(key), secret=issued.secret)


def _place(key: ApiKey) -> str:
    microseconds = int(key.created_at.timestamp()) * 1_000_000 + key.created_at.microsecond
    return f"{microseconds}-{key.key_id.hex}"


def _read_place(text: str) -> tuple[datetime, UUID]:
    microseconds, _, key_id = text.partition("-")
    try:
        moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(microseconds))
        return moment, UUID(key_id)
    except (ValueError, OverflowError) as error:
        raise InvalidArgument(f"after: expected the `next` of a page, got {text[:60]!r}") from error


def shown(key: ApiKey) -> shapes.Key:
    """A key as the API has it."""
    return shapes.Key(
        key_id=key.key_id,
        name=key.name,
        display_prefix=key.display_prefix,
        verbs=key.verbs,
        database_ids=[one.pk for one in key.databases.all()] if key.is_limited_to_databases else None,
        collection_ids=key.collection_ids,
        allowed_networks=key.allowed_networks,
        where=None if key.forced_where is None else json.loads(key.forced_where),
        requests_per_minute_count=key.requests_per_minute_count,
        created_by=None if key.created_by is None else key.created_by.email,
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        replaced_by=key.replaced_by_id,
        last_used_at=key.last_used_at,
        last_used_address=key.last_used_address,
        last_used_client=key.last_used_client,
    )
