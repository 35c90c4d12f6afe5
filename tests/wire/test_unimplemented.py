"""Routes of the wire that answer 501, behind the same doors as the others (contract, section 5)."""

from __future__ import annotations

import uuid

import pytest

from tests.factories import Cast, Place, Wire
from tests.wire.helpers import MISSING, PLAIN, assert_error, outside

OF_COLLECTION = [
    ("POST", "functions/attach"),
    ("GET", "functions/counter"),
    ("POST", "attached_functions/counter/add_input"),
    ("POST", "attached_functions/counter/detach"),
    ("POST", "conditional/get"),
    ("POST", "conditional/commit"),
]


@pytest.mark.parametrize(("method", "route"), OF_COLLECTION)
def test_it_answers_501_below_a_collection(shelf: Place, method: str, route: str) -> None:
    assert_error(shelf.cast.wire.send(method, f"{shelf.path}/{route}", {}), 501, PLAIN)


@pytest.mark.parametrize(("method", "route"), OF_COLLECTION)
def test_it_gives_an_outsider_nothing(globex: Cast, shelf: Place, method: str, route: str) -> None:
    outside(globex, shelf, method, route, {})


@pytest.mark.parametrize(("method", "route"), OF_COLLECTION)
def test_it_knows_no_missing_collection(shelf: Place, method: str, route: str) -> None:
    path = f"{shelf.cast.place}/collections/{uuid.uuid4()}/{route}"
    assert_error(shelf.cast.wire.send(method, path, {}), 404, MISSING)


@pytest.mark.parametrize(("method", "route"), OF_COLLECTION)
def test_it_refuses_strangers_below_a_collection(shelf: Place, method: str, route: str) -> None:
    assert_error(Wire(None).send(method, f"{shelf.path}/{route}", {}), 401, PLAIN)


def test_it_keeps_reset_for_operators(shelf: Place) -> None:
    for key in (shelf.cast.wire, shelf.cast.read_only):
        assert_error(key.post("/reset", {}), 403, PLAIN, "Reset is disabled by config")
    assert shelf.count() == 10
