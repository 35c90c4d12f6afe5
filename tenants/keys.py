"""API keys: issue, list, revoke, authenticate. Their text, and what is stored of it, is `secret_text`'s."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from tenants import secret_text
from tenants.errors import InvalidArgument, NotFound, Unauthenticated
from tenants.identity import ALL_VERBS, OPERATOR_VERBS, READ_VERBS, Identity, Verb
from tenants.models import ApiKey, ApiKeyDatabase, Database
from tenants.prices import Prices
from tenants.quotas import Limits
from tenants.scope import tenant_transaction

PREFIX = "ck-"


@dataclass(frozen=True)
class IssuedKey:
    """A fresh key with its secret, which is never to be had again."""

    key_id: UUID
    secret: str


def issue(
    tenant_id: UUID,
    *,
    pepper: str,
    name: str = "key",
    database_ids: Iterable[UUID] = (),
    is_read_only: bool = False,
    is_operator: bool = False,
    expires_at: datetime | None = None,
) -> IssuedKey:
    """Make a key of a tenant; without databases it reaches all of them.

    Raises:      InvalidArgument for an empty or long name, NotFound for a database of another tenant
    Transaction: opens one
    """
    if not name.strip() or len(name) > 128:
        raise InvalidArgument(f"a key's name has 1 to 128 characters, got {len(name)}")
    secret = secret_text.generate(PREFIX)
    wanted = set(database_ids)
    with tenant_transaction(tenant_id):
        found = list(Database.objects.filter(tenant_id=tenant_id, database_id__in=wanted))
        if len(found) != len(wanted):
            raise NotFound("a database of the key does not exist")
        key = ApiKey.objects.create(
            tenant_id=tenant_id,
            name=name.strip(),
            display_prefix=secret[: secret_text.DISPLAY_CHARACTERS],
            digest=secret_text.digest(secret, pepper=pepper),
            is_limited_to_databases=bool(wanted),
            verbs=sorted(verb.value for verb in READ_VERBS) if is_read_only else None,
            is_operator=is_operator,
            expires_at=expires_at,
        )
        ApiKeyDatabase.objects.bulk_create(
            ApiKeyDatabase(tenant_id=tenant_id, key=key, database=database) for database in found
        )
    return IssuedKey(key.key_id, secret)


def list_keys(tenant_id: UUID) -> list[ApiKey]:
    """The tenant's keys that are not revoked, newest first, each with its databases."""
    with tenant_transaction(tenant_id):
        return list(_living(tenant_id).prefetch_related("databases").order_by("-created_at"))


def get(tenant_id: UUID, key_id: UUID) -> ApiKey:
    """A key that is not revoked.

    Raises:  NotFound
    """
    with tenant_transaction(tenant_id):
        key = _living(tenant_id).filter(key_id=key_id).first()
    if key is None:
        raise NotFound(f"Key [{key_id}] not found")
    return key


def revoke(tenant_id: UUID, key_id: UUID) -> None:
    """Refuse the key from now on: at once here, within KEY_CACHE_SECONDS in other processes.

    Raises:     NotFound for a key of another tenant or one already revoked
    """
    with tenant_transaction(tenant_id):
        if not _living(tenant_id).filter(key_id=key_id).update(revoked_at=datetime.now(UTC)):
            raise NotFound(f"Key [{key_id}] not found")


def _living(tenant_id: UUID) -> QuerySet[ApiKey]:
    return ApiKey.objects.filter(tenant_id=tenant_id, revoked_at=None)


def authenticate(secret: str, *, peppers: Sequence[str], may_operate: bool) -> Identity:
    """Who this key is; one round trip.

    `may_operate` is false outside the development profile: operator keys are ordinary there.

    Raises:  Unauthenticated for a text that is no key, an unknown, a revoked or an expired one
    """
    if secret == "None":  # noqa: S105
        # wire: the released Python client sends this when only CHROMA_API_KEY is set (contract, section 3.3)
        raise Unauthenticated(
            "Permission denied. The client sent the literal token 'None': pass api_key=… to CloudClient, "
            "since this version of the client does not read CHROMA_API_KEY from the environment.",
        )
    if not secret_text.is_well_formed(secret, prefix=PREFIX):
        raise Unauthenticated
    digests = [secret_text.digest(secret, pepper=one) for one in peppers]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM tenants_identify(%s)", [digests])
        row = cursor.fetchone()
    if row is None:
        raise Unauthenticated
    return _identity(row, may_operate=may_operate)


def _identity(row: tuple[Any, ...], *, may_operate: bool) -> Identity:
    key_id, tenant_id, tenant_name, limited, ids, names, only, *scopes, plan, overrides, prices, cap = row[
        :18
    ]
    suspension = row[18]
    collection_ids, verbs, networks, forced_where, rate, operator, expires_at = scopes
    is_operator = operator and may_operate
    allowed = ALL_VERBS if verbs is None else ALL_VERBS & {Verb(verb) for verb in verbs}
    return Identity(
        key_id=key_id,
        tenant_id=tenant_id,
        tenant_name=tenant_name,
        databases=dict(zip(ids, names, strict=True)) if limited else None,
        verbs=allowed | (OPERATOR_VERBS if is_operator else frozenset()),
        is_operator=is_operator,
        expires_at=expires_at,
        only_database=only,
        limits=Limits.from_overrides({**json.loads(plan), **json.loads(overrides)}),
        collections=None if collection_ids is None else frozenset(collection_ids),
        networks=tuple(networks),
        forced_where=forced_where,
        requests_per_minute_count=rate,
        prices=Prices.from_plan(json.loads(prices)),
        spend_cap_nano=cap,
        suspension=suspension,
    )
