"""The recycle bin in tests: plans with another time, and what workers do, in process."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID, uuid4

from django.conf import settings

from cloud.processes import Service
from tenants.actors import command
from tenants.databases import cell_name
from tenants.models import Plan, Tenant
from tenants.scope import tenant_transaction
from tests import stage
from vectors import recycle_bin
from workers import garbage, recycle

BY = command("tests")
_PATIENCE_SECONDS = 60.0


def keep_for(tenant_id: UUID, seconds: int) -> None:
    """Give the tenant a plan whose recycle bin keeps for so long."""
    with tenant_transaction(tenant_id):
        plan = Plan.objects.create(name=f"plan-{uuid4().hex}", recycle_seconds=seconds)
        Tenant.objects.filter(tenant_id=tenant_id).update(plan=plan)


def purge(
    database: Service,
    *,
    dies_in_purge: Callable[[str], None] = lambda _: None,
    dies_in_garbage: Callable[[str], None] = lambda _: None,
) -> None:
    """A round of the beat: condemn, collect garbage, forget."""
    with stage.role(database, "worker"):
        recycle.purge(dies_in_purge)
        for number in range(settings.CELL_COUNT):
            garbage.collect(
                cell_name(number),
                role_prefix=settings.ROLE_PREFIX,
                retire_after_seconds=0,
                after_phase=dies_in_garbage,
            )
        recycle.purge(dies_in_purge)


def scrub(database: Service) -> dict[str, str]:
    """Rewrite what is marked until nothing is; what came of each table at last."""
    outcomes: dict[str, str] = {}
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with stage.role(database, "worker"):
        while not recycle.scrub(
            after_seconds=0,
            most_bytes=None,
            report=lambda table, outcome: outcomes.update({table.relation: outcome}),
        ):
            assert time.monotonic() < deadline, outcomes
            time.sleep(0.2)
    return outcomes


def collection_names(tenant_id: UUID) -> list[str]:
    """What is in the bin."""
    return [one.name for one in recycle_bin.list_collections(BY, tenant_id, limit_count=100)]


def database_names(tenant_id: UUID) -> list[str]:
    """What is in the bin."""
    return [one.name for one in recycle_bin.list_databases(BY, tenant_id, limit_count=100)]
