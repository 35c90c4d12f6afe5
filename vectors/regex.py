"""Regular expressions of the wire, matched by RE2: spelling, and bounds. [pure]

pattern ── pattern.parse ──▶ tree ──▶ RE2's spelling     linear in the text, whatever the pattern
                                 ├──▶ steps at worst     refused before it can cost much
                                 └──▶ vectors/prefilter  literals that each match contains
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

from tenants.errors import InvalidArgument
from vectors.classes import WORD, PatternError, is_word
from vectors.limits import (
    MAX_DOCUMENT_STEPS,
    MAX_MATCHING_SECONDS,
    MAX_PATTERN_STEPS,
    PATTERN_MEMORY_BYTES,
)
from vectors.pattern import Choice, Edge, Literal, Node, OneOf, Repeat, Sequence, parse

# Steps for a byte of text, measured where RE2 has given up its automaton and a text keeps every state alive:
# a set beyond ASCII starts with up to 64 bytes, "any character" with a few; what may be left out has detours.
_BYTE_STEPS, _FOLDED_STEPS, _ANY_STEPS, _UNICODE_STEPS, _DETOUR_STEPS = 4, 8, 9, 64, 8
_OF_WORDS = set(WORD.properties)
# wire: the prefix is spelled so (contract, section 14.2)
_PREFIX = "Regex syntax errror: "


@dataclass(frozen=True)
class Regex:
    """A pattern that is ready to match; thread-safe."""

    pattern: str
    steps: int
    compiled: Any

    def matches(self, document: str) -> bool:
        """Whether the document has a match anywhere.

        Raises:  InvalidArgument for a document so long that the pattern might take too long over it
        """
        text = document.encode()
        if self.steps * len(text) > MAX_DOCUMENT_STEPS:
            raise InvalidArgument(
                f"The regular expression is too large for a document of {len(text)} bytes: "
                "use fewer repetitions and Unicode classes, or narrow the filter by other conditions",
            )
        return self.compiled.search(text) is not None


@lru_cache(maxsize=4)  # each may hold PATTERN_MEMORY_BYTES
def compile_pattern(pattern: str) -> Regex:
    """The pattern, ready to match.

    Raises:  InvalidArgument ("Regex syntax errror: …") for what the dialect has not or may cost too much
    Source:  contract, section 14.2
    """
    try:
        tree = parse(pattern)
        steps = _check_steps(tree)
        compiled = re2.compile(to_re2(tree), _options())
    except PatternError as error:
        raise InvalidArgument(f"{_PREFIX}{error}") from error
    except re2.error as error:
        reason = error.args[0] if error.args else "unknown"
        reason = reason.decode(errors="replace") if isinstance(reason, bytes) else reason
        raise InvalidArgument(f"{_PREFIX}{reason}") from error
    finally:
        re2.purge()  # its own cache would keep 128 patterns with their memory
    return Regex(pattern, steps, compiled)


def _check_steps(tree: Node) -> int:
    steps = steps_per_byte(tree)
    if steps > MAX_PATTERN_STEPS:
        raise PatternError(
            f"the pattern is too large ({steps} steps for each byte, at most {MAX_PATTERN_STEPS}): "
            "use fewer repetitions and Unicode classes",
        )
    return steps


def _options() -> Any:
    options = re2.Options()
    options.max_mem = PATTERN_MEMORY_BYTES
    options.log_errors = False
    options.never_capture = True
    return options


class Stopwatch:
    """The time that one request may spend on matching, over all of its patterns."""

    def __init__(self) -> None:
        self.spent_seconds = 0.0

    def matching(self, regex: Regex, documents: list[tuple[str, str]]) -> list[str]:
        """The ids of the documents, given as (id, document), that match.

        Raises:  InvalidArgument once the request's time is used up
        """
        found: list[str] = []
        before = time.thread_time()  # of this thread: a busy machine makes no pattern hostile
        for record_id, document in documents:
            if regex.matches(document):
                found.append(record_id)
            now = time.thread_time()
            self.spent_seconds += now - before
            before = now
            if self.spent_seconds > MAX_MATCHING_SECONDS:
                raise InvalidArgument(
                    f"The regular expression takes more than {MAX_MATCHING_SECONDS * 1000:.0f} ms over the "
                    "documents it is asked of: add a literal of three or more characters to it, or narrow "
                    "the filter by other conditions",
                )
        return found


# --- RE2's spelling --------------------------------------------------------------------------------------


def to_re2(tree: Node) -> str:
    """The tree in RE2's spelling, whose classes are ASCII unless they are written out.

    A word boundary at either end of the pattern is Unicode's, as the dialect has it, where it is known what
    stands beside it; elsewhere it is RE2's, which is ASCII's.
    """
    return _spell(_with_unicode_ends(tree))


def _spell(node: Node) -> str:  # noqa: PLR0911 (one for each kind of node)
    match node:
        case Literal(character, ignores_case):
            text = character if character.isalnum() else rf"\x{{{ord(character):X}}}"
            return f"(?i:{text})" if ignores_case else text
        case OneOf(characters, ignores_case):
            return f"(?i:{characters.to_re2()})" if ignores_case else characters.to_re2()
        case Edge(place):
            return place
        case Repeat(part, least, most):
            if (least, most) == (1, 1):
                return _spell(part)
            bounds = f"{least}" if least == most else f"{least},{'' if most is None else most}"
            return f"(?:{_spell(part)}){{{bounds}}}"
        case Sequence(parts):
            return "".join(f"(?:{_spell(p)})" if isinstance(p, Choice) else _spell(p) for p in parts)
        case Choice(parts):
            return "|".join(map(_spell, parts))


def _with_unicode_ends(node: Node) -> Node:
    if isinstance(node, Choice):
        return Choice(tuple(map(_with_unicode_ends, node.parts)))
    if not isinstance(node, Sequence) or len(node.parts) < 2:
        return node
    parts = list(node.parts)
    boundary = Edge(r"\b")
    if parts[0] == boundary and (is_inside := _borders_on_word(parts[1], 0)) is not None:
        parts[0] = _outside(Edge(r"\A"), is_word=not is_inside)
    if parts[-1] == boundary and (is_inside := _borders_on_word(parts[-2], -1)) is not None:
        parts[-1] = _outside(Edge(r"\z"), is_word=not is_inside)
    return Sequence(tuple(parts))


def _outside(end: Edge, *, is_word: bool) -> Node:
    """What stands on the other side of a boundary: no word character, or one."""
    if is_word:
        return OneOf(WORD, ignores_case=False)
    return Choice((end, OneOf(WORD.complement(), ignores_case=False)))


def _borders_on_word(node: Node, side: int) -> bool | None:  # noqa: PLR0911 (as above)
    """Whether the node's first (0) or last (-1) character is one of a word; None when that depends."""
    match node:
        case Literal(character, _):
            return is_word(character)
        case OneOf(characters, _):
            # A short range whose ends are of a word is one of letters, or of digits.
            is_short = all(high - low < 26 for low, high in characters.ranges)
            ends = [chr(end) for pair in characters.ranges for end in pair]
            if characters == WORD:
                return True
            is_of_words = is_short and all(map(is_word, ends)) and set(characters.properties) <= _OF_WORDS
            return True if is_of_words and not characters.is_negated else None
        case Repeat(part, least, _):
            return _borders_on_word(part, side) if least else None
        case Sequence(parts):
            return _borders_on_word(parts[side], side) if parts else None
        case Choice(parts):
            answers = {_borders_on_word(part, side) for part in parts}
            return answers.pop() if len(answers) == 1 else None
        case Edge():
            return None


# --- what it may cost ------------------------------------------------------------------------------------


def steps_per_byte(node: Node) -> int:  # noqa: PLR0911 (as above)
    """How many states of the pattern RE2 may have to look at for one byte of a text, at worst."""
    match node:
        case Literal(character, ignores_case):
            return len(character.encode()) * (_FOLDED_STEPS if ignores_case else _BYTE_STEPS)
        case OneOf(characters, _):
            if not characters.is_ascii:
                covers_all = sum(high - low for low, high in characters.ranges) > 0x10FF00
                return _ANY_STEPS if covers_all else _UNICODE_STEPS
            return len(characters.ranges) + (_ANY_STEPS if characters.is_negated else _BYTE_STEPS)
        case Edge():
            return _BYTE_STEPS
        case Repeat(part, least, most):
            times = least + 1 if most is None else most
            detours = 1 if most is None else most - least
            return times * steps_per_byte(part) + detours * _DETOUR_STEPS
        case Sequence(parts):
            return sum(map(steps_per_byte, parts))
        case Choice(parts):
            return sum(steps_per_byte(part) + 1 for part in parts)  # and the branch
