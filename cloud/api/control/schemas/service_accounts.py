"""Shapes of service accounts and their keys."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from cloud.api.control.schemas.shape import Answer, Body


class NewServiceAccount(Body):
    """A service account to be; its key expires after 90 days unless said otherwise."""

    name: str
    role: str
    expires_at: datetime | None = None


class ServiceAccountChange(Body):
    """What the account shall be."""

    role: str


class ServiceAccount(Answer):
    """A service account."""

    service_account_id: UUID
    name: str
    role: str
    created_by: str
    created_at: datetime


class CreatedServiceAccount(Answer):
    """A fresh service account with its first key, which is shown this once."""

    service_account_id: UUID
    secret: str


class ServiceAccounts(Answer):
    """The service accounts of a tenant, oldest first."""

    items: list[ServiceAccount]


class NewServiceAccountKey(Body):
    """Another key of an account; it expires after 90 days unless said otherwise."""

    expires_at: datetime | None = None


class CreatedServiceAccountKey(Answer):
    """A fresh key, which is shown this once."""

    key_id: UUID
    secret: str
    expires_at: datetime


class ServiceAccountKey(Answer):
    """A key without its secret; `last_used_at` is up to a minute late."""

    key_id: UUID
    display_prefix: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class ServiceAccountKeys(Answer):
    """The keys of an account that are neither revoked nor expired, oldest first."""

    items: list[ServiceAccountKey]
