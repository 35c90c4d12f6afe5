"""Where files are: a small interface over a folder of this machine, or a bucket that speaks S3.

Objects are written whole and never changed. A file is a row of objects (`vectors/transfer_files.py`), so what
came before a crash is there, and what was under way is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

CHUNK_BYTES = 256 * 1024
_KEY = re.compile(r"[a-z0-9_-]+(/[a-z0-9_-]+)*\Z")


class Store(Protocol):
    """Objects by key. Keys are ours: words of lower-case letters, digits, `-` and `_` between slashes."""

    def write(self, key: str, content: bytes) -> None:
        """Keep an object; after the call it is durable.

        Raises:  Unavailable
        """

    def read(self, key: str, from_byte: int = 0) -> Iterator[bytes]:
        """The object's bytes from this one on, a chunk at a time.

        Raises:  NotFound, Unavailable
        """

    def size_bytes(self, key: str) -> int:
        """How long an object is.

        Raises:  NotFound, Unavailable
        """

    def delete_all(self, prefix: str) -> int:
        """Delete every object below a prefix; how many it was.

        Raises:      Unavailable
        Idempotent:  yes
        """


@dataclass(frozen=True)
class Place:
    """Where the objects of an installation are.

    bucket:        of S3; empty: the folder
    endpoint_url:  of a store that is not Amazon's; empty: Amazon's
    prefix:        before every key, for a bucket that is shared
    """

    folder: Path
    bucket: str = ""
    endpoint_url: str = ""
    region: str = ""
    prefix: str = ""


def open_store(place: Place) -> Store:
    """The store of a place; asks nobody yet."""
    if place.bucket:
        from vectors.objects.bucket import Bucket  # noqa: PLC0415 (boto3 takes 0.3 s to import)

        return Bucket(place)
    from vectors.objects.folder import Folder  # noqa: PLC0415 (it imports this module)

    return Folder(place.folder)


def check_key(key: str) -> str:
    """The key, if it is one of ours; anything else is a bug and raises ValueError."""
    if not _KEY.match(key):
        raise ValueError(f"not a key: {key!r}")
    return key
