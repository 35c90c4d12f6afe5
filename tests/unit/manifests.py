"""A collection as reads see it, for tests without a database."""

from __future__ import annotations

import uuid

from vectors.types import Manifest, Segment


def manifest(*segments: Segment, cell: str = "cell_000") -> Manifest:
    """A collection of a tenant of its own, served by these segments."""
    return Manifest(
        collection_id=uuid.uuid4(),
        tenant_id=uuid.uuid4(),
        database_id=uuid.uuid4(),
        database_name="main",
        cell=cell,
        space="l2",
        ef_search=100,
        dimension=2,
        version=1,
        compacted_to=sum(segment.rows for segment in segments),
        segments=segments,
    )
