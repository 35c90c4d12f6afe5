"""The one file that knows a segment is a table: its name, columns, storage and indexes.

A segment table is made at run time, never migrated; it is written once, indexed once, and dropped whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg import sql

from vectors.distance import graph_expression, graph_operator_class
from vectors.limits import MAX_EF_CONSTRUCTION, MAX_MAX_NEIGHBORS, MIN_MAX_NEIGHBORS
from vectors.metadata import NUMBER_AT
from vectors.sql import identifier, statement

# The longest vector that is kept inside its row: 4 bytes a dimension and the rest of the row within a page of
# 8 kB. A longer one is put out of line, which makes an exact scan two to three times slower.
MAX_INLINE_DIMENSION = 1_900
_ROW_BYTES_BESIDE_VECTOR = 1_500
_MAX_TOAST_TUPLE_TARGET = 8_160
MAX_RANGE_INDEXES = 8


def table_name(segment_id: int) -> str:
    """The table of a segment."""
    return f"segment_{int(segment_id)}"


def create_table(
    *,
    cell: str,
    segment_id: int,
    tenant_id: UUID,
    dimension: int,
    role_prefix: str,
) -> list[str]:
    """Statements that make an empty segment table, readable by its tenant alone."""
    return statement(
        "create_segment_table",
        cell=identifier(cell),
        segment=table_name(segment_id),
        tenant=str(UUID(str(tenant_id))),
        dimension=str(int(dimension)),
        storage="MAIN" if dimension <= MAX_INLINE_DIMENSION else "EXTERNAL",
        toast_tuple_target=str(min(_MAX_TOAST_TUPLE_TARGET, 4 * dimension + _ROW_BYTES_BESIDE_VECTOR)),
        web=identifier(f"{role_prefix}_web"),
        worker=identifier(f"{role_prefix}_worker"),
    ).split(";\n")


def create_graph(
    *,
    cell: str,
    segment_id: int,
    space: str,
    graph: str,
    dimension: int,
    max_neighbors: int,
    ef_construction: int,
) -> str:
    """The statement that builds the graph; parameters outside pgvector's bounds are brought inside."""
    neighbors = min(max(max_neighbors, MIN_MAX_NEIGHBORS), MAX_MAX_NEIGHBORS)
    return statement(
        "create_graph",
        cell=identifier(cell),
        segment=table_name(segment_id),
        expression=graph_expression(space, graph, "embedding", dimension),
        operator_class=graph_operator_class(space, graph),
        max_neighbors=str(neighbors),
        ef_construction=str(min(max(ef_construction, 2 * neighbors), MAX_EF_CONSTRUCTION)),
    )


def create_indexes(
    *, cell: str, segment_id: int, statistics: dict[str, Any], has_full_text: bool
) -> list[sql.SQL | sql.Composed]:
    """The other indexes: id, order, and those that the segment's own keys deserve.

    A key with numbers gets a B-tree for ranges, the most frequent keys first. Equality on any key is one
    GIN index over hashes, so that a long string costs nothing and stops nothing.

    has_full_text: whether filters may look into documents; where they may not, nobody needs the trigrams
    """
    table = table_name(segment_id)
    fixed = ["create_segment_ids", "create_segment_order"]
    if has_equality(statistics):
        fixed.append("create_segment_equality")
    if has_trigrams(statistics) and has_full_text:
        fixed.append("create_segment_trigrams")
    made: list[sql.SQL | sql.Composed] = [
        sql.SQL(statement(name, cell=identifier(cell), segment=table)) for name in fixed
    ]
    made += [
        sql.SQL(
            "CREATE INDEX ON {cell}.{table} (" + NUMBER_AT.replace("{metadata}", "metadata") + ")"
        ).format(
            cell=sql.Identifier(cell),
            table=sql.Identifier(table),
            key=sql.Literal(key),
        )
        for key in range_keys(statistics)
    ]
    return made


def has_equality(statistics: Mapping[str, Any]) -> bool:
    """Whether a segment with these statistics has the index that answers equality on any key."""
    return bool(statistics.get("keys"))


def has_trigrams(statistics: Mapping[str, Any]) -> bool:
    """Whether there are documents for an index on their text."""
    return bool(statistics.get("document_coverage"))


def range_keys(statistics: Mapping[str, Any]) -> list[str]:
    """The keys that a segment with these statistics has a range index for."""
    ranged = [
        key
        for key, facts in sorted(
            statistics.get("keys", {}).items(), key=lambda found: -found[1]["number_coverage"]
        )
        if facts["number_coverage"] and facts["distinct"] > 1
    ]
    return ranged[:MAX_RANGE_INDEXES]
