"""From an API key's secret to an Identity; peppers in turn; and when a key was used last.

secret ──HMAC under each pepper──▶ digests ──tenants_identify──▶ row ──▶ Identity
                                                └─ found under an earlier pepper: digested anew
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q

from tenants import key_scopes, secret_text
from tenants.errors import Unauthenticated
from tenants.identity import OPERATOR_VERBS, Identity
from tenants.keys import PREFIX
from tenants.models import ApiKey, ServiceAccountKey
from tenants.prices import Prices
from tenants.quotas import Limits

_CLIENT_CHARACTERS = 256


@dataclass(frozen=True)
class Use:
    """That a key was used, when, from where and by what program."""

    key_id: UUID
    at: datetime
    address: str | None
    client: str


def authenticate(secret: str, *, peppers: Sequence[str], may_operate: bool) -> Identity:
    """Who this key is; one round trip, and once in a key's life after a new pepper a second.

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
        found = bytes(row[-1])
        if found != digests[0]:
            first = secret_text.pepper_id(peppers[0])
            cursor.execute("SELECT tenants_redigest(%s, %s, %s, %s)", [row[0], found, digests[0], first])
    return _identity(row, may_operate=may_operate)


def _identity(row: tuple[Any, ...], *, may_operate: bool) -> Identity:
    key_id, tenant_id, tenant_name, limited, ids, names, only, *scopes, plan, overrides, prices, cap = row[
        :18
    ]
    suspension = row[18]
    collection_ids, verbs, networks, forced_where, rate, operator, expires_at = scopes
    is_operator = operator and may_operate
    allowed = key_scopes.effective_verbs(
        verbs,
        is_for_collections=collection_ids is not None,
        has_forced_filter=forced_where is not None,
    )
    is_unlimited = collection_ids is None and forced_where is None
    return Identity(
        key_id=key_id,
        tenant_id=tenant_id,
        tenant_name=tenant_name,
        databases=dict(zip(ids, names, strict=True)) if limited else None,
        verbs=allowed | (OPERATOR_VERBS if is_operator and is_unlimited else frozenset()),
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


def note_uses(uses: Iterable[Use], *, pepper: str) -> None:
    """Write down when keys were used last: all of them, of all tenants, in one statement.

    A key whose row somebody else has locked is left out: the next use tells again.

    pepper:  under which a key is by now that was made before peppers had names
    """
    known = list(uses)
    if not known:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tenants_note_uses(%s::uuid[], %s::timestamptz[], %s::text[]::inet[], %s::text[], %s)",
            [
                [one.key_id for one in known],
                [one.at for one in known],
                [one.address for one in known],
                [printable(one.client) for one in known],
                secret_text.pepper_id(pepper),
            ],
        )


def printable(client: str) -> str:
    """What a program calls itself, cut, and without what could disturb whoever reads it in a terminal."""
    return "".join(character for character in client if character.isprintable())[:_CLIENT_CHARACTERS]


def count_by_pepper() -> dict[str, tuple[int, int]]:
    """How many API keys and how many keys of service accounts that are not revoked are under each pepper.

    As the owner of the database; the empty name is of keys made before peppers had names.
    """
    counts: dict[str, tuple[int, int]] = {}
    for place, model in enumerate((ApiKey, ServiceAccountKey)):
        rows = model.objects.filter(Q(revoked_at=None)).values_list("pepper_id")  # type: ignore[attr-defined]
        for name, count in rows.annotate(count=Count("pk")):
            pair = list(counts.get(name, (0, 0)))
            pair[place] = count
            counts[name] = (pair[0], pair[1])
    return counts
