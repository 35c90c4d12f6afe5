"""Rows cut from a stream, however it is chopped; and gzip, member after member."""

from __future__ import annotations

import gzip
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectors.formats import MAX_ROW_BYTES, Broken, gzipped
from vectors.formats.pieces import Piece, lines, quoted_lines, without_mark

CUTS = st.lists(st.integers(0, 200), max_size=8)
TEXT = st.lists(st.sampled_from([b"a", b"\n", b'"', b'""', b",", b"\r\n", b"xyz"]), max_size=60).map(b"".join)


def chopped(text: bytes, cuts: list[int]) -> list[bytes]:
    """The text in pieces, at these places."""
    places = [0, *sorted(cuts), len(text)]
    return [text[begin:end] for begin, end in pairwise(places)]


@given(TEXT, CUTS)
def test_lines_do_not_depend_on_how_the_stream_is_chopped(text: bytes, cuts: list[int]) -> None:
    found = list(lines(chopped(text, cuts), at_byte=0, at_line=1))
    assert found == list(lines([text], at_byte=0, at_line=1))
    assert b"\n".join(piece.text or b"" for piece in found) == text.removesuffix(b"\n")
    assert [piece.line for piece in found] == list(range(1, len(found) + 1))


@given(TEXT, CUTS, st.integers(0, 10))
def test_reading_goes_on_at_the_place_behind_any_row(text: bytes, cuts: list[int], number: int) -> None:
    if text.count(b'"') % 2:
        text += b'"'
    whole = list(quoted_lines([text], at_byte=0, at_line=1))
    for place in whole[number : number + 1]:
        rest = chopped(text[place.end_byte :], cuts)
        again = list(quoted_lines(rest, at_byte=place.end_byte, at_line=place.next_line))
        assert again == whole[number + 1 :]


def test_a_line_that_is_too_long_is_passed_over() -> None:
    text = b"a\n" + b"x" * (MAX_ROW_BYTES + 5) + b"\nb"
    cut = [text[place : place + 1_000_000] for place in range(0, len(text), 1_000_000)]
    assert [(one.line, one.text) for one in lines(cut, at_byte=0, at_line=1)] == [
        (1, b"a"),
        (2, None),
        (3, b"b"),
    ]
    assert list(lines(cut, at_byte=0, at_line=1))[-1].end_byte == len(text)


@pytest.mark.parametrize("text", [b'a\n"b\nc', b'a\n"' + b"x" * MAX_ROW_BYTES + b'\n\n"'])
def test_a_row_of_csv_without_an_end_is_told(text: bytes) -> None:
    with pytest.raises(Broken, match="line 2"):
        list(quoted_lines([text], at_byte=0, at_line=1))


def test_the_mark_before_a_file_is_no_part_of_it() -> None:
    assert without_mark(Piece(1, 2, 5, b"\xef\xbb\xbfid")).text == b"id"


@given(st.lists(st.binary(max_size=300), max_size=4), CUTS, st.integers(0, 500))
def test_gzip_is_unpacked_member_after_member_and_skipped_into(
    members: list[bytes], cuts: list[int], place: int
) -> None:
    packed = b"".join(gzipped.pack(member) for member in members)
    text = b"".join(members)
    found = gzipped.skip(gzipped.unpack(chopped(packed, cuts), most_bytes=10_000), place)
    assert b"".join(found) == text[place:]
    assert not packed or gzip.decompress(packed) == text


@pytest.mark.parametrize(
    ("packed", "said"),
    [
        (b"not gzip", "not gzip"),
        (gzip.compress(b"abc" * 1000)[:-9], "not whole"),
        (gzip.compress(bytes(50_000_000)), "more than 1000000 bytes"),
    ],
)
def test_gzip_that_is_none_or_too_much_is_told(packed: bytes, said: str) -> None:
    with pytest.raises(Broken, match=said):
        for _ in gzipped.unpack([packed], most_bytes=1_000_000):
            pass
