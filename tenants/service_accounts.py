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
from django.db.models import Q, QuerySet

from tenants import audit, secret_text, tenants
from tenants.actors import Actor, ActorKind
from tenants.errors import AlreadyExists, InvalidArgument, NotFound, QuotaExceeded, Unauthenticated
from tenants.models import Invitation, ServiceAccount, ServiceAccountKey
from tenants.roles import Action, Role
from tenants.scope import tenant_transaction

PREFIX = "sa-"
DEFAULT_LIFETIME = timedelta(days=90)
MOST_ACCOUNTS_COUNT = 50
MOST_KEYS_COUNT = 5  # that live, of one account: the old one, the new one, and what went wrong


@dataclass(frozen=True)
class NewAccount:
    """A fresh account with its first key's secret, which is never to be had again."""

    service_account_id: UUID
    secret: str


@dataclass(frozen=True)
class NewKey:
    """A fresh key of an account with its secret, which is never to be had again."""

    key_id: UUID
    secret: str
    expires_at: datetime


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
        _, secret = _add_key(account, pepper=pepper, expires_at=None)
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

    Raises:      PermissionDenied also for a role that is not the actor's to give, InvalidArgument for a bad
                 name, a moment that is past or the role of owner, AlreadyExists, QuotaExceeded
    Transaction: opens one
    """
    by.require(Action.MANAGE_SERVICE_ACCOUNTS)
    _check_name(name)
    _check_role(by, role)
    until = _end_of_life(expires_at)
    try:
        with tenant_transaction(tenant_id):
            tenants.lock(tenant_id)
            if _living(tenant_id).count() >= MOST_ACCOUNTS_COUNT:
                raise QuotaExceeded(f"A tenant has at most {MOST_ACCOUNTS_COUNT} service accounts.")
            account = ServiceAccount.objects.create(
                tenant_id=tenant_id, name=name, role=role.value, created_by=by.label
            )
            _, secret = _add_key(account, pepper=pepper, expires_at=until)
            _record(by, account, "create", role=role.value)
    except IntegrityError as error:
        raise AlreadyExists(f"Service account [{name}] already exists") from error
    return NewAccount(account.pk, secret)


def list_accounts(by: Actor, tenant_id: UUID) -> list[ServiceAccount]:
    """The tenant's accounts that are not disabled, oldest first."""
    by.require(Action.VIEW_SERVICE_ACCOUNTS)
    with tenant_transaction(tenant_id):
        return list(_living(tenant_id).order_by("created_at"))


def get(by: Actor, tenant_id: UUID, service_account_id: UUID) -> ServiceAccount:
    """An account that is not disabled.

    Raises:  PermissionDenied, NotFound
    """
    by.require(Action.VIEW_SERVICE_ACCOUNTS)
    with tenant_transaction(tenant_id):
        found = _living(tenant_id).filter(pk=service_account_id).first()
    if found is None:
        raise _missing(service_account_id)
    return found


def change_role(by: Actor, tenant_id: UUID, service_account_id: UUID, role: Role) -> ServiceAccount:
    """Make an account something else, from its next request on. Invitations that it sent are revoked.

    Raises:      PermissionDenied also for a role that is not the actor's to give, NotFound, InvalidArgument
                 for the role of owner
    Transaction: opens one
    """
    by.require(Action.MANAGE_SERVICE_ACCOUNTS)
    _check_role(by, role)
    with tenant_transaction(tenant_id):
        account = _the(tenant_id, service_account_id)
        before, account.role = account.role, role.value
        if before != account.role:
            account.save(update_fields=["role"])
            _revoke_invitations(account)
            _record(by, account, "change role", **{"from": before, "to": account.role})
        return account


def disable(by: Actor, tenant_id: UUID, service_account_id: UUID) -> None:
    """Refuse the account from its next request on, for good.

    Raises:      PermissionDenied, NotFound
    Transaction: opens one
    """
    by.require(Action.MANAGE_SERVICE_ACCOUNTS)
    with tenant_transaction(tenant_id):
        account = _the(tenant_id, service_account_id)
        account.disabled_at = datetime.now(UTC)
        account.save(update_fields=["disabled_at"])
        keys_count = _living_keys(account).update(revoked_at=account.disabled_at)
        _revoke_invitations(account)
        _record(by, account, "disable", revoked_keys=keys_count)


def add_key(
    by: Actor, tenant_id: UUID, service_account_id: UUID, *, pepper: str, expires_at: datetime | None = None
) -> NewKey:
    """Make another key, so that a program can change over before the old one is revoked.

    Raises:      PermissionDenied also for an account whose role is not the actor's to give, NotFound,
                 InvalidArgument for a moment that is past, QuotaExceeded
    Transaction: opens one
    """
    by.require(Action.MANAGE_SERVICE_ACCOUNTS)
    until = _end_of_life(expires_at)
    with tenant_transaction(tenant_id):
        account = _the(tenant_id, service_account_id)
        by.require_to_give(Role(account.role))
        if _living_keys(account).count() >= MOST_KEYS_COUNT:
            raise QuotaExceeded(f"A service account has at most {MOST_KEYS_COUNT} keys; revoke one first.")
        key, secret = _add_key(account, pepper=pepper, expires_at=until)
        _record(by, account, "add key", key=str(key.key_id), prefix=key.display_prefix)
    return NewKey(key.key_id, secret, until)


