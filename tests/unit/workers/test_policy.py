"""What to do with a collection next."""

from __future__ import annotations

import pytest

from workers.policy import CollectionFacts, SegmentFacts, Thresholds, choose_merge, lag_seconds, next_kind

THRESHOLDS = Thresholds(rows=1_000, bytes=10_000_000, age_seconds=300)


def fresh(records: int, **other: float) -> CollectionFacts:
    """A collection that was never compacted, each record written once."""
    facts: dict[str, float] = {
        "log_head": records,
        "compacted_to": 0,
        "log_rows": records,
        "log_bytes": records * 10,
        "record_count": records,
        "log_age_seconds": 0.0,
        "segment_rows": 0,
    }
    return CollectionFacts(**{**facts, **other})  # type: ignore[arg-type]


def settled(tail: int, **other: float) -> CollectionFacts:
    """A collection with a segment, and a tail of writes in its log."""
    facts: dict[str, float] = {
        "log_head": 5_000 + tail,
        "compacted_to": 5_000,
        "log_rows": tail,
        "log_bytes": tail * 10,
        "record_count": 5_000 + tail,
        "log_age_seconds": 0.0,
        "segment_rows": 5_000,
    }
    return CollectionFacts(**{**facts, **other})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        (fresh(0), None),
        (fresh(999), None),
        (fresh(1_000), "compact"),
        (fresh(10, log_bytes=10_000_000), "compact"),
        (fresh(10, log_bytes=9_999_999), None),
        (fresh(999, log_age_seconds=1e9), None),
        (settled(0), None),
        (settled(999), None),
        (settled(1_000), "compact"),
        (settled(99, log_age_seconds=300), None),
        (settled(100, log_age_seconds=299), None),
        (settled(100, log_age_seconds=300), "compact"),
    ],
)
def test_it_compacts_above_a_threshold(facts: CollectionFacts, kind: str | None) -> None:
    assert next_kind(facts, THRESHOLDS) == kind


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        (fresh(0, log_head=2_000, log_rows=1_000), "purge"),
        (fresh(0, log_head=2_000, log_rows=999), None),
        (fresh(500, log_head=5_000, log_rows=1_499), None),
        (fresh(500, log_head=5_000, log_rows=1_500), "purge"),
        (settled(0, log_rows=1_000), "purge"),
        (settled(0, log_rows=5_000, log_bytes=50_000_000), "purge"),
    ],
)
def test_it_purges_a_log_full_of_the_dead(facts: CollectionFacts, kind: str | None) -> None:
    assert next_kind(facts, THRESHOLDS) == kind


def test_it_does_not_mistake_updates_of_few_records_for_many() -> None:
    assert next_kind(fresh(10, log_head=100_000, log_rows=900, log_bytes=900 * 10), THRESHOLDS) is None


def test_it_counts_a_tail_by_what_is_in_the_log() -> None:
    assert fresh(5).tail_rows == 5
    assert fresh(5, log_rows=20).dead_rows == 15
    assert settled(30).tail_rows == 30
    assert settled(30, log_rows=10).tail_rows == 10


def segments(*rows: int) -> list[SegmentFacts]:
    """Segments 1, 2, … of these rows, without tombstones."""
    return [SegmentFacts(number, count, 0) for number, count in enumerate(rows, start=1)]


@pytest.mark.parametrize(
    ("tail", "sizes", "merged"),
    [
        (2, [3, 4, 20], [1, 2]),
        (2, [20, 4, 3], [2, 3]),
        (10, [21], []),
        (10, [20], [1]),
        (10, [20, 60], [1, 2]),
        (10, [20, 61], [1]),
        (1_000, [], []),
        (0, [3], []),
    ],
)
def test_it_merges_what_is_not_much_larger_than_what_it_has(
    tail: int, sizes: list[int], merged: list[int]
) -> None:
    assert choose_merge(tail, segments(*sizes)) == merged


@pytest.mark.parametrize(("tombstones", "merged"), [(2_000, []), (2_001, [7])])
def test_it_rewrites_a_worn_segment_whatever_its_size(tombstones: int, merged: list[int]) -> None:
    assert choose_merge(1, [SegmentFacts(7, 10_000, tombstones)]) == merged


def test_it_keeps_the_number_of_segments_small() -> None:
    sizes: list[int] = []
    for _ in range(500):
        merged = choose_merge(1_000, segments(*sizes))
        gathered = 1_000 + sum(sizes[number - 1] for number in merged)
        sizes = [size for number, size in enumerate(sizes, start=1) if number not in merged] + [gathered]
    assert sum(sizes) == 500_000
    assert len(sizes) <= 10


@pytest.mark.parametrize(
    ("facts", "job_age_seconds", "lag"),
    [
        (settled(0, log_age_seconds=1e6), 1e6, 0.0),
        (settled(10, log_age_seconds=1e6), None, 0.0),
        (settled(1_000, log_age_seconds=10_000), 40.0, 40.0),
        (settled(1_000, log_age_seconds=30), 40.0, 30.0),
        (settled(1_000, log_age_seconds=10_000), None, 9_700.0),
        (settled(1_000, log_age_seconds=20), None, 0.0),
    ],
)
def test_a_collection_lags_since_it_was_due(
    facts: CollectionFacts, job_age_seconds: float | None, lag: float
) -> None:
    assert lag_seconds(facts, THRESHOLDS, job_age_seconds) == lag
