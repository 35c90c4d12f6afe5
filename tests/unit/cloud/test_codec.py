"""Bytes of the wire to values and back."""

from __future__ import annotations

import base64

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.api import codec
from cloud.api.schemas.records import Add, Get
from tenants.errors import InvalidArgument, Unprocessable

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


def packed(values: list[float]) -> str:
    """Little-endian float32 in base64."""
    return base64.b64encode(np.array(values, "<f4").tobytes()).decode()


@settings(deadline=None)
@given(st.lists(st.lists(FLOATS, min_size=3, max_size=3), min_size=1, max_size=5))
def test_it_reads_base64_and_numbers_alike(rows: list[list[float]]) -> None:
    from_texts, _ = codec.read_embeddings([packed(row) for row in rows])
    from_numbers, _ = codec.read_embeddings(rows)
    assert from_texts.tobytes() == from_numbers.tobytes() == np.array(rows, np.float32).tobytes()
    assert from_texts.shape == (len(rows), 3)


def test_it_marks_which_records_have_an_embedding() -> None:
    embeddings, has = codec.read_embeddings([None, packed([1.0]), None, packed([2.0])])
    assert embeddings.tolist() == [[1.0], [2.0]]
    assert has is not None
    assert has.tolist() == [False, True, False, True]


def test_it_marks_nothing_when_all_have_one() -> None:
    assert codec.read_embeddings([[1.0]])[1] is None


@pytest.mark.parametrize("given_embeddings", [[], [None, None]])
def test_it_reads_no_embeddings_as_an_empty_matrix(given_embeddings: list[None]) -> None:
    embeddings, has = codec.read_embeddings(given_embeddings)
    assert embeddings.shape == (0, 0)
    assert (has is None) is (not given_embeddings)


@pytest.mark.parametrize("mixed", [[[1.0], packed([1.0])], [packed([1.0]), None, [1.0]]])
def test_it_refuses_a_mix_of_both_forms(mixed: list[str | list[float] | None]) -> None:
    with pytest.raises(Unprocessable, match="one form"):
        codec.read_embeddings(mixed)


@pytest.mark.parametrize("rows", [[[1.0], [1.0, 2.0]], [packed([1.0]), packed([1.0, 2.0])]])
def test_it_refuses_rows_of_several_lengths(rows: list[str | list[float]]) -> None:
    with pytest.raises(InvalidArgument, match="Inconsistent dimensions in provided embeddings"):
        codec.read_embeddings(rows)


@pytest.mark.parametrize("rows", [[[]], [""], [[], [1.0]], ["", packed([1.0])]])
def test_it_refuses_rows_without_a_dimension(rows: list[str | list[float]]) -> None:
    with pytest.raises(InvalidArgument, match="Each embedding must have at least 1 dimension"):
        codec.read_embeddings(rows)


@pytest.mark.parametrize(
    "text", ["?", "AACAPw", "AACAPw==x", "AAC=APw=", "AACA Pw==", "AACAPw==\n", "AAA=", "ä"]
)
def test_it_refuses_bad_base64(text: str) -> None:
    with pytest.raises(InvalidArgument, match="Invalid base64 string"):
        codec.read_embeddings([text])


@pytest.mark.parametrize("number", [1e39, -1e39, 1e308])
def test_it_reads_a_number_past_float32_as_infinite(number: float) -> None:
    assert np.isinf(codec.from_numbers([[number]])).all()


def test_it_tells_bad_json_from_a_wrong_shape() -> None:
    with pytest.raises(InvalidArgument, match=r"^Failed to parse the request body as JSON: "):
        codec.decode(Get, b"{")
    with pytest.raises(
        Unprocessable, match=r"^Failed to deserialize the JSON body into the target type: limit: "
    ):
        codec.decode(Get, b'{"limit": -1}')
    with pytest.raises(Unprocessable, match=r"type: include\[.*\]: "):
        codec.decode(Get, b'{"include": ["data"]}')


def test_it_keeps_the_types_of_metadata_numbers() -> None:
    body = codec.decode(Add, b'{"ids":["a"],"embeddings":[[1]],"metadatas":[{"i":2,"f":2.0,"b":true}]}')
    assert body.metadatas is not None
    (metadata,) = body.metadatas
    assert metadata is not None
    assert [type(value) for value in metadata.values()] == [int, float, bool]


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ('{"k": 2.0}', '{"k": 2.0}'),
        ('{"chroma:x": 1, "k": 10000000000000000000000.0}', '{"k":10000000000000000000000.0}'),
        ('{"k": "\\"chroma:"}', '{"k":"\\"chroma:"}'),
        ('{"chroma:x": 1}', "null"),
        (None, "null"),
    ],
)
def test_it_shows_stored_json_as_it_is_without_reserved_keys(stored: str | None, shown: str) -> None:
    assert orjson.dumps(codec.fragments([stored])).decode() == f"[{shown}]"


def test_it_shows_no_fragments_of_nothing() -> None:
    assert codec.fragments(None) is None


@settings(deadline=None)
@given(st.lists(FLOATS, min_size=1))
def test_it_prints_float32_so_that_it_reads_back_the_same(values: list[float]) -> None:
    array = np.array(values, np.float32)
    read = np.array(orjson.loads(codec.answer(array).content), np.float64).astype(np.float32)
    assert read.tobytes() == array.tobytes()


def test_it_prints_float32_in_the_shortest_form() -> None:
    content = codec.answer(np.array([0.1, 2.0, 1e-7, 16777216.0], np.float32)).content
    assert content == b"[0.1,2.0,1e-7,16777216.0]"
