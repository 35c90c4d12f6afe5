"""What an index can know of a regular expression: never more than what every match has."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tenants.errors import InvalidArgument
from tests.oracle import Record, matches
from vectors.prefilter import candidates, prefilter
from vectors.regex import compile_pattern
from vectors.where import All, DocumentContains, DocumentMatches, Equals, Some, Where

FOO, BAR = DocumentContains("foo"), DocumentContains("bar")
ANYTHING = All(())


@pytest.mark.parametrize(
    ("pattern", "needed"),
    [
        ("foo", FOO),
        ("^foo$", FOO),
        ("f(?:o)(o)", FOO),
        ("foo.*bar", All((FOO, BAR))),
        ("foo|bar", Some((FOO, BAR))),
        ("(foo|bar)+", Some((FOO, BAR))),
        ("x(foo|bar)y", Some((FOO, BAR))),
        ("foo(bar)?", FOO),
        ("foob*", FOO),
        (r"foo\.bar", DocumentContains("foo.bar")),
        ("(foo){2,5}", FOO),
        ("日本語", DocumentContains("日本語")),
        ("foo|ba", ANYTHING),
        ("foo|", ANYTHING),
        ("(foo)*", ANYTHING),
        ("foo{0}", ANYTHING),
        ("fo", ANYTHING),
        ("f.o", ANYTHING),
        ("[f]oo", ANYTHING),
        ("(?i)foo", ANYTHING),
        ("(?i)f(?-i)oo", ANYTHING),
        ("fo\\x00o", ANYTHING),
        ("", ANYTHING),
        ("(", ANYTHING),
    ],
)
def test_it_names_what_every_match_contains(pattern: str, needed: Where) -> None:
    assert prefilter(pattern) == needed


FLAGS_AND_EDGES = ("(?i)", "(?x) ", "(?i:b)", "^", "$", r"\b", "|", "(", ")", "(?:")
REPETITIONS = ("?", "*", "+", "{2}", "{0,1}", "{0}")
LITERALS = ("a", "b", "ab", "abc", "bca", ".", "[ab]", r"\w", r"\x61", "é")
PIECES = st.sampled_from((*FLAGS_AND_EDGES, *REPETITIONS, *LITERALS))


@settings(deadline=None, max_examples=400)
@given(st.lists(PIECES, max_size=12).map("".join), st.text(alphabet="abcABé ", max_size=12))
def test_it_leaves_every_document_that_matches(pattern: str, document: str) -> None:
    try:
        is_match = compile_pattern(pattern).matches(document)
    except InvalidArgument:
        assume(condition=False)
    assert not is_match or matches(prefilter(pattern), "id", Record([], document, None))


LEAVES: st.SearchStrategy[Where] = st.one_of(
    st.builds(DocumentMatches, st.sampled_from(["abc", "abc|bca", "ab", "(?i)abc", "ca+b"]), st.booleans()),
    st.builds(Equals, st.just("k"), st.sampled_from([(1,), (2,)]), st.booleans()),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds(All, st.lists(inner, max_size=3).map(tuple))
        | st.builds(Some, st.lists(inner, max_size=3).map(tuple))
    ),
    max_leaves=5,
)


@settings(deadline=None, max_examples=300)
@given(TREES, st.none() | st.text(alphabet="abcA", max_size=6), st.sampled_from([1, 2, 3]))
def test_an_expression_is_false_wherever_it_is_not_asked(
    where: Where, document: str | None, value: int
) -> None:
    record = Record([], document, {"k": value})
    if matches(candidates(where), "id", record):
        return
    assert matches(where, "id", record) is matches(unmatched(where), "id", record)


def unmatched(where: Where) -> Where:
    """The filter as it is for a record that no expression was asked of."""
    match where:
        case DocumentMatches(_, is_negated):
            return All(()) if is_negated else Some(())
        case All(parts):
            return All(tuple(map(unmatched, parts)))
        case Some(parts):
            return Some(tuple(map(unmatched, parts)))
        case _:
            return where


def test_it_asks_few_by_what_else_is_required() -> None:
    other = Equals("k", (1,))
    assert candidates(DocumentMatches("foo")) == FOO
    assert candidates(All((other, DocumentMatches("foo")))) == All((other, FOO))
    assert candidates(DocumentMatches("foo", is_negated=True)) == All((ANYTHING, Some((FOO,))))
    assert candidates(Some((other, DocumentMatches("foo")))) == All((Some((other, FOO)), Some((FOO,))))
    assert candidates(All((other, DocumentMatches("f")))) == All((other, ANYTHING))
