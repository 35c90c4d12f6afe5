"""How many rows of a segment a filter leaves, from the statistics taken when the segment was built. [pure]

`vectors/segments/statistics.py` says what is in them. Parts of a filter are taken as independent, which is
wrong often enough that a plan must stay right, only slower, whatever the estimate.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection
from typing import Any

from vectors.where import (
    All,
    Compares,
    Contains,
    DocumentContains,
    DocumentMatches,
    Equals,
    HasId,
    Leaf,
    Scalar,
    Some,
    Where,
    value_name,
)

Statistics = dict[str, Any]


# Of documents with a match, before anybody has looked.
_MATCHING_SHARE = 0.1


def selectivity(where: Where | None, statistics: Statistics, rows: int = 1) -> float:
    """The expected share of the segment's rows that match, between 0 and 1."""
    if where is None:
        return 1.0
    match where:
        case All(parts):
            share = 1.0
            for part in parts:
                share *= selectivity(part, statistics, rows)
            return share
        case Some(parts):
            missed = 1.0
            for part in parts:
                missed *= 1.0 - selectivity(part, statistics, rows)
            return 1.0 - missed
        case Compares():
            return _leaf_share(where, statistics, rows)
        case _:
            share = _leaf_share(where, statistics, rows)
            return 1.0 - share if where.is_negated else share


def _leaf_share(leaf: Leaf, statistics: Statistics, rows: int) -> float:
    """The share for which the condition holds that a leaf may negate."""
    match leaf:
        case Equals(key, values):
            share = sum(_equal(key, value, statistics) for value in values)
        case Contains(key, value):
            share = _equal(key, value, statistics)
        case HasId(ids):  # an id is one row at most
            share = len(ids) / max(1, rows)
        case Compares(key, operator, bound):
            share = _range(key, operator, float(bound), statistics)
        case DocumentContains(text):
            share = _containing(text, statistics)
        case DocumentMatches():
            share = float(statistics.get("document_coverage", 0.0)) * _MATCHING_SHARE
    return min(1.0, share)


def _equal(key: str, value: Scalar, statistics: Statistics) -> float:
    facts = statistics.get("keys", {}).get(key)
    if facts is None:
        return 0.0
    common: dict[str, float] = facts["common"]
    name = value_name(value)
    if name in common:
        return common[name]
    unlisted_count = max(1, facts["distinct"] - len(common))
    return float(max(0.0, facts["coverage"] - sum(common.values())) / unlisted_count)


def _range(key: str, operator: str, bound: float, statistics: Statistics) -> float:
    facts = statistics.get("keys", {}).get(key)
    quantiles: list[tuple[float, float]] = facts["quantiles"] if facts else []
    if not quantiles:
        return 0.0
    below = _share_below(quantiles, bound)
    return float((below if operator.startswith("<") else 1.0 - below) * facts["number_coverage"])


def _share_below(quantiles: list[tuple[float, float]], bound: float) -> float:
    """The share of values below a bound, from ascending pairs (share below, value), linear in between."""
    place = bisect_left([value for _, value in quantiles], bound)
    if place == 0:
        return 0.0
    if place == len(quantiles):
        return 1.0
    (low_share, low), (high_share, high) = quantiles[place - 1], quantiles[place]
    within = (bound - low) / (high - low) if high > low else 0.5
    return low_share + within * (high_share - low_share)


def _containing(text: str, statistics: Statistics) -> float:
    sample: list[str] = statistics.get("documents", [])
    share: float = statistics.get("document_coverage", 0.0)
    if not sample:
        return share * 0.01
    # None of n hit: expect half a hit rather than none.
    hits = sum(text in document for document in sample)
    return share * max(hits, 0.5) / len(sample)


def is_indexed(where: Where, array_keys: Collection[str] | None = ()) -> bool:
    """Whether a segment's indexes can name the matching rows, so that no other row is looked at.

    Trigrams need three characters; no index has the order of numbers in arrays; a negated condition
    matches what no index lists.
    """
    match where:
        case All(parts):
            return any(is_indexed(part, array_keys) for part in parts)
        case Some(parts):
            return all(is_indexed(part, array_keys) for part in parts)
        case DocumentContains(text, is_negated):
            return len(text) >= 3 and not is_negated
        case Equals(is_negated=is_negated) | Contains(is_negated=is_negated) | HasId(is_negated=is_negated):
            return not is_negated
        case Compares(key):
            return array_keys is not None and key not in array_keys
        case DocumentMatches():
            return False
