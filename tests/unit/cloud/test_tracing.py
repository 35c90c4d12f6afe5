"""Traces: continued from the caller, or begun."""

from __future__ import annotations

import logging

import pytest

from cloud import tracing

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize("header", [f"00-{TRACE}-{PARENT}-01", f"01-{TRACE}-{PARENT}-00-more"])
def test_it_continues_the_callers_trace(header: str) -> None:
    assert tracing.begin(header) == TRACE


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01\n",
    ],
)
def test_it_begins_a_trace_without_a_valid_one(header: str) -> None:
    begun = tracing.begin(header)
    assert begun != TRACE
    assert len(bytes.fromhex(begun)) == 16


def test_it_marks_every_log_line() -> None:
    trace_id = tracing.begin("")
    record = logging.makeLogRecord({})
    assert tracing.TraceFilter().filter(record)
    assert vars(record)["trace_id"] == trace_id
