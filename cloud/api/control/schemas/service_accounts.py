"""Shapes of service accounts."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from cloud.api.control.schemas.shape import Answer, Body


class NewServiceAccount(Body):
    """A service account to be; its key expires after 90 days unless said otherwise."""

    name: str
    role: str
    expires_at: datetime | None = None


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
