"""The tour that every client of Chroma itself takes, and what there is to see on it.

`scripts/python_sync.py`, `scripts/python_async.py` and `npm/tour.mjs` are the same tour in three languages.
"""

from __future__ import annotations

import time
from typing import Any

from tests.clients import stored
from tests.clients.programs import Account

APPLE = {"kind": "fruit", "grams": 200, "ripe": True}
EGGPLANT = {"kind": "vegetable", "grams": 300, "price": 0.25}

SEEN: dict[str, Any] = {
    "version": "1.0.0",
    "is_the_same": True,
    "count": 5,
    "by_ids": {  # as they were written, not as they were asked for
        "ids": ["apple", "eggplant"],
        "embeddings": [[1, 0, 0], [0, 0.5, 0.5]],
        "documents": ["a green apple", "a purple eggplant"],
        "metadatas": [APPLE, EGGPLANT],
    },
    "where": ["carrot", "daikon", "eggplant"],
    "where_document": ["carrot", "eggplant"],
    "page": ["banana", "carrot"],
    "query": {
        "ids": [["apple", "eggplant"]],
        "distances": [[0, 1.5]],
        "documents": [["a green apple", "a purple eggplant"]],
        "metadatas": [[APPLE, EGGPLANT]],
    },
    "peek": ["apple", "banana", "carrot"],
    "deleted": [1, 1],
    "left": ["apple", "carrot", "eggplant"],
}

STORED = {
    "apple": {"embedding": [1, 0, 0], "document": "a green apple", "metadata": APPLE},
    "carrot": {
        "embedding": [0, 1, 0.25],
        "document": "a purple carrot",
        "metadata": {"kind": "vegetable", "grams": 70},
    },
    "eggplant": {"embedding": [0, 0.5, 0.5], "document": "a purple eggplant", "metadata": EGGPLANT},
}


def check(seen: dict[str, Any], account: Account, name: str) -> None:
    """The client saw all there is, and this is what it left behind. Errors are for the caller to look at."""
    seen = {key: value for key, value in seen.items() if key != "errors"}
    assert abs(seen.pop("heartbeat") / 1e9 - time.time()) < 300
    assert seen == SEEN | {
        "created": {"name": name, "metadata": {"topic": "food"}},
        "renamed": {"name": f"{name}-renamed", "metadata": {"topic": "groceries"}, "is_the_same": True},
        "listed": [f"{name}-renamed"],
    }
    assert stored.collections(account, name) == {f"{name}-renamed"}
    renamed = stored.collection(account, f"{name}-renamed")
    assert (renamed["metadata"], renamed["dimension"]) == ({"topic": "groceries"}, 3)
    assert renamed["configuration_json"]["hnsw"]["space"] == "l2"
    assert stored.records(account, f"{name}-renamed") == STORED
