"""Arrays of a whole request in PostgreSQL's binary format, built without a step of Python per record.

`unnest` of a few arrays is how rows enter the log: COPY is refused under row-level security. The layout of
an array is in PostgreSQL's `array_recv`, that of a vector in pgvector's `vector_recv`: a 16-bit dimension,
16 unused bits, then 32-bit floats, all big-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from typing import Any

import numpy as np
import numpy.typing as npt
from psycopg import Connection, adapt, pq

Float32Matrix = npt.NDArray[np.float32]

_TEXT_OID = 25
_JSONB_OID = 3802
_NULL = struct.pack(">i", -1)
_LENGTH = struct.Struct(">i").pack
_vector_oids: dict[str, int] = {}


class BinaryParameter:
    """Bytes already in the binary format of the type that the statement casts them to."""

    __slots__ = ("payload",)

    def __init__(self, payload: bytes) -> None:
        self.payload = payload


class _BinaryDumper(adapt.Dumper):
    format = pq.Format.BINARY
    oid = 0

    def dump(self, obj: BinaryParameter) -> bytes:
        return obj.payload


def register(connection: Any, **_: object) -> None:
    """Teach a new connection of Django's to send BinaryParameter (receiver of `connection_created`)."""
    connection.connection.adapters.register_dumper(BinaryParameter, _BinaryDumper)


def vector_oid(connection: Connection[Any]) -> int:
    """The type oid of `vector` in this database; asked once per process and database."""
    database = f"{connection.info.host}:{connection.info.port}/{connection.info.dbname}"
    if database not in _vector_oids:
        row = connection.execute("SELECT 'vector'::regtype::oid").fetchone()
        _vector_oids[database] = int(row[0]) if row else 0
    return _vector_oids[database]


def _header(count: int, element_oid: int, *, has_nulls: bool) -> bytes:
    if count == 0:
        return struct.pack(">iiI", 0, 0, element_oid)
    return struct.pack(">iiIii", 1, int(has_nulls), element_oid, count, 1)


def _array(element_oid: int, elements: Sequence[bytes | None]) -> BinaryParameter:
    if None in elements:
        parts: Iterable[bytes] = (
            _NULL if element is None else _LENGTH(len(element)) + element for element in elements
        )
        return BinaryParameter(_header(len(elements), element_oid, has_nulls=True) + b"".join(parts))
    present: Sequence[bytes] = elements  # type: ignore[assignment]
    interleaved = chain.from_iterable(zip(map(_LENGTH, map(len, present)), present, strict=True))
    return BinaryParameter(_header(len(elements), element_oid, has_nulls=False) + b"".join(interleaved))


def text_array(texts: Sequence[str | None] | None, count: int) -> BinaryParameter:
    """A `text[]` of `count` elements; None stands for nulls throughout."""
    if texts is None:
        return _nulls(_TEXT_OID, count)
    if None in texts:
        return _array(_TEXT_OID, [None if text is None else text.encode() for text in texts])
    return _array(_TEXT_OID, list(map(str.encode, texts)))  # type: ignore[arg-type]


def jsonb_array(documents: Sequence[bytes | None] | None, count: int) -> BinaryParameter:
    """A `jsonb[]` of `count` JSON texts; jsonb's binary format is a version byte and the text."""
    if documents is None:
        return _nulls(_JSONB_OID, count)
    return _array(_JSONB_OID, [None if text is None else b"\x01" + text for text in documents])


def vector_array(
    vectors: Float32Matrix | None,
    present: npt.NDArray[np.bool_] | None,
    count: int,
    oid: int,
) -> BinaryParameter:
    """A `vector[]` of `count` elements.

    Shapes:  vectors (number of present, d); present (count,) marks which elements are not null, or None
             for all; vectors None for nulls throughout
    """
    if vectors is None:
        return _nulls(oid, count)
    n, dimension = vectors.shape
    row = np.dtype(
        [("bytes", ">i4"), ("dimension", ">i2"), ("unused", ">i2"), ("values", ">f4", (dimension,))]
    )
    rows = np.zeros(n, dtype=row)
    rows["bytes"] = 4 + 4 * dimension
    rows["dimension"] = dimension
    rows["values"] = vectors
    if present is None or bool(present.all()):
        return BinaryParameter(_header(n, oid, has_nulls=False) + rows.tobytes())
    elements = iter(rows)
    parts = (next(elements).tobytes() if is_present else _NULL for is_present in present)
    return BinaryParameter(_header(count, oid, has_nulls=True) + b"".join(parts))


def vector(values: Float32Matrix) -> BinaryParameter:
    """One `vector` from a row (d,)."""
    return BinaryParameter(struct.pack(">hh", values.shape[0], 0) + values.astype(">f4").tobytes())


def read_vectors(payloads: Sequence[bytes], dimension: int) -> Float32Matrix:
    """The floats of vectors as `vector_send` gives them: (n, dimension)."""
    raw = np.frombuffer(b"".join(payloads), dtype=np.uint8).reshape(len(payloads), 4 + 4 * dimension)
    return np.ascontiguousarray(raw[:, 4:]).view(">f4").astype(np.float32)


def _nulls(element_oid: int, count: int) -> BinaryParameter:
    return BinaryParameter(_header(count, element_oid, has_nulls=True) + b"".join(repeat(_NULL, count)))
