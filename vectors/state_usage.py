"""How much a tenant uses of the limits of a state: its largest database, collection, tree of forks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from tenants.scope import tenant_transaction
from vectors.cells.transaction import execute

_NAMES = ("collections_count", "collection_records_count", "forks_count")
STATE_LIMITS = frozenset(_NAMES)


def of_tenant(tenant_id: UUID, cells: Iterable[str]) -> dict[str, int]:
    """The largest of each in these cells, by the name of its limit.

    Transaction: opens one
    """
    found = dict.fromkeys(_NAMES, 0)
    with tenant_transaction(tenant_id):
        for cell in cells:
            for _, *counts in execute("state_usage", cell, {"tenant_id": tenant_id}).fetchall():
                for name, count in zip(_NAMES, counts, strict=True):
                    found[name] = max(found[name], count)
    return found


def of_everyone(cell: str) -> Iterator[tuple[UUID, str, int]]:
    """The same of every tenant in one cell; for the workers, who oversee it."""
    for tenant_id, *counts in execute("state_usage", cell, {"tenant_id": None}).fetchall():
        for name, count in zip(_NAMES, counts, strict=True):
            yield tenant_id, name, count
