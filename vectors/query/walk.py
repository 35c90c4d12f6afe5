"""Walking through a collection in default order, a page at a time, each page by itself complete and current.

A record keeps its place whatever happens to it, so a walk meets each record that is there all the time once.
"""

from __future__ import annotations

from dataclasses import dataclass

from vectors.cells.transaction import transaction
from vectors.query import parts, project, read
from vectors.query.parts import Filters
from vectors.query.plan import PLAN_BY_VALUES
from vectors.segments.manifest import ManifestCache
from vectors.sql import identifier, statement
from vectors.types import Include, Manifest, Rows

_COLUMNS = (Include.DOCUMENTS, Include.METADATAS, Include.URIS, Include.EMBEDDINGS)
_BETWEEN = "AND r.ordinal > %(after)s AND r.ordinal < %(end)s"


@dataclass(frozen=True)
class Page:
    """Records and the place of the last of them; None: there are none behind `after`."""

    rows: Rows
    last_ordinal: int | None


def page(
    cache: ManifestCache, manifest: Manifest, *, after_ordinal: int, end_ordinal: int, limit_count: int
) -> Page:
    """The next records after a place and before another, whole.

    Raises:  CollectionNotFound, Unavailable
    """

    def run(current: Manifest) -> Page:
        asked = Filters(_BETWEEN, (_BETWEEN,) * len(current.segments), {})
        text = statement(
            "walk",
            cell=identifier(current.cell),
            parts=parts.matching(current, asked),
            **parts.hydrate(current, _COLUMNS),
        )
        values: dict[str, object] = {
            "collection_id": current.collection_id,
            "compacted_to": current.compacted_to,
            "after": after_ordinal,
            "end": end_ordinal,
            "reach": limit_count,
        }
        with transaction(current.tenant_id, [PLAN_BY_VALUES]) as pipeline:
            cursor = pipeline.run(text, values, keep=False)
        found = cursor.fetchall()
        read.check_version(current, found[0][0] if found else None)
        last = found[-1][2] if found else None
        return Page(project.columns(found, _COLUMNS, id_place=3), last)

    return read.with_current(cache, manifest, run)
