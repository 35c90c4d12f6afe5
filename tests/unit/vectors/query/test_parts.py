"""What reads are put together from."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.manifests import manifest
from vectors.query import parts
from vectors.types import Include, Manifest, Segment
from vectors.where import All, Compares, Contains, Equals


def served_by(*segment_ids: int) -> Manifest:
    """A collection served by these segments."""
    return manifest(*(Segment(number, 10, 0, None) for number in segment_ids), cell="cell_001")


def test_it_ands_a_filter_to_the_other_conditions() -> None:
    assert parts.filters(served_by(7), None).texts == ("", "")
    asked = parts.filters(served_by(7), Equals("k", ("v",)))
    assert all(text.startswith("AND ") for text in asked.texts)
    assert asked.parameters == {"w0": '{"k":"v"}', "a0": '{"k":["v"]}'}


def test_it_tests_for_arrays_only_where_there_may_be_some() -> None:
    facts: list[dict[str, Any]] = [{}, {"array_keys": ["other"]}, {"array_keys": ["k"]}, {"array_keys": None}]
    segments = tuple(Segment(number, 10, 0, None, one) for number, one in enumerate(facts))
    where = All((Equals("k", ("v",)), Compares("n", ">", 1), Contains("k", 5)))
    asked = parts.filters(replace(manifest(), segments=segments), where, ["a"])
    assert "%(a0)s" in asked.log
    assert [text.count("%(a") for text in asked.segments] == [0, 0, 2, 4]
    assert "jsonb_path_exists" not in asked.segments[2]
    assert asked.log == asked.segments[3]
    assert asked.segments[0] == asked.segments[1]
    assert set(asked.parameters) == {"w0", "w1", "w2", "w3", "w4", "a0", "a1", "a2", "a3", "only_ids"}


@pytest.mark.parametrize("segment_ids", [(), (7,), (7, 12)])
def test_it_reads_the_log_and_every_segment(segment_ids: tuple[int, ...]) -> None:
    asked = parts.Filters("AND here", ("AND here",) * len(segment_ids), {})
    text = parts.matching(served_by(*segment_ids), asked)
    assert "cell_001.record_log" in text
    assert {int(number) for number in re.findall(r"cell_001\.segment_(\d+)\b", text)} == set(segment_ids)
    assert text.count("AND here") == 1 + len(segment_ids)
    assert "$" not in text


def test_it_fetches_nothing_when_nothing_is_asked() -> None:
    assert parts.hydrate(served_by(7), []) == {"hydrated": "", "hydrate": ""}
    assert parts.hydrate(served_by(7), [Include.DISTANCES]) == {"hydrated": "", "hydrate": ""}


def test_it_fetches_only_what_is_asked() -> None:
    fragments = parts.hydrate(served_by(7), [Include.URIS, Include.DOCUMENTS])
    assert fragments["hydrated"] == ", h.document, h.uri"
    assert "r.metadata" not in fragments["hydrate"]
    assert "vector_send" not in fragments["hydrate"]


def test_it_refuses_a_cell_that_is_no_identifier() -> None:
    with pytest.raises(ValueError, match="not an identifier"):
        parts.matching(manifest(cell="cell; DROP"), parts.Filters("", (), {}))
