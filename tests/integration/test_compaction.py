"""Compaction in process: what a segment must keep, and what writers do meanwhile."""

from __future__ import annotations

import pytest

from cloud.processes import Service
from tests import stage
from tests.compact import cell_of, compact, expire_lease, read_as_owner, resume, take_over
from tests.factories import Cast, batch
from workers.jobs import LeaseLost


def test_it_keeps_every_record_through_a_compaction(database: Service, acme: Cast) -> None:
    place = acme.collection(space="cosine")
    place.call("add", batch(250))
    before = place.call("get", {"include": ["documents", "metadatas", "embeddings"]})
    done = compact(database, place)
    assert done.rows == 250
    assert place.call("get", {"include": ["documents", "metadatas", "embeddings"]}) == before


def test_it_merges_a_small_segment_with_the_next_log(database: Service, acme: Cast) -> None:
    place = acme.collection()
    place.call("add", batch(100))
    compact(database, place)
    place.call("add", batch(120, first=100))
    assert compact(database, place).merged_segments == 1
    assert place.ids() == [f"r{number}" for number in range(220)]


def test_it_neither_revives_nor_stales_what_changes_while_it_runs(database: Service, acme: Cast) -> None:
    place = acme.collection()
    place.call("add", batch(200))
    compact(database, place)
    place.call("add", batch(200, first=200))

    def disturb(phase: str) -> None:
        number = {"copying": 0, "building the graph": 1, "indexing": 2, "swapping": 3}.get(phase)
        if number is not None:
            stage.elsewhere(lambda: _disturb(place_number=number))

    def _disturb(place_number: int) -> None:
        old, new = f"r{place_number}", f"r{200 + place_number}"
        place.call("delete", {"ids": [old, f"r{210 + place_number}"]})
        place.call("update", {"ids": [new], "documents": [f"changed in {place_number}"]})
        place.call(
            "upsert", {"ids": [f"r{20 + place_number}"], "embeddings": [[9.0] * 8], "documents": ["moved"]}
        )
        place.call("add", {"ids": [f"new{place_number}"], "embeddings": [[5.0] * 8]})

    compact(database, place, disturb)
    ids = place.ids()
    gone = {f"r{n}" for n in range(4)} | {f"r{210 + n}" for n in range(4)}
    assert len(ids) == len(set(ids)) == 400 - 8 + 4 == place.count()
    assert not gone & set(ids)
    changed = place.call("get", {"ids": [f"r{200 + n}" for n in range(4)]})["documents"]
    assert changed == [f"changed in {n}" for n in range(4)]
    moved = place.call("get", {"ids": [f"r{20 + n}" for n in range(4)]})["documents"]
    assert moved == ["moved"] * 4
    assert set(place.nearest([9.0] * 8, 4)) == {f"r{20 + n}" for n in range(4)}
    compact(database, place)
    assert set(place.ids()) == set(ids)


def test_it_keeps_default_order_when_records_change_and_come_back(database: Service, acme: Cast) -> None:
    place = acme.collection()
    place.call("add", batch(20))
    compact(database, place)
    place.call("upsert", batch(1, first=3))
    place.call("delete", {"ids": ["r5"]})
    place.call("add", batch(1, first=5))
    expected = [f"r{number}" for number in range(20) if number != 5] + ["r5"]
    assert place.ids() == expected
    compact(database, place)
    assert place.ids() == expected


def test_it_empties_the_log_and_the_manifest_when_everything_was_deleted(
    database: Service, acme: Cast
) -> None:
    place = acme.collection()
    place.call("add", batch(30))
    compact(database, place)
    place.call("delete", {"ids": [f"r{number}" for number in range(30)]})
    compact(database, place)
    assert place.ids() == []
    assert place.nearest([0.0] * 8) == []
    place.call("add", batch(3))
    assert place.ids() == ["r0", "r1", "r2"]


class Died(Exception):
    """Stands for a worker that stops existing."""


@pytest.mark.parametrize("phase", ["copying", "building the graph", "indexing", "swapping", "purging"])
def test_it_resumes_after_a_worker_died_between_any_two_steps(
    database: Service, acme: Cast, phase: str
) -> None:
    place = acme.collection()
    place.call("add", batch(150))
    compact(database, place)
    place.call("add", batch(150, first=150))

    def die(begun: str) -> None:
        if begun == phase:
            raise Died

    with pytest.raises(Died):
        compact(database, place, die)
    place.call("delete", {"ids": ["r7", "r170"]})
    expire_lease(database, place)
    resume(database, place)
    assert place.ids() == [f"r{number}" for number in range(300) if number not in (7, 170)]
    states = f"SELECT state FROM {cell_of(place)}.segment WHERE collection_id = '{place.collection_id}'"
    assert ("building",) not in read_as_owner(database, acme.tenant_id, states)


def test_it_fences_off_a_worker_whose_job_was_taken_over(database: Service, acme: Cast) -> None:
    place = acme.collection()
    place.call("add", batch(80))

    def lose(phase: str) -> None:
        if phase == "swapping":
            stage.elsewhere(lambda: take_over(database, place))

    with pytest.raises(LeaseLost):
        compact(database, place, lose)
    assert acme.wire.get(f"{place.path}/indexing_status").body["num_indexed_ops"] == 0
    expire_lease(database, place)
    assert resume(database, place).rows == place.count() == 80
