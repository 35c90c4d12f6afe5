"""What a tenant, database or collection may be called."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants import names
from tenants.errors import InvalidArgument

RULE = (
    "Expected a name containing 3-512 characters from [a-zA-Z0-9._-], starting and ending "
    "with a character in [a-zA-Z0-9]. Got: "
)


@pytest.mark.parametrize("name", ["abc", "a-b", "A.b_c-9", "000", "x" * 512, "1.2.3", "a.b.c.d", "c0a80001"])
def test_it_accepts_plain_names(name: str) -> None:
    assert names.check(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ab",
        "x" * 513,
        "-bc",
        "ab-",
        ".bc",
        "ab_",
        "a b",
        "a/b",
        "a+b",
        "a..b",
        "äbc",
        "abc\n",
        "\nabc",
        "a\0b",
        "127.0.0.1",
        "٣٣٣",
    ],
)
def test_it_refuses_others_and_says_which(name: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        names.check(name)
    assert caught.value.message == RULE + name


@settings(deadline=None)
@given(st.text())
def test_it_never_lets_a_separator_or_a_quote_through(name: str) -> None:
    try:
        names.check(name)
    except InvalidArgument:
        return
    assert not set(name) & set("/\\'\"%;: \n\t\0+")
    assert 3 <= len(name) <= 512


@pytest.mark.parametrize("name", ["abc", "a b", "äöü", "x" * 512])
def test_it_accepts_almost_any_name_of_a_tenant(name: str) -> None:
    assert names.check_tenant(name) == name


@pytest.mark.parametrize("name", ["", "ab", "x" * 513, "ab\0c"])
def test_it_refuses_names_of_tenants_that_are_short_long_or_not_storable(name: str) -> None:
    with pytest.raises(InvalidArgument, match="Validation error: name: "):
        names.check_tenant(name)


def test_it_seeks_a_name_that_cannot_be_stored_where_nothing_is() -> None:
    assert names.sought("abc") == "abc"
    assert names.sought("a\0b") == ""


@pytest.mark.parametrize("name", ["abc+def", "tilt-spanning+main.db"])
def test_it_knows_no_topology_to_spread_a_database_over(name: str) -> None:
    with pytest.raises(InvalidArgument, match=r"^Not supported$"):
        names.check_database(name)
    with pytest.raises(InvalidArgument, match=r"^Expected a name containing"):
        names.check(name)


@pytest.mark.parametrize(
    "name", ["a+b+c", "abc+def+ghi", "+abc", "abc+", "ab+cde", "x" * 300 + "+" + "y" * 300]
)
def test_it_refuses_a_name_whose_parts_are_none(name: str) -> None:
    with pytest.raises(InvalidArgument, match=r"^Expected a name containing"):
        names.check_database(name)
