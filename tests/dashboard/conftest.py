"""A tenant with something on every page, people in every role, and an outsider. In process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cloud.processes import Service

if TYPE_CHECKING:
    from tests.dashboard.cast import Cast


@pytest.fixture(scope="module")
def cast(database: Service) -> Cast:
    """The tenant that the pages show; tests that change it make their own."""
    from tests.dashboard.cast import Cast  # noqa: PLC0415

    del database
    return Cast.make()
