"""LlamaIndex's vector store on the service."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients import programs, stored
from tests.clients.programs import Account

pytestmark = pytest.mark.clients


def test_an_index_is_built_searched_opened_and_reduced(account: Account, folder: Path) -> None:
    seen = programs.run_python("llama_index_store.py", account.environment, folder)
    assert seen == {
        "nearest": [["banana", "a yellow banana"]],
        "light": ["cherry"],
        "left": ["banana", "cherry", "pear"],
        "opened": ["pear"],
        "plain": ["plum"],
    }
    assert stored.collections(account, "llama") == {"llama-fruit", "llama-plain"}
    fruit = stored.records(account, "llama-fruit")
    assert {record_id: (record["embedding"], record["document"]) for record_id, record in fruit.items()} == {
        "banana": ([0, 1, 0, 0], "a yellow banana"),
        "pear": ([0, 0, 1, 0], "a green pear"),
        "cherry": ([1, 0, 0, 0], "a red cherry"),
    }
    assert fruit["cherry"]["metadata"]["grams"] == 8
    assert stored.records(account, "llama-plain").keys() == {"plum"}
