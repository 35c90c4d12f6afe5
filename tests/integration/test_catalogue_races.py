"""Verbs of the catalogue at the same time: every answer is one of the wire's, none a deadlock's."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from django.db import connections

from tests.factories import Answer, Cast

ROUNDS = 15


def at_once(*acts: Callable[[], Answer]) -> list[int]:
    """The statuses of calls made at the same time, each over a connection of its own."""

    def run(act: Callable[[], Answer]) -> int:
        try:
            return act().status
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_it_deletes_a_database_beside_its_collections(acme: Cast) -> None:
    databases = f"/tenants/{acme.name}/databases"
    for number in range(ROUNDS):
        place = f"{databases}/race{number}"
        assert acme.wire.post(databases, {"name": f"race{number}"}).status == 200
        for name in ("one", "two", "three"):
            assert acme.wire.post(f"{place}/collections", {"name": name}).status == 200
        paths = [place, *(f"{place}/collections/{name}" for name in ("three", "two", "one"))]
        database, *collections = at_once(*(partial(acme.wire.delete, path) for path in paths))
        assert database == 200
        assert set(collections) <= {200, 404}


def test_it_gets_or_creates_beside_a_deletion(acme: Cast) -> None:
    wanted = {"name": "contested", "get_or_create": True}
    for _ in range(ROUNDS):
        made, again, deleted = at_once(
            lambda: acme.wire.post(f"{acme.place}/collections", wanted),
            lambda: acme.wire.post(f"{acme.place}/collections", wanted),
            lambda: acme.wire.delete(f"{acme.place}/collections/contested"),
        )
        assert {made, again} == {200}
        assert deleted in (200, 404)
