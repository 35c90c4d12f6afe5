"""The rows of the table: what is sent, to which collection, and what a right answer is.

An operation prepares its requests before the clock starts and judges every answer after it has stopped. The
queried collection (`main`) is never written to until the last row; writes have collections of their own.
"""

import itertools
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import orjson

from bench import bodies, client, filters, loading
from bench.data import QUERY_COUNT, Dataset
from bench.filters import Exact, Filter, WrongAnswerError
from bench.loading import Loaded
from bench.measure import Burst, Operation, judge
from bench.peers import Target

GET_GROUPS = 20
EMBEDDING_TOLERANCE = 1e-5  # a server may give an embedding back normalised and scaled, off in the last place


@dataclass
class Stage:
    """What the operations stand on: data, exact answers, and the filled collections by target label."""

    dataset: Dataset
    exact: Exact
    writes_per_burst: int
    recall_questions: int
    main: dict[str, Loaded] = field(default_factory=dict)
    written: dict[str, Loaded] = field(default_factory=dict)


def build(stage: Stage) -> list[Operation]:
    """All operations, in the order of the table. Those that write to the main collection come last."""
    dataset = stage.dataset
    everything = filters.unfiltered(dataset)
    section = filters.equality(dataset, "eq-5pct", share=0.05)
    chosen = [
        filters.numeric_range(dataset, "where-50pct", share=0.5),
        filters.numeric_range(dataset, "where-5pct", share=0.05),
        filters.numeric_range(dataset, "where-0.5pct", share=0.005),
        section,
        filters.word(dataset, "contains-common", share=0.2),
        filters.word(dataset, "contains-rare", share=0.002),
    ]
    return [
        _write("add", "records/s", partial(_add, stage), rounds_at_most=None),
        _query(stage, "query", everything),
        _query(stage, "query-8", everything, connections=8),
        *(_query(stage, f"query-{one.label}", one) for one in chosen),
        _query(stage, "search", everything, by_search=True),
        _query(stage, f"search-{section.label}", section, by_search=True),
        Operation("get-ids", "requests/s", partial(_get_ids, stage)),
        Operation("get-where", "requests/s", partial(_get_where, stage, section), detail=section.describe()),
        Operation("count", "requests/s", partial(_count, stage)),
        _write(
            "upsert",
            "records/s",
            partial(_upsert, stage, stage.written, itertools.count(1)),
            rounds_at_most=None,
        ),
        _write(
            "upsert-main",
            "records/s",
            partial(_upsert, stage, stage.main, itertools.count(1)),
            rounds_at_most=1,
        ),
    ]


def _write(
    name: str, unit: str, prepare: Callable[[Target], Burst], *, rounds_at_most: int | None
) -> Operation:
    return Operation(
        name,
        unit,
        prepare,
        units_per_request=bodies.BATCH_RECORDS,
        is_timed=False,
        rounds_at_most=rounds_at_most,
    )


def _query(
    stage: Stage, name: str, chosen: Filter, *, connections: int = 1, by_search: bool = False
) -> Operation:
    """by_search: asked through the Search API; of a target that has none, through query."""
    vectors = stage.dataset.queries[:QUERY_COUNT]
    plain = bodies.queries(vectors, chosen)
    searched = bodies.searches(vectors, chosen) if by_search else []

    def prepare(target: Target) -> Burst:
        is_search = by_search and target.has_search
        path = f"{stage.main[target.label].path}/{'search' if is_search else 'query'}"
        sent = [target.request("POST", path, body) for body in (searched if is_search else plain)]
        return Burst(sent, sent[0], 200, check_search if is_search else check)

    def check(question: int, body: bytes) -> float:
        return stage.exact.check(body, question=question, chosen=chosen)

    def check_search(question: int, body: bytes) -> float:
        return check(question, bodies.search_as_query(body))

    def recall(target: Target) -> float:
        burst = prepare(target)
        asked = burst.requests[: stage.recall_questions]
        load = client.run(target.host, target.port, asked, connections=1, warm_up=burst.warm_up)
        return float(np.mean(np.array(judge(f"{name} (recall)", target, burst, load), dtype=float)))

    return Operation(name, "queries/s", prepare, recall, connections=connections, detail=chosen.describe())


def _add(stage: Stage, target: Target) -> Burst:
    """New records into a collection that was made for this burst and is dropped after it."""
    dataset = stage.dataset.head(stage.writes_per_burst * bodies.BATCH_RECORDS)
    fresh = loading.create(target, f"bench-add-{secrets.token_hex(4)}")

    def finish() -> None:
        loading.expect_count(target, fresh, len(dataset))

    def clean() -> None:
        loading.drop(target, fresh)

    sent = [target.request("POST", f"{fresh.path}/add", body) for body in bodies.batches(dataset)]
    return Burst(sent, target.request("GET", f"{fresh.path}/count"), 201, _expect_empty, finish, clean)


