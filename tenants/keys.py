"""API keys: issue, list, get, update, rotate, revoke.

What a key may is `key_scopes`'s, its text `secret_text`'s, who a secret is `key_authentication`'s. A change
is in force at once where it was made and within KEY_CACHE_SECONDS in every other process.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from tenants import audit, key_scopes, secret_text, tenants
from tenants.actors import Actor, ActorKind
from tenants.errors import AlreadyExists, InvalidArgument, NotFound, PermissionDenied, QuotaExceeded
from tenants.key_scopes import DEFAULT, DEFAULT_OVERLAP, Expiry, Scopes
from tenants.models import ApiKey, ApiKeyDatabase, Database
from tenants.roles import Action
from tenants.scope import tenant_transaction

PREFIX = "ck-"
MAX_LIVE_KEYS = 1_000
# A tenant with as many keys as it may have can still rotate each of them.
_MAX_LIVE_KEYS_IN_ROTATION = 2 * MAX_LIVE_KEYS
_EVERYTHING = Scopes()
# What a rotation hands on.
_SCOPES = (
    "name",
    "verbs",
    "is_limited_to_databases",
    "collection_ids",
    "allowed_networks",
    "forced_where",
    "requests_per_minute_count",
    "is_operator",
)


@dataclass(frozen=True)
class IssuedKey:
    """A fresh key with its secret, which is never to be had again."""

    key_id: UUID
    secret: str


@dataclass(frozen=True)
class Change:
    """What an update lays over a key; DEFAULT leaves as it is.

    expires_at:  a key's life is only shortened; for a longer one it is rotated
    """

    name: str | key_scopes.Default = DEFAULT
    allowed_networks: tuple[str, ...] | key_scopes.Default = DEFAULT
    requests_per_minute_count: int | key_scopes.Default | None = DEFAULT
    expires_at: datetime | key_scopes.Default = DEFAULT


def issue(
    by: Actor,
    tenant_id: UUID,
    *,
    pepper: str,
    name: str = "key",
    scopes: Scopes = _EVERYTHING,
    expires_at: Expiry = DEFAULT,
    is_operator: bool = False,
) -> IssuedKey:
    """Make a key of a tenant; without databases it reaches all of them.

    scopes:      the caller has checked that its collections are the tenant's and that its filter is one
    expires_at:  unless said otherwise in 90 days; None is never
    Raises:      PermissionDenied, InvalidArgument, NotFound for a database of another tenant, QuotaExceeded
                 at 1,000 live keys
    Transaction: opens one
    """
    by.require(Action.CREATE_KEY)
    if is_operator and not by.is_operator:
        raise PermissionDenied("Permission denied. Only an operator makes an operator's key.")
    scopes.check()
    now, name = datetime.now(UTC), key_scopes.check_name(name)
    until = key_scopes.settle_expiry(expires_at, now=now)
    secret = secret_text.generate(PREFIX)
    with tenant_transaction(tenant_id):
        _check_count(tenant_id, MAX_LIVE_KEYS, now=now)
        key = ApiKey.objects.create(
            tenant_id=tenant_id,
            name=name,
            **_secret_columns(secret, pepper),
            verbs=scopes.stored_verbs,
            is_limited_to_databases=bool(scopes.database_ids),
            collection_ids=None if scopes.collection_ids is None else sorted(scopes.collection_ids),
            allowed_networks=list(scopes.allowed_networks),
            forced_where=scopes.forced_where,
            requests_per_minute_count=scopes.requests_per_minute_count,
            is_operator=is_operator,
            created_by_id=_person(by),
            expires_at=until,
        )
        _reach(key, scopes.database_ids)
        audit.record(
            by, tenant_id, Action.CREATE_KEY, subject_id=key.pk, subject_label=name, details=_told(key)
        )
    return IssuedKey(key.key_id, secret)


def list_keys(
    by: Actor,
    tenant_id: UUID,
    *,
    includes_revoked: bool = False,
    limit_count: int | None = None,
    after: tuple[datetime, UUID] | None = None,
) -> list[ApiKey]:
    """The tenant's keys, newest first, each with its databases and who made it.

    after:   when the last key of the page before was made, and its id
    Raises:  PermissionDenied
    """
    by.require(Action.VIEW_KEYS)
    with tenant_transaction(tenant_id):
        rows = _of(tenant_id, includes_revoked=includes_revoked)
        if after is not None:
            rows = rows.filter(Q(created_at__lt=after[0]) | Q(created_at=after[0], key_id__lt=after[1]))
        return list(rows.order_by("-created_at", "-key_id")[:limit_count])


def get(by: Actor, tenant_id: UUID, key_id: UUID, *, includes_revoked: bool = False) -> ApiKey:
    """A key, with its databases and who made it.

    Raises:  PermissionDenied, NotFound
    """
    by.require(Action.VIEW_KEYS)
    with tenant_transaction(tenant_id):
        key = _of(tenant_id, includes_revoked=includes_revoked).filter(key_id=key_id).first()
    if key is None:
        raise NotFound(f"Key [{key_id}] not found")
    return key


def update(by: Actor, tenant_id: UUID, key_id: UUID, change: Change) -> None:
    """Rename a key, give it other networks or another rate, or let it end sooner.

    Raises:      PermissionDenied, NotFound, InvalidArgument
    Transaction: opens one
    """
    by.require(Action.CREATE_KEY)
    now = datetime.now(UTC)
    with tenant_transaction(tenant_id):
        key = _locked(tenant_id, key_id)
        if not isinstance(change.name, key_scopes.Default):
            key.name = key_scopes.check_name(change.name)
        if not isinstance(change.allowed_networks, key_scopes.Default):
            key.allowed_networks = list(change.allowed_networks)
        if not isinstance(change.requests_per_minute_count, key_scopes.Default):
            key_scopes.check_rate(change.requests_per_minute_count)
            key.requests_per_minute_count = change.requests_per_minute_count
        if not isinstance(change.expires_at, key_scopes.Default):
            until = key_scopes.settle_expiry(change.expires_at, now=now)
            if key.expires_at is not None and until is not None and until > key.expires_at:
                raise InvalidArgument(
                    "expires_at: a key's life is only shortened; rotate it for a longer one"
                )
            key.expires_at = until
        key.save(update_fields=["name", "allowed_networks", "requests_per_minute_count", "expires_at"])
        audit.record(
            by, tenant_id, "keys.update", subject_id=key_id, subject_label=key.name, details=_told(key)
        )


def rotate(
    by: Actor, tenant_id: UUID, key_id: UUID, *, pepper: str, overlap: timedelta = DEFAULT_OVERLAP
) -> IssuedKey:
    """Make a key with the same scopes and as long a life; the old one still works for the overlap.

    Raises:      PermissionDenied, InvalidArgument, NotFound for a key that is revoked or has expired,
                 AlreadyExists for one that was rotated before
    Transaction: opens one
    """
    by.require(Action.ROTATE_KEY)
    key_scopes.check_overlap(overlap)
    now, secret = datetime.now(UTC), secret_text.generate(PREFIX)
    with tenant_transaction(tenant_id):
        _check_count(tenant_id, _MAX_LIVE_KEYS_IN_ROTATION, now=now)
        old = _locked(tenant_id, key_id)
        if old.expires_at is not None and old.expires_at <= now:
            raise NotFound(f"Key [{key_id}] has expired")
        if old.replaced_by_id is not None:
            raise AlreadyExists(f"Key [{key_id}] was rotated before, into [{old.replaced_by_id}]")
        if old.is_operator and not by.is_operator:
            raise PermissionDenied("Permission denied. Only an operator rotates an operator's key.")
        new = ApiKey.objects.create(
            tenant_id=tenant_id,
            **_secret_columns(secret, pepper),
            **{name: getattr(old, name) for name in _SCOPES},
            created_by_id=_person(by),
            expires_at=None if old.expires_at is None else now + (old.expires_at - old.created_at),
        )
        _reach(new, {one.pk for one in old.databases.all()})
        until = now + overlap
        old.expires_at = until if old.expires_at is None else min(until, old.expires_at)
        old.replaced_by = new
        old.save(update_fields=["expires_at", "replaced_by"])
        told = {"into": str(new.pk), "old_key_expires_at": old.expires_at.isoformat()}
        audit.record(
            by, tenant_id, Action.ROTATE_KEY, subject_id=key_id, subject_label=old.name, details=told
        )
    return IssuedKey(new.key_id, secret)


def revoke(by: Actor, tenant_id: UUID, key_id: UUID) -> None:
    """Refuse the key from now on.

    Raises:      PermissionDenied, NotFound for a key of another tenant or one already revoked
    Transaction: opens one
    """
    by.require(Action.REVOKE_KEY)
    with tenant_transaction(tenant_id):
        key = _locked(tenant_id, key_id)
        key.revoked_at = datetime.now(UTC)
        key.save(update_fields=["revoked_at"])
        audit.record(by, tenant_id, Action.REVOKE_KEY, subject_id=key_id, subject_label=key.name)


def _secret_columns(secret: str, pepper: str) -> dict[str, str | bytes]:
    return {
        "display_prefix": secret[: secret_text.DISPLAY_CHARACTERS],
        "digest": secret_text.digest(secret, pepper=pepper),
        "pepper_id": secret_text.pepper_id(pepper),
    }


def _person(by: Actor) -> UUID | None:
    return by.actor_id if by.kind is ActorKind.USER else None


def _told(key: ApiKey) -> dict[str, object]:
    """What the audit log has of a key: how it is narrowed, without what a filter looks for."""
    return {
        "verbs": "all" if key.verbs is None else list(key.verbs),
        "collections": None if key.collection_ids is None else [str(one) for one in key.collection_ids],
        "networks": list(key.allowed_networks),
        "has_forced_filter": key.forced_where is not None,
        "requests_per_minute_count": key.requests_per_minute_count,
        "expires_at": None if key.expires_at is None else key.expires_at.isoformat(),
    }


def _reach(key: ApiKey, database_ids: frozenset[UUID] | set[UUID]) -> None:
    """Raises:  NotFound"""
    found = list(Database.objects.filter(tenant_id=key.tenant_id, database_id__in=database_ids))
    if len(found) != len(database_ids):
        raise NotFound("a database of the key does not exist")
    ApiKeyDatabase.objects.bulk_create(
        ApiKeyDatabase(tenant_id=key.tenant_id, key=key, database=database) for database in found
    )


def _check_count(tenant_id: UUID, limit: int, *, now: datetime) -> None:
    """One more live key is within the limit; until the transaction ends, nobody else asks this."""
    tenants.lock(tenant_id)
    live = ApiKey.objects.filter(tenant_id=tenant_id, revoked_at=None)
    if live.filter(Q(expires_at=None) | Q(expires_at__gt=now)).count() >= limit:
        raise QuotaExceeded(
            f"A tenant has at most {MAX_LIVE_KEYS:,} live keys; revoke one that is not in use."
        )


def _of(tenant_id: UUID, *, includes_revoked: bool) -> QuerySet[ApiKey]:
    rows = ApiKey.objects.filter(tenant_id=tenant_id)
    if not includes_revoked:
        rows = rows.filter(revoked_at=None)
    return rows.select_related("created_by").prefetch_related("databases")


def _locked(tenant_id: UUID, key_id: UUID) -> ApiKey:
    rows = ApiKey.objects.select_for_update().filter(tenant_id=tenant_id, revoked_at=None)
    key = rows.filter(key_id=key_id).first()
    if key is None:
        raise NotFound(f"Key [{key_id}] not found")
    return key
