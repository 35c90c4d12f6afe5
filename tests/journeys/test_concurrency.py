"""Clients write one collection while it is compacted and its worker killed: each reads its own writes."""

from __future__ import annotations

import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np

from cloud.processes import Service
from cloud.servers.errors import ServerError
from tests.journeys.conftest import Customer
from tests.journeys.test_crash import phase_of

CLIENTS, IDS_PER_CLIENT, BATCH = 4, 200, 40
DIMENSION, PAGE = 16, 300
SECONDS, KILL_AFTER_SECONDS = 22.0, 9.0
EVERYTHING = ["documents", "metadatas", "embeddings"]

Body = dict[str, Any]


@dataclass
class Record:
    """What a client knows of a record that it wrote."""

    embedding: list[float]
    document: str | None
    metadata: Body

    def change(self, embedding: list[float] | None, document: str | None, metadata: Body | None) -> None:
        """What an update or an upsert makes of it: nulls leave a member as it is, and remove a key."""
        self.embedding = self.embedding if embedding is None else embedding
        self.document = self.document if document is None else document
        merged = {**self.metadata, **(metadata or {})}
        self.metadata = {key: value for key, value in merged.items() if value is not None}


@dataclass
class Owner:
    """A client with ids of its own in a collection that it shares, and a dict of what must be there."""

    http: httpx.Client
    path: str
    number: int
    known: dict[str, Record] = field(default_factory=dict)
    writes_count: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.number)
        self.vectors = np.random.default_rng(self.number)
        self.ids = [f"owner{self.number}-{place}" for place in range(IDS_PER_CLIENT)]

    def call(self, verb: str, body: Body) -> Any:
        """POST to a record route that must succeed."""
        answer = self.http.post(f"{self.path}/{verb}", json=body)
        assert answer.status_code in (200, 201), f"{verb}: {answer.status_code} {answer.text}"
        return answer.json()

    def work(self, stop: threading.Event) -> None:
        """Write and read back until told to stop; an error stops the others too."""
        verbs = {self.add: 3, self.update: 3, self.upsert: 4, self.delete: 2, self.delete_matching: 1}
        try:
            while not stop.is_set():
                act = self.random.choices(list(verbs), list(verbs.values()))[0]
                touched = act()
                self.writes_count += 1
                self.check(touched)
        except BaseException:
            stop.set()
            raise

    # --- writes, over the wire and in the dict ----------------------------------------------------

    def some_ids(self) -> list[str]:
        return self.random.sample(self.ids, self.random.randint(1, BATCH))

    def vector(self) -> list[float]:
        return [float(number) for number in self.vectors.standard_normal(DIMENSION).astype(np.float32)]

    def document(self) -> str | None:
        return self.random.choice([None, f"written by {self.number} as number {self.writes_count}"])

    def metadata(self) -> Body:
        return {"owner": self.number, "write": self.writes_count, "draw": self.random.randrange(1000)}

    def add(self) -> list[str]:
        ids = self.some_ids()
        new = {record_id: Record(self.vector(), self.document(), self.metadata()) for record_id in ids}
        self.call("add", columns(new))
        self.known = {**new, **self.known}  # what is there stays as it is
        return ids

    def upsert(self) -> list[str]:
        ids = self.some_ids()
        new = {record_id: Record(self.vector(), self.document(), self.metadata()) for record_id in ids}
        self.call("upsert", columns(new))
        for record_id, record in new.items():
            if record_id in self.known:
                self.known[record_id].change(record.embedding, record.document, record.metadata)
            else:
                self.known[record_id] = record
        return ids

    def update(self) -> list[str]:
        ids = self.some_ids()
        embeddings = [self.random.choice([None, self.vector()]) for _ in ids]
        documents = [self.document() for _ in ids]
        metadatas = [
            self.random.choice([None, {"draw": None}, {"changed": True}, {"write": self.writes_count}])
            for _ in ids
        ]
        body = {"ids": ids, "embeddings": embeddings, "documents": documents, "metadatas": metadatas}
        self.call("update", body)
        for place, record_id in enumerate(ids):
            if record_id in self.known:
                self.known[record_id].change(embeddings[place], documents[place], metadatas[place])
        return ids

    def delete(self) -> list[str]:
        ids = self.some_ids()
        self.call("delete", {"ids": ids})
        for record_id in ids:
            self.known.pop(record_id, None)
        return ids

    def delete_matching(self) -> list[str]:
        bound = self.random.randrange(250)
        doomed = [
            record_id
            for record_id, record in self.known.items()
            if record.metadata.get("draw", bound) < bound
        ]
        where = {"$and": [{"owner": self.number}, {"draw": {"$lt": bound}}]}
        assert self.call("delete", {"where": where})["deleted"] == len(doomed)
        for record_id in doomed:
            del self.known[record_id]
        return doomed

    # --- and what is read at once -----------------------------------------------------------------

    def check(self, touched: list[str]) -> None:
        """What was just written, how many there are, and the way to one of them by its own vector."""
        found = self.call("get", {"ids": touched, "include": EVERYTHING})
        assert rows(found) == {one: as_row(self.known[one]) for one in touched if one in self.known}
        own = self.call("get", {"where": {"owner": self.number}, "include": []})["ids"]
        assert len(own) == len(set(own)) == len(self.known)
        assert set(own) == set(self.known)
        if not self.known:
            return
        wanted = self.random.choice(list(self.known))
        query = {
            "query_embeddings": [self.known[wanted].embedding],
            "where": {"owner": self.number},
            "n_results": 1,
            "include": ["distances", "metadatas"],
        }
        nearest = self.call("query", query)
        assert nearest["ids"] == [[wanted]]
        assert nearest["metadatas"] == [[self.known[wanted].metadata]]
        assert nearest["distances"][0][0] == 0.0


