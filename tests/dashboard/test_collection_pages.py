"""Records on their pages, in process: what is found, changed and deleted, and what is refused."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest

from tenants import audit
from tenants.roles import Role
from tests.dashboard.shown import (
    Shown,
    chip,
    ids_on,
    link,
    metadata_of,
    row_of,
    rows_of,
    up_to_of,
)
from tests.factories import batch


def test_records_are_paged_forth_and_back(shown: Shown) -> None:
    browser = shown.cast.browser(Role.OWNER)
    first = shown.get()
    assert ids_on(first) == [f"r{number}" for number in range(25)]
    second = browser.get(shown.path() + link(first, "next"))
    assert ids_on(second) == [f"r{number}" for number in range(25, 30)]
    assert ids_on(browser.get(shown.path() + link(second, "prev"))) == ids_on(first)
    assert b'rel="next"' not in second.content


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"in": "text", "q": "number 7"}, ["r7"]),
        ({"in": "regex", "q": "number [78]$"}, ["r7", "r8"]),
        ({"in": "id", "q": "r7"}, ["r7"]),
        ({"in": "prefix", "q": "r2"}, ["r2", *(f"r2{number}" for number in range(10))]),
        ({"f": [chip("n", "$lt", 3)]}, ["r0", "r1", "r2"]),
        (
            {"f": [chip("n", "$lt", 9), chip("even", "$eq", True)], "q": "number"},
            ["r0", "r2", "r4", "r6", "r8"],
        ),
        ({"f": [chip("tag", "$in", ["t1", "t2"]), chip("n", "$gte", 26)]}, ["r26", "r27"]),
        ({"in": "text", "q": "nowhere"}, []),
    ],
)
def test_a_search_finds_what_it_asks_for(shown: Shown, query: Any, expected: list[str]) -> None:
    answer = shown.get(query=query)
    assert (answer.status_code, ids_on(answer)) == (200, expected)


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ({"key": "n", "op": "$eq", "value": "7"}, 7),
        ({"key": "n", "op": "$eq", "value": "7.0"}, 7.0),
        ({"key": "tag", "op": "$eq", "value": "7", "kind": "string"}, "7"),
        ({"key": "even", "op": "$ne", "value": "true"}, True),
        ({"key": "n", "op": "$in", "value": "1, 2"}, [1, 2]),
    ],
)
def test_a_filter_is_typed_and_stands_in_the_address(shown: Shown, typed: Any, value: object) -> None:
    answer = shown.get(query=typed)
    assert answer.status_code == 302
    followed = shown.cast.browser(Role.OWNER).get(answer["Location"])
    assert followed.status_code == 200
    (encoded,) = re.findall(r'name="f" value="([^"]*)"', followed.content.decode())[:1]
    assert json.loads(unescape(encoded)) == [typed["key"], typed["op"], value]
    assert type(json.loads(unescape(encoded))[2]) is type(value)


@pytest.mark.parametrize(
    "query",
    [
        {"in": "regex", "q": "("},
        {"in": "nothing", "q": "x"},
        {"q": "x\x00"},
        {"q": "x" * 3_000},
        {"f": ["{"]},
        {"f": ["[1, 2]"]},
        {"f": [chip("n", "$gt", "text")]},
        {"f": [chip("n", "$like", 1)]},
        {"f": ['["n", "$eq", NaN]']},
        {"f": [chip("", "$eq", 1)]},
        {"f": [chip("n", "$eq", 1)] * 20},
        {"key": "n", "op": "$gt", "value": "text"},
        {"key": "n", "op": "$eq", "value": "x", "kind": "int"},
        {"after": "not a place"},
        {"after": "W10"},
        {"after": "WyJyMSJd"},
        {"like": "nobody"},
    ],
)
def test_what_cannot_be_looked_for_is_said_on_the_page(shown: Shown, query: Any) -> None:
    answer = shown.get(query=query)
    assert answer.status_code == 422
    assert b'role="alert"' in answer.content


def test_similar_records_have_distances_and_not_the_record_itself(shown: Shown) -> None:
    answer = shown.get(query={"like": "r3", "f": [chip("even", "$eq", True)]})
    found = re.findall(r"<code>(r\d+)</code></a>", answer.content.decode())
    assert len(found) == 15
    embedding = shown.place.call("get", {"ids": ["r3"], "include": ["embeddings"]})["embeddings"][0]
    assert found == shown.place.nearest(embedding, 15, where={"even": True})
    assert b"Distance" in answer.content


def test_any_id_has_a_page(shown: Shown) -> None:
    names = ["..", "a/b", "~x", "%2F", "é ü", "<script>", "x" * 500, "a\nb", " ", "?q=1#top"]
    shown.place.call("add", {"ids": names, "embeddings": [[1.0] * 8] * len(names)})
    for name in names:
        answer = shown.get("record", record_id=name)
        assert answer.status_code == 200, name
        assert ids_on(answer) == [name]
    assert shown.get("record", record_id="nobody").status_code == 404
    assert (
        shown.cast.browser(Role.OWNER).get(shown.path("record", record_id="a")[:-1] + "~!").status_code == 404
    )


def test_metadata_is_changed_key_by_key(shown: Shown) -> None:
    shown.place.call(
        "update", {"ids": ["r4"], "metadatas": [{"text": "one\r\ntwo", "size": 1.5, "list": ["a"]}]}
    )
    fields = rows_of(shown.get("record", record_id="r4"))
    fields[f"{row_of(fields, 'n')}-value"] = "44"
    fields[f"{row_of(fields, 'tag')}-remove"] = "on"
    fields[f"{row_of(fields, 'list')}-value"] = '["a", "b"]'
    new = row_of(fields, "")
    fields |= {f"{new}-key": "score", f"{new}-kind": "float", f"{new}-value": "2"}
    answer = shown.post("record", fields, record_id="r4")
    assert answer.status_code == 302, answer.content
    changed = {"n": 44, "even": True, "text": "one\r\ntwo", "size": 1.5, "list": ["a", "b"], "score": 2.0}
    assert metadata_of(shown, "r4") == changed
    assert audit.read(shown.cast.tenant_id, limit_count=1)[0].details["operation"] == "update"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"key": "a", "kind": "int", "value": "x"}, "whole number"),
        ({"key": "a", "kind": "float", "value": "nan"}, "number"),
        ({"key": "a", "kind": "bool", "value": "yes"}, "true or false"),
        ({"key": "a", "kind": "list of int", "value": "[1, true]"}, "must be a int"),
        ({"key": "a", "kind": "list of string", "value": "a, b"}, "typed as JSON"),
        ({"key": "", "kind": "int", "value": "1"}, "Give the key a name"),
        ({"key": "n", "kind": "int", "value": "1"}, "stands here twice"),
        ({"key": "$x", "kind": "int", "value": "1"}, "must not be empty or start with"),
        ({"key": "k" * 20_000, "kind": "int", "value": "1"}, "exceeded quota limit"),
    ],
)
def test_what_does_not_fit_is_said_beside_it_and_nothing_is_written(
    shown: Shown, row: dict[str, str], why: str
) -> None:
    before = metadata_of(shown, "r5")
    fields = rows_of(shown.get("record", record_id="r5"))
    new = row_of(fields, "")
    fields |= {f"{new}-{name}": value for name, value in row.items()}
    answer = shown.post("record", fields, record_id="r5")
    assert answer.status_code == 422
    assert why in unescape(answer.content.decode())
    assert metadata_of(shown, "r5") == before


def test_chosen_records_are_counted_and_then_deleted(shown: Shown) -> None:
    chosen = {"chosen": "1", "id": ["r1", "r2", "nobody"]}
    asked = shown.post("records-delete", chosen)
    assert "Delete 2 records?" in asked.content.decode()
    assert "cannot be undone" in asked.content.decode()
    assert shown.place.count() == 30
    answer = shown.post("records-delete", {**chosen, "up_to": up_to_of(asked)})
    assert (answer.status_code, shown.place.count()) == (302, 28)


def test_all_that_is_found_is_deleted_and_nothing_written_since(shown: Shown) -> None:
    search = {"f": [chip("even", "$eq", True)], "in": "text", "q": "number"}
    asked = shown.get("records-delete", query=search)
    assert "Delete 15 records?" in asked.content.decode()
    shown.place.call("add", batch(2, first=40))
    answer = shown.post("records-delete", {**search, "up_to": up_to_of(asked)})
    assert answer.status_code == 302
    assert shown.place.ids(where={"even": True}) == ["r40"]


def test_without_a_chosen_record_nothing_is_asked(shown: Shown) -> None:
    assert shown.post("records-delete", {"chosen": "1"}).status_code == 302
    assert shown.post("records-delete", {"chosen": "1", "up_to": "9999"}).status_code == 302
    assert shown.place.count() == 30


@pytest.mark.parametrize("up_to", ["x", "-1", "9" * 30, "٣"])
def test_a_count_that_nobody_made_is_refused(shown: Shown, up_to: str) -> None:
    assert shown.post("records-delete", {"up_to": up_to}).status_code == 400
    assert shown.place.count() == 30
