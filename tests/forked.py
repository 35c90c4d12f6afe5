"""Forks in tests: made over the wire, and a collection that has something of everything to fork."""

from __future__ import annotations

import uuid
from typing import Any

from cloud.processes import Service
from tests.compact import cell_of, compact, read_as_owner
from tests.factories import Cast, Place, batch


def fork(place: Place, name: str | None = None) -> Place:
    """Fork over the wire."""
    made = place.cast.wire.post(f"{place.path}/fork", {"new_name": name or f"f-{uuid.uuid4().hex[:8]}"})
    assert made.status == 200, made
    return Place(place.cast, uuid.UUID(made.body["id"]), made.body["name"])


def drop(place: Place) -> None:
    """Delete over the wire."""
    assert place.cast.wire.delete(f"{place.cast.place}/collections/{place.name}").status == 200


def filled(database: Service, cast: Cast) -> Place:
    """A collection with a segment, tombstones, superseded images and a live log."""
    place = cast.collection()
    place.call("add", batch(60))
    compact(database, place)
    place.call("delete", {"ids": ["r3", "r4"]})
    place.call("upsert", batch(10, first=55, seed=1))
    place.call("upsert", batch(4, first=55, seed=2))
    return place


def size(database: Service, place: Place) -> Any:
    """Logical bytes of a collection."""
    query = f"SELECT logical_bytes FROM {cell_of(place)}.collection_state "
    query += f"WHERE collection_id = '{place.collection_id}'"
    return read_as_owner(database, place.cast.tenant_id, query)[0][0]
