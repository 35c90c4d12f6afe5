"""What reads are put together from."""

from __future__ import annotations

import re
import uuid

import pytest

from vectors.query import parts
from vectors.types import Include, Manifest, Segment
from vectors.where import Equals


def manifest(*segment_ids: int, cell: str = "cell_001") -> Manifest:
    """A collection served by these segments."""
    return Manifest(
        collection_id=uuid.uuid4(),
        tenant_id=uuid.uuid4(),
        database_id=uuid.uuid4(),
        database_name="main",
        cell=cell,
        space="l2",
        ef_search=100,
        dimension=8,
        version=1,
        compacted_to=0,
        segments=tuple(Segment(number, 10, 0, None) for number in segment_ids),
    )


def test_it_ands_a_filter_to_the_other_conditions() -> None:
    assert parts.predicate(None).text == ""
    predicate = parts.predicate(Equals("k", ("v",)))
    assert predicate.text.startswith("AND ")
    assert predicate.parameters == {"w0": '{"k":"v"}'}


@pytest.mark.parametrize("segment_ids", [(), (7,), (7, 12)])
def test_it_reads_the_log_and_every_segment(segment_ids: tuple[int, ...]) -> None:
    text = parts.matching(manifest(*segment_ids), "AND here")
    assert "cell_001.record_log" in text
    assert {int(number) for number in re.findall(r"cell_001\.segment_(\d+)\b", text)} == set(segment_ids)
    assert text.count("AND here") == 1 + len(segment_ids)
    assert "$" not in text


def test_it_fetches_nothing_when_nothing_is_asked() -> None:
    assert parts.hydrate(manifest(7), []) == {"hydrated": "", "hydrate": ""}
    assert parts.hydrate(manifest(7), [Include.DISTANCES]) == {"hydrated": "", "hydrate": ""}


def test_it_fetches_only_what_is_asked() -> None:
    fragments = parts.hydrate(manifest(7), [Include.URIS, Include.DOCUMENTS])
    assert fragments["hydrated"] == ", h.document, h.uri"
    assert "r.metadata" not in fragments["hydrate"]
    assert "vector_send" not in fragments["hydrate"]


def test_it_refuses_a_cell_that_is_no_identifier() -> None:
    with pytest.raises(ValueError, match="not an identifier"):
        parts.matching(manifest(cell="cell; DROP"), "")
