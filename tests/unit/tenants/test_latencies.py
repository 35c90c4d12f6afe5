"""The scale of latencies: its bounds, its error, percentiles of what was merged."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from tenants import latencies


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [(0.0, 0), (0.000_25, 0), (0.000_250_1, 1), (0.000_5, 8), (0.001, 16), (131.0, 152), (1e9, 152)],
)
def test_a_time_has_its_bucket(seconds: float, bucket: int) -> None:
    assert latencies.bucket_of(seconds) == bucket


def test_every_bound_belongs_to_the_bucket_below_it() -> None:
    for bucket in range(latencies.HIGHEST_BUCKET):
        assert latencies.bucket_of(latencies.upper_seconds(bucket) * (1 - 1e-12)) == bucket
        assert latencies.bucket_of(latencies.upper_seconds(bucket) * (1 + 1e-9)) == bucket + 1


def test_a_time_is_off_by_at_most_what_is_promised() -> None:
    times = np.geomspace(0.000_26, 130, 5_000)
    for time in times.tolist():
        told = latencies.seconds_of(latencies.bucket_of(time))
        assert abs(told / time - 1) <= latencies.MAX_ERROR_RATIO + 1e-9
    assert pytest.approx(0.0443, abs=1e-4) == latencies.MAX_ERROR_RATIO


@pytest.mark.parametrize("ratio", [0.5, 0.9, 0.95, 0.99])
def test_percentiles_of_merged_parts_are_those_of_the_whole(ratio: float) -> None:
    random = np.random.default_rng(7)
    parts = [random.lognormal(-5, 1, 1_000) for _ in range(5)]
    merged: Counter[int] = Counter()
    for part in parts:
        merged.update(Counter(latencies.bucket_of(time) for time in part.tolist()))
    exact = float(np.percentile(np.concatenate(parts), ratio * 100, method="inverted_cdf"))
    told = latencies.percentile(merged, ratio)
    assert told is not None
    assert abs(told / exact - 1) <= latencies.MAX_ERROR_RATIO + 1e-9


def test_nothing_has_no_percentile() -> None:
    assert latencies.percentile({}, 0.5) is None
    assert latencies.percentile({3: 0}, 0.5) is None


def test_one_request_is_every_percentile() -> None:
    assert latencies.percentile({16: 1}, 0.5) == latencies.percentile({16: 1}, 0.99)
