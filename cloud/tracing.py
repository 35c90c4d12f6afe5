"""The trace that a request belongs to: the caller's, by W3C trace context, or a new one.

Every log line of the request bears the trace id, and so does every failure (`chroma-trace-id`), so that a
caller's trace, an error and its log lines find each other. Source: W3C Trace Context, section 3.2.
"""

from __future__ import annotations

import logging
import re
import secrets
from contextvars import ContextVar

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?\Z")
_current: ContextVar[str] = ContextVar("trace_id", default="-")


def begin(traceparent: str) -> str:
    """The trace id of a request with this header, which may be empty or nonsense; current from now on."""
    trace_id = continued(traceparent) or secrets.token_hex(16)
    _current.set(trace_id)
    return trace_id


def current() -> str:
    """The trace id of this request; `-` outside requests."""
    return _current.get()


def continued(traceparent: str) -> str | None:
    """The trace id in a valid `traceparent`, else None."""
    match = _TRACEPARENT.match(traceparent)
    if match is None:
        return None
    version, trace_id, parent_id, more = match.groups()
    if version == "ff" or (version == "00" and more) or not int(trace_id, 16) or not int(parent_id, 16):
        return None
    return trace_id


class TraceFilter(logging.Filter):
    """Gives every log record the current trace id; `-` outside requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let everything through."""
        record.trace_id = _current.get()
        return True
