"""Metadata as it is stored: jsonb keeps digits, so digits must keep the type."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.errors import InvalidArgument, Unprocessable
from vectors import metadata
from vectors.metadata import Metadata

FINITE = st.floats(allow_nan=False, allow_infinity=False)
KEYS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1).filter(
    lambda key: key[0] not in "#$"
)


def encoded(value: object) -> str:
    """The JSON text of one value, through a batch."""
    (text,) = metadata.encode([{"k": value}])  # type: ignore[dict-item]
    assert text is not None
    return re.sub(r"^\{\"k\": ?|\}$", "", text.decode())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2, "2"),
        (2.0, "2.0"),
        (-0.0, "-0.0"),
        (2.5, "2.5"),
        (1e3, "1000.0"),
        (1e22, "10000000000000000000000.0"),
        (1e-7, "0.0000001"),
        (1.5e300, "15" + "0" * 299 + ".0"),
        (2**63 - 1, "9223372036854775807"),
        (-(2**63), "-9223372036854775808"),
        (2**63, "9223372036854776000.0"),
        (2**64, "18446744073709552000.0"),
        (-(2**70), "-1180591620717411300000.0"),
        (True, "true"),
        ("2.0", '"2.0"'),
        ("1e5", '"1e5"'),
        ('é\n"\\', '"é\\n\\"\\\\"'),
        (None, "null"),
        (["a", "b,"], '["a","b,"]'),
        ([1, 2], "[1,2]"),
        ([1, 2.5], "[1.0,2.5]"),
        ([1e22, 1], "[10000000000000000000000.0,1.0]"),
        ([2**63, 1], "[9223372036854776000.0,1.0]"),
        ([2**70], "[1180591620717411300000.0]"),
        ([True, False], "[true,false]"),
        ([], "null"),
        ("x:[1]", '"x:[1]"'),
    ],
)
def test_it_writes_numbers_so_that_their_type_is_in_the_digits(value: object, text: str) -> None:
    assert encoded(value) == text


@settings(deadline=None)
@given(FINITE)
def test_it_reads_every_float_back_as_the_same_float(value: float) -> None:
    text = encoded(value)
    assert "." in text
    assert "e" not in text.lower()
    assert json.loads(text) == value


@settings(deadline=None)
@given(st.integers(-(2**63), 2**63 - 1))
def test_it_reads_every_64_bit_integer_back_exactly(value: int) -> None:
    read = json.loads(encoded(value))
    assert type(read) is int
    assert read == value


@settings(deadline=None)
@given(
    st.lists(
        st.none() | st.dictionaries(KEYS, st.one_of(FINITE, st.booleans(), st.text(), st.none())), max_size=4
    )
)
def test_it_reads_every_batch_back(metadatas: list[Metadata | None]) -> None:
    try:
        texts = metadata.encode(metadatas)
    except InvalidArgument:
        assert any(
            "\0" in value for one in metadatas if one for value in one.values() if isinstance(value, str)
        )
        return
    assert [None if text is None else json.loads(text) for text in texts] == metadatas


@pytest.mark.parametrize("key", ["", "#k", "$k", "#document", "$eq"])
def test_it_refuses_reserved_keys_and_says_where(key: str) -> None:
    with pytest.raises(InvalidArgument, match=r"^Validation error: metadatas: Invalid metadata at index 2"):
        metadata.encode([{"k": 1}, None, {"ok": 1, key: 1}])


@pytest.mark.parametrize("key", ["chroma:k", "k#", "k$", " ", "é", "k.l"])
def test_it_accepts_other_keys(key: str) -> None:
    assert metadata.encode([{key: 1}]) != [None]


@pytest.mark.parametrize("array", [[1, "a"], [True, 1], [1.5, False], ["a", None], [[1], "a"]])
def test_it_refuses_an_array_of_several_types(array: list[Any]) -> None:
    with pytest.raises(Unprocessable, match="'k' must have elements of one type"):
        metadata.encode([{"n": 1}, {"k": array}])


@pytest.mark.parametrize("one", [{"k": ["a", "\0"]}, {"k": "\0"}, {"k": "a\0b"}, {"\0": 1}, {"k\0": None}])
def test_it_refuses_what_jsonb_cannot_hold(one: Metadata) -> None:
    with pytest.raises(InvalidArgument, match="U\\+0000"):
        metadata.encode([None, one])


@pytest.mark.parametrize("text", ["\\u0000", "\\\\u0000", "u0000"])
def test_it_accepts_the_spelling_of_what_it_refuses(text: str) -> None:
    assert json.loads(encoded(text)) == text


@pytest.mark.parametrize("value", [10**400, -(10**309), [1, 10**400]])
def test_it_refuses_an_integer_that_no_float_can_be(value: int | list[int]) -> None:
    with pytest.raises(InvalidArgument, match=r"^Validation error: metadatas: "):
        metadata.encode([{"k": value}])


def test_it_keeps_missing_and_empty_metadata_apart() -> None:
    assert metadata.encode([None, {}]) == [None, b"{}"]
    assert metadata.encode([]) == []
