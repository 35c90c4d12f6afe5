"""Gunicorn for Tessera; `make up` runs this very file.

    gunicorn -c deploy/gunicorn.conf.py cloud.wsgi:application

Threads wait for PostgreSQL most of the time, and each holds one connection: workers times threads of all
machines must stay below its max_connections.
"""

import os
import sys
from typing import Any

os.environ.setdefault("DATABASE_ROLE", "web")

bind = os.environ.get("BIND", f"127.0.0.1:{os.environ.get('PORT', '8000')}")
worker_class = "cloud.lingering.LingeringThreadWorker"  # gunicorn's gthread, that stays with a busy client
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
preload_app = False  # each worker makes its own connections

# A Chroma client keeps its connection; longer than common proxies (60 s) do, so that they close first.
keepalive = 75
# gthread workers heartbeat from their main loop, so this ends a stuck process and not a long request.
timeout = 120
graceful_timeout = 15
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 (gunicorn's own mkstemp)

# A token and a few headers; bodies have their own limit in the application.
limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 8190

accesslog = None  # the application's middleware writes one line per request
errorlog = "-"
loglevel = os.environ.get("WEB_LOG_LEVEL", "info")
control_socket_disable = True


def worker_exit(server: Any, worker: Any) -> None:
    """What reads have used, and how requests went, is written down before a worker ends in order."""
    del server, worker
    for name in ("cloud.api.metering", "cloud.api.request_metrics"):
        module = sys.modules.get(name)
        if module is not None:
            module.process.close()
