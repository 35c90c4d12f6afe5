"""The measured traps of pgvector and PostgreSQL, each with a test that falls into it if we do.

Each runs the same check over the log and, after a compaction, over a segment.
"""

from __future__ import annotations

import numpy as np
import orjson
import pytest

from cloud.processes import Service
from tests.compact import cell_of, compact, read_as_owner
from tests.factories import Cast, Place, batch, vectors
from tests.oracle import exact_nearest
from vectors.query import nearest, plan
from vectors.query.plan import QueryPlan


def graph_of(database: Service, place: Place) -> object:
    """The kind of graph that the collection's only segment has."""
    table = f"{cell_of(place)}.segment"
    query = f"SELECT graph FROM {table} WHERE collection_id = '{place.collection_id}' AND state = 'sealed'"
    ((graph,),) = read_as_owner(database, place.cast.tenant_id, query)
    return graph


@pytest.fixture
def always_by_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small segments are searched exactly; here the graph is what is looked at."""
    monkeypatch.setattr(plan, "_EXACT_MS_PER_ROW", 1e3)


def fill(place: Place, matrix: np.ndarray) -> None:
    """Add a row for each vector: r0, r1, …"""
    ids = [f"r{number}" for number in range(len(matrix))]
    place.call("add", {"ids": ids, "embeddings": matrix.tolist()})


@pytest.mark.parametrize("space", ["l2", "ip", "cosine"])
def test_it_finds_by_graph_what_an_exact_scan_finds(
    database: Service,
    acme: Cast,
    always_by_graph: None,
    space: str,
) -> None:
    matrix, queries = vectors(600, 24), vectors(10, 24, seed=1)
    place = acme.collection(space=space)
    fill(place, matrix)
    compact(database, place)
    hits = sum(
        len(
            set(place.nearest(query.tolist()))
            & {f"r{row}" for row in exact_nearest(matrix, query, space, 10)}
        )
        for query in queries
    )
    assert hits >= 97


def test_it_gives_a_zero_vector_the_cosine_distance_one(
    database: Service,
    acme: Cast,
    always_by_graph: None,
) -> None:
    matrix = vectors(200, 8)
    matrix[[3, 50]] = 0.0
    place = acme.collection(space="cosine")
    fill(place, matrix)
    for _ in range(2):
        body = {"query_embeddings": [[1.0] * 8], "n_results": 200, "include": ["distances"]}
        found = place.call("query", body)
        distances = dict(zip(found["ids"][0], found["distances"][0], strict=True))
        assert len(distances) == 200
        assert distances["r3"] == distances["r50"] == 1.0
        compact(database, place)
        place.call("upsert", batch(1, first=150, dimension=8))


def test_it_answers_a_zero_query_under_cosine_in_default_order(
    database: Service,
    acme: Cast,
    always_by_graph: None,
) -> None:
    place = acme.collection(space="cosine")
    fill(place, vectors(150, 8))
    compact(database, place)
    found = place.call("query", {"query_embeddings": [[0.0] * 8], "n_results": 3, "include": ["distances"]})
    assert found["ids"] == [["r0", "r1", "r2"]]
    assert found["distances"] == [[1.0, 1.0, 1.0]]


@pytest.mark.parametrize(("dimension", "kind"), [(1_999, "halfvec"), (2_001, "halfvec"), (4_001, "bit")])
def test_it_indexes_and_finds_long_vectors(
    database: Service,
    acme: Cast,
    always_by_graph: None,
    dimension: int,
    kind: str,
) -> None:
    matrix = vectors(60, dimension)
    place = acme.collection(space="l2")
    fill(place, matrix)
    compact(database, place)
    assert graph_of(database, place) == kind
    assert [place.nearest(matrix[row].tolist(), 1) for row in (0, 31, 59)] == [["r0"], ["r31"], ["r59"]]
    stored = place.call("get", {"ids": ["r31"], "include": ["embeddings"]})["embeddings"]
    assert np.array_equal(np.array(stored, dtype=np.float32), matrix[[31]])


@pytest.mark.parametrize(("scale", "kind"), [(1e6, "vector"), (1e-6, "vector"), (1.0, "halfvec")])
def test_it_keeps_apart_what_halves_would_merge(
    database: Service,
    acme: Cast,
    always_by_graph: None,
    scale: float,
    kind: str,
) -> None:
    matrix = (vectors(120, 16) * np.float32(scale)).astype(np.float32)
    place = acme.collection(space="l2")
    fill(place, matrix)
    compact(database, place)
    assert graph_of(database, place) == kind
    assert place.nearest(matrix[77].tolist(), 1) == ["r77"]


def test_it_answers_a_query_past_what_a_half_can_hold(
    database: Service,
    acme: Cast,
    always_by_graph: None,
) -> None:
    place = acme.collection(space="l2")
    fill(place, vectors(120, 8))
    compact(database, place)
    assert len(place.nearest([1e9] * 8)) == 10


def test_it_never_gives_fewer_than_k_while_k_match(
    database: Service,
    acme: Cast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = acme.collection(space="cosine")
    place.call("add", batch(1_500, dimension=16))
    compact(database, place)
    # The worst choice a planner could make: a graph walk for a filter that matches one row in a hundred.
    monkeypatch.setattr(
        nearest,
        "choose",
        lambda manifest, *_, **__: QueryPlan(
            frozenset(segment.segment_id for segment in manifest.segments), 20, 20
        ),
    )
    where = {"$and": [{"n": {"$gte": 700}}, {"n": {"$lt": 715}}]}
    assert len(place.nearest([1.0] * 16, 15, where=where)) == 15


def test_it_keeps_long_vectors_inside_the_row(database: Service, acme: Cast) -> None:
    place = acme.collection()
    fill(place, vectors(40, 1_536))
    compact(database, place)
    cell = cell_of(place)
    (segment,), *_ = read_as_owner(
        database,
        acme.tenant_id,
        f"SELECT segment_id FROM {cell}.segment WHERE collection_id = '{place.collection_id}'",
    )
    ((toasted_bytes,),) = read_as_owner(
        database,
        acme.tenant_id,
        "SELECT pg_relation_size(reltoastrelid) FROM pg_class "
        f"WHERE oid = '{cell}.segment_{segment}'::regclass",
    )
    assert toasted_bytes == 0


def test_it_compacts_long_ids_and_long_values(database: Service, acme: Cast) -> None:
    place = acme.collection()
    # Random text, so that nothing can be compressed below the size of an index entry.
    text = np.random.default_rng(0).bytes(20_000).hex()
    ids = [text[:1_990] + str(number) for number in range(5)]
    metadatas = [{"long": text[: 30_000 + number], "n": number} for number in range(5)]
    place.call("add", {"ids": ids, "embeddings": vectors(5).tolist(), "metadatas": metadatas})
    compact(database, place)
    assert place.ids() == ids
    assert place.ids(where={"long": text[:30_003]}) == [ids[3]]


@pytest.mark.parametrize(
    "text", ["2.0", "1e22", "1e18", "-0.5", "1e-7", "9223372036854775807", "1.7976931348623157e308"]
)
def test_it_keeps_a_numbers_type_and_every_digit(database: Service, acme: Cast, text: str) -> None:
    place = acme.collection()
    raw = b'{"ids": ["a"], "embeddings": [[1.0]], "metadatas": [{"x": %s}]}' % text.encode()
    assert acme.wire.post(f"{place.path}/add", raw).status == 201
    expected = orjson.loads(text)
    for _ in range(2):
        (stored,) = place.call("get", {"ids": ["a"]})["metadatas"]
        assert (type(stored["x"]), stored["x"]) == (type(expected), expected)
        compact(database, place)
        place.call("update", {"ids": ["a"], "documents": ["changed"]})


@pytest.mark.parametrize(
    "body",
    [
        {"ids": ["a\x00"], "embeddings": [[1.0]]},
        {"ids": ["a"], "embeddings": [[1.0]], "documents": ["x\x00y"]},
        {"ids": ["a"], "embeddings": [[1.0]], "uris": ["\x00"]},
        {"ids": ["a"], "embeddings": [[1.0]], "metadatas": [{"k": "\x00"}]},
        {"ids": ["a"], "embeddings": [[1.0]], "metadatas": [{"k\x00": 1}]},
    ],
)
def test_it_refuses_what_postgresql_cannot_store(acme: Cast, body: dict[str, object]) -> None:
    place = acme.collection()
    answer = acme.wire.post(f"{place.path}/add", body)
    assert (answer.status, answer.body["error"]) == (400, "InvalidArgumentError")
    assert "U+0000" in answer.body["message"]
    assert place.count() == 0


@pytest.mark.parametrize("scale", [1e-30, 1e-20, 1.0, 1e20, 1e30])
def test_it_finds_a_direction_whatever_the_length_of_the_query(
    database: Service,
    acme: Cast,
    always_by_graph: None,
    scale: float,
) -> None:
    matrix = vectors(150, 8)
    place = acme.collection(space="cosine")
    fill(place, matrix)
    query = (matrix[33].astype(np.float64) * scale).tolist()
    for _ in range(2):
        found = place.call("query", {"query_embeddings": [query], "n_results": 1, "include": ["distances"]})
        assert found["ids"] == [["r33"]]
        assert abs(found["distances"][0][0]) < 1e-5
        compact(database, place)
        place.call("upsert", batch(1, first=900))
