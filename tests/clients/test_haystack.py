"""Haystack's document store on the service."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients import programs, stored
from tests.clients.programs import Account

pytestmark = pytest.mark.clients


def test_documents_are_written_filtered_retrieved_and_deleted(account: Account, folder: Path) -> None:
    seen = programs.run_python("haystack_store.py", account.environment, folder)
    assert seen == {
        "written": 3,
        "duplicate": "refused",
        "heavy": ["apple", "pear"],
        "nearest": [["apple", "one apple", {"grams": 151}, 0.4]],
        "count": 2,
        "opened": ["apple", "banana"],
    }
    assert stored.collections(account, "haystack") == {"haystack-fruit"}
    assert stored.collection(account, "haystack-fruit")["configuration_json"]["hnsw"]["space"] == "cosine"
    assert stored.records(account, "haystack-fruit") == {
        "apple": {"embedding": [0.8, 0.6, 0], "document": "one apple", "metadata": {"grams": 151}},
        "banana": {"embedding": [0, 1, 0], "document": "one banana", "metadata": {"grams": 120}},
    }
