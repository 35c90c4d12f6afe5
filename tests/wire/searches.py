"""What the tests of searches share."""

from __future__ import annotations

from typing import Any

from tests.factories import Place

HERE = [0.0] * 8
ORIGIN = [0.0, 0.0]


def knn(query: Any, **more: Any) -> dict[str, Any]:
    """A search for the nearest records."""
    return {"$knn": {"query": query, **more}}


def found(place: Place, search: dict[str, Any], **more: Any) -> tuple[list[str], list[float | None]]:
    """The ids and scores of one search."""
    search = {"select": {"keys": ["#score"]}, **search}
    body = place.call("search", {"searches": [search], **more})
    return body["ids"][0], body["scores"][0]
