"""Spaces: their SQL, and which graph can tell their vectors apart."""

from __future__ import annotations

import pytest

from vectors.distance import SPACES, graph_expression, graph_kind, graph_operator, graph_operator_class
from vectors.limits import MAX_HALF, MIN_HALF_NORM


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize(
    ("dimension", "kind"),
    [
        (1, "halfvec"),
        (384, "halfvec"),
        (2_001, "halfvec"),
        (4_000, "halfvec"),
        (4_001, "bit"),
        (16_000, "bit"),
    ],
)
def test_it_halves_vectors_as_long_as_an_index_takes_them(space: str, dimension: int, kind: str) -> None:
    assert graph_kind(space, dimension, largest_norm=1.0, smallest_norm=1.0) == kind


@pytest.mark.parametrize("space", ["l2", "ip"])
@pytest.mark.parametrize(
    ("largest", "smallest"),
    [(MAX_HALF * 2, 1.0), (1.0, MIN_HALF_NORM / 2), (MAX_HALF * 2, MIN_HALF_NORM / 2)],
)
@pytest.mark.parametrize(
    ("dimension", "kind"), [(384, "vector"), (2_000, "vector"), (2_001, "bit"), (4_001, "bit")]
)
def test_it_keeps_what_a_half_cannot_hold(
    space: str, largest: float, smallest: float, dimension: int, kind: str
) -> None:
    assert graph_kind(space, dimension, largest_norm=largest, smallest_norm=smallest) == kind


@pytest.mark.parametrize(("largest", "smallest"), [(1e30, 1.0), (1.0, 1e-30), (MAX_HALF, MIN_HALF_NORM)])
def test_it_minds_no_length_under_cosine(largest: float, smallest: float) -> None:
    assert graph_kind("cosine", 2_001, largest_norm=largest, smallest_norm=smallest) == "halfvec"


@pytest.mark.parametrize("space", ["l2", "ip"])
def test_it_halves_at_the_limits_themselves(space: str) -> None:
    assert graph_kind(space, 384, largest_norm=MAX_HALF, smallest_norm=MIN_HALF_NORM) == "halfvec"


@pytest.mark.parametrize(
    ("space", "graph", "expression"),
    [
        ("l2", "halfvec", "(x)::halfvec(384)"),
        ("ip", "vector", "(x)::vector(384)"),
        ("cosine", "halfvec", "(l2_normalize(x))::halfvec(384)"),
        ("cosine", "vector", "(l2_normalize(x))::vector(384)"),
        ("cosine", "bit", "binary_quantize(x)::bit(384)"),
        ("l2", "bit", "binary_quantize(x)::bit(384)"),
    ],
)
def test_it_says_what_a_graph_holds(space: str, graph: str, expression: str) -> None:
    assert graph_expression(space, graph, "x", 384) == expression


@pytest.mark.parametrize(
    ("space", "graph", "operator", "operator_class"),
    [
        ("l2", "halfvec", "<->", "halfvec_l2_ops"),
        ("l2", "vector", "<->", "vector_l2_ops"),
        ("ip", "halfvec", "<#>", "halfvec_ip_ops"),
        ("cosine", "vector", "<=>", "vector_cosine_ops"),
        ("cosine", "bit", "<~>", "bit_hamming_ops"),
    ],
)
def test_it_orders_by_the_operator_of_the_graphs_class(
    space: str, graph: str, operator: str, operator_class: str
) -> None:
    assert graph_operator(space, graph) == operator
    assert graph_operator_class(space, graph) == operator_class


def test_it_has_the_three_spaces_of_the_wire() -> None:
    assert set(SPACES) == {"l2", "cosine", "ip"}
    assert all(name == space.name for name, space in SPACES.items())
    assert all("{a}" in space.distance and "{b}" in space.distance for space in SPACES.values())
