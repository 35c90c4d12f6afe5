"""Regular expressions in a filter: which records match, found out before the statement that needs to know.

    where ── prefilter.candidates ──▶ documents, a few at a time ── RE2 ──▶ ids in the expression's place

Both statements are in one transaction that sees one state of the collection: a read's is REPEATABLE READ, a
write's holds the collection's lock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vectors.cells.transaction import Pipeline
from vectors.prefilter import candidates
from vectors.query import parts
from vectors.query.parts import Filters
from vectors.regex import Stopwatch, compile_pattern
from vectors.sql import statement
from vectors.types import Manifest
from vectors.where import All, DocumentMatches, HasId, Some, Where, leaves

# What is in memory at a time: with documents of the default plan's size at most 4 MB.
_CHUNK_ROWS = 256
# The plan of a cursor is otherwise the one that is quickest for its first rows.
FETCH_ALL = "cursor_tuple_fraction = 1"


def needs_matching(where: Where | None) -> bool:
    """Whether there is a regular expression to resolve."""
    return any(isinstance(leaf, DocumentMatches) for leaf in leaves(where))


def _everywhere(asked: Filters) -> Filters:
    return asked


def resolve(
    pipeline: Pipeline,
    manifest: Manifest,
    where: Where,
    ids: Sequence[str] | None,
    within: Callable[[Filters], Filters] = _everywhere,
) -> Where:
    """The filter with the ids of the matching records in place of its regular expressions.

    within:      narrows what is asked to the records that the caller will look at
    Raises:      InvalidArgument when matching takes longer than a request may
    Transaction: needs one whose statements see one state of the collection
    """
    regexes = {
        leaf.pattern: compile_pattern(leaf.pattern)
        for leaf in leaves(where)
        if isinstance(leaf, DocumentMatches)
    }
    found: dict[str, list[str]] = {pattern: [] for pattern in regexes}
    asked = within(parts.filters(manifest, candidates(where), ids))
    values = {
        "collection_id": manifest.collection_id,
        "compacted_to": manifest.compacted_to,
    } | asked.parameters
    text = statement("open_candidates", parts=parts.matching(manifest, asked, "document_part"))
    pipeline.run(text, values, keep=False)
    stopwatch = Stopwatch()
    fetch = statement("fetch_candidates", count=str(_CHUNK_ROWS))
    while documents := pipeline.run(fetch, {}, keep=False).fetchall():
        for pattern, regex in regexes.items():
            found[pattern] += stopwatch.matching(regex, documents)
    pipeline.run(statement("close_candidates"), {}, keep=False)
    return _replaced(where, {pattern: tuple(matched) for pattern, matched in found.items()})


def _replaced(where: Where, found: dict[str, tuple[str, ...]]) -> Where:
    match where:
        case DocumentMatches(pattern, is_negated):
            return HasId(found[pattern], is_negated)
        case All(inner):
            return All(tuple(_replaced(part, found) for part in inner))
        case Some(inner):
            return Some(tuple(_replaced(part, found) for part in inner))
        case _:
            return where
