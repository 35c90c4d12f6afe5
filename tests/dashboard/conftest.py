"""A tenant with something on every page, people in every role, and an outsider. In process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cloud.processes import Service

if TYPE_CHECKING:
    from tests.dashboard.cast import Cast
    from tests.dashboard.shown import Shown


@pytest.fixture(scope="module")
def cast(database: Service) -> Cast:
    """The tenant that the pages show; tests that change it make their own."""
    from tests.dashboard.cast import Cast, bill  # noqa: PLC0415

    made = Cast.make()
    made.parts["number"] = bill(database, made).number
    return made


@pytest.fixture
def shown(cast: Cast) -> Shown:
    """A collection of thirty records, all in the log."""
    from tests.dashboard.shown import Shown  # noqa: PLC0415
    from tests.factories import batch  # noqa: PLC0415

    made = Shown(cast)
    made.place.call("add", batch(30))
    return made
