"""An embeddings endpoint in OpenAI's shape, for clients that will embed texts by nothing but a service.

It counts colours: an embedding without a model, and the same on every machine.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COLOURS = ("red", "yellow", "green", "blue")


@contextmanager
def embeddings_api() -> Iterator[str]:
    """Serve on a free port; the base URL to give to a client."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """`/v1/embeddings`: one vector for each text."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        data = [
            {
                "object": "embedding",
                "index": place,
                "embedding": [float(text.count(colour)) for colour in COLOURS],
            }
            for place, text in enumerate(request["input"])
        ]
        usage = {"prompt_tokens": 0, "total_tokens": 0}
        answer = {"object": "list", "data": data, "model": request["model"], "usage": usage}
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the parent's name)
        """Say nothing."""
