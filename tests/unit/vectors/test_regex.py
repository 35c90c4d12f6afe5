"""Regular expressions: the wire's dialect in RE2's spelling, and what one may cost."""

from __future__ import annotations

import gc
import random
import string
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.errors import InvalidArgument
from vectors.limits import MAX_MATCHING_SECONDS, MAX_PATTERN_CHARACTERS, MAX_PATTERN_STEPS
from vectors.regex import Stopwatch, compile_pattern


def matches(pattern: str, text: str) -> bool:
    """Whether the text has a match."""
    return compile_pattern(pattern).matches(text)


@pytest.mark.parametrize(
    ("pattern", "found", "missed"),
    [
        ("cat", ["a cat", "concatenate"], ["Cat", ""]),
        ("", ["", "x"], []),
        ("a*", ["", "b"], []),
        ("|a", ["", "b"], []),
        ("^cat$", ["cat"], ["cat\n", "\ncat", "cats"]),
        ("(?m)^cat$", ["a\ncat\nb"], ["a cat"]),
        ("a.c", ["abc", "aéc", "a🙂c"], ["a\nc"]),
        ("(?s)a.c", ["a\nc"], ["ac"]),
        ("(?i)cat", ["CaT"], ["c4t"]),
        ("(?i)c(?-i)at", ["Cat", "cat"], ["CAT"]),
        ("(?i:c)at", ["Cat"], ["CAT"]),
        ("a(?i)b|c", ["aB", "C"], ["AB"]),
        ("(?i)straße", ["STRAßE"], ["STRASSE"]),
        ("(?i)k", ["\u212a", "K"], ["x"]),
        ("(?i)σ", ["ς", "Σ"], []),
        (r"^\d+$", ["123", "٣४"], ["½", "x"]),
        (r"^\D$", ["x", "½"], ["3", "٣"]),
        (r"^\w+$", ["né_9", "日本", "e\u0301", "Ⅻ", "Ⓐ", "a\u200db"], ["a b", "-", "½"]),
        (r"^\W+$", ["-½ "], ["é", "日", "_"]),
        (r"^\s$", [" ", "\u00a0", "\u3000", "\v", "\u0085"], ["x", "\u200b"]),
        (r"^\S$", ["x"], ["\u2003"]),
        (r"^[\w-]+$", ["né-1"], ["a.b"]),
        (r"^[^\W\d_]+$", ["né", "日本"], ["a1", "a_", "٣"]),
        (r"^[\D]$", ["x"], ["٣"]),
        (r"^[^\s,]+$", ["a-b"], ["a\u00a0b", "a,b"]),
        (r"^[a-z&&[^aeiou]]+$", ["xyz"], ["abc"]),
        (r"^[a-z--[aeiou]]+$", ["xyz"], ["abc"]),
        (r"^[a-f~~d-z]+$", ["abxyz"], ["d", "e"]),
        (r"^[\w--\d]+$", ["né"], ["n1"]),
        (r"^[a[bc]d]+$", ["abcd"], ["e"]),
        (r"^[\p{L}&&\p{Lu}]+$", ["ÄB"], ["ä"]),
        ("^[]a]+$", ["]a"], ["b"]),
        ("^[^]a]+$", ["b"], ["]"]),
        ("^[a-]+$", ["a-"], ["b"]),
        ("^[[:alpha:]]+$", ["az"], ["é", "1"]),
        ("^[[:^alpha:]]+$", ["1é"], ["a"]),
        (r"^\p{Greek}+$", ["αβγ"], ["abc"]),
        (r"^\p{greek}\p{Script=Greek}\p{sc=greek}$", ["αβγ"], ["abc"]),
        (r"^\p{Lu}\p{Lowercase_Letter}\pN$", ["Äb½"], ["äb1"]),
        (r"^\P{L}[\PL\p{^N}]$", ["1-"], ["ab"]),
        (r"^\p{gc=Lu}\p{Any}$", ["A\n"], ["a\n"]),
        (r"\x41\x{1F642}\u0042\U00000043", ["A🙂BC"], ["ABC"]),
        (r"a\.b\*\[\]\-\/\ \#", ["a.b*[]-/ #"], ["axb"]),
        (r"\a\f\t\n\r\v", ["\a\f\t\n\r\v"], []),
        ("(?x) a b # comment\n [ c d ]", ["abc", "abd"], ["ab c", "ab "]),
        (r"(?x) a\ b", ["a b"], ["ab"]),
        ("(?P<name>a)(?<other>b)(?:c)", ["abc"], ["ab"]),
        ("(?U)a+(?u)b", ["aab"], ["b"]),
        ("^a{2}$|^b{2,}$|^c{1,2}$|^d{,1}e$", ["aa", "bbb", "c", "e", "de"], ["a", "b", "ccc", "dde"]),
        ("^(a+?)+b*?c??$", ["aab"], ["x"]),
        ("^a**$", ["", "aaa"], ["b"]),
        ("^(ab|cd)+$", ["abcd"], ["abc"]),
        ("^(?:a|b|)$", ["a", ""], ["c"]),
        (r"\Aa\z", ["a"], ["a\n"]),
        (r"\bcat\b", ["a cat.", "cat"], ["cats", "écat", "caté", "日cat"]),
        (r"\béa|\bñ", ["éa", "-ñ"], ["xéa", "xñ"]),
        (r"\b-a", ["x-a", "é-a"], ["-a", " -a"]),
        (r"x\b.", ["x-"], ["xy"]),
        (r"a\Bb", ["ab"], ["a b"]),
    ],
)
def test_it_speaks_the_dialect(pattern: str, found: list[str], missed: list[str]) -> None:
    assert [text for text in found if not matches(pattern, text)] == []
    assert [text for text in missed if matches(pattern, text)] == []


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        ")",
        "a)",
        "(a",
        "[",
        "[a",
        "[]",
        "[z-a]",
        "[a&&",
        "*",
        "+a",
        "?",
        "|*",
        "{",
        "a{",
        "a{x}",
        "a{3,2}",
        "(?",
        "(?)",
        "(?i",
        "(?-)",
        "(?i-)",
        "(?q)",
        "(?--i)",
        "(?P<>a)",
        "(?<1>a)",
        "(?P=a)",
        "(?R)a",
        "(?=a)",
        "(?!a)",
        "(?<=a)",
        "(?<!a)",
        "(?>a)",
        "(?-u)a",
        "(?-u:a)",
        "a\\",
        r"\1",
        r"\0",
        r"\8",
        r"\k<a>",
        r"\Q",
        r"\E",
        r"\C",
        r"\Z",
        r"\G",
        r"\X",
        r"\R",
        r"\h",
        r"\é",
        r"\<",
        r"\>",
        r"\x",
        r"\xZZ",
        r"\x{}",
        r"\x{110000}",
        r"\uD800",
        r"\p",
        r"\p{",
        r"\p{}",
        r"\p{Nope}",
        r"\p{a b!}",
        r"\p{foo=bar}",
        "[[:nope:]]",
        r"[\b]",
        r"[a-\d]",
        r"\b{start}",
        "(?i)[a-z&&b]",
        "(?i)[x[^a]]",
        r"[\p{Greek}&&a]",
        "a{1001}",
        "a{999999999999}",
        "x{100}{100}",
        "(" * 65 + ")" * 65,
        "a" + "*" * 200,
        "(" * 100_000,
    ],
)
def test_it_refuses_what_the_dialect_has_not(pattern: str) -> None:
    with pytest.raises(InvalidArgument, match=r"^Regex syntax errror: ."):
        compile_pattern(pattern)


