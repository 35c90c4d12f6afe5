"""A worker is killed in the middle of a compaction: nothing lost, nothing doubled, and it completes."""

from __future__ import annotations

import uuid

import psycopg

from cloud.processes import Service
from tests.factories import vectors
from tests.journeys.conftest import Customer
from tests.journeys.waiting import until

RECORDS, DIMENSION, BATCH = 6_000, 128, 300


def phase_of(service: Service, collection_id: uuid.UUID) -> tuple[str, str, int] | None:
    """State, phase and epoch of the collection's unfinished job, from the job tables themselves."""
    with psycopg.connect(service.environment["DATABASE_URL"]) as connection:
        for number in range(4):
            row = connection.execute(
                f"SELECT state, phase, epoch FROM cell_{number:03d}.job "
                "WHERE collection_id = %s AND state <> 'done'",
                [collection_id],
            ).fetchone()
            if row:
                return row
    return None


def test_it_survives_a_worker_killed_in_the_middle(service: Service, customer: Customer) -> None:
    phase = "building the graph"
    collection = customer.client().create_collection(
        "crash",
        # A graph that takes its time, so that there is a middle to be killed in.
        configuration={"hnsw": {"space": "l2", "ef_construction": 600, "max_neighbors": 48}},
        embedding_function=None,
    )
    matrix = vectors(RECORDS, DIMENSION)
    service.kill_worker()
    for first in range(0, RECORDS, BATCH):
        ids = [f"r{number}" for number in range(first, first + BATCH)]
        collection.add(ids=ids, embeddings=matrix[first : first + BATCH])
    service.start_worker()

    def is_there() -> bool:
        job = phase_of(service, collection.id)
        return job is not None and job[1] == phase

    until(is_there, seconds=60, what=f"a worker to be {phase}")
    service.kill_worker()
    collection.delete(ids=["r0", "r1"])
    collection.upsert(ids=["r2", "new"], embeddings=matrix[2:4], documents=["changed", "new"])
    assert collection.count() == RECORDS - 1
    job = phase_of(service, collection.id)
    assert job is not None
    assert job[0] == "running"

    service.start_worker()
    until(
        lambda: customer.indexing(collection.id)["num_indexed_ops"] >= RECORDS,
        seconds=120,
        what="the compaction to be taken over and completed",
    )
    found: list[str] = []
    while page := collection.get(limit=300, offset=len(found), include=[])["ids"]:
        found += page
    assert found == [f"r{number}" for number in range(2, RECORDS)] + ["new"]
    assert collection.get(ids=["r2"])["documents"] == ["changed"]
    nearest = collection.query(query_embeddings=matrix[[0, 500]], n_results=1)["ids"]
    assert nearest[0] != ["r0"]
    assert nearest[1] == ["r500"]


def test_it_leaves_no_half_made_table_behind(service: Service, customer: Customer) -> None:
    """After the crashes above: every segment table is in a manifest or waits for its retirement."""
    del customer

    def orphans() -> list[tuple[object, ...]]:
        with psycopg.connect(service.environment["DATABASE_URL"]) as connection:
            return [
                row
                for number in range(4)
                for row in connection.execute(
                    f"SELECT segment_id, state FROM cell_{number:03d}.segment WHERE state = 'building'",
                ).fetchall()
            ]

    until(lambda: not orphans(), seconds=90, what="leftovers of killed builds to be dropped")
