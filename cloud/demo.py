"""What `make up` shows: the service doing its main job, through the client that users have.

Owns the demo tenant, `$DATA_DIR/dev.env`, and the story told on the terminal. Everything the story needs from
the service goes over HTTP or through the operator's commands, as it would for anybody else.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from chromadb import CloudClient
from chromadb.config import Settings
from tqdm import tqdm

from cloud import sample
from cloud.processes import HOST, Service
from cloud.servers.errors import ServerError

TENANT = "demo"
DATABASE = "demo"
EMAIL = "admin@demo.example"
COLLECTION = "debian-packages"
COMPACT_AFTER_ROWS = 1_000  # below the sample's 2,000, so that it really is sealed and gets its graph
ENVIRONMENT = {"COMPACT_AFTER_ROWS": str(COMPACT_AFTER_ROWS)}
_BATCH_ROWS = 300
_COMPACTION_SECONDS = 180.0


@dataclass(frozen=True)
class DevEnv:
    """The content of `$DATA_DIR/dev.env`: what a client and a browser need, one variable a field."""

    chroma_host: str
    chroma_port: str
    chroma_ssl: str
    chroma_api_key: str
    chroma_tenant: str
    chroma_database: str
    dashboard_url: str
    dashboard_email: str
    dashboard_password: str

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """What the file says; None when it is missing or not whole."""
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except OSError:
            return None
        values = dict(line.split("=", 1) for line in lines if "=" in line)
        try:
            return cls(**{field.name: values[field.name.upper()] for field in fields(cls)})
        except KeyError:
            return None

    def write(self, path: Path) -> None:
        """Write whole or not at all, readable by its owner alone."""
        fresh = path.with_name(f"{path.name}.new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as target:
            target.writelines(f"{field.name.upper()}={getattr(self, field.name)}\n" for field in fields(self))
        fresh.replace(path)


def ensure_tenant(service: Service) -> DevEnv:
    """The demo tenant with its database, key and user: those of dev.env while its key works, else made.

    Idempotent: what exists already is kept; a lost or refused key is replaced by a new one.
    """
    path = service.data_dir / "dev.env"
    known = DevEnv.read(path)
    key = known.chroma_api_key if known and _accepts(service, known.chroma_api_key) else _make_tenant(service)
    current = DevEnv(
        chroma_host=HOST,
        chroma_port=str(service.port),
        chroma_ssl="false",
        chroma_api_key=key,
        chroma_tenant=TENANT,
        chroma_database=DATABASE,
        dashboard_url=f"{service.url}/dashboard/",
        dashboard_email=EMAIL,
        dashboard_password=_password(service),
    )
    if current != known:
        current.write(path)
    return current


def connect(env: DevEnv) -> Any:
    """The published client, exactly as a user makes it."""
    logging.getLogger("httpx").setLevel(logging.WARNING)  # else it tells of each request, between the bars
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = f"{os.environ.get('NO_PROXY', '')},{HOST}".lstrip(",")
    return CloudClient(
        tenant=env.chroma_tenant,
        database=env.chroma_database,
        api_key=env.chroma_api_key,
        cloud_host=env.chroma_host,
        cloud_port=int(env.chroma_port),
        enable_ssl=False,
        settings=Settings(anonymized_telemetry=False),
    )


def load(client: Any) -> tuple[Any, int]:
    """The sample's collection, and how many records had to be sent."""
    collection = client.get_or_create_collection(
        COLLECTION, configuration={"hnsw": {"space": "cosine"}}, embedding_function=None
    )
    records = sample.records()
    if collection.count() >= len(records):
        return collection, 0
    with _bar(len(records), "records") as bar:
        for first in range(0, len(records), _BATCH_ROWS):
            part = records.part(first, _BATCH_ROWS)
            collection.add(  # ids that are there already stay as they are, so a cut-short load is resumed
                ids=part.ids, embeddings=part.embeddings, documents=part.documents, metadatas=part.metadatas
            )
            bar.update(len(part))
    return collection, len(records)


def wait_for_compaction(service: Service, env: DevEnv, collection: Any) -> tuple[int, int]:
    """Until less than a compaction's worth is left in the live log; operations sealed, and in all.

    Raises:  ServerError with the end of the worker's log when nothing moves for too long
    """
    path = f"/api/v2/tenants/{env.chroma_tenant}/databases/{env.chroma_database}/collections/{collection.id}"
    deadline = time.monotonic() + _COMPACTION_SECONDS
    status = _get(service, f"{path}/indexing_status", env.chroma_api_key)
    if int(status["num_unindexed_ops"]) >= COMPACT_AFTER_ROWS:
        with _bar(int(status["total_ops"]), "operations") as bar:
            while int(status["num_unindexed_ops"]) >= COMPACT_AFTER_ROWS:
                service.check_alive()
                if time.monotonic() > deadline:
                    raise ServerError(
                        f"The worker compacted nothing for {_COMPACTION_SECONDS:.0f} s. "
                        f"{service.data_dir / 'log' / 'worker.log'} says why."
                    )
                time.sleep(0.1)
                status = _get(service, f"{path}/indexing_status", env.chroma_api_key)
                _advance(bar, int(status["num_indexed_ops"]))
    return int(status["num_indexed_ops"]), int(status["total_ops"])