def test_it_bounds_the_pattern() -> None:
    assert matches("a" * MAX_PATTERN_CHARACTERS, "b") is False
    for pattern in ("a" * (MAX_PATTERN_CHARACTERS + 1), r"\w{100}", "(x{1000}){1000}"):
        with pytest.raises(InvalidArgument, match="at most"):
            compile_pattern(pattern)


@settings(deadline=None)
@given(st.text(alphabet=r"abc.*+?(){}[]|^$\\dwsbpP,-&~:iu<>=!1 ", max_size=20))
def test_it_compiles_or_refuses_any_text(pattern: str) -> None:
    try:
        outcome = str(matches(pattern, "abc 1"))
    except InvalidArgument as error:
        outcome = error.message
    assert outcome.startswith(("Regex syntax errror: ", "True", "False"))


@settings(deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_it_takes_quoted_text_literally(needle: str, around: str) -> None:
    special = string.punctuation + " "
    quoted = "".join(f"\\{one}" if one in special and one not in "<>" else one for one in needle)
    assert matches(quoted, around + needle + around)
    assert matches(quoted, around) is (needle in around)


def hostile_documents() -> list[str]:
    """Texts of 16 kB that keep many states of a pattern alive."""
    choose = random.Random(3)
    return [
        "a" * 16_384,
        "x" * 16_383 + "!",
        "ſkK" * 3_276,
        "".join(choose.choices("ab", k=16_384)),
        "".join(choose.choices("aé日 x", k=8_000)),
        "".join(chr(0x4E00 + choose.randrange(20_000)) for _ in range(5_461)),
        "".join(choose.choices(string.printable, k=16_384)),
    ]


HOSTILE = [
    "(a+)+$",
    "(a|aa)+$",
    r"(\w{50}){20}",
    r"(\w{7}){10}#",
    r"(?:.*\w{3}){8}#",
    r"\pL{70}[^\pL]{3}",
    "(x{1000}){1000}",
    "x{1000}x{200}!",
    "(.*)(.*)(.*)(.*)x",
    "(.*)(.*)(.*)(.*)[^x]$",
    "(?i)(ſ|k|K)*…",
    "(?i)(ſ|k|K){400}…",
    "(?i)" + "k" * 600 + "…",
    ".*a.{540}b",
    "a.{0,150}b.{0,130}c$",
    "(.{0,130}y){2}",
    r"[\s\S]{540}\z",
    "(?s).{500}é",
    "(a?){270}a{270}$",
    "((a{0,9}){0,9}){0,3}$",
    "[^a]{350}[^b]{100}q",
    "|".join(f"{one}{other}x" for one in "abcdefghijklmn" for other in "abcdefghijklmn") + "|é$",
    "(?:" + "|".join("a" * length for length in range(1, 42)) + ")*b",
]


@pytest.fixture
def _without_collections() -> Iterator[None]:
    """The clock of a thread runs on while Python collects the garbage of all tests before."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_without_collections")
@pytest.mark.parametrize("pattern", HOSTILE, ids=lambda pattern: pattern[:20])
def test_a_hostile_pattern_costs_little_over_a_hostile_document(pattern: str) -> None:
    started = time.thread_time()
    try:
        regex = compile_pattern(pattern)
    except InvalidArgument:
        assert time.thread_time() - started < MAX_MATCHING_SECONDS
        return
    compiled_seconds = time.thread_time() - started
    for document in hostile_documents():
        started = time.thread_time()
        regex.matches(document)
        assert compiled_seconds + time.thread_time() - started < MAX_MATCHING_SECONDS


def test_the_hostile_patterns_are_as_large_as_may_be() -> None:
    sizes = []
    for pattern in HOSTILE:
        try:
            sizes.append(compile_pattern(pattern).steps)
        except InvalidArgument:
            continue
    assert len(sizes) > 15
    assert sum(size > 0.8 * MAX_PATTERN_STEPS for size in sizes) >= 5


def test_it_refuses_a_large_pattern_over_a_large_document() -> None:
    with pytest.raises(InvalidArgument, match="too large for a document of 1000000 bytes"):
        matches(r"\w{3}", "x" * 1_000_000)
    assert matches("x+y", "x" * 1_000_000 + "y")


def test_it_stops_when_the_time_of_a_request_is_used_up() -> None:
    stopwatch = Stopwatch()
    documents = [(str(number), "abc") for number in range(1_000)]
    assert len(stopwatch.matching(compile_pattern("b"), documents)) == 1_000
    assert 0.0 < stopwatch.spent_seconds < MAX_MATCHING_SECONDS
    stopwatch.spent_seconds = MAX_MATCHING_SECONDS
    with pytest.raises(InvalidArgument, match="three or more characters"):
        stopwatch.matching(compile_pattern("b"), documents)
