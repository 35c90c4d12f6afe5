"""A plan's limits, and the words when one is passed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from tenants import quotas
from tenants.errors import InvalidArgument, QuotaExceeded
from tenants.quotas import Limits

LIMITS = Limits()
# These are not sizes: they are refused with 429, in words of their own.
RATES = {"requests_per_minute_count", "concurrent_reads_count", "concurrent_writes_count"}


def test_it_has_a_name_on_the_wire_for_every_limit() -> None:
    assert set(quotas.USAGE_NAMES) == set(asdict(LIMITS)) - RATES
    # One kind, the size of a metadata value, has two limits: of records and of collections.
    assert len(set(quotas.USAGE_NAMES.values())) == 31 == len(quotas.USAGE_NAMES) - 1


def test_it_starts_from_the_documented_limits() -> None:
    expected = {"records_per_write_count": 300, "limit_value": 300, "results_count": 300, "id_bytes": 128}
    assert expected.items() <= asdict(LIMITS).items()
    assert (LIMITS.embedding_dimension, LIMITS.document_bytes) == (4_096, 16_384)


def test_it_says_what_was_passed_in_the_words_of_the_wire() -> None:
    with pytest.raises(QuotaExceeded) as caught:
        quotas.check(LIMITS, "records_per_write_count", 301, action="Add")
    assert caught.value.message == (
        "Quota exceeded: 'Number of records' exceeded quota limit for action 'Add': "
        "current usage of 301 exceeds limit of 300"
    )


@pytest.mark.parametrize("limit_name", sorted(quotas.USAGE_NAMES))
def test_it_allows_the_limit_itself_and_nothing_above(limit_name: str) -> None:
    limit = getattr(LIMITS, limit_name)
    quotas.check(LIMITS, limit_name, limit, action="Add")
    with pytest.raises(QuotaExceeded, match=f"exceeds limit of {limit}$"):
        quotas.check(LIMITS, limit_name, limit + 1, action="Add")


def test_it_takes_overrides_and_ignores_names_it_does_not_know() -> None:
    words: Any = {"limit_value": 5, "moon_phase": 3, "id_bytes": "5"}
    limits = Limits.from_overrides(words)
    assert limits == Limits(limit_value=5)


def test_it_reads_what_an_operator_writes() -> None:
    assert quotas.parse_overrides({"limit_value": "5", "forks_count": "0"}) == {
        "limit_value": 5,
        "forks_count": 0,
    }


@pytest.mark.parametrize("words", [{"moon_phase": "3"}, {"limit_value": "-1"}, {"limit_value": "many"}])
def test_it_refuses_overrides_that_mean_nothing(words: dict[str, str]) -> None:
    with pytest.raises(InvalidArgument, match=next(iter(words))):
        quotas.parse_overrides(words)
