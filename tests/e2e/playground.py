"""The playground as tests drive it: a collection, its page, its panes, and programs with a key."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.people import Place
from tests.e2e.watching import watched


@dataclass(frozen=True)
class Ground:
    """A collection of fruit and vegetables, and a key for programs."""

    place: Place
    key: str
    collection_id: str
    sessions: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The page."""
        collection = f"databases/{self.place.database}/collections/{self.collection_id}"
        return f"{self.place.url}/{collection}/playground"

    @contextmanager
    def open(
        self, browser: Browser, *, role: str = "viewer", width: int = 1280, theme: str = "light"
    ) -> Iterator[Page]:
        """The page, as somebody in this role sees it."""
        with watched(browser, self.place.service.url, width=width, theme=theme) as page:
            if role not in self.sessions:  # the hash of a password is slow on purpose
                self.place.sign_in(page, role)
                self.sessions[role] = page.context.cookies()
            page.context.add_cookies(self.sessions[role])
            page.goto(self.url)
            yield page

    def run(self, command: list[str], folder: Path) -> str:
        """What a program printed that has the key in its environment."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "CHROMA_API_KEY": self.key}
        done = subprocess.run(
            command,
            env=environment | {"ANONYMIZED_TELEMETRY": "False", "PYTHONWARNINGS": "ignore"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def pane(page: Page, name: str = "A") -> Locator:
    """One of the two panes."""
    return page.locator(f"[data-pane={name.lower()}]")


def ids(pane: Locator) -> list[str]:
    """What it found, in order."""
    return pane.locator("[data-result] [data-id]").all_text_contents()


def run(pane: Locator) -> list[str]:
    """Press its button; what it found."""
    pane.get_by_role("button", name="Run ").click()
    expect(pane.locator(".found")).to_have_attribute("aria-busy", "false")
    expect(pane.locator("[data-spent]")).to_be_visible()
    return ids(pane)
