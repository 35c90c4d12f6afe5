"""The main job on real data, with the unmodified client: load, find at once, compact, find by the graph."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from cloud import sample
from tests.conftest import COMPACT_AFTER_ROWS
from tests.journeys.conftest import Customer
from tests.journeys.waiting import until
from tests.oracle import exact_nearest

BATCH = 300
FULL = Path(__file__).resolve().parents[3] / "shared" / "data"


def full_or_sample() -> tuple[sample.Records, np.ndarray, list[list[int]]]:
    """The 10,000 records with their exact neighbours where they are, else the shipped 2,000."""
    if (FULL / "debian10k.npz").exists():
        arrays = np.load(FULL / "debian10k.npz")
        rows = [json.loads(line) for line in (FULL / "debian10k.jsonl").read_text("utf-8").splitlines()]
        records = sample.Records(
            [row["id"] for row in rows],
            [row["document"] for row in rows],
            [row["metadata"] for row in rows],
            arrays["vectors"].astype(np.float32),
        )
        return records, arrays["queries"].astype(np.float32), arrays["gt"][:, :10].tolist()
    records = sample.records()
    queries = np.stack([query.embedding for query in sample.queries()])
    return records, queries, [exact_nearest(records.embeddings, query, "cosine", 10) for query in queries]


def unindexed(customer: Customer, collection_id: UUID) -> int:
    """How many operations no segment has."""
    return int(customer.indexing(collection_id)["num_unindexed_ops"])


def sealed(customer: Customer, collection_id: UUID) -> bool:
    """Whether everything is in segments; has the rest compacted if it is not."""
    if unindexed(customer, collection_id) == 0:
        return True
    customer.service.manage("compact", "--all")
    return unindexed(customer, collection_id) == 0


@pytest.mark.timeout(600)
def test_it_finds_every_batch_at_once_and_its_neighbours_after_compaction(customer: Customer) -> None:
    records, queries, truth = full_or_sample()
    collection = customer.client().create_collection(
        "packages",
        configuration={"hnsw": {"space": "cosine"}},
        embedding_function=None,
    )
    for first in range(0, len(records), BATCH):
        part = records.part(first, BATCH)
        collection.add(
            ids=part.ids,
            embeddings=part.embeddings,
            documents=part.documents,
            metadatas=[dict(metadata) for metadata in part.metadatas],
        )
        newest = collection.query(
            query_embeddings=part.embeddings[[0, -1]], n_results=5, include=["distances"]
        )
        for record_id, ids, distances in zip(
            (part.ids[0], part.ids[-1]),
            newest["ids"],
            newest["distances"] or [],
            strict=True,
        ):
            # Some packages share a description; then one of them is at distance nought as well.
            assert record_id in ids or max(distances) < 1e-3
    assert collection.count() == len(records)
    until(
        lambda: unindexed(customer, collection.id) < COMPACT_AFTER_ROWS,
        seconds=180,
        what="the worker to leave no more than a short tail",
    )
    # What is left is under the threshold and stays in the log by policy; the operator seals it.
    until(lambda: sealed(customer, collection.id), seconds=120, what="everything to be in segments")
    hits = 0
    for query, neighbours in zip(queries, truth, strict=True):
        found = collection.query(query_embeddings=[query.tolist()], n_results=10, include=[])["ids"][0]
        hits += len(set(found) & {records.ids[row] for row in neighbours})
    assert hits / (10 * len(queries)) >= 0.95
    assert collection.count() == len(records)
