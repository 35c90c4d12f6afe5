"""Collections: get by name and by id, list, count (contract, sections 8.1 and 8.3)."""

from __future__ import annotations

import uuid

import pytest

from tests.factories import Cast, Place, batch, make_tenant
from tests.wire.helpers import (
    INVALID,
    MISSING,
    PLAIN,
    Settle,
    assert_error,
    create,
    over,
)


def test_it_reads_by_name_and_by_id(acme: Cast) -> None:
    made = create(acme, name="docs", metadata={"k": 1}).body
    for client in (acme.wire, acme.read_only):
        assert client.get(f"{acme.place}/collections/docs").body == made
        assert client.get(f"{acme.place}/collections/by-id/{made['id']}").body == made
        assert client.get(f"{acme.place}/collections").body == [made]


def test_it_tells_a_missing_name_from_a_missing_id(acme: Cast) -> None:
    missing = uuid.uuid4()
    by_name = acme.wire.get(f"{acme.place}/collections/{missing}")
    assert_error(by_name, 404, MISSING)
    assert by_name.body["message"] == f"Collection [{missing}] does not exist"
    by_id = acme.wire.get(f"{acme.place}/collections/by-id/{missing}")
    assert_error(by_id, 404, MISSING)
    assert by_id.body["message"] == f"Collection [{missing}] does not exist."


def test_it_takes_an_id_in_the_place_of_a_name_for_a_name(acme: Cast) -> None:
    made = create(acme).body
    assert_error(acme.wire.get(f"{acme.place}/collections/{made['id']}"), 404, MISSING)
    assert_error(acme.wire.delete(f"{acme.place}/collections/{made['id']}"), 404, MISSING)


def test_it_refuses_an_id_that_is_none(shelf: Place) -> None:
    answer = shelf.cast.wire.get(f"{shelf.cast.place}/collections/by-id/shelf")
    assert_error(
        answer, 400, INVALID, "Validation error: collection_id: Invalid collection ID format, expected UUID"
    )


def test_it_reads_a_collection_named_by_id(acme: Cast) -> None:
    made = create(acme, name="by-id").body
    assert acme.wire.get(f"{acme.place}/collections/by-id").body == made


@pytest.mark.parametrize("name", ["a%00b", "%F0%9F%99%82", "a%2Bb", "%25", "'--", "a%0Ab"])
def test_it_finds_nothing_by_a_name_that_cannot_be(shelf: Place, name: str) -> None:
    for method in ("GET", "DELETE"):
        answer = shelf.cast.wire.send(method, f"{shelf.cast.place}/collections/{name}")
        assert_error(answer, 404, MISSING, "Collection [")


def test_it_lists_by_age_in_pages(acme: Cast) -> None:
    names = ["zeta", "alpha", "mid", "beta"]
    for name in names:
        create(acme, name=name)

    def listed(query: str) -> list[str]:
        return [one["name"] for one in acme.wire.get(f"{acme.place}/collections{query}").body]

    assert listed("") == listed("?limit=100&offset=0") == names
    assert listed("?limit=2") == ["zeta", "alpha"]
    assert listed("?offset=1&limit=2") == ["alpha", "mid"]
    assert listed("?offset=9") == listed("?limit=0") == []


def test_it_lets_the_quota_stand_in_for_a_missing_limit(acme: Cast) -> None:
    small = make_tenant("small", {"limit_value": 2})
    for number in range(3):
        create(small, name=f"docs{number}")
    assert [one["name"] for one in small.wire.get(f"{small.place}/collections").body] == ["docs0", "docs1"]
    words = over("Limit value", "List Collections", 3, 2)
    assert_error(small.wire.get(f"{small.place}/collections?limit=3"), 422, PLAIN, words)


@pytest.mark.parametrize("query", ["limit=abc", "limit=-1", "offset=1.5", "offset=4294967296", "limit="])
def test_it_refuses_a_bad_page(shelf: Place, query: str) -> None:
    answer = shelf.cast.wire.get(f"{shelf.cast.place}/collections?{query}")
    assert_error(answer, 400, INVALID, "Failed to deserialize query string: ")


def test_it_counts_collections_as_a_bare_number(acme: Cast) -> None:
    assert acme.wire.get(f"{acme.place}/collections_count").body == 0
    acme.collection()
    acme.collection()
    assert acme.read_only.get(f"{acme.place}/collections_count").body == 2


def test_it_grows_version_keys_and_position_when_the_index_does(acme: Cast, settle: Settle) -> None:
    place = acme.collection(name="docs")
    place.call("add", batch(3))
    before = acme.wire.get(f"{acme.place}/collections/docs").body
    assert (before["version"], before["log_position"], before["dimension"]) == (0, 0, 8)
    assert set(before["schema"]["keys"]) == {"#embedding", "#document"}
    settle(place)
    after = acme.wire.get(f"{acme.place}/collections/docs").body
    if after != before:
        assert (after["version"], after["log_position"]) == (1, 3)
        assert after["schema"]["keys"]["n"] == {"int": after["schema"]["defaults"]["int"]}
        assert set(after["schema"]["keys"]) == {"#embedding", "#document", "n", "even", "tag"}
