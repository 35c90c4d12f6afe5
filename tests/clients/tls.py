"""TLS in front of the service, as a deployment has it: decrypts, and passes bytes along.

It takes CONNECT too, as a forward proxy does, and leads every name to the service. So a client with the host
of Chroma Cloud written into it comes here without being touched.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

_CHUNK_BYTES = 65_536
_IDLE_SECONDS = 60.0


class Terminator:
    """Listens on a free port, for TLS at once or after CONNECT."""

    def __init__(self, folder: Path, service_port: int) -> None:
        """Nothing is accepted yet; `folder` has what `make_certificate.py` wrote."""
        self.authority = folder / "authority.pem"
        self.connected_to: list[str] = []  # what was asked for by CONNECT
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem")
        self._server = _Server(context, service_port, self.connected_to)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False  # clients may keep connections that nobody will use again

    def __init__(self, context: ssl.SSLContext, service_port: int, connected_to: list[str]) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.context = context
        self.service_port = service_port
        self.connected_to = connected_to


class _Connection(socketserver.BaseRequestHandler):
    server: _Server
    request: socket.socket

    def handle(self) -> None:
        """One connection, until either side ends it."""
        self.request.settimeout(_IDLE_SECONDS)
        with contextlib.suppress(OSError):  # the client left: its side of the test says whether it should
            if self.request.recv(8, socket.MSG_PEEK) == b"CONNECT ":
                self.server.connected_to.append(self._accept_connect())
            with (
                self.server.context.wrap_socket(self.request, server_side=True) as client,
                socket.create_connection(("127.0.0.1", self.server.service_port)) as service,
            ):
                answers = threading.Thread(target=_pass_along, args=(service, client), daemon=True)
                answers.start()
                _pass_along(client, service)
                answers.join(_IDLE_SECONDS)

    def _accept_connect(self) -> str:
        """Read the head byte by byte, for what follows it is TLS; answer, and return the name in it."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.request.recv(1)
            if not byte or len(head) > _CHUNK_BYTES:
                raise ConnectionError("no end of the head of CONNECT")
            head += byte
        self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return head.split()[1].decode()


def _pass_along(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(_CHUNK_BYTES):
            target.sendall(chunk)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
