"""Tenants: create, find, change, delete."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from django.db import IntegrityError, connection

from tenants import audit, members, names
from tenants.actors import SYSTEM, Actor, ActorKind
from tenants.errors import AlreadyExists, InvalidArgument, NotFound, PermissionDenied, QuotaExceeded
from tenants.models import (
    ApiKey,
    Database,
    Invitation,
    Member,
    Plan,
    ServiceAccount,
    ServiceAccountKey,
    Tenant,
    User,
)
from tenants.prices import Prices
from tenants.quotas import Limits
from tenants.roles import Action, Role
from tenants.scope import tenant_transaction

MOST_OWNED_COUNT = 20  # by one person, who can make tenants faster than anybody pays for them


def create(name: str, *, by: Actor = SYSTEM, people_may: bool = True) -> Tenant:
    """Make a tenant; a person who does becomes its owner. Operators always may, people where it is allowed.

    Raises:      PermissionDenied, InvalidArgument for a short name, AlreadyExists also for a deleted tenant's
                 name, QuotaExceeded for a person who owns 20
    Transaction: opens one, bound to the new tenant
    """
    names.check_tenant(name)
    if not by.is_operator and not (people_may and by.kind is ActorKind.USER):
        raise PermissionDenied("Permission denied. Ask an operator of this installation for a tenant.")
    tenant_id = uuid.uuid4()
    try:
        with tenant_transaction(tenant_id):
            if not by.is_operator:
                _check_owns_few(by)
            tenant = Tenant.objects.create(tenant_id=tenant_id, name=name)
            if by.kind is ActorKind.USER and by.actor_id is not None:
                Member.objects.create(tenant=tenant, user_id=by.actor_id, role=Role.OWNER.value)
            audit.record(by, tenant_id, "tenant.create", subject_id=tenant_id, subject_label=name)
            return tenant
    except IntegrityError as error:
        raise AlreadyExists(f"Tenant [{name}] already exists") from error


def get(tenant_id: UUID) -> Tenant:
    """The tenant with this id.

    Raises:  NotFound
    """
    with tenant_transaction(tenant_id):
        try:
            return Tenant.objects.select_related("plan").get(tenant_id=tenant_id)
        except Tenant.DoesNotExist as error:
            raise NotFound(f"Tenant [{tenant_id}] not found") from error


def lock(tenant_id: UUID) -> Tenant:
    """The tenant, until the transaction ends, so that two cannot pass a quota or a deletion at once.

    Raises:      NotFound also for a deleted one
    Transaction: needs one
    """
    found = Tenant.objects.select_for_update(no_key=True).filter(tenant_id=tenant_id, deleted_at=None).first()
    if found is None:
        raise NotFound(f"Tenant [{tenant_id}] not found")
    return found


def update(by: Actor, tenant_id: UUID, *, allows_impersonation: bool | None = None) -> Tenant:
    """Change the tenant's settings; None leaves one as it is.

    Raises:      PermissionDenied, NotFound
    Transaction: opens one
    """
    by.require(Action.UPDATE_TENANT)
    with tenant_transaction(tenant_id):
        tenant = lock(tenant_id)
        if allows_impersonation is None or allows_impersonation == tenant.allows_impersonation:
            return tenant
        tenant.allows_impersonation = allows_impersonation
        tenant.save(update_fields=["allows_impersonation"])
        audit.record(
            by,
            tenant_id,
            Action.UPDATE_TENANT,
            subject_id=tenant_id,
            subject_label=tenant.name,
            details={"allows_impersonation": allows_impersonation},
        )
        return tenant


def delete(by: Actor, tenant_id: UUID, *, name: str) -> None:
    """Close a tenant without databases: keys, service accounts, invitations and places end at once.

    Its row stays for its bills, and its audit log as it is; its name is not given again.
    Raises:      PermissionDenied, NotFound, InvalidArgument when `name` is another, or databases are left
    Transaction: opens one
    """
    by.require(Action.DELETE_TENANT)
    with tenant_transaction(tenant_id):
        tenant = lock(tenant_id)
        members.lock_actor(by, tenant_id).require(Action.DELETE_TENANT)
        if name != tenant.name:
            raise InvalidArgument(f"name: expected the tenant's name, {tenant.name!r}, to confirm")
        left_count = Database.objects.filter(tenant_id=tenant_id).count()
        if left_count:
            raise InvalidArgument(f"Tenant [{name}] still has {left_count} databases; delete them first")
        now = datetime.now(UTC)
        own = {"tenant_id": tenant_id}
        keys_count = ApiKey.objects.filter(**own, revoked_at=None).update(revoked_at=now)
        ServiceAccountKey.objects.filter(**own, revoked_at=None).update(revoked_at=now)
        accounts_count = ServiceAccount.objects.filter(**own, disabled_at=None).update(disabled_at=now)
        Invitation.objects.filter(**own, accepted_at=None, revoked_at=None).update(revoked_at=now)
        members_count, _ = Member.objects.filter(**own).delete()
        tenant.deleted_at = now
        tenant.save(update_fields=["deleted_at"])
        audit.record(
            by,
            tenant_id,
            Action.DELETE_TENANT,
            subject_id=tenant_id,
            subject_label=name,
            details={"keys": keys_count, "service_accounts": accounts_count, "members": members_count},
        )


def _check_owns_few(by: Actor) -> None:
    if by.actor_id is None:
        raise PermissionDenied
    User.objects.select_for_update().get(user_id=by.actor_id)  # so that two cannot pass at once
    owned = [one for one in members.memberships(by.actor_id) if one.role is Role.OWNER]
    if len(owned) >= MOST_OWNED_COUNT:
        raise QuotaExceeded(f"A person owns at most {MOST_OWNED_COUNT} tenants.")


def set_resource_name(tenant_id: UUID, resource_name: str) -> None:
    """Give the tenant the name that stands for it in a CRN: once, for others may have written it down.

    Raises:      InvalidArgument, NotFound, AlreadyExists when it has one, or another tenant has this one
    Transaction: opens one
    Source:      contract, section 7
    """
    names.check_resource(resource_name)
    try:
        with tenant_transaction(tenant_id):
            unnamed = Tenant.objects.filter(tenant_id=tenant_id, resource_name=None)
            if unnamed.update(resource_name=resource_name):
                return
            named = Tenant.objects.filter(tenant_id=tenant_id).first()
    except IntegrityError as error:
        raise AlreadyExists(f"Resource name [{resource_name}] already exists") from error
    if named is None:
        raise NotFound(f"Tenant [{tenant_id}] not found")
    raise AlreadyExists(f"Tenant [{named.name}] already has the resource name [{named.resource_name}]")


def resolve(name: str) -> UUID:
    """The id behind a tenant's name: for operators and commands, never for an ordinary key.

    Raises:  NotFound
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenants_resolve(%s)", [names.sought(name)])
        (tenant_id,) = cursor.fetchone() or (None,)
    if tenant_id is None:
        raise NotFound(f"Tenant [{name}] not found")
    return UUID(str(tenant_id))


