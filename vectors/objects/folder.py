"""Objects as files below one folder: for a single machine, and for tests."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tenants.errors import NotFound, Unavailable
from vectors.objects import CHUNK_BYTES, check_key


class Folder:
    """A store in a folder; an object appears under its name only when all of it is on the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, key: str, content: bytes) -> None:
        """Keep an object."""
        path = self._path(key)
        with _told():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
            with draft.open("wb") as target:
                target.write(content)
                target.flush()
                os.fsync(target.fileno())
            draft.replace(path)

    def read(self, key: str, from_byte: int = 0) -> Iterator[bytes]:
        """The object's bytes from this one on."""
        with _told(), self._path(key).open("rb") as source:
            source.seek(from_byte)
            while chunk := source.read(CHUNK_BYTES):
                yield chunk

    def size_bytes(self, key: str) -> int:
        """How long an object is."""
        with _told():
            return self._path(key).stat().st_size

    def delete_all(self, prefix: str) -> int:
        """Delete every object below a prefix."""
        path = self._path(prefix)
        with _told():
            count = sum(1 for one in path.rglob("*") if one.is_file()) if path.is_dir() else 0
            shutil.rmtree(path, ignore_errors=False) if path.is_dir() else path.unlink(missing_ok=True)
        return count

    def _path(self, key: str) -> Path:
        return self.folder / check_key(key)


@contextmanager
def _told() -> Iterator[None]:
    """The disk's failures as ours."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound("The file is not in the object store any more.") from error
    except OSError as error:
        raise Unavailable(f"The object store cannot be used now: {error.strerror}.") from error