def columns(records: dict[str, Record]) -> Body:
    """The body of a write."""
    return {
        "ids": list(records),
        "embeddings": [record.embedding for record in records.values()],
        "documents": [record.document for record in records.values()],
        "metadatas": [record.metadata for record in records.values()],
    }


def as_row(record: Record) -> tuple[object, ...]:
    """A record as `rows` has it."""
    return (record.embedding, record.document, record.metadata)


def rows(found: Body) -> dict[str, tuple[object, ...]]:
    """The records of an answer, none of them twice."""
    assert len(set(found["ids"])) == len(found["ids"])
    # The wire has the shortest digits that read back as the same float32.
    embeddings = [np.array(numbers, dtype=np.float32).tolist() for numbers in found["embeddings"]]
    members = zip(embeddings, found["documents"], found["metadatas"], strict=True)
    return dict(zip(found["ids"], members, strict=True))


def compact(service: Service, collection_id: uuid.UUID) -> None:
    """Have the collection compacted; that another compaction left nothing to do is as good."""
    try:
        service.manage("compact", "--collection", str(collection_id), "--timeout-seconds", "60")
    except ServerError as error:
        assert "nothing to compact" in str(error)  # noqa: PT017 (any other complaint is a failure)


def everything(reader: Owner) -> dict[str, tuple[object, ...]]:
    """The whole collection, page by page; the pages agree with the count."""
    found: dict[str, tuple[object, ...]] = {}
    while page := rows(
        reader.call("get", {"include": EVERYTHING, "limit": PAGE, "offset": len(found)}),
    ):
        assert not set(page) & set(found), "a record stands on two pages"
        found |= page
    answer = reader.http.get(f"{reader.path}/count")
    assert answer.json() == len(found)
    return found


def disturb(
    service: Service, collection_id: uuid.UUID, pool: ThreadPoolExecutor, stop: threading.Event
) -> None:
    """Compact again and again; once the worker dies in the middle of it and another takes its place."""
    started = time.monotonic()
    is_killed = False
    while not stop.is_set() and time.monotonic() - started < SECONDS:
        compaction = pool.submit(compact, service, collection_id)
        if not is_killed and time.monotonic() - started > KILL_AFTER_SECONDS:
            while not compaction.done() and not is_running(service, collection_id):
                time.sleep(0.01)
            service.kill_worker()
            service.start_worker()
            is_killed = True
        compaction.result()


def is_running(service: Service, collection_id: uuid.UUID) -> bool:
    """Whether a worker has a job of the collection in its hands."""
    job = phase_of(service, collection_id)
    return job is not None and job[0] == "running"


def test_each_client_reads_its_own_writes_whatever_the_workers_do(
    service: Service, customer: Customer
) -> None:
    collection = customer.client().create_collection(
        "shared", configuration={"hnsw": {"space": "l2"}}, embedding_function=None
    )
    path = f"/api/v2/tenants/{customer.tenant}/databases/{customer.database}/collections/{collection.id}"
    stop = threading.Event()
    limits = httpx.Limits(max_connections=CLIENTS)
    with (
        httpx.Client(
            base_url=service.url, headers={"x-chroma-token": customer.key}, timeout=60, limits=limits
        ) as http,
        ThreadPoolExecutor(CLIENTS + 1) as pool,
    ):
        owners = [Owner(http, path, number) for number in range(CLIENTS)]
        running = [pool.submit(owner.work, stop) for owner in owners]
        try:
            disturb(service, collection.id, pool, stop)
        finally:
            stop.set()
        for one in running:
            one.result()
        expected = {
            record_id: as_row(record) for owner in owners for record_id, record in owner.known.items()
        }
        assert everything(owners[0]) == expected
        compact(service, collection.id)
        assert everything(owners[0]) == expected
        assert all(owner.writes_count > 0 for owner in owners)
    assert customer.indexing(collection.id)["num_indexed_ops"] > 0
