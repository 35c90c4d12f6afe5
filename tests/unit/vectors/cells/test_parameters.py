"""Arrays in PostgreSQL's binary format, read back here by hand."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vectors.cells.parameters import (
    BinaryParameter,
    Float32Matrix,
    jsonb_array,
    read_vectors,
    text_array,
    vector,
    vector_array,
)

VECTOR_OID = 16_999
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


def elements(parameter: BinaryParameter, element_oid: int) -> list[bytes | None]:
    """The elements of an array, as `array_recv` reads them; checks every field of its head."""
    payload = parameter.payload
    dimensions, has_nulls, oid = struct.unpack_from(">iiI", payload)
    assert oid == element_oid
    if dimensions == 0:
        assert len(payload) == 12
        return []
    count, lower_bound = struct.unpack_from(">ii", payload, 12)
    assert (dimensions, lower_bound) == (1, 1)
    found: list[bytes | None] = []
    place = 20
    for _ in range(count):
        (size,) = struct.unpack_from(">i", payload, place)
        place += 4
        found.append(None if size == -1 else payload[place : place + size])
        place += max(0, size)
    assert place == len(payload)
    assert has_nulls == int(None in found)
    return found


def floats(payload: bytes) -> list[float]:
    """The components of a vector, as `vector_recv` reads it."""
    dimension, unused = struct.unpack_from(">hh", payload)
    assert unused == 0
    return list(struct.unpack_from(f">{dimension}f", payload, 4))


@settings(deadline=None)
@given(st.lists(TEXTS))
def test_it_writes_texts(texts: list[str]) -> None:
    assert elements(text_array(texts, len(texts)), 25) == [text.encode() for text in texts]


@settings(deadline=None)
@given(st.lists(st.none() | TEXTS))
def test_it_writes_texts_and_nulls(texts: list[str | None]) -> None:
    expected = [None if text is None else text.encode() for text in texts]
    assert elements(text_array(texts, len(texts)), 25) == expected


def test_it_writes_jsonb_with_its_version() -> None:
    written = jsonb_array([b'{"k":1}', None, b"{}"], 3)
    assert elements(written, 3802) == [b'\x01{"k":1}', None, b"\x01{}"]


@pytest.mark.parametrize("count", [1, 3])
def test_it_writes_nulls_for_an_absent_column(count: int) -> None:
    nulls = [None] * count
    assert elements(text_array(None, count), 25) == nulls
    assert elements(jsonb_array(None, count), 3802) == nulls
    assert elements(vector_array(None, None, count, VECTOR_OID), VECTOR_OID) == nulls


def test_it_writes_empty_arrays() -> None:
    empty = np.zeros((0, 0), np.float32)
    assert elements(text_array([], 0), 25) == []
    assert elements(text_array(None, 0), 25) == []
    assert elements(jsonb_array([], 0), 3802) == []
    assert elements(vector_array(empty, None, 0, VECTOR_OID), VECTOR_OID) == []


MATRICES = arrays.arrays(
    np.float32, st.tuples(st.integers(1, 5), st.integers(1, 6)), elements=st.floats(width=32, allow_nan=False)
)


@settings(deadline=None)
@given(MATRICES)
def test_it_writes_vectors(matrix: Float32Matrix) -> None:
    written = elements(vector_array(matrix, None, len(matrix), VECTOR_OID), VECTOR_OID)
    assert [floats(one) for one in written if one is not None] == matrix.tolist()
    assert len(written) == len(matrix)


@settings(deadline=None)
@given(st.lists(st.none() | st.floats(width=32, allow_nan=False), min_size=1))
def test_it_writes_vectors_and_nulls(values: list[float | None]) -> None:
    present = np.array([value is not None for value in values])
    matrix = np.array([value for value in values if value is not None], np.float32).reshape(-1, 1)
    written = elements(vector_array(matrix, present, len(values), VECTOR_OID), VECTOR_OID)
    assert [None if one is None else floats(one)[0] for one in written] == values


def test_it_writes_only_nulls_when_no_record_has_an_embedding() -> None:
    nothing = vector_array(np.zeros((0, 0), np.float32), np.array([False, False]), 2, VECTOR_OID)
    assert elements(nothing, VECTOR_OID) == [None, None]


@settings(deadline=None)
@given(MATRICES)
def test_it_reads_vectors_as_it_writes_them(matrix: Float32Matrix) -> None:
    payloads = [vector(row).payload for row in matrix]
    assert [floats(payload) for payload in payloads] == matrix.tolist()
    read = read_vectors(payloads, matrix.shape[1])
    assert read.dtype == np.float32
    assert read.tobytes() == matrix.tobytes()
