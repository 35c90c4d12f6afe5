"""Collections: made, filled, waited for, counted, dropped.

Loading is not a row of the table but its two times are printed: until every record was acknowledged, and
until the server had built its index from them.
"""

import time
from dataclasses import dataclass

from bench import bodies, client
from bench.data import BenchError, Dataset
from bench.filters import WrongAnswerError
from bench.peers import Report, Target

STABLE_SECONDS = 3.0  # indexing that stands still for so long after it began has nothing more to do
START_PATIENCE_SECONDS = 10.0  # a beat may be this late to notice a collection
INDEXING_SECONDS = 90.0
POLL_SECONDS = 0.25


@dataclass(frozen=True)
class Loaded:
    """A filled collection, and what filling it took."""

    collection_id: str
    name: str
    record_count: int
    load_seconds: float = 0.0
    indexing_seconds: float = 0.0
    indexed_share: float | None = None

    @property
    def path(self) -> str:
        return f"/collections/{self.collection_id}"


def create(target: Target, name: str, *, get_or_create: bool = False) -> Loaded:
    """An empty collection in cosine space, with the server's defaults for everything else."""
    body = {
        "name": name,
        "metadata": None,
        "configuration": {"hnsw": {"space": "cosine"}},
        "schema": None,
        "get_or_create": get_or_create,
    }
    answer = target.call("POST", "/collections", body)
    return Loaded(answer["id"], name, 0)


def drop(target: Target, collection: Loaded) -> None:
    target.call("DELETE", f"/collections/{collection.name}")


def count(target: Target, collection: Loaded) -> int:
    return int(target.call("GET", f"{collection.path}/count"))


def expect_count(target: Target, collection: Loaded, record_count: int) -> None:
    found = count(target, collection)
    if found != record_count:
        raise WrongAnswerError(f"{target.name}: {collection.name}: {found} records, expected {record_count}")


def fill(target: Target, name: str, dataset: Dataset, report: Report, *, keep: bool = False) -> Loaded:
    """A collection with all records of the data set, indexed as far as the server wants to index it."""
    made = create(target, name, get_or_create=keep)
    load_seconds = 0.0
    if not keep or count(target, made) != len(dataset):
        sent = [target.request("POST", f"{made.path}/add", body) for body in bodies.batches(dataset)]
        warm_up = target.request("GET", f"{made.path}/count")
        load = client.run(target.host, target.port, sent, connections=1, warm_up=warm_up)
        for _, reply in load.replies:
            if reply.status != 201:
                raise WrongAnswerError(f"{target.name}: add: {reply.status} {reply.body[:400]!r}")
        load_seconds = load.elapsed_seconds
    expect_count(target, made, len(dataset))
    report(f"{target.label}: {len(dataset)} records in {name} after {load_seconds:.1f} s")
    indexing_seconds, share = (
        (0.0, None) if not target.indexes_later else _wait_for_index(target, made, report)
    )
    return Loaded(made.collection_id, name, len(dataset), load_seconds, indexing_seconds, share)


def _wait_for_index(target: Target, collection: Loaded, report: Report) -> tuple[float, float | None]:
    """Wait until indexing ends or stands still; seconds until its last progress, and the share it reached."""
    began = moved = time.monotonic()
    indexed = -1
    while (now := time.monotonic()) - began < INDEXING_SECONDS:
        status = target.call("GET", f"{collection.path}/indexing_status")
        total, before, indexed = status["total_ops"], indexed, status["num_indexed_ops"]
        if indexed != before:
            moved = now
            report(f"{target.label}: {indexed} of {total} operations indexed after {now - began:.1f} s")
        patience_seconds = STABLE_SECONDS if indexed > 0 else START_PATIENCE_SECONDS
        if indexed >= total or now - moved > patience_seconds:
            return moved - began, indexed / total if total else 1.0
        time.sleep(POLL_SECONDS)
    raise BenchError(
        f"{target.name}: {collection.name} was still being indexed after {INDEXING_SECONDS:.0f} s"
    )
