"""The playground in a real browser: the builder, two panes, programs that run, links that bring it back."""

from __future__ import annotations

import ast
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from cloud.processes import Service
from tests.e2e.axe import violations
from tests.e2e.people import Place
from tests.e2e.playground import Ground, ids, pane, run
from tests.e2e.watching import assert_fits, watched

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

_PAYLOAD = "<script>window.ran = 1</script><img src=x onerror='window.ran = 1'>"
_WORDS = ["red apple", "yellow banana", "orange carrot", "white daikon", "purple eggplant"]


@pytest.fixture(scope="module")
def ground(service: Service) -> Ground:
    """One for all tests; they change nothing."""
    place = Place.make(service)
    service.manage("set_quota", "--tenant", place.tenant, "metadata_key_bytes=200")
    key = place.key()
    collection = place.client(key).create_collection("food")
    collection.add(
        ids=["apple", "banana", "carrot", "daikon", "egg'plant"],
        embeddings=[[1, 0, 0], [0.9, 0.1, 0], [0, 1, 0], [0, 0.9, 0.1], [0, 0.5, 0.5]],
        documents=_WORDS,
        metadatas=[
            {"kind": "fruit", "grams": 150, "price": 0.5, "ripe": True},
            {"kind": "fruit", "grams": 120, "price": 1.0, "ripe": False},
            {"kind": "vegetable", "grams": 60, "price": 0.25, "ripe": True},
            {"kind": "vegetable", "grams": 400, "price": 2.0, "ripe": True},
            {"kind": "vegetable", "grams": 300, "price": 1.5, "ripe": False},
        ],
    )
    return Ground(place, key, str(collection.id))


def test_the_builder_makes_the_filter_and_the_run_finds_by_it(browser: Browser, ground: Ground) -> None:
    with ground.open(browser) as page:
        a = pane(page)
        assert run(a) == ["apple", "banana", "egg'plant", "daikon", "carrot"]
        expect(a.locator("[data-result]").first).to_contain_text("red apple")
        expect(a.locator("[data-units]")).to_have_text("1")
        expect(a.locator("[data-cost]")).to_contain_text("USD 0.00")
        expect(a.locator("[data-latency]")).to_contain_text(" ms")

        a.get_by_role("button", name="Condition", exact=True).click()
        a.get_by_label("Condition 1: key").fill("grams")
        a.get_by_label("Condition 1: key").press("Tab")
        expect(a.get_by_label("Condition 1: type of the value")).to_have_value("int")
        a.get_by_label("Condition 1: how to compare").select_option("is at least")
        expect(a.locator(".clause .errorlist")).to_have_text("Enter a whole number.")
        a.get_by_label("Condition 1: value").fill("150")
        a.get_by_role("button", name="Group", exact=True).click()
        a.get_by_label("Condition 2.1: what is compared").select_option("Document")
        a.get_by_label("Condition 2.1: value").fill("purple")
        a.get_by_role("group", name="Group 2").get_by_role("button", name="Condition", exact=True).click()
        a.get_by_label("Condition 2.2: what is compared").select_option("Id")
        a.get_by_label("Condition 2.2: value").fill("apple")
        a.get_by_role("button", name="JSON", exact=True).click()
        assert json.loads(a.get_by_label("Filter", exact=True).input_value()) == {
            "$and": [
                {"grams": {"$gte": 150}},
                {"$or": [{"#document": {"$contains": "purple"}}, {"#id": {"$eq": "apple"}}]},
            ]
        }
        assert run(a) == ["apple", "egg'plant"]


