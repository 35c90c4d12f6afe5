"""A filter as SQL: nothing of the client's in the text, every value a parameter."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectors.query.filter import Predicate, as_json_number, like_pattern, to_sql
from vectors.where import All, Compares, DocumentContains, Equals, Scalar, Some, Where

NASTY = "'; DROP TABLE x; -- %s %(k)s %% $1 \" \\ {key} ?"
SCALARS: st.SearchStrategy[Scalar] = st.one_of(
    st.text(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
)
LEAVES: st.SearchStrategy[Where] = st.one_of(
    st.builds(
        Equals, st.text(min_size=1), st.lists(SCALARS, min_size=1, max_size=3).map(tuple), st.booleans()
    ),
    st.builds(Compares, st.text(min_size=1), st.sampled_from(["<", "<=", ">", ">="]), st.integers()),
    st.builds(DocumentContains, st.text(), st.booleans()),
)
TREES: st.SearchStrategy[Where] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Some, st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)
ALPHABET = re.compile(
    r"(r\.metadata|r\.document|jsonb_typeof|CASE|WHEN|THEN|END|'number'|LIKE|IS NOT TRUE|AND|OR|true|false"
    r"|%\(w\d+\)s::(text|jsonb|numeric)|::numeric|@>|->|[<>]=?|[() ])*"
)


@settings(deadline=None)
@given(TREES)
def test_it_writes_only_words_of_ours(where: Where) -> None:
    predicate = to_sql(where)
    assert ALPHABET.fullmatch(predicate.text), predicate.text
    assert set(re.findall(r"%\((w\d+)\)s", predicate.text)) == set(predicate.parameters)


@pytest.mark.parametrize(
    "where",
    [
        Equals(NASTY, (NASTY, 1)),
        Equals(NASTY, (NASTY,), is_negated=True),
        Compares(NASTY, ">", 1),
        DocumentContains(NASTY),
        All((Equals(NASTY, (NASTY,)), Some((DocumentContains(NASTY, is_negated=True),)))),
    ],
)
def test_it_keeps_the_clients_words_out_of_the_text(where: Where) -> None:
    assert "DROP" not in to_sql(where).text
    assert any("DROP" in str(value) for value in to_sql(where).parameters.values())


def test_it_asks_for_containment_of_each_value() -> None:
    expected = "(r.metadata @> %(w0)s::jsonb OR r.metadata @> %(w1)s::jsonb)"
    predicate = to_sql(Equals("k", (1, 'q"')))
    assert predicate.text == expected
    assert [json.loads(str(value)) for value in predicate.parameters.values()] == [{"k": 1}, {"k": 'q"'}]
    assert to_sql(Equals("k", (1, 'q"'), is_negated=True)).text == f"{expected} IS NOT TRUE"


def test_it_compares_numbers_exactly() -> None:
    predicate = to_sql(Compares("k", "<=", 2**63 - 1))
    assert predicate.text.endswith("<= %(w1)s::numeric")
    assert predicate.parameters == {"w0": "k", "w1": "9223372036854775807"}


@pytest.mark.parametrize(("number", "text"), [(1, "1"), (1.0, "1.0"), (0.1, "0.1"), (-1e-300, "-1e-300")])
def test_it_spells_a_bound_so_that_numeric_reads_it_back(number: float, text: str) -> None:
    assert as_json_number(number) == text


def test_it_complements_documents_with_those_that_are_missing() -> None:
    assert to_sql(DocumentContains("a")) == Predicate("r.document LIKE %(w0)s::text", {"w0": "%a%"})
    negated = to_sql(DocumentContains("a", is_negated=True))
    assert negated.text == "(r.document LIKE %(w0)s::text) IS NOT TRUE"


def test_it_has_a_neutral_word_for_no_parts() -> None:
    assert to_sql(All(())) == Predicate("true", {})
    assert to_sql(Some(())) == Predicate("false", {})


def test_it_brackets_what_it_joins() -> None:
    leaf = DocumentContains("a")
    text = to_sql(All((leaf, Some((leaf, leaf))))).text
    like = "r.document LIKE %(w{})s::text"
    assert text == f"({like.format(0)} AND ({like.format(1)} OR {like.format(2)}))"


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("", "%%"),
        ("a", "%a%"),
        ("100%", "%100\\%%"),
        ("a_b", "%a\\_b%"),
        ("\\", "%\\\\%"),
        ("\\%", "%\\\\\\%%"),
    ],
)
def test_it_takes_wildcards_literally(text: str, pattern: str) -> None:
    assert like_pattern(text) == pattern


@settings(deadline=None)
@given(st.text(alphabet="a%_\\"), st.text(alphabet="a%_\\"))
def test_it_finds_what_in_finds(needle: str, haystack: str) -> None:
    assert bool(like_as_regex(like_pattern(needle)).fullmatch(haystack)) is (needle in haystack)


def like_as_regex(pattern: str) -> re.Pattern[str]:
    """LIKE by PostgreSQL's rules: backslash quotes, % is any text, _ any character."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    return re.compile(
        "".join({"%": ".*", "_": "."}.get(part, re.escape(part[-1])) for part in parts),
        re.DOTALL,
    )