def _upsert(
    stage: Stage, collections: dict[str, Loaded], revisions: "itertools.count[int]", target: Target
) -> Burst:
    """Changed images of existing records; afterwards there are as many as before, and they are new."""
    collection = collections[target.label]
    dataset = stage.dataset.head(collection.record_count)
    revision = next(revisions)
    full_batches = len(dataset) // bodies.BATCH_RECORDS
    first = revision * stage.writes_per_burst
    starts = [
        (first + turn) % full_batches * bodies.BATCH_RECORDS
        for turn in range(min(stage.writes_per_burst, full_batches))
    ]
    path = f"{collection.path}/upsert"
    sent = [target.request("POST", path, bodies.batch(dataset, start, revision=revision)) for start in starts]

    def finish() -> None:
        loading.expect_count(target, collection, len(dataset))
        _expect_revision(target, collection, dataset, rows=[starts[0], starts[-1] + 1], revision=revision)

    return Burst(sent, target.request("GET", f"{collection.path}/count"), 200, _expect_empty, finish)


def _expect_revision(
    target: Target, collection: Loaded, dataset: Dataset, *, rows: Sequence[int], revision: int
) -> None:
    wanted = bodies.revised_embeddings(dataset, np.array(rows), revision=revision)
    for row, embedding in zip(rows, wanted, strict=True):
        body = {"ids": [dataset.ids[row]], "include": ["metadatas", "embeddings"]}
        answer = target.call("POST", f"{collection.path}/get", body)
        found = np.array(answer["embeddings"], dtype=np.float32)
        is_new = len(found) == 1 and np.abs(found[0] - embedding).max() < EMBEDDING_TOLERANCE
        if not is_new or answer["metadatas"][0].get(bodies.REVISION_KEY) != revision:
            raise WrongAnswerError(
                f"{target.name}: {dataset.ids[row]!r} is not at revision {revision} after upsert"
            )


def _get_ids(stage: Stage, target: Target) -> Burst:
    generator = np.random.default_rng(0)
    groups = [
        [
            stage.dataset.ids[row]
            for row in generator.choice(len(stage.dataset), bodies.GET_IDS, replace=False)
        ]
        for _ in range(GET_GROUPS)
    ]
    path = f"{stage.main[target.label].path}/get"
    sent = [target.request("POST", path, body) for body in bodies.get_by_ids(groups)]
    wanted = [set(group) for group in groups]

    def check(index: int, body: bytes) -> None:
        _expect_records(stage, orjson.loads(body), wanted[index], row_count=bodies.GET_IDS)

    return Burst(sent, sent[0], 200, check)


def _get_where(stage: Stage, chosen: Filter, target: Target) -> Burst:
    sent = target.request("POST", f"{stage.main[target.label].path}/get", bodies.get_where(chosen))
    matching = {stage.dataset.ids[row] for row in np.flatnonzero(chosen.matches)}
    row_count = min(bodies.GET_LIMIT, chosen.match_count)

    def check(_: int, body: bytes) -> None:
        _expect_records(stage, orjson.loads(body), matching, row_count=row_count)

    return Burst([sent], sent, 200, check)


def _count(stage: Stage, target: Target) -> Burst:
    sent = target.request("GET", f"{stage.main[target.label].path}/count?read_level=index_and_wal")

    def check(_: int, body: bytes) -> None:
        if int(body) != len(stage.dataset):
            raise WrongAnswerError(f"count {body!r}, expected {len(stage.dataset)}")

    return Burst([sent], sent, 200, check)


def _expect_empty(_: int, body: bytes) -> None:
    if orjson.loads(body) != {}:
        raise WrongAnswerError(f"expected {{}}, got {body[:400]!r}")


def _expect_records(
    stage: Stage, answer: dict[str, list[object]], allowed: set[str], *, row_count: int
) -> None:
    """As many different allowed ids as expected, each with its own document and metadata."""
    ids = [str(record_id) for record_id in answer["ids"]]
    if len(ids) != row_count or len(set(ids)) != row_count or not allowed.issuperset(ids):
        raise WrongAnswerError(f"get: expected {row_count} of the {len(allowed)} allowed ids, got {ids}")
    for record_id, document, metadata in zip(ids, answer["documents"], answer["metadatas"], strict=True):
        row = stage.exact.row_of[record_id]
        if document != stage.dataset.documents[row] or metadata != stage.dataset.metadatas[row]:
            raise WrongAnswerError(
                f"get: {record_id!r} has another record's document or metadata, or lost its own"
            )
