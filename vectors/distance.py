"""Spaces: what the wire calls them, and what they are in pgvector. One table. [pure]"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vectors.limits import (
    MAX_HALF,
    MAX_HALFVEC_GRAPH_DIMENSION,
    MAX_VECTOR_GRAPH_DIMENSION,
    MIN_HALF_NORM,
)
from vectors.types import Float32Matrix


@dataclass(frozen=True)
class Space:
    """A distance between two float32 vectors.

    distance: SQL over `{a}` and `{b}`, as the wire reports it (l2 squared, cosine 1 for a zero vector)
    operator, operator_class: pgvector's for an HNSW index; `{type}` is the index's element type
    """

    name: str
    distance: str
    operator: str
    operator_class: str


# Source: contract, section 15. `<->` is the root of the wire's l2, `<#>` the negative inner product, and the
# cosine distance of a zero vector is NaN in pgvector.
SPACES = {
    "l2": Space("l2", "vector_l2_squared_distance({a}, {b})", "<->", "{type}_l2_ops"),
    "ip": Space("ip", "1 + ({a} <#> {b})", "<#>", "{type}_ip_ops"),
    "cosine": Space("cosine", "coalesce(nullif({a} <=> {b}, 'NaN'), 1)", "<=>", "{type}_cosine_ops"),
}


def graph_kind(space: str, dimension: int, *, largest_norm: float, smallest_norm: float) -> str:
    """A graph's element type: halfvec where halves tell the vectors apart, else vector, else bit.

    Under cosine the vectors are normalised before they are halved, so only their number of dimensions counts.
    largest_norm, smallest_norm: over the segment's vectors that are not zero
    """
    fits_half = space == "cosine" or (largest_norm <= MAX_HALF and smallest_norm >= MIN_HALF_NORM)
    if fits_half and dimension <= MAX_HALFVEC_GRAPH_DIMENSION:
        return "halfvec"
    if dimension <= MAX_VECTOR_GRAPH_DIMENSION:
        return "vector"
    return "bit"


def graph_expression(space: str, graph: str, value: str, dimension: int) -> str:
    """What the graph holds of a vector: the indexed expression, and that of the query to compare it with."""
    if graph == "bit":
        return f"binary_quantize({value})::bit({dimension})"
    if space == "cosine":
        value = f"l2_normalize({value})"
    return f"({value})::{graph}({dimension})"


def graph_operator(space: str, graph: str) -> str:
    """The operator that orders by the graph."""
    return "<~>" if graph == "bit" else SPACES[space].operator


def graph_operator_class(space: str, graph: str) -> str:
    """The operator class that the graph is built with."""
    return "bit_hamming_ops" if graph == "bit" else SPACES[space].operator_class.format(type=graph)


def within_range(space: str, queries: Float32Matrix) -> Float32Matrix:
    """Query vectors whose squares a float32 can sum: scaled under cosine, where only direction counts.

    Shapes:  (n, d) in and out; rows within 1e±15 stay as they are, bit for bit, and so do zero rows
    """
    if space != "cosine" or not queries.size:
        return queries
    largest = np.abs(queries).max(axis=1, keepdims=True)
    is_extreme = (largest > 1e15) | ((largest < 1e-15) & (largest > 0))
    if not is_extreme.any():
        return queries
    divisors = np.where(is_extreme, largest, 1.0).astype(np.float64)
    return (queries / divisors).astype(np.float32)
