"""The cheapest client that is still HTTP: prepared bytes out, the body back, over a kept-alive socket.

It owns sockets and time stamps. Requests are bytes made before the clock starts (bodies.py); answers are
kept as bytes and judged after the clock stops. One process with a thread per connection is enough: the
whole client burns 0.05 ms of a core per request (every run prints it), the servers a millisecond or more.
"""

import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from bench.data import BenchError

READ_BYTES = 1 << 18
TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes


@dataclass
class Load:
    """What one burst gave: an answer and a latency per request, in the order of sending per connection."""

    elapsed_seconds: float = 0.0
    client_seconds: float = 0.0
    replies: list[tuple[int, Reply]] = field(default_factory=list)
    latencies_seconds: list[float] = field(default_factory=list)


class Connection:
    """One kept-alive connection. A server that closes after an answer is connected to again, on the clock."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def send(self, request: bytes) -> Reply:
        """Send prepared bytes and read the whole answer."""
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=TIMEOUT_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._socket.sendall(request)
            return self._read(self._socket)
        except OSError as error:
            self.close()
            raise BenchError(
                f"{self._address[0]}:{self._address[1]}: {error or type(error).__name__}"
            ) from error

    def _read(self, source: socket.socket) -> Reply:
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += _some(source)
        head = received[:end].lower()
        body = received[end + 4 :]
        if b"\r\ntransfer-encoding: chunked" in head:
            body = _chunked(source, body)
        else:
            missing = int(_header(head, b"content-length") or 0) - len(body)
            parts = [body]
            while missing > 0:
                parts.append(_some(source))
                missing -= len(parts[-1])
            body = b"".join(parts)
        if _header(head, b"connection") == b"close":
            self.close()
        return Reply(int(head[9:12]), body)


def run(
    host: str,
    port: int,
    requests: Sequence[bytes],
    *,
    connections: int,
    warm_up: bytes,
    first: int = 0,
    seconds: float | None = None,
) -> Load:
    """Send requests over some connections: each once, or round and round from `first` until the time is over.

    Every connection is new and sends `warm_up` before the clock starts.
    """
    gate = threading.Barrier(connections + 1)
    workers = [
        _Worker(Connection(host, port), requests, warm_up, gate, first + number, connections, seconds)
        for number in range(connections)
    ]
    threads = [threading.Thread(target=worker.work, daemon=True) for worker in workers]
    for thread in threads:
        thread.start()
    with suppress(threading.BrokenBarrierError):  # a worker failed at its warm-up: its error is raised below
        gate.wait(TIMEOUT_SECONDS)
    cpu = time.process_time()
    for thread in threads:
        thread.join()
    load = Load(client_seconds=time.process_time() - cpu)
    for worker in workers:
        if worker.error is not None:
            raise worker.error
        load.replies += worker.replies
        load.latencies_seconds += worker.latencies
    load.elapsed_seconds = max(w.ended for w in workers) - min(w.started for w in workers)
    return load


@dataclass
class _Worker:
    """One connection in a thread of its own; takes every n-th request."""

    connection: Connection
    requests: Sequence[bytes]
    warm_up: bytes
    gate: threading.Barrier
    turn: int
    step: int
    seconds: float | None
    replies: list[tuple[int, Reply]] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    started: float = 0.0
    ended: float = 0.0
    error: Exception | None = None

    def work(self) -> None:
        with self.connection:
            try:
                self.connection.send(self.warm_up)
                self.gate.wait(TIMEOUT_SECONDS)
                self._loop()
            except threading.BrokenBarrierError:
                return  # another worker failed, and says why
            except Exception as error:  # noqa: BLE001 - the edge of a thread: raised again by run()
                self.error = error
                self.gate.abort()

    def _loop(self) -> None:
        clock, send, count, turn = time.perf_counter, self.connection.send, len(self.requests), self.turn
        self.started = now = clock()
        until = None if self.seconds is None else now + self.seconds
        while now < until if until is not None else turn < count:
            index = turn % count
            before = now
            reply = send(self.requests[index])
            now = clock()
            self.latencies.append(now - before)
            self.replies.append((index, reply))
            turn += self.step
        self.ended = now


def _some(source: socket.socket) -> bytes:
    received = source.recv(READ_BYTES)
    if not received:
        raise ConnectionError("the server closed the connection before its answer was complete")
    return received


def _header(head: bytes, name: bytes) -> bytes:
    start = head.find(b"\r\n" + name + b":")
    if start < 0:
        return b""
    start += len(name) + 3
    end = head.find(b"\r\n", start)
    return head[start : end if end >= 0 else len(head)].strip()


def _chunked(source: socket.socket, received: bytes) -> bytes:
    body = b""
    while True:
        while (end := received.find(b"\r\n")) < 0:
            received += _some(source)
        length = int(received[:end].split(b";")[0], 16)
        while len(received) < end + 2 + length + 2:
            received += _some(source)
        body += received[end + 2 : end + 2 + length]
        received = received[end + 2 + length + 2 :]
        if length == 0:
            return body
