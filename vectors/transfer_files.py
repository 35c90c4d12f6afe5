"""The files of imports and exports: objects of a bounded size each, in the order of their places in the file.

A broken upload keeps the parts that arrived, and goes on behind them; an export that is killed loses the part
that it was writing. A part's object has a name that nobody else takes, so of two who write the same part one
counts and the other's is litter, which goes with the file.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from tenants.errors import Conflict, TooLarge
from tenants.scope import tenant_transaction
from vectors.cells.transaction import execute
from vectors.objects import Store

PART_BYTES = 8 * 1024 * 1024
_READ_BYTES = 1024 * 1024


class Source(Protocol):
    """Where an upload's bytes come from."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""


@dataclass(frozen=True)
class File:
    """The file of a transfer.

    cell, job_id: name it within the installation
    """

    tenant_id: UUID
    cell: str
    job_id: int

    @property
    def prefix(self) -> str:
        """What the keys of its objects begin with."""
        return f"transfers/{self.tenant_id}/{self.cell}-{self.job_id}"

    def key(self, object_id: UUID) -> str:
        """Of one of its parts."""
        return f"{self.prefix}/{object_id}"


@dataclass(frozen=True)
class Part:
    """A part of a file: from where, how long, and which object."""

    from_byte: int
    size_bytes: int
    object_id: UUID


def receive(store: Store, file: File, source: Source, *, from_byte: int, most_bytes: int) -> int:
    """Keep what comes, part by part; how long the file is now.

    from_byte:   where the bytes belong: the end of what was kept before
    most_bytes:  the file may have
    Raises:      Conflict when the upload is over or is elsewhere by now, TooLarge; the parts before stay
    Transaction: opens one per part
    """
    while content := _fill(source):
        if from_byte + len(content) > most_bytes:
            raise TooLarge(f"expected a file of at most {most_bytes} bytes")
        object_id = uuid.uuid4()
        store.write(file.key(object_id), content)
        values: dict[str, object] = {
            "job_id": file.job_id,
            "from_byte": from_byte,
            "bytes": len(content),
            "object_id": object_id,
        }
        with tenant_transaction(file.tenant_id):
            if execute("keep_upload", file.cell, values).fetchone() is None:
                raise Conflict(
                    f"The upload does not go on at byte {from_byte}; ask where it stands, and go on there."
                )
        from_byte += len(content)
    return from_byte


def _fill(source: Source) -> bytes:
    """A whole part, or what is left."""
    chunks: list[bytes] = []
    missing = PART_BYTES
    while missing and (chunk := source.read(min(missing, _READ_BYTES))):
        chunks.append(chunk)
        missing -= len(chunk)
    return b"".join(chunks)


def parts(file: File) -> list[Part]:
    """The parts in their order.

    Transaction: opens one
    """
    with tenant_transaction(file.tenant_id):
        rows = execute("transfer_parts", file.cell, {"job_id": file.job_id}).fetchall()
    return [Part(*row) for row in rows]


def read(store: Store, file: File, found: list[Part], *, from_byte: int = 0) -> Iterator[bytes]:
    """The file's bytes from this one on.

    Raises:  NotFound, Unavailable
    """
    for part in found:
        end = part.from_byte + part.size_bytes
        if end > from_byte:
            yield from store.read(file.key(part.object_id), max(0, from_byte - part.from_byte))
