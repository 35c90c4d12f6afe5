"""The statistics of a segment too large to be looked at whole."""

from __future__ import annotations

import orjson
import pytest

from cloud.processes import Service
from tests.compact import cell_of, compact, read_as_owner
from tests.factories import Cast, batch
from vectors.segments import statistics

_ROWS = 2_000


def test_a_sample_sees_what_returns_at_fixed_distances(
    database: Service, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistics, "SAMPLE_ROWS", _ROWS // 4)
    place = acme.collection()
    written = batch(_ROWS)
    written["metadatas"] = [{f"turn-{number % 4}": number} for number in range(_ROWS)]
    place.call("add", written)
    compact(database, place)
    query = (
        f"SELECT statistics::text FROM {cell_of(place)}.segment WHERE collection_id = '{place.collection_id}'"
    )
    [(text,)] = read_as_owner(database, acme.tenant_id, query)
    taken = orjson.loads(str(text))
    assert taken["step"] == 4
    assert {key: facts["row_coverage"] for key, facts in taken["keys"].items()} == {
        f"turn-{number}": pytest.approx(0.25, abs=0.1) for number in range(4)
    }
    assert len(taken["documents"]) > 1
