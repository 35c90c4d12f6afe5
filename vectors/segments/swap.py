"""The swap: a built segment takes the place of what it was built from, in one short transaction.

        before   log ▢▢▢▢▢▢▢▢▢▢▢▢▢▢     manifest 17, 19        compacted_to ─┐
        after    log           ▢▢▢▢     manifest 23            compacted_to ─────────┘  = up_to

Under the collection's lock, so that no write falls between: whatever was superseded or entombed since
the copy is entombed in the new segment too. A reader's one statement sees all of it or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from vectors import metadata_keys
from vectors.segments.build import Built
from vectors.segments.database import Database
from vectors.segments.layout import table_name


def swap(database: Database, *, tenant_id: UUID, collection_id: UUID, built: Built) -> bool:
    """Put the segment into the manifest; False when the collection was deleted meanwhile.

    Transaction: needs one, bound to the tenant; the caller checks its lease in the same one
    """
    collection: dict[str, object] = {"collection_id": collection_id, "tenant_id": tenant_id}
    if database.run("lock_for_swap", collection).fetchone() is None:
        return False
    table = table_name(built.segment_id)
    place = collection | {
        "segment_id": built.segment_id,
        "up_to": built.up_to,
        "compacted_to": built.compacted_to,
    }
    database.run("catch_up_log", place, segment=table)
    for old in built.merged:
        fragments = {"old_segment": table_name(old), "old_segment_id": str(int(old))}
        database.run("catch_up_segment", place, segment=table, **fragments)
    if built.merged:
        leave(database, collection_id, built.merged, is_gone=False)
    if built.rows:
        database.run("enter_manifest", place)
    united = metadata_keys.united("metadata_keys", "%(metadata_keys)s::jsonb")
    database.run("advance_manifest", place | {"metadata_keys": built.metadata_keys}, keys_united=united)
    return True


def leave(database: Database, collection_id: UUID, segment_ids: Sequence[int], *, is_gone: bool) -> None:
    """Take segments out of a collection's manifest; those that no fork reads either are retired.

    is_gone: the collection itself is purged, and what it leaves to forks must not outlast them unseen

    Transaction: needs one, bound to the tenant
    Idempotent:  yes
    """
    left: dict[str, object] = {
        "collection_id": collection_id,
        "segment_ids": list(segment_ids),
        "is_gone": is_gone,
    }
    database.run("lock_segments", left)
    database.run("leave_segments", left)
