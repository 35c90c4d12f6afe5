"""Forks with the published client, while the worker compacts both sides."""

from __future__ import annotations

import uuid

import chromadb.errors
import numpy as np
import pytest
from chromadb.api.models.Collection import Collection

from tests.conftest import COMPACT_AFTER_ROWS
from tests.factories import Matrix, vectors
from tests.journeys.conftest import Customer
from tests.journeys.waiting import until

BATCH = 300


def load(collection: Collection, rows: Matrix, first: int = 0) -> None:
    """Add these rows as r<first>…"""
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        ids = [f"r{first + start + place}" for place in range(len(part))]
        collection.add(ids=ids, embeddings=part)


def indexed(customer: Customer, collection_id: uuid.UUID) -> int:
    """How many operations are in segments."""
    return int(customer.indexing(collection_id)["num_indexed_ops"])


@pytest.mark.timeout(300)
def test_a_fork_and_its_source_go_their_own_ways(customer: Customer) -> None:
    client, count = customer.client(), 2 * COMPACT_AFTER_ROWS
    source = client.create_collection("articles", embedding_function=None)
    rows = vectors(count + 50, 16)
    load(source, rows[:count])
    until(lambda: indexed(customer, source.id) > 0, seconds=120, what="a segment to share")
    load(source, rows[count:], first=count)  # the tail that a fork copies

    fork = source.fork("experiment")
    assert (fork.name, fork.id != source.id, fork.count()) == ("experiment", True, count + 50)
    assert (source.fork_count(), fork.fork_count()) == (1, 1)
    with pytest.raises(chromadb.errors.ChromaError, match="already exists"):
        source.fork("articles")

    fork.delete(ids=[f"r{place}" for place in range(0, count, 2)])
    load(fork, vectors(count, 16, seed=9), first=10_000)
    source.update(ids=["r1"], metadatas=[{"only": "here"}])
    client.delete_collection("articles")
    before = indexed(customer, fork.id)
    until(lambda: indexed(customer, fork.id) > before, seconds=120, what="the fork to compact by itself")
    assert fork.count() == count + 50 - count // 2 + count
    found = client.get_collection("experiment", embedding_function=None)
    kept = found.get(ids=["r0", "r1"], include=["metadatas", "embeddings"])
    assert (kept["ids"], kept["metadatas"]) == (["r1"], [None])
    assert kept["embeddings"] is not None
    assert np.array_equal(np.asarray(kept["embeddings"][0], np.float32), rows[1])
    nearest = found.query(query_embeddings=[rows[3].tolist()], n_results=1)
    assert nearest["ids"] == [["r3"]]
