"""Where a tenant stands with each of its limits: how much, whose word it is, and how much of it is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from uuid import UUID

from tenants import tenants, usage_peaks
from tenants.actors import Actor
from tenants.models import Database
from tenants.quotas import USAGE_NAMES
from tenants.roles import Action
from tenants.scope import tenant_transaction
from tenants.usage_peaks import Measured


@dataclass(frozen=True)
class Standing:
    """One limit of a tenant.

    usage_name:  what the wire calls its use; None for limits that are refused with 429
    source:      default, plan or override
    current:     how much is used now, for limits of a state; None for the others
    peak:        the most in the last 30 days; None when nothing was measured
    """

    limit_name: str
    usage_name: str | None
    limit: int
    source: str
    current: int | None
    peak: int | None
    measured: Measured


def standings(by: Actor, tenant_id: UUID, states: Mapping[str, int]) -> list[Standing]:
    """Every limit, in the order of `Limits`.

    states:  how much of the limits of collections and records is used now, which the data plane knows
    Raises:  PermissionDenied, NotFound
    """
    by.require(Action.VIEW_QUOTAS)
    tenant = tenants.get(tenant_id)
    with tenant_transaction(tenant_id):
        current = {"databases_count": Database.objects.filter(tenant_id=tenant_id).count(), **states}
    peaks = usage_peaks.read(tenant_id)
    for name, count in current.items():
        peaks[name] = max(peaks.get(name, 0), count)
    sources: dict[str, str] = {}
    for source, values in (
        ("plan", tenant.plan.limits if tenant.plan else {}),
        ("override", tenant.quota_overrides),
    ):
        # As `Limits.from_overrides` reads them.
        sources |= {name: source for name, value in values.items() if type(value) is int}
    return [
        Standing(
            limit_name=name,
            usage_name=USAGE_NAMES.get(name),
            limit=limit,
            source=sources.get(name, "default"),
            current=current.get(name),
            peak=peaks.get(name),
            measured=usage_peaks.measured(name),
        )
        for name, limit in asdict(tenants.limits_of(tenant)).items()
    ]


def cells(tenant_id: UUID) -> list[str]:
    """The cells that the tenant's databases are in."""
    with tenant_transaction(tenant_id):
        rows = Database.objects.filter(tenant_id=tenant_id).values_list("cell", flat=True)
        return sorted(set(rows))