def list_keys(by: Actor, tenant_id: UUID, service_account_id: UUID) -> list[ServiceAccountKey]:
    """The account's keys that are neither revoked nor expired, oldest first.

    Raises:  PermissionDenied, NotFound
    """
    by.require(Action.VIEW_SERVICE_ACCOUNTS)
    with tenant_transaction(tenant_id):
        account = _living(tenant_id).filter(service_account_id=service_account_id).first()
        if account is None:
            raise _missing(service_account_id)
        return list(_living_keys(account).order_by("created_at"))


def revoke_key(by: Actor, tenant_id: UUID, service_account_id: UUID, key_id: UUID) -> None:
    """Refuse a key from its next request on.

    Raises:      PermissionDenied, NotFound
    Transaction: opens one
    """
    by.require(Action.MANAGE_SERVICE_ACCOUNTS)
    with tenant_transaction(tenant_id):
        account = _the(tenant_id, service_account_id)
        if not _living_keys(account).filter(key_id=key_id).update(revoked_at=datetime.now(UTC)):
            raise NotFound(f"Key [{key_id}] not found")
        _record(by, account, "revoke key", key=str(key_id))


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
        key_id, account_id, name, role, tenant_id, tenant_name, suspension, stored, is_use_noted = row
        if not is_use_noted or bytes(stored) != digests[0]:
            used = [key_id, stored, digests[0], secret_text.pepper_id(peppers[0])]
            cursor.execute("SELECT tenants_account_key_used(%s, %s, %s, %s)", used)
    return Actor(
        kind=ActorKind.SERVICE_ACCOUNT,
        actor_id=account_id,
        label=name,
        role=Role(role) if role else None,
        is_operator=tenant_id is None,
        home=None if tenant_id is None else (tenant_id, tenant_name),
        suspension=suspension,
    )


def _living(tenant_id: UUID) -> QuerySet[ServiceAccount]:
    return ServiceAccount.objects.filter(tenant_id=tenant_id, disabled_at=None)


def _the(tenant_id: UUID, service_account_id: UUID) -> ServiceAccount:
    """The account, locked until the transaction ends."""
    account = _living(tenant_id).select_for_update().filter(service_account_id=service_account_id).first()
    if account is None:
        raise _missing(service_account_id)
    return account


def _missing(service_account_id: UUID) -> NotFound:
    return NotFound(f"Service account [{service_account_id}] not found")


def _living_keys(account: ServiceAccount) -> QuerySet[ServiceAccountKey]:
    rows = ServiceAccountKey.objects.filter(service_account=account, revoked_at=None)
    return rows.filter(Q(expires_at=None) | Q(expires_at__gt=datetime.now(UTC)))


def _revoke_invitations(account: ServiceAccount) -> None:
    sent = Invitation.objects.filter(tenant=account.tenant, inviter_id=account.pk)
    sent.filter(accepted_at=None, revoked_at=None).update(revoked_at=datetime.now(UTC))


def _record(by: Actor, account: ServiceAccount, did: str, **details: object) -> None:
    audit.record(
        by,
        account.tenant_id,
        Action.MANAGE_SERVICE_ACCOUNTS,
        subject_id=account.pk,
        subject_label=account.name,
        details={"did": did, **details},
    )


def _add_key(
    account: ServiceAccount, *, pepper: str, expires_at: datetime | None
) -> tuple[ServiceAccountKey, str]:
    secret = secret_text.generate(PREFIX)
    key = ServiceAccountKey.objects.create(
        service_account=account,
        tenant_id=account.tenant_id,
        display_prefix=secret[: secret_text.DISPLAY_CHARACTERS],
        digest=secret_text.digest(secret, pepper=pepper),
        pepper_id=secret_text.pepper_id(pepper),
        expires_at=expires_at,
    )
    return key, secret


def _end_of_life(expires_at: datetime | None) -> datetime:
    now = datetime.now(UTC)
    if expires_at is None:
        return now + DEFAULT_LIFETIME
    if expires_at.tzinfo is None or expires_at <= now:
        raise InvalidArgument("expires_at: expected a moment to come, with its time zone")
    return expires_at


def _check_role(by: Actor, role: Role) -> None:
    if role is Role.OWNER:
        raise InvalidArgument("role: an owner is a person; a service account is at most admin")
    by.require_to_give(role)


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > 128 or "\x00" in name:
        raise InvalidArgument(f"name: expected 1 to 128 characters, none of them U+0000, got {len(name)}")
