"""CSV: columns, what a cell stands for, and that what is written reads back bit for bit."""

from __future__ import annotations

import numpy as np
import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.vectors.formats.made import rows_of
from tests.unit.vectors.formats.test_json_lines import bits
from vectors.formats import Broken, Row, RowError, csv_rows
from vectors.formats.pieces import quoted_lines
from vectors.metadata import Value, encode
from vectors.types import Rows


def read_all(text: bytes) -> list[Row | RowError]:
    """Everything behind the first row of a file."""
    first, *rest = quoted_lines([text], at_byte=0, at_line=1)
    header = csv_rows.read_header(first)
    return [csv_rows.read(piece, header) for piece in rest]


def test_other_columns_are_metadata_with_the_types_that_their_cells_have() -> None:
    text = b'id,embedding,document,n,x,ok,tag,list,zip\r\na,"[1,2.5]",hi,3,0.5,true,red,"[1,2]",007\r\n'
    metadata: dict[str, Value] = {"n": 3, "x": 0.5, "ok": True, "tag": "red", "list": [1, 2], "zip": "007"}
    assert read_all(text) == [Row(2, "a", [1.0, 2.5], "hi", None, metadata)]


def test_an_empty_cell_is_no_value_and_marks_make_text_of_anything() -> None:
    text = b'embedding,id,n,m\nAACAPw==,a,,"""3"""\n'
    assert read_all(text) == [Row(2, "a", b"\0\0\x80?", None, None, {"m": "3"})]


def test_a_row_may_span_lines() -> None:
    text = b'id,embedding,document\na,[1],"one\ntwo ""quoted"""\nb,[2],x\n'
    first, second = read_all(text)
    assert (first[0], getattr(first, "document", None)) == (2, 'one\ntwo "quoted"')
    assert second[0] == 4


@pytest.mark.parametrize(
    ("row", "field", "said"),
    [
        (b"a,[1]", "", "expected 4 cells, got 2"),
        (b"a,,,", "embedding", "empty cell"),
        (b'a,"[1,x]",,', "embedding", "list of numbers"),
        (b"a,!!,,", "embedding", "base64"),
        (b'a,[1],"{""k"": {}}",', "metadata", "expected text, a number"),
        (b"a,[1],[],", "metadata", "JSON object"),
        (b"a,[1],,\xff", "", "not UTF-8"),
        (b'a,[1],,"x"y', "", "expected after"),
    ],
)
def test_it_says_why_a_row_is_no_record(row: bytes, field: str, said: str) -> None:
    (found,) = read_all(b"id,embedding,metadata,k\n" + row + b"\n")
    assert isinstance(found, RowError)
    assert (found.line, found.field) == (2, field), found
    assert said in found.message


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (b"embedding", "no column id"),
        (b"a,b", "no column id and no column embedding"),
        (b"id,embedding,k,k", "'k' is there twice"),
        (b"id,embedding,", "one of them has none"),
        (b"id,embedding," + b",".join(b"%d" % n for n in range(1000)), "at most 1000 columns"),
    ],
)
def test_it_refuses_a_first_row_that_says_too_little(names: bytes, said: str) -> None:
    with pytest.raises(Broken, match=said):
        read_all(names + b"\n")


def members(text: bytes | None) -> list[tuple[str, str]]:
    """What is stored, each value with its type."""
    return sorted((key, repr(value)) for key, value in orjson.loads(text or b"{}").items())


@given(rows_of(empty_texts=False), st.booleans(), st.integers(0, 3))
def test_what_is_written_reads_back_bit_for_bit(rows: Rows, as_numbers: bool, columns_count: int) -> None:
    known = {key for text in rows.metadatas or [] for key in orjson.loads(text or "{}")}
    keys = sorted(known - set(csv_rows.FIXED))[:columns_count]
    text = csv_rows.write_header(keys) + csv_rows.write(rows, keys, as_numbers=as_numbers)
    found = [row for row in read_all(text) if isinstance(row, Row)]
    assert [row.record_id for row in found] == list(rows.ids)
    assert [row.document for row in found] == list(rows.documents or [])
    assert [row.uri for row in found] == list(rows.uris or [])
    for row, stored in zip(found, rows.metadatas or [], strict=True):
        (again,) = encode([row.metadata])
        assert members(again) == members(None if stored is None else stored.encode())
    assert [bits(row) for row in found] == [v.astype("<f4").tobytes() for v in np.asarray(rows.embeddings)]


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("true")
@example('"a"')
@example("[1]")
@example("")
def test_any_text_in_a_cell_reads_back_as_text(text: str) -> None:
    assert csv_rows.value_of(csv_rows.cell_of(orjson.dumps(text))) == text