def test_json_that_is_none_is_said_with_its_place_and_leaves_the_builder(
    browser: Browser, ground: Ground
) -> None:
    with ground.open(browser) as page:
        a = pane(page)
        a.get_by_role("button", name="JSON", exact=True).click()
        a.get_by_label("Filter", exact=True).fill('{"kind": {"$in": ["fruit", "nut"]}}')
        a.get_by_label("Filter", exact=True).fill('{"kind": {"$in": ["fruit",\n nut]}}')
        trouble = a.locator("#a-where-trouble")
        expect(trouble).to_have_text("Line 2, column 2: expected a value, found “n”")
        a.get_by_role("button", name="Builder", exact=True).click()
        expect(a.get_by_label("Condition 1: value 2")).to_have_value("nut")
        a.get_by_role("button", name="Run").click()
        expect(a.get_by_label("Filter", exact=True)).to_be_focused()  # nothing was asked
        expect(a.locator("[data-spent]")).to_be_hidden()
        a.get_by_label("Filter", exact=True).fill('{"kind": "fruit"}')
        expect(trouble).to_be_hidden()
        assert run(a) == ["apple", "banana"]


def test_two_panes_mark_what_moved_and_the_link_brings_them_back(browser: Browser, ground: Ground) -> None:
    with ground.open(browser) as page:
        page.get_by_role("button", name="Compare A and B").click()
        a, b = pane(page), pane(page, "B")
        b.get_by_label("A vector").check(force=True)
        b.get_by_label("Vector", exact=True).fill("[0, 1, 0.2]")
        b.get_by_label("Results", exact=True).fill("3")
        page.get_by_role("button", name="Run both").click()
        expect(b.locator("[data-result]")).to_have_count(3)
        expect(a.locator("[data-result]")).to_have_count(5)
        assert ids(b) == ["daikon", "carrot", "egg'plant"]
        moves = a.locator("[data-move] [aria-hidden]").all_text_contents()
        assert moves == ["only here", "only here", "=", "▼ 3", "▼ 3"]
        assert b.locator("[data-move] .sr-only").all_text_contents()[0] == "at place 4 in A"
        link = page.url
        assert "#" in link
        page.goto("about:blank")
        page.goto(link)
        expect(pane(page, "B").get_by_label("Vector", exact=True)).to_have_value("[0, 1, 0.2]")
        page.keyboard.press("Control+Enter")
        expect(pane(page, "B").locator("[data-result]")).to_have_count(3)
        assert ids(pane(page, "B")) == ["daikon", "carrot", "egg'plant"]


def test_a_link_that_is_too_long_is_refused_and_says_why(browser: Browser, ground: Ground) -> None:
    with ground.open(browser) as page:
        a = pane(page)
        a.get_by_role("button", name="JSON", exact=True).click()
        a.get_by_label("Filter", exact=True).fill(json.dumps({"kind": {"$in": ["x" * 3_000] * 3}}))
        page.get_by_role("button", name="Copy link").click()
        expect(page.get_by_text("at most 8,000 are put into one")).to_be_visible()
        assert "#" not in page.url
        page.goto(f"{ground.url}#{'x' * 8_001}")
        page.reload()
        expect(page.get_by_text("longer than 8,000 characters and was not read")).to_be_visible()


