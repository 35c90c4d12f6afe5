"""What the pages of one collection share: finding it, and what their frame shows of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse

from cloud.api.permissions import manifests
from cloud.dashboard import shown
from cloud.dashboard.access import Visit
from tenants import databases
from vectors import collections
from vectors.collections import CollectionView
from vectors.types import Manifest


@dataclass(frozen=True)
class Place:
    """A collection that the person of a visit may see."""

    visit: Visit
    database_name: str
    view: CollectionView
    manifest: Manifest

    @property
    def context(self) -> dict[str, Any]:
        """What templates of a collection's pages need."""
        return {"database_name": self.database_name, "collection": shown.CollectionFacts.of(self.view)}

    def address(self, page: str, **more: object) -> str:
        """Of a page of the collection, by its name."""
        parts = {
            "tenant_name": self.visit.tenant_name,
            "database_name": self.database_name,
            "collection_id": self.view.collection_id,
        }
        return reverse(f"dashboard:{page}", kwargs={**parts, **more})


def enter(visit: Visit, database_name: str, collection_id: UUID) -> Place:
    """The collection of a page's path.

    Raises:  NotFound, also for one of another database
    """
    view = collections.get_by_id(databases.get(visit.tenant_id, database_name), collection_id)
    return Place(visit, database_name, view, manifests.get(visit.tenant_id, collection_id))
