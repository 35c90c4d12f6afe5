"""The spelling of a write."""

from __future__ import annotations

import re

import pytest

from vectors.log.append import write_statement
from vectors.types import Operation

WRITES = list(Operation)


@pytest.mark.parametrize("operation", WRITES)
def test_it_leaves_no_word_to_fill_in(operation: Operation) -> None:
    for segment_ids in ((), (7,), (7, 12)):
        assert "$" not in write_statement(operation, "cell_000", segment_ids)


@pytest.mark.parametrize("operation", WRITES)
def test_it_looks_into_every_segment_and_no_other(operation: Operation) -> None:
    text = write_statement(operation, "cell_003", (7, 12))
    assert set(re.findall(r"segment_(\d+)\b", text)) == {"7", "12"}
    assert not re.findall(r"\.segment_\d+", write_statement(operation, "cell_003", ()))


def test_it_deletes_what_a_filter_means_in_place_of_ids() -> None:
    text = write_statement(Operation.DELETE, "cell_000", (), "SELECT 'chosen'")
    assert "SELECT 'chosen'" in text
    assert "%(ids)s" not in text


@pytest.mark.parametrize("operation", WRITES)
def test_it_refuses_a_cell_that_is_no_identifier(operation: Operation) -> None:
    with pytest.raises(ValueError, match="not an identifier"):
        write_statement(operation, "cell; DROP", ())
