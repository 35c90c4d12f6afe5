"""What an index can know of a regular expression: literals that every match contains. [pure]

RE2 then sees only the documents that are left. Trigrams are what a segment's index has of a document, so
a literal counts from three characters on.
"""

from __future__ import annotations

from vectors.classes import PatternError
from vectors.pattern import Choice, Literal, Node, Repeat, Sequence, parse
from vectors.where import All, DocumentContains, DocumentMatches, Some, Where, leaves

_MIN_LITERAL_CHARACTERS = 3


def prefilter(pattern: str) -> Where:
    """A filter that every document with a match passes; All(()) when nothing is known.

    Literals that ignore case, classes, and what may be absent say nothing.
    """
    try:
        return _needs(parse(pattern))
    except PatternError:  # refused where it is compiled
        return All(())


def candidates(where: Where) -> Where:
    """A filter that leaves every record of which it matters whether a regular expression matches.

    A record that fails it fails `where` too, or none of its expressions matches.
    """
    patterns = [leaf for leaf in leaves(where) if isinstance(leaf, DocumentMatches)]
    needs = tuple(prefilter(leaf.pattern) for leaf in patterns)
    around = _weakened(where)
    if All(()) in needs or (len(patterns) == 1 and not patterns[0].is_negated and _is_conjunct(where)):
        return around
    return All((around, Some(needs)))


def _is_conjunct(where: Where) -> bool:
    """Whether the expression is the filter or, through conjunctions alone, a part of it."""
    match where:
        case DocumentMatches():
            return True
        case All(parts):
            return any(map(_is_conjunct, parts))
        case _:
            return False


def _weakened(where: Where) -> Where:
    """The filter, true wherever it might be whatever the expressions say."""
    match where:
        case DocumentMatches(pattern, is_negated):
            return All(()) if is_negated else prefilter(pattern)
        case All(parts):
            return All(tuple(map(_weakened, parts)))
        case Some(parts):
            return Some(tuple(map(_weakened, parts)))
        case _:
            return where


def _needs(node: Node) -> Where:
    match node:
        case Repeat(part, least, _):
            return _needs(part) if least else All(())
        case Choice(parts):
            needs = tuple(map(_needs, parts))
            return All(()) if All(()) in needs else Some(needs)
        case Sequence(parts):
            return _all_of(parts)
        case _:
            return All(())


def _all_of(parts: tuple[Node, ...]) -> Where:
    found: list[Where] = []
    run = ""
    for part in (*parts, None):
        if isinstance(part, Literal) and not part.ignores_case and part.character != "\0":
            run += part.character
            continue
        if len(run) >= _MIN_LITERAL_CHARACTERS:
            found.append(DocumentContains(run))
        run = ""
        if part is not None and (need := _needs(part)) != All(()):
            found.append(need)
    return found[0] if len(found) == 1 else All(tuple(found))
