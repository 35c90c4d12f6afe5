"""A page whose errors and requests to anybody else fail the test; and whether it fits its screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page


@contextmanager
def watched(
    browser: Browser,
    url: str,
    *,
    width: int = 1280,
    has_scripts: bool = True,
    theme: str = "light",
    may_mistype: bool = False,
) -> Iterator[Page]:
    """A page of its own session; what it must not do is found at the end.

    may_mistype:  forms are sent that the server gives back with what is wrong; browsers log their status
    """
    trouble: list[str] = []
    with browser.new_context(
        viewport={"width": width, "height": 800},
        java_script_enabled=has_scripts,
        color_scheme="dark" if theme == "dark" else "light",
    ) as context:
        page = context.new_page()
        page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on(
            "request",
            lambda request: None if request.url.startswith(url) else trouble.append(request.url),
        )
        yield page
    assert [text for text in trouble if not (may_mistype and "status of 422" in text)] == []


def assert_fits(page: Page) -> None:
    """Nothing is wider than the screen."""
    page.wait_for_load_state()  # a page that has only just been asked for has no root yet
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollWidth") <= page.evaluate(f"{root}.clientWidth"), page.url
