"""What goes to PostgreSQL: a client's words are values beside a statement, never a part of its text."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cloud.processes import Service
from tests.compact import compact
from tests.factories import Cast, batch
from tests.wire.conftest import HOMES
from vectors.cells.transaction import connect

MARKER = "xXmarkerXx"
FILTERS: tuple[dict[str, Any], ...] = (
    {"where": {MARKER: 1}},
    {"where": {"k": MARKER}},
    {"where": {MARKER: {"$gt": 1}}},
    {"where": {MARKER: {"$in": [MARKER]}}},
    {"where": {MARKER: {"$not_contains": 2.5}}},
    {"where": {"$or": [{"k": {"$contains": MARKER}}, {"#id": {"$nin": [MARKER]}}]}},
    {"where": {"#document": {"$contains": MARKER}}},
    {"where_document": {"$regex": f"{MARKER}y+"}},
    {"where_document": {"$or": [{"$not_regex": f"(?i){MARKER}"}, {"$not_contains": MARKER}]}},
    {"ids": [MARKER], "where": {"$and": [{"k": 1}, {"#document": {"$regex": MARKER}}]}},
)


def sent_by(act: Callable[[], object]) -> list[tuple[str, str]]:
    """Kind and content of the messages that this thread's connection sent, as libpq writes them down."""
    connection = connect().pgconn
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace"
        handle = os.open(path, os.O_CREAT | os.O_WRONLY)
        connection.trace(handle)
        try:
            act()
        finally:
            connection.untrace()
            os.close(handle)
        trace = path.read_text("utf-8", errors="replace")
    _, *parts = re.split(r"^\d{4}-\d\d-\d\d [\d:.]+\t([FB])\t\d+\t(\w+)", trace, flags=re.MULTILINE)
    messages = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    return [(kind, content) for direction, kind, content in messages if direction == "F"]


@pytest.mark.parametrize("asked", FILTERS, ids=str)
@pytest.mark.parametrize("home", HOMES)
def test_it_sends_a_clients_words_as_values_only(
    database: Service, acme: Cast, home: str, asked: dict[str, Any]
) -> None:
    place = acme.collection()
    place.call("add", batch(20))
    if home == "segment":
        compact(database, place)
    for verb, body in (("get", {}), ("query", {"query_embeddings": [[0.0] * 8]}), ("delete", {})):
        messages = sent_by(partial(place.call, verb, {**body, **asked}))
        texts = [content for kind, content in messages if kind in ("Parse", "Query")]
        assert any("record_log" in text for text in texts)
        assert not any(MARKER in text for text in texts)
        assert any(MARKER in content for kind, content in messages if kind == "Bind")
