"""Pages by keys: where ids with a beginning end, and when a filter may wander."""

from __future__ import annotations

import pytest

from tests.unit.manifests import manifest
from vectors.query.browse import BrowseRequest, end_of_prefix, may_wander
from vectors.types import Manifest, Segment
from vectors.where import parse

_FACTS = {"coverage": 1.0, "number_coverage": 0.0, "distinct": 2, "quantiles": []}
_STATISTICS = {"keys": {"tag": {**_FACTS, "common": {'"often"': 0.9, '"rare"': 0.001}}}}


@pytest.mark.parametrize(
    ("prefix", "end"),
    [
        ("a", "b"),
        ("ab", "ac"),
        ("a\x7f", "a\x80"),
        ("\ud7ff", "\ue000"),
        ("a\U0010ffff", "b"),
        ("\U0010ffff", None),
        ("\U0010ffff\U0010ffff", None),
    ],
)
def test_the_end_of_a_prefix_is_the_next_text_that_lacks_it(prefix: str, end: str | None) -> None:
    assert end_of_prefix(prefix) == end
    if end is not None:
        assert prefix.encode() < (prefix + "\U0010ffff").encode() < end.encode()


def one_segment(rows: int) -> Manifest:
    """A collection with one segment of so many rows."""
    return manifest(Segment(1, rows, 0, "vector", _STATISTICS))


@pytest.mark.parametrize(
    ("where", "rows", "wanders"),
    [
        (None, 1_000_000, False),
        ({"tag": "often"}, 1_000, False),
        ({"tag": "rare"}, 1_000_000, False),
        ({"tag": "often"}, 1_000_000, True),
        ({"tag": {"$ne": "often"}}, 1_000_000, True),
    ],
)
def test_a_filter_wanders_where_no_index_names_few_rows(where: object, rows: int, *, wanders: bool) -> None:
    request = BrowseRequest(limit_count=25, where=parse(where, None))
    assert may_wander(one_segment(rows), request) is wanders


@pytest.mark.parametrize("where", [{"tag": "often"}, {"tag": "rare"}])
def test_a_pattern_wanders_where_no_index_names_few_documents(where: dict[str, str]) -> None:
    asked = parse(where, {"$regex": "a.c"})
    assert may_wander(one_segment(1_000_000), BrowseRequest(limit_count=25, where=asked)) is (
        where["tag"] == "often"
    )


def test_ids_do_not_wander() -> None:
    often = parse({"tag": "often"}, None)
    for request in (
        BrowseRequest(limit_count=25, where=often, ids=["a"]),
        BrowseRequest(limit_count=25, where=often, id_prefix="a"),
    ):
        assert not may_wander(one_segment(1_000_000), request)
