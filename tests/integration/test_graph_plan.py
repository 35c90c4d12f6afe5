"""That a graph query walks the graph and an exact one does not, by PostgreSQL's own word."""

from __future__ import annotations

from uuid import UUID

import pytest
from psycopg import Cursor

from cloud.api.permissions import manifests
from cloud.processes import Service
from tests.compact import compact
from tests.factories import Place, batch, make_tenant, vectors
from vectors.cells.parameters import vector
from vectors.cells.transaction import Parameters, Pipeline, Row, transaction
from vectors.query import execute, nearest, parts, rank, score, search
from vectors.query.plan import EXACT, QueryPlan
from vectors.types import Include
from vectors.where import parse

ROWS, DIMENSION = 3_000, 32


@pytest.fixture(scope="module")
def segmented(database: Service) -> Place:
    """A collection whose records are in one segment."""
    place = make_tenant("acme").collection(space="cosine")
    place.call("add", batch(ROWS, dimension=DIMENSION))
    compact(database, place)
    place.nearest([1.0] * DIMENSION)  # this process's manifest is the new one from here on
    return place


def explain(place: Place, chosen: QueryPlan, where: object = None) -> str:
    """PostgreSQL's plan of a query, with the settings that the query would run with."""
    manifest = manifests.get(place.cast.tenant_id, UUID(str(place.collection_id)))
    asked = parts.filters(manifest, parse(where, None))
    text = execute._statement(manifest, (Include.DOCUMENTS,), DIMENSION, chosen, asked.texts)
    values = {
        "collection_id": manifest.collection_id,
        "compacted_to": manifest.compacted_to,
        **nearest.parameters(vector(vectors(1, DIMENSION, seed=5)[0]), 10, chosen),
        **asked.parameters,
    }
    settings = nearest.settings([chosen], has_filter=where is not None)
    with transaction(manifest.tenant_id, settings) as pipeline:
        cursor = pipeline.run(f"EXPLAIN {text}", values, keep=where is None)
    return "\n".join(str(line) for (line,) in cursor.fetchall())


def explain_search(place: Place, plans: tuple[QueryPlan, ...]) -> str:
    """PostgreSQL's plan of a search over several vectors, with the settings that it would run with."""
    manifest = manifests.get(place.cast.tenant_id, UUID(str(place.collection_id)))
    knns = [{"$knn": {"query": row, "limit": 10}} for row in vectors(len(plans), DIMENSION, seed=6).tolist()]
    request = search.SearchRequest(None, rank.parse({"$sum": knns}, ""), None, 0, 10, [Include.DOCUMENTS])
    assert request.rank is not None
    asked = search._Ranked(request, score.compile_rank(request.rank))
    text, values = search._spelled(manifest, asked, plans, is_index_only=False)
    with transaction(manifest.tenant_id, nearest.settings(plans, has_filter=False)) as pipeline:
        cursor = pipeline.run(f"EXPLAIN {text}", values)
    return "\n".join(str(line) for (line,) in cursor.fetchall())


def by_graph(place: Place) -> QueryPlan:
    """The graph for every segment."""
    manifest = manifests.get(place.cast.tenant_id, UUID(str(place.collection_id)))
    return QueryPlan(frozenset(segment.segment_id for segment in manifest.segments), 20, 100)


def test_it_walks_the_graph_under_row_level_security(segmented: Place) -> None:
    text = explain(segmented, by_graph(segmented))
    assert "l2_normalize_idx" in text
    assert "Order By" in text


def test_it_walks_the_graph_with_a_broad_filter(segmented: Place) -> None:
    assert "l2_normalize_idx" in explain(segmented, by_graph(segmented), {"even": True})


def test_each_knn_of_a_search_goes_its_own_way(segmented: Place) -> None:
    graph = by_graph(segmented)
    assert explain_search(segmented, (graph, graph)).count("l2_normalize_idx") == 2
    assert explain_search(segmented, (graph, EXACT)).count("l2_normalize_idx") == 1
    assert "l2_normalize_idx" not in explain_search(segmented, (EXACT, EXACT))


def test_it_leaves_the_graph_alone_in_an_exact_plan(segmented: Place) -> None:
    assert "l2_normalize_idx" not in explain(segmented, EXACT, {"n": {"$lt": 30}})


@pytest.mark.parametrize(
    ("where", "index"),
    [({"n": 7}, "metadata_idx"), ({"n": {"$lt": 30}}, "case_idx"), ({"n": {"$gte": 2_990}}, "case_idx")],
)
def test_it_filters_by_an_index_under_row_level_security(segmented: Place, where: object, index: str) -> None:
    assert index in explain(segmented, EXACT, where)


RANGE_SCANS = """
    SELECT sum(pg_stat_get_xact_numscans(oid)) FROM pg_class
    WHERE relkind = 'i' AND relname LIKE 'segment\\_%%case\\_idx%%'
"""


@pytest.mark.parametrize("verb", ["get", "delete"])
def test_it_filters_a_get_and_a_delete_by_an_index_too(
    segmented: Place,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
) -> None:
    """EXPLAIN always sees the values, so the scans of the statement itself are counted."""
    scans: list[Cursor[Row]] = []
    original = Pipeline.run

    def count_around(self: Pipeline, text: str, values: Parameters, *, keep: bool = True) -> Cursor[Row]:
        scans.append(original(self, RANGE_SCANS, {}, keep=False))
        cursor = original(self, text, values, keep=keep)
        scans.append(original(self, RANGE_SCANS, {}, keep=False))
        return cursor

    monkeypatch.setattr(Pipeline, "run", count_around)
    segmented.call(verb, {"where": {"n": {"$gt": ROWS + 5}}})
    counts = [row[0] for cursor in scans for row in cursor.fetchall()]
    assert counts[-1] > counts[-2]
