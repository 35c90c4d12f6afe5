"""Starting over: what a test suite asks of a development server."""

from __future__ import annotations

from tenants import databases, tenants
from tenants.errors import AlreadyExists
from tenants.identity import DEFAULT_DATABASE, DEFAULT_TENANT
from tenants.quotas import Limits
from vectors import recycle_bin


def reset(*, cell_count: int) -> None:
    """Delete all databases past the recycle bin, and tenants that nobody can enter; make the default ones.

    Tenants with keys or members stay, empty, so that the caller's own key goes on working.

    Transaction: opens one per database; the caller is an operator of the development profile
    Source:      contract, section 6
    """
    for tenant_id in tenants.everyone():
        recycle_bin.erase(tenant_id)
        tenants.delete_if_unused(tenant_id)
    try:
        tenant_id = tenants.create(DEFAULT_TENANT).tenant_id
    except AlreadyExists:  # it has keys or members, perhaps the caller's own
        tenant_id = tenants.resolve(DEFAULT_TENANT)
    databases.create(tenant_id, DEFAULT_DATABASE, limits=Limits(), cell_count=cell_count)
