"""Paging through a collection by keys: every record once, in either direction, whatever happens meanwhile."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloud.api.permissions import manifests
from cloud.processes import Service
from tenants.errors import InvalidArgument
from tests.compact import compact
from tests.factories import Cast, Place, batch
from vectors.errors import CollectionNotFound
from vectors.query import browse
from vectors.query.browse import BrowsedPage, BrowseRequest
from vectors.where import parse


def page(place: Place, **wanted: Any) -> BrowsedPage:
    """A page of the collection."""
    manifest = manifests.get(place.cast.tenant_id, place.collection_id)
    return browse.browse(manifests, manifest, BrowseRequest(**{"limit_count": 7, **wanted}))


def ids_of(found: BrowsedPage) -> list[str]:
    """What stands on it."""
    return [one.record_id for one in found.records]


@pytest.fixture
def mixed(database: Service, acme: Cast) -> Place:
    """Two segments, a log, tombstones in both, and records that changed after they were sealed."""
    place = acme.collection()
    place.call("add", batch(60))
    compact(database, place)
    place.call("add", batch(20, first=60))
    place.call("delete", {"ids": ["r3", "r4", "r59"]})
    place.call("update", {"ids": ["r10", "r61"], "documents": ["changed", "changed"]})
    compact(database, place)
    place.call("add", batch(9, first=80))
    place.call("delete", {"ids": ["r0", "r70", "r88"]})
    place.call("upsert", batch(1, first=5))
    return place


def test_it_shows_every_record_once_in_the_order_of_a_get(mixed: Place) -> None:
    shown: list[str] = []
    after = None
    for _ in range(20):
        found = page(mixed, after=after)
        shown += ids_of(found)
        assert found.has_previous == (after is not None)
        if not found.has_next:
            break
        after = found.records[-1].ordinal
    assert shown == mixed.ids()
    assert not found.has_next


def test_it_goes_back_over_the_same_pages(mixed: Place) -> None:
    first = page(mixed)
    second = page(mixed, after=first.records[-1].ordinal)
    third = page(mixed, after=second.records[-1].ordinal)
    back = page(mixed, before=third.records[0].ordinal)
    assert (ids_of(back), back.has_previous, back.has_next) == (ids_of(second), True, True)
    start = page(mixed, before=second.records[0].ordinal)
    assert (ids_of(start), start.has_previous) == (ids_of(first), False)


def test_a_page_stays_where_it_was_when_records_before_it_go(mixed: Place) -> None:
    first = page(mixed)
    place = first.records[-1].ordinal
    expected = ids_of(page(mixed, after=place))
    mixed.call("delete", {"ids": ids_of(first)})
    assert ids_of(page(mixed, after=place)) == expected


def test_it_pages_over_a_compaction(database: Service, mixed: Place) -> None:
    whole = mixed.ids()
    first = page(mixed, limit_count=40)
    compact(database, mixed)
    rest = page(mixed, limit_count=100, after=first.records[-1].ordinal)
    assert ids_of(first) + ids_of(rest) == whole


@pytest.mark.parametrize(
    ("where", "where_document"),
    [
        ({"even": True}, None),
        ({"$and": [{"n": {"$gte": 20}}, {"tag": "t1"}]}, None),
        (None, {"$contains": "number 1"}),
        (None, {"$regex": "number [12]$"}),
        ({"n": {"$lt": 0}}, None),
    ],
)
def test_a_filter_finds_what_a_get_finds(mixed: Place, where: Any, where_document: Any) -> None:
    body = {"where": where, "where_document": where_document}
    expected = mixed.ids(**{name: value for name, value in body.items() if value})
    tree = parse(where, where_document)
    found = page(mixed, where=tree)
    shown = ids_of(found)
    while found.has_next:
        found = page(mixed, where=tree, after=found.records[-1].ordinal)
        shown += ids_of(found)
    assert shown == expected


@pytest.mark.parametrize("seconds", [0.0, 60.0])
@pytest.mark.parametrize(
    ("where", "where_document"),
    [
        ({"tag": {"$ne": "t1"}}, None),
        (None, {"$regex": "number [1-4]?[05]$"}),
        (None, {"$not_regex": "number [0-5]"}),
        ({"even": {"$ne": True}}, {"$or": [{"$regex": "r [36].$"}, {"$contains": "changed"}]}),
    ],
)
def test_what_is_asked_of_one_record_after_the_other_is_found_both_ways(
    mixed: Place, monkeypatch: pytest.MonkeyPatch, where: Any, where_document: Any, seconds: float
) -> None:
    small = {"STRIDE_ORDINALS": 9, "MATCHED_STRIDE_ORDINALS": 9, "FEW_ROWS": 0, "FEW_MATCHED_ROWS": 0}
    for name, value in {**small, "LOOKING_SECONDS": seconds}.items():
        monkeypatch.setattr(browse, name, value)
    body = {"where": where, "where_document": where_document}
    expected = mixed.ids(**{name: value for name, value in body.items() if value})
    tree = parse(where, where_document)
    ahead: list[str] = []
    found = page(mixed, where=tree, limit_count=4)
    is_cut_short = False
    while found.has_next:
        is_cut_short |= found.looked_to is not None
        ahead += ids_of(found)
        place = found.records[-1].ordinal if found.looked_to is None else found.looked_to
        found = page(mixed, where=tree, limit_count=4, after=place)
    ahead += ids_of(found)
    assert ahead == expected
    assert is_cut_short == (seconds == 0)
    back: list[str] = []
    found = page(mixed, where=tree, limit_count=4, before=10_000)
    while found.has_previous:
        back = ids_of(found) + back
        place = found.records[0].ordinal if found.looked_to is None else found.looked_to
        found = page(mixed, where=tree, limit_count=4, before=place)
    assert ids_of(found) + back == expected


def test_ids_are_found_by_their_beginning_in_their_own_order(mixed: Place) -> None:
    expected = sorted(one for one in mixed.ids() if one.startswith("r1"))
    first = page(mixed, id_prefix="r1")
    rest = page(mixed, id_prefix="r1", after=first.records[-1].record_id)
    assert ids_of(first) + ids_of(rest) == expected
    back = page(mixed, id_prefix="r1", before=rest.records[0].record_id)
    assert ids_of(back) == ids_of(first)
    assert ids_of(page(mixed, id_prefix="%")) == []


def test_ids_with_wildcards_and_the_last_characters_are_found_literally(acme: Cast) -> None:
    place = acme.collection()
    names = ["a%1", "a_1", "ab1", "z\U0010ffff", "z\U0010ffffz", "\ud7ff1".encode().decode()]
    place.call("add", {"ids": names, "embeddings": [[1.0]] * len(names)})
    for prefix in ("a%", "a_", "z", "z\U0010ffff", "\ud7ff"):
        expected = sorted(one for one in names if one.startswith(prefix))
        assert ids_of(page(place, id_prefix=prefix)) == expected


def test_it_shows_the_beginning_of_a_document_and_how_long_it_is(acme: Cast) -> None:
    place = acme.collection()
    place.call("add", {"ids": ["a", "b"], "embeddings": [[1.0]] * 2, "documents": ["é" * 5_000, None]})
    long, none = page(place).records
    assert (long.document, long.document_characters, long.is_cut) == ("é" * 400, 5_000, True)
    assert (none.document, none.document_characters, none.is_cut) == (None, 0, False)


def test_one_record_is_read_whole(mixed: Place) -> None:
    manifest = manifests.get(mixed.cast.tenant_id, mixed.collection_id)
    found = browse.whole(manifests, manifest, "r10")
    assert found is not None
    assert (found.document, json.loads(found.metadata_json or "")["n"]) == ("changed", 10)
    assert found.embedding.shape == (8,)
    assert browse.whole(manifests, manifest, "r3") is None


def test_what_is_similar_is_what_a_query_finds_without_the_record_itself(mixed: Place) -> None:
    manifest = manifests.get(mixed.cast.tenant_id, mixed.collection_id)
    record = browse.whole(manifests, manifest, "r20")
    assert record is not None
    found = browse.similar(manifests, manifest, record, where=parse({"even": True}, None), limit_count=5)
    nearest = mixed.nearest(record.embedding.tolist(), 6, where={"even": True})
    assert [one.record_id for one in found] == nearest[1:]
    distances = [one.distance for one in found]
    assert None not in distances
    assert distances == sorted(distances, key=lambda one: one or 0.0)


def test_it_counts_to_a_bound_and_says_up_to_where(mixed: Place) -> None:
    manifest = manifests.get(mixed.cast.tenant_id, mixed.collection_id)
    even = BrowseRequest(limit_count=1, where=parse({"even": True}, None))
    counted = browse.count_up_to(manifests, manifest, even, most=1_000)
    assert (counted.records_count, counted.is_more) == (len(mixed.ids(where={"even": True})), False)
    bounded = browse.count_up_to(manifests, manifest, even, most=5)
    assert (bounded.records_count, bounded.is_more) == (5, True)
    mixed.call("add", batch(2, first=90))
    later = browse.browse(manifests, manifest, BrowseRequest(limit_count=200, up_to=counted.log_offset))
    assert len(later.records) == mixed.count() - 2


def test_a_filter_without_its_index_is_refused(acme: Cast) -> None:
    off = {"string": {"string_inverted_index": {"enabled": False, "config": {}}}}
    made = acme.wire.post(
        f"{acme.place}/collections", {"name": "bare", "schema": {"defaults": off, "keys": {}}}
    )
    place = Place(acme, made.body["id"], "bare")
    place.call("add", batch(3))
    with pytest.raises(InvalidArgument, match="indexing is disabled"):
        page(place, where=parse({"tag": "t1"}, None))
    assert ids_of(page(place, ids=["r1"])) == ["r1"]


def test_an_outsider_finds_no_collection(mixed: Place, globex: Cast) -> None:
    with pytest.raises(CollectionNotFound):
        manifests.get(globex.tenant_id, mixed.collection_id)
