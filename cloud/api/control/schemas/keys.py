"""Shapes of API keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import UNSET, UnsetType

from cloud.api.control.schemas.shape import Answer, Body, PageQuery


class NewKey(Body):
    """A key to be.

    `template` gives the verbs, or `verbs` does. Without `expires_at` it ends after 90 days; null is never.
    `where` is a filter of metadata that is AND-ed into everything that the key reads and writes.
    """

    name: str
    template: str = "full"
    verbs: list[str] | None = None
    database_ids: list[UUID] = []
    collection_ids: list[UUID] | None = None
    expires_at: datetime | UnsetType | None = UNSET
    allowed_networks: list[str] = []
    where: dict[str, Any] | None = None
    requests_per_minute_count: int | None = None


class KeyChange(Body):
    """What changes; what is left out stays. `expires_at` can only come sooner."""

    name: str | UnsetType = UNSET
    allowed_networks: list[str] | UnsetType = UNSET
    requests_per_minute_count: int | UnsetType | None = UNSET
    expires_at: datetime | UnsetType = UNSET


class Rotation(Body):
    """How long the old key still works."""

    overlap_seconds: int = 24 * 3600


class KeysQuery(PageQuery):
    """Which page, and whether revoked keys are in it."""

    include_revoked: bool = False


class Key(Answer):
    """A key, without its secret, of which only the beginning is known.

    `verbs` is null for a key with all of them, `database_ids` and `collection_ids` for one that reaches all.
    """

    key_id: UUID
    name: str
    display_prefix: str
    verbs: list[str] | None
    database_ids: list[UUID] | None
    collection_ids: list[UUID] | None
    allowed_networks: list[str]
    where: dict[str, Any] | None
    requests_per_minute_count: int | None
    created_by: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    replaced_by: UUID | None
    last_used_at: datetime | None
    last_used_address: str | None
    last_used_client: str


class CreatedKey(Answer):
    """A fresh key with its secret, which is shown this once."""

    key: Key
    secret: str


class KeyPage(Answer):
    """Keys, newest first; `next` is the `after` of the next page, null on the last."""

    items: list[Key]
    next: str | None


class Template(Answer):
    """A use that keys are made for, and the verbs that it gives."""

    name: str
    description: str
    verbs: list[str]


class Templates(Answer):
    """Every template."""

    items: list[Template]
