"""A connection that PostgreSQL has cut, and one whose last statement failed: the next request goes on."""

from __future__ import annotations

import time

import psycopg
import pytest
from django.db import connection

from cloud.processes import Service
from tests import stage
from tests.factories import Cast, batch
from vectors.cells.transaction import connect, transaction


def cut() -> None:
    """End this thread's connection from another one, as a restart of PostgreSQL does."""
    pid = connect().info.backend_pid
    stage.elsewhere(lambda: connect().execute("SELECT pg_terminate_backend(%s)", [pid]).fetchone())
    time.sleep(0.2)


def divide_by_zero(cast: Cast) -> None:
    """A transaction whose second statement fails."""
    with transaction(cast.tenant_id) as pipeline:
        pipeline.run("SELECT 1", {})
        pipeline.run("SELECT 1 / 0", {})


def test_it_reads_and_writes_after_its_connection_was_cut(database: Service, acme: Cast) -> None:
    place = acme.collection()
    cut()
    place.call("add", batch(3))
    cut()
    assert place.ids() == ["r0", "r1", "r2"]
    cut()
    assert acme.wire.get(f"{acme.place}/collections/{place.name}").status == 200


def test_it_leaves_nothing_behind_of_a_transaction_that_failed(database: Service, acme: Cast) -> None:
    place = acme.collection()
    with pytest.raises(psycopg.errors.DivisionByZero):
        divide_by_zero(acme)
    assert connect().execute("SELECT current_setting('app.tenant_id', true)").fetchone() in [(None,), ("",)]
    place.call("add", batch(2))
    assert place.count() == 2


def test_it_says_that_the_service_is_away_when_it_is(
    database: Service,
    acme: Cast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = acme.collection()
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    try:
        answer = acme.wire.get(f"{place.path}/count")
    finally:
        connection.close()
    assert (answer.status, answer.body["error"]) == (503, "ChromaError")
