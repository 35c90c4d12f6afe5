"""JSON Lines: what is a record, what is none and why, and that what is written reads back bit for bit."""

from __future__ import annotations

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.vectors.formats.made import rows_of
from vectors.formats import Row, RowError, json_lines
from vectors.formats.pieces import Piece, lines
from vectors.metadata import encode
from vectors.types import Rows


def piece(text: bytes | None) -> Piece:
    """A line of its own."""
    return Piece(7, 8, 0, text)


def test_it_reads_a_whole_record() -> None:
    text = b'{"id": "a", "embedding": [1, 2.5], "document": "d", "metadata": {"k": [1, 2]}, "uri": "u:1"}\r'
    assert json_lines.read(piece(text)) == Row(7, "a", [1.0, 2.5], "d", "u:1", {"k": [1, 2]})


def test_it_takes_base64_of_float32() -> None:
    found = json_lines.read(piece(b'{"id": "a", "embedding": "AACAPwAAAEA="}'))
    assert isinstance(found, Row)
    assert (found.embedding, found.dimension) == (b"\0\0\x80?\0\0\0@", 2)


@pytest.mark.parametrize(
    ("text", "field", "said"),
    [
        (b"{", "", "truncated"),
        (b"[]", "", "Expected `object`"),
        (b'{"embedding": [1]}', "id", "missing required field"),
        (b'{"id": "a"}', "embedding", "missing required field"),
        (b'{"id": 1, "embedding": [1]}', "id", "Expected `str`"),
        (b'{"id": "a", "embedding": [1, "x"]}', "embedding", "Expected `float`"),
        (b'{"id": "a", "embedding": "AAA"}', "embedding", "base64"),
        (b'{"id": "a", "embedding": "AAA="}', "embedding", "4 bytes each"),
        (b'{"id": "a", "embedding": [1], "metadata": {"k": {}}}', "metadata", "got `object`"),
        (b'{"id": "a", "embedding": [1], "dokument": "x"}', "dokument", "unknown field"),
        (b'{"id": "a", "embedding": [NaN]}', "", "invalid"),
        (b'{"id": "\xff", "embedding": [1]}', "", "utf-8"),
        (None, "", "longer than"),
    ],
)
def test_it_says_why_a_line_is_no_record(text: bytes | None, field: str, said: str) -> None:
    found = json_lines.read(piece(text))
    assert isinstance(found, RowError)
    assert (found.line, found.field) == (7, field), found
    assert said.lower() in found.message.lower()


def read_back(text: bytes) -> list[Row]:
    """The records of a file."""
    found = [json_lines.read(one) for one in lines([text], at_byte=0, at_line=1)]
    assert not [one for one in found if isinstance(one, RowError)], found
    return [one for one in found if isinstance(one, Row)]


@given(rows_of(), st.booleans())
def test_what_is_written_reads_back_bit_for_bit(rows: Rows, as_numbers: bool) -> None:
    found = read_back(json_lines.write(rows, as_numbers=as_numbers))
    assert [row.record_id for row in found] == list(rows.ids)
    assert [row.document for row in found] == list(rows.documents or [])
    assert [row.uri for row in found] == list(rows.uris or [])
    stored = [None if text is None else text.encode() for text in rows.metadatas or []]
    assert encode([row.metadata for row in found]) == stored
    assert rows.embeddings is not None
    for row, vector in zip(found, rows.embeddings, strict=True):
        assert bits(row) == vector.astype("<f4").tobytes()


def bits(row: Row) -> bytes:
    """The float32 that a row becomes."""
    if isinstance(row.embedding, bytes):
        return row.embedding
    return np.array(row.embedding, dtype=np.float64).astype("<f4").tobytes()


def test_reserved_keys_are_left_out_as_in_answers() -> None:
    assert json_lines.visible('{"chroma:document": "x"}') is None
    assert orjson.loads(json_lines.visible('{"chroma:uri": "x", "k": 1.0}') or b"") == {"k": 1.0}
