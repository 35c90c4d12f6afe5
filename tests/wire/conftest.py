"""Records in both of their homes: what is true of the log must be true of a segment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cloud.processes import Service

if TYPE_CHECKING:  # at run time models must wait for Django, which is set up after this file is read
    from tests.factories import Place
    from tests.wire.helpers import Settle

HOMES = ("log", "segment")


@pytest.fixture(params=HOMES)
def settle(request: pytest.FixtureRequest, database: Service) -> Settle:
    """Leaves the records of a collection in the log, or moves them into a segment."""
    from tests.compact import compact  # noqa: PLC0415

    def act(place: Place) -> None:
        if request.param == "segment":
            compact(database, place)

    return act


@pytest.fixture(scope="module")
def shelf(database: Service) -> Place:
    """A collection of ten records for the tests of a module that change nothing."""
    from tests.factories import batch, make_tenant  # noqa: PLC0415

    del database
    place = make_tenant("shelf").collection(name="shelf")
    place.call("add", batch(10))
    return place
