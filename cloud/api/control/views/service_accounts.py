"""Service accounts: list, create, disable."""

from __future__ import annotations

from django.conf import settings

from cloud.api.control.endpoint import one_of
from cloud.api.control.routes import Call, Door, route
from cloud.api.control.schemas import service_accounts as shapes
from cloud.api.control.schemas.shape import Nothing
from tenants import service_accounts
from tenants.roles import Action, Role

_PATH = "/tenants/{tenant}/service-accounts"


@route("GET", _PATH, Door.MEMBER, action=Action.VIEW_SERVICE_ACCOUNTS, answer=shapes.ServiceAccounts)
def list_service_accounts(call: Call[None]) -> shapes.ServiceAccounts:
    """List the service accounts of a tenant, oldest first."""
    found = service_accounts.list_accounts(call.actor, call.tenant_id)
    return shapes.ServiceAccounts(
        items=[
            shapes.ServiceAccount(
                service_account_id=one.pk,
                name=one.name,
                role=one.role,
                created_by=one.created_by,
                created_at=one.created_at,
            )
            for one in found
        ]
    )


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
    "DELETE",
    _PATH + "/{service_account_id}",
    Door.MEMBER,
    action=Action.MANAGE_SERVICE_ACCOUNTS,
    answer=Nothing,
)
def disable_service_account(call: Call[None]) -> Nothing:
    """Disable a service account and its keys, for good."""
    service_accounts.disable(call.actor, call.tenant_id, call.path_id("service_account_id"))
    return Nothing()
