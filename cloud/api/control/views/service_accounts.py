"""Service accounts: list, create, change, disable; and their keys: list, add, revoke."""

from __future__ import annotations

from django.conf import settings

from cloud.api.control.endpoint import one_of
from cloud.api.control.routes import Call, Door, route
from cloud.api.control.schemas import service_accounts as shapes
from cloud.api.control.schemas.shape import Nothing
from tenants import service_accounts
from tenants.models import ServiceAccount
from tenants.roles import Action, Role

_PATH = "/tenants/{tenant}/service-accounts"
_ONE = _PATH + "/{service_account_id}"


@route("GET", _PATH, Door.MEMBER, action=Action.VIEW_SERVICE_ACCOUNTS, answer=shapes.ServiceAccounts)
def list_service_accounts(call: Call[None]) -> shapes.ServiceAccounts:
    """List the service accounts of a tenant, oldest first."""
    found = service_accounts.list_accounts(call.actor, call.tenant_id)
    return shapes.ServiceAccounts(items=[_shown(one) for one in found])


@route(
    "POST",
    _PATH,
    Door.MEMBER,
    action=Action.MANAGE_SERVICE_ACCOUNTS,
    body=shapes.NewServiceAccount,
    answer=shapes.CreatedServiceAccount,
    status=201,
)
def create_service_account(call: Call[shapes.NewServiceAccount]) -> shapes.CreatedServiceAccount:
    """Create a service account; its key is shown this once."""
    made = service_accounts.create(
        call.actor,
        call.tenant_id,
        call.body.name,
        one_of(Role, call.body.role, "role"),
        pepper=settings.KEY_PEPPERS[0],
        expires_at=call.body.expires_at,
    )
    return shapes.CreatedServiceAccount(service_account_id=made.service_account_id, secret=made.secret)


@route(
    "PATCH",
    _ONE,
    Door.MEMBER,
    action=Action.MANAGE_SERVICE_ACCOUNTS,
    body=shapes.ServiceAccountChange,
    answer=shapes.ServiceAccount,
    description="In force from the account's next request on. Nobody gives what they do not have.",
)
def change_service_account_role(call: Call[shapes.ServiceAccountChange]) -> shapes.ServiceAccount:
    """Change the role of a service account."""
    role = one_of(Role, call.body.role, "role")
    return _shown(
        service_accounts.change_role(call.actor, call.tenant_id, call.path_id("service_account_id"), role)
    )


@route("DELETE", _ONE, Door.MEMBER, action=Action.MANAGE_SERVICE_ACCOUNTS, answer=Nothing)
def disable_service_account(call: Call[None]) -> Nothing:
    """Disable a service account and its keys, for good."""
    service_accounts.disable(call.actor, call.tenant_id, call.path_id("service_account_id"))
    return Nothing()


@route(
    "GET",
    _ONE + "/keys",
    Door.MEMBER,
    action=Action.VIEW_SERVICE_ACCOUNTS,
    answer=shapes.ServiceAccountKeys,
)
def list_service_account_keys(call: Call[None]) -> shapes.ServiceAccountKeys:
    """List the keys of a service account, oldest first, without their secrets."""
    found = service_accounts.list_keys(call.actor, call.tenant_id, call.path_id("service_account_id"))
    names = shapes.ServiceAccountKey.__struct_fields__
    items = [shapes.ServiceAccountKey(**{name: getattr(key, name) for name in names}) for key in found]
    return shapes.ServiceAccountKeys(items=items)


@route(
    "POST",
    _ONE + "/keys",
    Door.MEMBER,
    action=Action.MANAGE_SERVICE_ACCOUNTS,
    body=shapes.NewServiceAccountKey,
    answer=shapes.CreatedServiceAccountKey,
    status=201,
    description="The earlier keys stay good until they are revoked, so that a program can change over.",
)
def add_service_account_key(
    call: Call[shapes.NewServiceAccountKey],
) -> shapes.CreatedServiceAccountKey:
    """Make another key of a service account; it is shown this once."""
    made = service_accounts.add_key(
        call.actor,
        call.tenant_id,
        call.path_id("service_account_id"),
        pepper=settings.KEY_PEPPERS[0],
        expires_at=call.body.expires_at,
    )
    return shapes.CreatedServiceAccountKey(key_id=made.key_id, secret=made.secret, expires_at=made.expires_at)


@route("DELETE", _ONE + "/keys/{key_id}", Door.MEMBER, action=Action.MANAGE_SERVICE_ACCOUNTS, answer=Nothing)
def revoke_service_account_key(call: Call[None]) -> Nothing:
    """Revoke a key of a service account."""
    account_id, key_id = call.path_id("service_account_id"), call.path_id("key_id")
    service_accounts.revoke_key(call.actor, call.tenant_id, account_id, key_id)
    return Nothing()


def _shown(one: ServiceAccount) -> shapes.ServiceAccount:
    return shapes.ServiceAccount(
        service_account_id=one.pk,
        name=one.name,
        role=one.role,
        created_by=one.created_by,
        created_at=one.created_at,
    )