def test_the_code_runs_and_finds_the_same(browser: Browser, ground: Ground, tmp_path: Path) -> None:
    state = [{"record": "egg'plant", "count": "2", "where": '{"kind": "vegetable"}', "include": "documents"}]
    with ground.open(browser) as page:
        page.goto(f"{ground.url}#{json.dumps(state)}")
        page.reload()
        a = pane(page)
        found = run(a)
        assert found == ["egg'plant", "daikon"]
        a.locator("[data-code] summary").click()
        program = a.locator("#a-code").text_content() or ""
        printed = ast.literal_eval(ground.run([sys.executable, "-c", program], tmp_path).splitlines()[-1])
        assert printed["ids"] == [found]
        a.get_by_role("button", name="curl", exact=True).click()
        script = a.locator("#a-code").text_content() or ""
        assert json.loads(ground.run(["sh", "-c", script], tmp_path))["ids"] == [found]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (
            {
                "kind": "get",
                "where": '{"$or": [{"price": {"$in": [1.0, 2.0]}}, {"#document": {"$regex": "^red"}}]}',
            },
            ["apple", "banana", "daikon"],
        ),
        (
            {
                "kind": "get",
                "offset": "1",
                "where": '{"$and": [{"ripe": true}, {"#document": {"$not_contains": "\'"}}]}',
            },
            ["carrot", "daikon"],
        ),
        ({"source": "vector", "vector": "[0.5, 0.5, 0]", "count": "1", "include": ""}, ["banana"]),
        (
            {
                "kind": "search",
                "search": json.dumps(
                    {
                        "searches": [
                            {
                                "filter": {"grams": {"$gt": 100}},
                                "rank": {"$knn": {"query": [0, 1, 0], "limit": 2}},
                                "limit": {"offset": 0, "limit": 5},
                                "select": {"keys": ["#score"]},
                            }
                        ]
                    }
                ),
            },
            ["daikon", "egg'plant"],
        ),
    ],
)
def test_each_kind_of_request_is_a_program_that_finds_the_same(
    browser: Browser, ground: Ground, tmp_path: Path, state: dict[str, str], expected: list[str]
) -> None:
    with ground.open(browser) as page:
        page.goto(f"{ground.url}#{json.dumps([state])}")
        page.reload()
        a = pane(page)
        assert run(a) == expected
        a.locator("[data-code] summary").click()
        program = a.locator("#a-code").text_content() or ""
        printed = ast.literal_eval(ground.run([sys.executable, "-c", program], tmp_path).splitlines()[-1])
        a.get_by_role("button", name="curl", exact=True).click()
        script = a.locator("#a-code").text_content() or ""
        answered = json.loads(ground.run(["sh", "-c", script], tmp_path))
        whole = expected if state.get("kind") == "get" else [expected]
        assert (printed["ids"], answered["ids"]) == (whole, whole)


def test_a_text_is_no_vector_here_and_a_wrong_one_names_the_right_length(
    browser: Browser, ground: Ground
) -> None:
    with ground.open(browser) as page:
        a = pane(page)
        a.get_by_label("A text").check(force=True)
        expect(a.get_by_text("This collection takes 3 numbers.")).to_be_visible()
        a.get_by_label("Text", exact=True).fill("something sweet")
        a.get_by_role("button", name="Run").click()
        expect(a.locator("#a-text-trouble")).to_contain_text("The service has no embedding model")
        a.get_by_label("A vector").check(force=True)
        a.get_by_label("Vector", exact=True).fill("[1, 2]")
        a.get_by_role("button", name="Run").click()
        expect(a.locator("#a-vector-trouble")).to_have_text(
            "This collection takes 3 numbers, the list has 2."
        )


def test_a_search_takes_the_vector_of_a_record(browser: Browser, ground: Ground) -> None:
    with ground.open(browser) as page:
        a = pane(page)
        a.get_by_label("Search", exact=True).check(force=True)
        a.get_by_label("Vector of the record").fill("carrot")
        a.get_by_role("button", name="Put into $knn").click()
        expect(a.get_by_label("Body of the search")).to_have_value(re.compile(r"\[0, 1, 0\]"))
        assert run(a)[:2] == ["carrot", "daikon"]
        expect(a.locator("[data-result]").first).to_contain_text("orange carrot")


def test_the_words_of_the_wire_come_with_the_trace_id(browser: Browser, ground: Ground) -> None:
    with ground.open(browser) as page:
        a = pane(page)
        a.get_by_label("Results", exact=True).fill("301")
        a.get_by_role("button", name="Run").click()
        expect(a.get_by_role("alert")).to_contain_text("422 ChromaError")
        expect(a.get_by_role("alert")).to_contain_text("Quota exceeded: 'Number of results'")
        assert len(a.locator("[data-trace]").text_content() or "") == 32


def test_what_was_run_is_kept_in_this_tab_only(browser: Browser, ground: Ground) -> None:
    with ground.open(browser) as page:
        a = pane(page)
        run(a)
        a.locator("[data-result]").nth(2).get_by_role("button", name="More like this").click()
        expect(a.locator("#a-record")).to_have_value("egg'plant")
        expect(a.locator("[data-result] [data-id]").first).to_have_text("egg'plant")
        page.reload()
        page.locator(".history summary").click()
        page.get_by_role("button", name="query like apple").click()
        expect(a.locator("#a-record")).to_have_value("apple")
        another = page.context.new_page()
        another.goto(ground.url)
        another.locator(".history summary").click()
        expect(another.get_by_text("kept here until you close this tab")).to_be_visible()
        another.close()


