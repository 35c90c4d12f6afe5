"""From rows of a read to the columns that were asked for."""

from __future__ import annotations

import numpy as np
import pytest

from vectors.cells.parameters import vector
from vectors.query.parts import hydrated
from vectors.query.project import columns
from vectors.types import Include

ALL = [Include.DOCUMENTS, Include.METADATAS, Include.URIS, Include.EMBEDDINGS]
FIRST = vector(np.array([1.0, 2.0], np.float32)).payload
SECOND = vector(np.array([0.1, -3.0], np.float32)).payload


@pytest.mark.parametrize("asked", [ALL, ALL[::-1], [Include.DISTANCES, *ALL], ALL * 2])
def test_it_fetches_in_one_order_whatever_the_order_asked(asked: list[Include]) -> None:
    assert hydrated(asked) == ALL


def test_it_turns_rows_into_columns() -> None:
    rows = [(3, 70, "a", 0.1, "text", '{"k": 1}', None, FIRST), (3, 70, "b", 0.5, None, None, "u", SECOND)]
    found = columns(rows, ALL, id_place=2, distance_place=3)
    assert (list(found.ids), found.collection_bytes) == (["a", "b"], 70)
    assert (list(found.documents or ()), list(found.metadatas or ())) == (["text", None], ['{"k": 1}', None])
    assert list(found.uris or ()) == [None, "u"]
    assert found.embeddings is not None
    assert np.array_equal(found.embeddings, np.array([[1.0, 2.0], [0.1, -3.0]], np.float32))
    assert found.distances is not None
    assert np.array_equal(found.distances, np.array([0.1, 0.5], np.float32))


def test_it_leaves_columns_out_that_were_not_asked_for() -> None:
    found = columns([(3, 70, "a", '{"k": 1}')], [Include.METADATAS], id_place=2)
    assert list(found.metadatas or ()) == ['{"k": 1}']
    assert found.documents is None
    assert found.uris is None
    assert found.embeddings is None
    assert found.distances is None


@pytest.mark.parametrize("rows", [[], [(3, 70, None, None, None, None, None, None)]])
def test_it_takes_a_row_without_id_for_nothing_found(rows: list[tuple[object, ...]]) -> None:
    found = columns(rows, ALL, id_place=2, distance_place=3)
    assert (found.ids, found.documents, found.metadatas, found.uris) == ([], [], [], [])
    assert found.collection_bytes == (70 if rows else 0)
    assert found.embeddings is not None
    assert found.distances is not None
    assert len(found.embeddings) == len(found.distances) == 0