def ask(collection: Any, show: Callable[[str], None]) -> None:
    """Three real queries: plain, with a metadata filter, with a document filter.

    Raises:  ServerError when one answers nothing
    """
    plain, by_metadata, by_document = sample.queries()[:3]
    questions: list[tuple[sample.Query, str, dict[str, Any]]] = [
        (plain, "", {}),
        (by_metadata, 'where section = "python"', {"where": {"section": "python"}}),
        (
            by_document,
            'where the text contains "PostgreSQL"',
            {"where_document": {"$contains": "PostgreSQL"}},
        ),
    ]
    for query, restriction, filters in questions:
        began = time.perf_counter()
        found = collection.query(query_embeddings=[query.embedding], n_results=3, **filters)
        took_milliseconds = (time.perf_counter() - began) * 1000
        show("")
        show(f"  nearest to “{query.text}”" + (f", {restriction}" if restriction else ""))
        rows = list(zip(found["distances"][0], found["ids"][0], found["documents"][0], strict=True))
        for distance, record_id, document in rows:
            show(f"    {distance:.3f}  {record_id:<32.32}  {document}")
        if not rows:
            raise ServerError(
                "A query over the sample found nothing, which is a fault of ours. Please report it."
            )
        show(f"    ({took_milliseconds:.1f} ms)")


def closing(env: DevEnv, data_dir: Path) -> str:
    """What to open and what to paste."""
    return f"""
  Dashboard   {env.dashboard_url}
  sign in as  {env.dashboard_email}   password  {env.dashboard_password}
  API         {env.dashboard_url.removesuffix("dashboard/")}docs/

  From Python (`.venv/bin/python` has the client; elsewhere `pip install chromadb-client`):

    import chromadb
    client = chromadb.CloudClient(
        tenant="{env.chroma_tenant}", database="{env.chroma_database}",
        api_key="{env.chroma_api_key}",
        cloud_host="{env.chroma_host}", cloud_port={env.chroma_port}, enable_ssl=False,
    )
    packages = client.get_collection("{COLLECTION}")
    one = packages.get(limit=1, include=["embeddings", "documents"])
    print(one["documents"], packages.query(query_embeddings=one["embeddings"], n_results=3)["documents"])

  These values are in {data_dir / "dev.env"}; logs are in {data_dir / "log"}.
"""


def _make_tenant(service: Service) -> str:
    """Tenant, database, user and a fresh key through the operator's commands; the key."""
    _manage_unless_there(service, "create_tenant", TENANT)
    _manage_unless_there(service, "create_database", "--tenant", TENANT, DATABASE)
    _manage_unless_there(service, "create_user", "--tenant", TENANT, "--role", "owner", EMAIL)
    return service.manage(
        "create_key", "--tenant", TENANT, "--database", DATABASE, "--name", "make up", "--never-expires"
    ).strip()


def _manage_unless_there(service: Service, *arguments: str) -> None:
    try:
        service.manage(*arguments, environment={"DASHBOARD_PASSWORD": _password(service)})
    except ServerError as error:
        if "already" not in str(error):
            raise


def _password(service: Service) -> str:
    """Derived from the folder's random secret, so that a lost dev.env can be written again."""
    secret = service.environment["SECRET_KEY"].encode()
    return hmac.new(secret, b"dashboard password of the demo", hashlib.sha256).hexdigest()[:20]


def _accepts(service: Service, key: str) -> bool:
    try:
        return bool(_get(service, "/api/v2/auth/identity", key)["tenant"] == TENANT)
    except (OSError, ValueError, KeyError):
        return False


def _get(service: Service, path: str, key: str) -> dict[str, Any]:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(f"{service.url}{path}", headers={"x-chroma-token": key})  # noqa: S310 (ours)
    with direct.open(request, timeout=30) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def _bar(total: int, unit: str) -> tqdm[Any]:
    return tqdm(
        total=total,
        file=sys.stdout,
        ncols=90,
        mininterval=0.2 if sys.stdout.isatty() else 2.0,  # a log file gets few lines
        bar_format=f"      {{l_bar}}{{bar}}| {{n_fmt}}/{{total_fmt}} {unit}, {{elapsed}}",
    )


def _advance(bar: tqdm[Any], position: int) -> None:
    """Move a bar to a position; on a terminal its clock goes on even if nothing moved."""
    if position > bar.n:
        bar.update(position - bar.n)
    elif sys.stdout.isatty():
        bar.refresh()
