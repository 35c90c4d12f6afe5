"""A gunicorn thread worker that stays with a busy connection.

The stock worker hands a kept-alive connection back to its main thread after every request, and takes it
from there when the next one comes: two switches of thread and a pipe for each request, a good part of what a
short one costs. A client that waits for each answer sends its next request within a millisecond or two; so
the thread waits that long itself, unless other connections wait for a thread.
"""

from __future__ import annotations

import select
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

_LINGER_MS = 2


class LingeringThreadWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Handles the next request of a connection in the same thread when it comes at once."""

    def handle(self, conn: Any) -> Any:
        """Requests of one connection, until it pauses; then what the stock worker returns."""
        while True:
            keepalive = super().handle(conn)
            if keepalive is not True or conn.is_http2 or not self._next_is_here(conn):
                return keepalive

    def _next_is_here(self, conn: Any) -> bool:
        if not self.alive or self.tpool._work_queue.qsize():  # noqa: SLF001 (the pool does not say how busy it is)
            return False
        if conn.parser.unreader.buf.getvalue():
            return True
        poll = select.poll()
        poll.register(conn.sock, select.POLLIN)
        return bool(poll.poll(_LINGER_MS))
