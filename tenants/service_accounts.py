"""Service accounts: programs with a role in a tenant, and their keys.

A key reads `sa-` + 40 random hex digits + 8 digits of CRC-32, as an API key does but for its prefix: keys of
service accounts manage and never read records, API keys read records and never manage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from tenants import audit, secret_text
from tenants.actors import Actor, ActorKind
from tenants.errors import AlreadyExists, InvalidArgument, NotFound, Unauthenticated
from tenants.models import ServiceAccount, ServiceAccountKey
from tenants.roles import Action, Role
from tenants.scope import tenant_transaction

PREFIX = "sa-"
DEFAULT_LIFETIME = timedelta(days=90)


@dataclass(frozen=True)
class NewAccount:
    """A fresh account with its first key's secret, which is never to be had again."""

    service_account_id: UUID
    secret: str


def create_operator(by: Actor, name: str, *, pepper: str) -> NewAccount:
    """Make a service account that acts for the installation; as the owner of the database only.

    Raises:      InvalidArgument for a name that is empty, too long or taken
    Transaction: opens one
    """
    if not by.is_operator:
        raise InvalidArgument("only an operator makes operators")
    _check_name(name)
    with transaction.atomic():
        if ServiceAccount.objects.filter(tenant=None, name=name, disabled_at=None).exists():
            raise AlreadyExists(f"Service account [{name}] already exists")
        account = ServiceAccount.objects.create(name=name, created_by=by.label)
        secret = _add_key(account, pepper=pepper, expires_at=None)
        audit.record(by, None, Action.MANAGE_SERVICE_ACCOUNTS, subject_id=account.pk, subject_label=name)
    return NewAccount(account.pk, secret)


def create(
    by: Actor,
    tenant_id: UUID,
    name: str,
    role: Role,
    *,
    pepper: str,
    expires_at: datetime | None = None,
) -> NewAccount:
    """Make a service account of a tenant, with a first key that expires after 90 days unless said otherwise.

    Raises:      PermissionDenied, InvalidArgument for a bad name or the role of owner, AlreadyExists
    Transaction: opens one
    """
    by.require(Action.MANAGE_SERVICE_ACCOUNTS)
    _check_name(name)
    if role is Role.OWNER:
        raise InvalidArgument("role: an owner is a person; a service account is at most admin")
    try:
        with tenant_transaction(tenant_id):
            account = ServiceAccount.objects.create(
                tenant_id=tenant_id, name=name, role=role.value, created_by=by.label
            )
            until = expires_at or datetime.now(UTC) + DEFAULT_LIFETIME
            secret = _add_key(account, pepper=pepper, expires_at=until)
            audit.record(
                by,
                tenant_id,
                Action.MANAGE_SERVICE_ACCOUNTS,
                subject_id=account.pk,
                subject_label=name,
                details={"did": "create", "role": role.value},
            )
    except IntegrityError as error:
        raise AlreadyExists(f"Service account [{name}] already exists") from error
    return NewAccount(account.pk, secret)


def list_accounts(by: Actor, tenant_id: UUID) -> list[ServiceAccount]:
    """The tenant's accounts that are not disabled, oldest first."""
    by.require(Action.VIEW_SERVICE_ACCOUNTS)
    with tenant_transaction(tenant_id):
        rows = ServiceAccount.objects.filter(tenant_id=tenant_id, disabled_at=None)
        return list(rows.order_by("created_at"))


def disable(by: Actor, tenant_id: UUID, service_account_id: UUID) -> None:
    """Refuse the account from its next request on, for good.

    Raises:      PermissionDenied, NotFound
    Transaction: opens one
    """
    by.require(Action.MANAGE_SERVICE_ACCOUNTS)
    with tenant_transaction(tenant_id):
        account = _living(tenant_id, service_account_id)
        account.disabled_at = datetime.now(UTC)
        account.save(update_fields=["disabled_at"])
        audit.record(
            by,
            tenant_id,
            Action.MANAGE_SERVICE_ACCOUNTS,
            subject_id=account.pk,
            subject_label=account.name,
            details={"did": "disable"},
        )


def authenticate(secret: str, *, peppers: Sequence[str]) -> Actor:
    """Who a service account's key is: asked anew each time, so that a disabled one is refused at once.

    Raises:  Unauthenticated
    """
    if not secret_text.is_well_formed(secret, prefix=PREFIX):
        raise Unauthenticated("Permission denied. Expected a service account's key: sa-…")
    digests = [secret_text.digest(secret, pepper=pepper) for pepper in peppers]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM tenants_identify_account(%s)", [digests])
        row = cursor.fetchone()
        if row is None:
            raise Unauthenticated
        if len(digests) > 1:  # while there are earlier peppers, move the key to the first
            first = secret_text.pepper_id(peppers[0])
            cursor.execute("SELECT tenants_redigest_account(%s, %s, %s)", [digests[1:], digests[0], first])
    _, account_id, name, role, tenant_id, tenant_name = row
    return Actor(
        kind=ActorKind.SERVICE_ACCOUNT,
        actor_id=account_id,
        label=name,
        role=Role(role) if role else None,
        is_operator=tenant_id is None,
        home=None if tenant_id is None else (tenant_id, tenant_name),
    )


def _living(tenant_id: UUID, service_account_id: UUID) -> ServiceAccount:
    rows = ServiceAccount.objects.select_for_update().filter(tenant_id=tenant_id, disabled_at=None)
    account = rows.filter(service_account_id=service_account_id).first()
    if account is None:
        raise NotFound(f"Service account [{service_account_id}] not found")
    return account


def _add_key(account: ServiceAccount, *, pepper: str, expires_at: datetime | None) -> str:
    secret = secret_text.generate(PREFIX)
    ServiceAccountKey.objects.create(
        service_account=account,
        tenant_id=account.tenant_id,
        display_prefix=secret[: secret_text.DISPLAY_CHARACTERS],
        digest=secret_text.digest(secret, pepper=pepper),
        pepper_id=secret_text.pepper_id(pepper),
        expires_at=expires_at,
    )
    return secret


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > 128:
        raise InvalidArgument(f"name: expected 1 to 128 characters, got {len(name)}")
