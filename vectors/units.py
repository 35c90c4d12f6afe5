"""How much of a collection a read looks at, in query units. [pure]

bytes scanned = logical bytes of the collection × query units
"""

from __future__ import annotations

from vectors.where import DocumentContains, DocumentMatches, Leaf, Where, leaves

# A text is looked for by its runs of three characters: N characters have N − 2 of them.
_RUN_CHARACTERS = 3


def query_units(where: Where | None, *, vectors_count: int = 0) -> int:
    """The units of one read: without vectors and without a filter there are none.

    Units:  1 per query vector, 1 per condition on metadata or id, and per condition on the document as many
            as its text has runs of three characters, at least 1
    """
    return vectors_count + sum(map(_units_of, leaves(where)))


def _units_of(leaf: Leaf) -> int:
    match leaf:
        case DocumentContains(text) | DocumentMatches(text):
            return max(1, len(text) - _RUN_CHARACTERS + 1)
        case _:
            return 1
