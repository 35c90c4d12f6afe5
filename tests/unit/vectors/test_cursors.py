"""Cursors: what was written is read again, and nothing else is taken for one."""

from __future__ import annotations

import base64
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.errors import InvalidArgument
from vectors import cursors
from vectors.cursors import Cursor

ROW = uuid.UUID("6f4ee2a3-4c39-4b0c-9f0b-1f2f2f4e9a51")


@given(
    value=st.one_of(
        st.integers(min_value=-(2**63) + 1, max_value=2**63 - 1),
        st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=200),
    ),
    row_id=st.uuids(),
)
def test_what_was_written_is_read_again(value: str | int, row_id: uuid.UUID) -> None:
    cursor = Cursor("name", value, row_id)
    text = cursor.encode()
    assert text.isascii()
    assert set("+/= &?#") & set(text) == set()
    assert cursors.decode(text, order="name", kind=type(value)) == cursor


def test_a_cursor_of_another_order_is_refused() -> None:
    text = Cursor("records", 7, ROW).encode()
    for order, kind in (("size", int), ("records", str)):
        with pytest.raises(InvalidArgument, match="after"):
            cursors.decode(text, order=order, kind=kind)


@pytest.mark.parametrize(
    "members",
    [
        b"[]",
        b"{}",
        b"null",
        b'["name","a"]',
        b'["name",null,"6f4ee2a34c394b0c9f0b1f2f2f4e9a51"]',
        b'["name",true,"6f4ee2a34c394b0c9f0b1f2f2f4e9a51"]',
        b'["name",1.5,"6f4ee2a34c394b0c9f0b1f2f2f4e9a51"]',
        b'["name","a","no-id"]',
        b'["name","a",7]',
        b'["name","\\u0000","6f4ee2a34c394b0c9f0b1f2f2f4e9a51"]',
        b'["name",99999999999999999999999,"6f4ee2a34c394b0c9f0b1f2f2f4e9a51"]',
        b"\xff\xfe",
    ],
)
def test_what_is_no_cursor_is_refused(members: bytes) -> None:
    text = base64.urlsafe_b64encode(members).decode().rstrip("=")
    for kind in (str, int):
        with pytest.raises(InvalidArgument, match="after"):
            cursors.decode(text, order="name", kind=kind)


@pytest.mark.parametrize("text", ["", "x", "ab", "é", "=", "?" * 20, "A" * 5000, "../../etc", "\x00"])
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="after"):
        cursors.decode(text, order="name", kind=str)
