"""A filter as SQL: nothing of the client's in the text, every value a parameter."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectors.query.filter import Predicate, as_json_number, like_pattern, to_sql
from vectors.where import (
    All,
    Compares,
    Contains,
    DocumentContains,
    DocumentMatches,
    Equals,
    HasId,
    Scalar,
    Some,
    Where,
)

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
    st.builds(Contains, st.text(min_size=1), SCALARS, st.booleans()),
    st.builds(HasId, st.lists(st.text(), max_size=3).map(tuple), st.booleans()),
)
NO_ARRAYS: tuple[str, ...] = ()
TREES: st.SearchStrategy[Where] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Some, st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)
ALPHABET = re.compile(
    r"(r\.metadata|r\.document|r\.record_id|jsonb_typeof|CASE|WHEN|THEN|END|'number'"
    r"|LIKE|IS NOT TRUE|AND|OR|true|false"
    r"|jsonb_path_exists\(|'\$\[\*\] \? \(@ [<>]=? \$bound\)'|strpos\(|= ANY|= 0|> 0|'\.'"
    r"|%\([aw]\d+\)s::(text\[\]|text|jsonb|numeric)|::numeric|@>|->>|->|[<>]=?|[(), ])*"
)


@settings(deadline=None)
@given(TREES, st.sampled_from([None, NO_ARRAYS]))
def test_it_writes_only_words_of_ours(where: Where, array_keys: tuple[str, ...] | None) -> None:
    predicate = to_sql(where, array_keys)
    assert ALPHABET.fullmatch(predicate.text), predicate.text
    used = set(re.findall(r"%\(([aw]\d+)\)s", predicate.text))
    assert used <= set(predicate.parameters)
    if array_keys is None:
        assert used == set(predicate.parameters)


@settings(deadline=None)
@given(TREES, st.sets(st.text(min_size=1, max_size=1)))
def test_it_gives_each_parameter_one_value_whatever_the_array_keys(where: Where, keys: set[str]) -> None:
    assert to_sql(where, keys).parameters == to_sql(where).parameters


@pytest.mark.parametrize(
    "where",
    [
        Equals(NASTY, (NASTY, 1)),
        Equals(NASTY, (NASTY,), is_negated=True),
        Compares(NASTY, ">", 1),
        DocumentContains(NASTY),
        Contains(NASTY, NASTY),
        Contains(NASTY, 1),
        HasId((NASTY,)),
        HasId((NASTY,), is_negated=True),
        All((Equals(NASTY, (NASTY,)), Some((DocumentContains(NASTY, is_negated=True),)))),
    ],
)
def test_it_keeps_the_clients_words_out_of_the_text(where: Where) -> None:
    assert "DROP" not in to_sql(where).text
    assert any("DROP" in str(value) for value in to_sql(where).parameters.values())


def test_it_asks_for_containment_of_each_value() -> None:
    expected = "(r.metadata @> %(w0)s::jsonb OR r.metadata @> %(w1)s::jsonb)"
    predicate = to_sql(Equals("k", (1, 'q"')), NO_ARRAYS)
    assert predicate.text == expected
    values = [json.loads(str(predicate.parameters[name])) for name in ("w0", "w1")]
    assert values == [{"k": 1}, {"k": 'q"'}]
    negated = to_sql(Equals("k", (1, 'q"'), is_negated=True), NO_ARRAYS)
    assert negated.text == f"{expected} IS NOT TRUE"


def test_it_asks_for_containment_in_arrays_where_there_may_be_some() -> None:
    for array_keys in (None, ("k", "other")):
        predicate = to_sql(Equals("k", ("v",)), array_keys)
        assert predicate.text == "(r.metadata @> %(w0)s::jsonb OR r.metadata @> %(a0)s::jsonb)"
        assert predicate.parameters == {"w0": '{"k":"v"}', "a0": '{"k":["v"]}'}
    both = All((Equals("k", ("v",)), Equals("other", ("v",))))
    assert re.findall(r"a\d", to_sql(both, ("other",)).text) == ["a1"]


def test_it_tells_integers_from_floats_in_contains_alone() -> None:
    digits = "strpos(r.metadata ->> %(w1)s::text, '.')"
    assert to_sql(Contains("k", 1), NO_ARRAYS).text == f"((r.metadata @> %(w0)s::jsonb) AND {digits} = 0)"
    assert to_sql(Contains("k", 1.0), NO_ARRAYS).text == f"((r.metadata @> %(w0)s::jsonb) AND {digits} > 0)"
    assert to_sql(Contains("k", True), NO_ARRAYS) == to_sql(Equals("k", (True,)), NO_ARRAYS)


def test_it_has_no_sql_for_a_pattern() -> None:
    with pytest.raises(TypeError, match="resolved"):
        to_sql(All((DocumentMatches("a"),)))


def test_it_compares_numbers_exactly() -> None:
    predicate = to_sql(Compares("k", "<=", 2**63 - 1), NO_ARRAYS)
    assert predicate.text.endswith("<= %(w1)s::numeric")
    assert (predicate.parameters["w0"], predicate.parameters["w1"]) == ("k", "9223372036854775807")


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
