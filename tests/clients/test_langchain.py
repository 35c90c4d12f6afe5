"""LangChain's vector store on the service."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients import programs, stored
from tests.clients.programs import Account

pytestmark = pytest.mark.clients


def test_a_store_of_texts_is_written_searched_and_changed(account: Account, folder: Path) -> None:
    seen = programs.run_python("langchain_store.py", account.environment, folder)
    assert seen == {
        "similar": ["apple", "cherry"],
        "heavy": [["a red apple", {"grams": 150}, 0.0], ["a yellow banana", {"grams": 120}, 1.0]],
        "relevant": [1.0],
        "containing": ["cherry"],
        "diverse": ["apple", "banana"],
        "retrieved": ["a green lime"],
        "left": ["apple", "banana", "cherry", "lime"],
        "by_ids": ["a blue banana"],
        "trees": ["fir"],
    }
    assert stored.collections(account, "langchain") == {"langchain-fruit"}
    assert stored.collection(account, "langchain-fruit")["configuration_json"]["hnsw"]["space"] == "cosine"
    assert stored.records(account, "langchain-fruit") == {
        "apple": {"embedding": [1, 0, 0, 0], "document": "a red apple", "metadata": {"grams": 150}},
        "banana": {"embedding": [0, 0, 0, 1], "document": "a blue banana", "metadata": {"grams": 121}},
        "cherry": {
            "embedding": [2, 0, 0, 0],
            "document": "a red cherry, red all over",
            "metadata": {"grams": 8},
        },
        "lime": {"embedding": [0, 0, 1, 0], "document": "a green lime", "metadata": {"grams": 60}},
    }
