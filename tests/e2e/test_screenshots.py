"""The pictures of docs/dashboard.md, made from the pages themselves: `make screenshots` writes them anew.

In a run of the tests they go to a folder of their own; what is checked is that each page can be shown with
real records on it, and that the documentation shows exactly these.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from cloud import sample
from cloud.processes import Service
from tests.conftest import USAGE_FLUSH_SECONDS
from tests.e2e.made import make_the_rest
from tests.e2e.people import Place

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

_ROOT = Path(__file__).resolve().parents[2]
_DOCUMENT = _ROOT / "docs" / "dashboard.md"
_BATCH = 300


class Album:
    """A tenant with records, traffic and a bill, and the page that it is looked at through."""

    def __init__(self, service: Service, page: Page) -> None:
        self.page = page
        self.place = Place.make(service, database="packages")
        self.place.sign_in(page)
        self.first = page.screenshot()
        self.collection_id = ""
        self._fill()

    @property
    def database(self) -> str:
        """The database's page."""
        return f"/databases/{self.place.database}"

    @property
    def collection(self) -> str:
        """The collection's first page."""
        return f"{self.database}/collections/{self.collection_id}"

    def open(self, path: str) -> None:
        """Go to a page below the tenant, and wait for what it draws."""
        self.page.goto(self.place.url + path)
        self.page.wait_for_load_state("networkidle")

    def _fill(self) -> None:
        key = self.place.key("ingest job")
        client = self.place.client(key)
        loaded = sample.records()
        collection = client.create_collection("debian-packages")
        self.collection_id = str(collection.id)
        for first in range(0, len(loaded.ids), _BATCH):
            part = slice(first, first + _BATCH)
            collection.add(
                ids=loaded.ids[part],
                embeddings=loaded.embeddings[part],
                documents=loaded.documents[part],
                metadatas=loaded.metadatas[part],
            )
        for number in range(40):
            collection.query(query_embeddings=[loaded.embeddings[number]], n_results=10)
        client.create_collection("notes")
        self.number = make_the_rest(self.page, self.place, collection.id)["number"]
        time.sleep(2 * USAGE_FLUSH_SECONDS)  # reads are counted in their process until then


@pytest.fixture(scope="module")
def album(browser: Browser, service: Service) -> Iterator[Album]:
    """The tenant of all pictures."""
    with browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light") as context:
        yield Album(service, context.new_page())


def _page(path: str) -> Callable[[Album], None]:
    return lambda album: album.open(path)


def _of_collection(path: str) -> Callable[[Album], None]:
    return lambda album: album.open(album.collection + path)


def _record(album: Album) -> None:
    album.open(album.collection)
    album.page.locator("main table tbody a").first.click()
    album.page.wait_for_load_state("networkidle")


def _play(album: Album) -> None:
    album.open(f"{album.collection}/playground")
    for button in album.page.get_by_role("button", name="Run ").all():
        button.click()
    expect(album.page.locator("[data-result]").first).to_be_visible()


def _indexing(album: Album) -> None:
    album.open(f"{album.collection}/indexing")
    expect(album.page.get_by_text("Every record is in the index")).to_be_visible(timeout=120_000)


def _palette(album: Album) -> None:
    album.open("/databases")
    album.page.keyboard.press("Control+k")
    album.page.keyboard.type("deb")
    expect(album.page.get_by_role("option").first).to_be_visible()


def _dark(album: Album) -> None:
    album.page.emulate_media(color_scheme="dark")
    album.open(f"{album.database}")


def _narrow(album: Album) -> None:
    album.page.emulate_media(color_scheme="light")
    album.page.set_viewport_size({"width": 360, "height": 740})
    album.open(album.collection)


PICTURES: dict[str, Callable[[Album], None]] = {
    "databases": _page("/databases"),
    "database": lambda album: album.open(album.database),
    "data": _of_collection(""),
    "record": _record,
    "playground": _play,
    "indexing": _indexing,
    "schema": _of_collection("/schema"),
    "imports": _of_collection("/imports"),
    "connect": _page("/connect"),
    "recycle-bin": _page("/recycle-bin"),
    "metrics": _page("/metrics?range=1h"),
    "usage": _page("/usage"),
    "audit": _page("/audit"),
    "keys": _page("/keys"),
    "key-create": _page("/keys/new"),
    "members": _page("/members"),
    "service-accounts": _page("/service-accounts"),
    "billing": _page("/billing"),
    "invoice": lambda album: album.open(f"/invoices/{album.number}"),
    "quotas": _page("/quotas"),
    "settings": _page("/settings"),
    "palette": _palette,
    "dark": _dark,
    "narrow": _narrow,
}


@contextmanager
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """docs/images/dashboard for `make screenshots`, else a folder that is thrown away."""
    if os.environ.get("SCREENSHOTS"):
        yield _ROOT / "docs" / "images" / "dashboard"
    else:
        yield tmp_path_factory.mktemp("pictures")


def test_every_page_can_be_pictured(album: Album, tmp_path_factory: pytest.TempPathFactory) -> None:
    with _folder(tmp_path_factory) as folder:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "first-run.png").write_bytes(album.first)
        for name, show in PICTURES.items():
            show(album)
            expect(album.page.locator("h1").first).to_be_attached()
            album.page.screenshot(path=folder / f"{name}.png")


def test_the_documentation_shows_exactly_these() -> None:
    text = _DOCUMENT.read_text("utf-8")
    shown = re.findall(r"!\[[^\]]+\]\(images/dashboard/([a-z-]+)\.png\)", text)
    assert sorted(shown) == sorted([*PICTURES, "first-run"])
    missing = [name for name in shown if not (_DOCUMENT.parent / f"images/dashboard/{name}.png").exists()]
    assert missing == []