def everyone() -> list[UUID]:
    """Every tenant's id: for an operator's reset."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenants_everyone()")
        return [tenant_id for (tenant_id,) in cursor.fetchall()]


def delete_if_unused(tenant_id: UUID) -> bool:
    """Delete a tenant that nobody can enter: without keys and without members; whether it was.

    Transaction: opens one
    """
    with tenant_transaction(tenant_id):
        unused = Tenant.objects.filter(tenant_id=tenant_id, apikey=None, member=None)
        return bool(unused.delete()[0])


def override_limits(
    tenant_id: UUID, overrides: Mapping[str, int], *, by: Actor = SYSTEM, is_whole: bool = False
) -> None:
    """Give the tenant limits of its own beside its plan's; in force within KEY_CACHE_SECONDS.

    is_whole:    these are all of its own limits: others that it had are its plan's again
    Raises:      PermissionDenied, NotFound
    Transaction: opens one
    """
    by.require_operator()
    with tenant_transaction(tenant_id):
        tenant = Tenant.objects.select_for_update().filter(tenant_id=tenant_id).first()
        if tenant is None:
            raise NotFound(f"Tenant [{tenant_id}] not found")
        before = tenant.quota_overrides
        tenant.quota_overrides = dict(overrides) if is_whole else {**before, **overrides}
        tenant.save(update_fields=["quota_overrides"])
        details = {"before": before, "after": tenant.quota_overrides}
        audit.record(
            by, tenant_id, "quotas.override", subject_id=tenant_id, subject_label=tenant.name, details=details
        )


def recycle_seconds_of(tenant_id: UUID) -> int:
    """For how long what the tenant deletes stays in the recycle bin; 0: there is none.

    Transaction: needs one, bound to the tenant
    """
    tenant = Tenant.objects.select_related("plan").get(tenant_id=tenant_id)
    return (tenant.plan or Plan()).recycle_seconds


def limits_of(tenant: Tenant) -> Limits:
    """The tenant's limits: its plan's, then its own."""
    return Limits.from_overrides({**(tenant.plan.limits if tenant.plan else {}), **tenant.quota_overrides})


def prices_of(tenant: Tenant) -> Prices:
    """What the tenant's plan asks for each meter."""
    return Prices.from_plan(tenant.plan.prices if tenant.plan else {})


def currency_of(tenant: Tenant) -> str:
    """What the tenant's plan asks in."""
    return (tenant.plan or Plan()).currency
