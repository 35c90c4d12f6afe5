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