def test_what_records_hold_stays_inert(browser: Browser, ground: Ground) -> None:
    collection = ground.place.client(ground.key).create_collection("inert")
    collection.add(
        ids=[_PAYLOAD, "b"],
        embeddings=[[1.0, 0.0], [0.0, 1.0]],
        documents=[_PAYLOAD, _PAYLOAD],
        metadatas=[{_PAYLOAD: _PAYLOAD}, {_PAYLOAD: _PAYLOAD}],
        uris=[_PAYLOAD, _PAYLOAD],
    )
    theirs = replace(ground, collection_id=str(collection.id))
    with theirs.open(browser) as page:
        a = pane(page)
        page.get_by_role("button", name="Compare A and B").click()
        for box in ("URIs", "Embeddings"):
            a.get_by_label(box).check()
        a.get_by_role("button", name="Condition", exact=True).click()
        a.get_by_label("Condition 1: key").fill(_PAYLOAD)
        a.get_by_label("Condition 1: value").fill(_PAYLOAD)
        a.locator("[data-code] summary").click()
        page.get_by_role("button", name="Run both").click()
        expect(a.locator("[data-result]")).to_have_count(2)
        expect(a.locator("[data-result] [data-document]").first).to_have_text(_PAYLOAD)
        page.locator(".history summary").click()
        page.reload()
        assert page.evaluate("window.ran") is None
        assert page.locator(".found img, .found script").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_accessible_in_all_its_states(browser: Browser, ground: Ground, theme: str) -> None:
    with ground.open(browser, theme=theme) as page:
        a = pane(page)
        a.get_by_role("button", name="Group", exact=True).click()
        a.get_by_label("Condition 1.1: key").fill("kind")
        a.get_by_label("Condition 1.1: value").fill("fruit")
        page.get_by_role("button", name="Compare A and B").click()
        a.locator("[data-code] summary").click()
        page.get_by_role("button", name="Run both").click()
        expect(pane(page, "B").locator("[data-result]").first).to_be_visible()
        assert violations(page) == []
        page.locator(".history summary").click()
        pane(page, "B").get_by_label("Search", exact=True).check(force=True)
        pane(page, "B").get_by_label("Body of the search").fill("{")
        pane(page, "B").get_by_role("button", name="Run").click()
        a.get_by_label("Results", exact=True).fill("9999")
        a.get_by_role("button", name="Run").click()
        expect(a.get_by_role("alert")).to_be_visible()
        assert violations(page) == []


def test_panes_stand_one_above_the_other_on_a_narrow_screen(browser: Browser, ground: Ground) -> None:
    with ground.open(browser, width=360) as page:
        page.get_by_role("button", name="Compare A and B").click()
        a, b = pane(page), pane(page, "B")
        a.get_by_role("button", name="Group", exact=True).click()
        a.get_by_role("group", name="Group 1").get_by_role("button", name="Group", exact=True).click()
        for code in (a, b):
            code.locator("[data-code] summary").click()
        page.get_by_role("button", name="Compare A and B").scroll_into_view_if_needed()
        first, second = a.bounding_box(), b.bounding_box()
        assert first
        assert second
        assert second["y"] > first["y"] + first["height"] - 1
        assert_fits(page)


def test_it_works_without_a_script(browser: Browser, ground: Ground) -> None:
    with watched(browser, ground.place.service.url, has_scripts=False) as page:
        ground.place.sign_in(page, "viewer")
        page.goto(ground.url)
        a = pane(page)
        a.get_by_label("Filter", exact=True).fill('{"kind": "vegetable"}')
        a.get_by_role("button", name="Run").click()
        expect(a.locator("[data-result]")).to_have_count(3)
        assert ids(a) == ["egg'plant", "daikon", "carrot"]
        expect(pane(page).locator("[data-cost]")).to_contain_text("USD 0.00")
