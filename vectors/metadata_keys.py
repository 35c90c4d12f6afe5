"""Keys that records bring to their collection's schema, as SQL: types of values, and the union. [pure]

They are noted with the compaction that first sees them, or, if the service is set so, with the write itself.
"""

from __future__ import annotations

from vectors.limits import MAX_SCHEMA_KEYS
from vectors.sql import statement


def seen(records: str) -> str:
    """A query of one row `keys`: each key of a relation's `metadata`, with the types of its values."""
    value_type = statement("value_type", value="e.value")
    return statement("keys_seen", records=records, value_type=value_type, most=str(MAX_SCHEMA_KEYS))


def united(known: str, added: str) -> str:
    """An expression: two such objects as one, bounded."""
    return statement("keys_united", known=known, seen=added, most=str(MAX_SCHEMA_KEYS))
