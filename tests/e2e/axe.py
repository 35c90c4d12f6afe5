"""What axe-core finds wrong with a page, by the rules of WCAG 2.2 AA and axe's best practices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

_SCRIPT = Path(__file__).resolve().parents[2] / "cloud/dashboard/assets/node_modules/axe-core/axe.min.js"
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_COLOUR_RULES = ["color-contrast", "link-in-text-block"]


def violations(page: Page, *, colours_only: bool = False) -> list[str]:
    """Each violation in a line: the rule, what it means, and the first element that breaks it.

    colours_only:  by the rules that another theme can break
    """
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate(_SCRIPT.read_text("utf-8"))
    found: dict[str, Any] = page.evaluate(
        "only => axe.run(document, {runOnly: only})",
        {"type": "rule", "values": _COLOUR_RULES} if colours_only else {"type": "tag", "values": _TAGS},
    )
    return [
        f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:300]} ({len(one['nodes'])})"
        for one in found["violations"]
    ]
