"""The formats of files: JSON Lines and CSV, read a row at a time and written a page at a time. [pure]"""

from __future__ import annotations

import binascii
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from tenants.errors import InvalidArgument
from vectors.metadata import Value

# A record of the largest plan fits many times over; a longer line is no record.
MAX_ROW_BYTES = 4 * 1024 * 1024
MAX_MESSAGE_CHARACTERS = 300


class Format(StrEnum):
    """What a file is made of."""

    JSONL = "jsonl"
    CSV = "csv"


class Row(NamedTuple):
    """A record as a file has it.

    line:       where it begins, from 1
    embedding:  numbers, or the bytes of little-endian float32
    """

    line: int
    record_id: str
    embedding: Sequence[float] | bytes
    document: str | None
    uri: str | None
    metadata: Mapping[str, Value] | None

    @property
    def dimension(self) -> int:
        """Of the embedding."""
        return len(self.embedding) // 4 if isinstance(self.embedding, bytes) else len(self.embedding)


class RowError(NamedTuple):
    """Why a row is none; the message never quotes a document."""

    line: int
    field: str
    message: str


class Broken(InvalidArgument):
    """The file cannot be read any further."""


def row_error(line: int, field: str, message: str) -> RowError:
    """An error in the length that is kept."""
    return RowError(line, field[:64], message[:MAX_MESSAGE_CHARACTERS])


def from_base64(text: str) -> bytes:
    """The bytes of float32 behind base64, as the wire takes them.

    Raises:  ValueError, which says what was expected
    """
    try:
        payload = binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"expected numbers, or base64 of float32: {error}") from error
    if len(payload) % 4:
        raise ValueError(f"expected base64 of float32, 4 bytes each, got {len(payload)} bytes")
    return payload


def to_base64(row: np.ndarray[tuple[int], np.dtype[np.float32]]) -> str:
    """A vector as the wire takes it, bit for bit."""
    return binascii.b2a_base64(row.astype("<f4").tobytes(), newline=False).decode()
