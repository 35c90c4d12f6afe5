"""What PostgreSQL's files hold, byte by byte, whatever its tables say."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cloud import embedded
from cloud.processes import Service
from cloud.servers import postgres

_LETTERS = string.ascii_letters + string.digits


def marker() -> str:
    """A text that is nowhere yet, and that a compressor keeps as it is."""
    return "".join(secrets.choice(_LETTERS) for _ in range(24))


def fragments(text: str) -> list[bytes]:
    """What to look for: compressed, a text keeps runs of eight bytes, wherever the first of them begins."""
    raw = text.encode()
    return [raw[first : first + 8] for first in range(8)]


@contextmanager
def superuser(service: Service) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection that may do everything, outside transactions."""
    parts = conninfo_to_dict(service.environment["DATABASE_URL"])
    password = embedded.read_secrets(service.data_dir)["superuser_password"]
    address = make_conninfo("", **{**parts, "user": postgres.SUPERUSER, "password": password})
    with psycopg.connect(address, autocommit=True) as connection:
        yield connection


def write_out(service: Service) -> None:
    """Everything in memory to the files, and what is dropped out of them; the log of changes starts anew."""
    with superuser(service) as connection:
        connection.execute("CHECKPOINT")
        connection.execute("SELECT pg_switch_wal()")
        connection.execute("CHECKPOINT")


def relations_with(service: Service, needles: Sequence[bytes]) -> set[str]:
    """The relations whose files have one of the needles; a file of none is named by its path."""
    data = next(home / "data" for home in postgres.homes(service.data_dir) if (home / "data").exists())
    with superuser(service) as connection:
        rows = connection.execute(
            "SELECT pg_relation_filepath(c.oid), coalesce(t.oid, c.oid)::regclass::text FROM pg_class AS c "
            "LEFT JOIN pg_class AS t ON t.reltoastrelid = c.oid WHERE pg_relation_filepath(c.oid) IS NOT NULL"
        ).fetchall()
    named = {str(path): str(name) for path, name in rows}
    found = set()
    for path in sorted((data / "base").rglob("*")):
        if path.is_file() and _has_one(path, needles):
            place = str(path.relative_to(data))
            found.add(named.get(place.partition(".")[0], place))
    return found


def _has_one(path: Path, needles: Sequence[bytes]) -> bool:
    try:
        content = path.read_bytes()
    except FileNotFoundError:  # dropped since it was listed
        return False
    return any(needle in content for needle in needles)
