"""What pages show of API keys: texts made from values; a secret is not known to anybody here. [pure]"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cloud.dashboard.paging import Key as Place
from tenants.errors import InvalidArgument
from tenants.key_scopes import TEMPLATES
from tenants.models import ApiKey

_NAMES = {
    frozenset(verb.value for verb in verbs): template.value.replace("_", " ").capitalize()
    for template, verbs in TEMPLATES.items()
}


@dataclass(frozen=True)
class Key:
    """An API key in the list, or on a page of its own.

    access:       what it may, in two words
    databases:    the only ones; None: all
    state:        active, expired, revoked or replaced
    is_live:      whether it is accepted now
    """

    key_id: UUID
    name: str
    prefix: str
    access: str
    verbs: Sequence[str]
    databases: Sequence[str] | None
    collection_ids: Sequence[UUID]
    networks: Sequence[str]
    where: str
    requests_per_minute_count: int | None
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    last_used_address: str
    last_used_client: str
    replaced_by: UUID | None
    state: str
    spent: str

    @property
    def is_live(self) -> bool:
        """Whether it is accepted now."""
        return self.state in ("active", "replaced")

    @property
    def limits(self) -> list[str]:
        """What narrows it beside its verbs and databases, in a few words each."""
        found = []
        if self.collection_ids:
            count = len(self.collection_ids)
            found.append(f"{count} collection{'' if count == 1 else 's'}")
        if self.networks:
            found.append(f"{len(self.networks)} network{'' if len(self.networks) == 1 else 's'}")
        if self.where:
            found.append("forced filter")
        if self.requests_per_minute_count:
            found.append(f"{self.requests_per_minute_count:,} a minute")
        return found

    @classmethod
    def of(cls, key: ApiKey, *, now: datetime, spent: str = "") -> Key:
        """The key as it stands at this moment; `spent` this month, as an amount."""
        reach = sorted(one.name for one in key.databases.all()) if key.is_limited_to_databases else None
        return cls(
            key_id=key.key_id,
            name=key.name,
            prefix=key.display_prefix,
            access=_access(key),
            verbs=sorted(key.verbs or []),
            databases=reach,
            collection_ids=key.collection_ids or [],
            networks=key.allowed_networks,
            where="" if key.forced_where is None else json.dumps(json.loads(key.forced_where), indent=2),
            requests_per_minute_count=key.requests_per_minute_count,
            created_by="" if key.created_by is None else key.created_by.email,
            created_at=key.created_at,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
            last_used_at=key.last_used_at,
            last_used_address=key.last_used_address or "",
            last_used_client=key.last_used_client,
            replaced_by=key.replaced_by_id,
            state=_state(key, now=now),
            spent=spent,
        )


def place_of(key: ApiKey) -> Place:
    """Where a key stands in the list: newest first."""
    seconds = (key.created_at - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)
    return (seconds, key.key_id.hex)


def place(cursor: Place) -> tuple[datetime, UUID]:
    """The same, from a cursor.

    Raises:  InvalidArgument
    """
    try:
        microseconds, key_id = cursor
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(microseconds or 0)), UUID(
            str(key_id)
        )
    except (ValueError, OverflowError) as error:
        raise InvalidArgument("expected the cursor of a page of keys; go back to the first page") from error


def _access(key: ApiKey) -> str:
    if key.verbs is None:
        return "Full"
    count = len(key.verbs)
    return _NAMES.get(frozenset(key.verbs), f"{count} verb{'' if count == 1 else 's'}")


def _state(key: ApiKey, *, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= now:
        return "expired"
    return "replaced" if key.replaced_by_id is not None else "active"
