"""JSON Lines: one object a line, `{"id", "embedding", "document", "metadata", "uri"}`. [pure]

Numbers keep their type and every digit; embeddings are numbers, or base64 of little-endian float32.
"""

from __future__ import annotations

import re

import msgspec
import numpy as np
import orjson

from vectors.formats import MAX_ROW_BYTES, Row, RowError, from_base64, row_error, to_base64
from vectors.formats.pieces import Piece
from vectors.metadata import Scalar
from vectors.types import Float32Matrix, Rows

_FIELD = re.compile(r"field `(\w+)`| - at `(\$[^`]*)`")


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    embedding: str | list[float]
    document: str | None = None
    metadata: dict[str, str | int | float | bool | list[str | int | float | bool] | None] | None = None
    uri: str | None = None


_decode = msgspec.json.Decoder(_Line).decode


def read(piece: Piece) -> Row | RowError:
    """The record of a line, or why there is none."""
    if piece.text is None:
        return row_error(piece.line, "", f"the line is longer than {MAX_ROW_BYTES} bytes")
    try:
        found = _decode(piece.text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _complaint(piece.line, str(error))
    embedding: list[float] | bytes
    if isinstance(found.embedding, str):
        try:
            embedding = from_base64(found.embedding)
        except ValueError as error:
            return row_error(piece.line, "embedding", str(error))
    else:
        embedding = found.embedding
    return Row(piece.line, found.id, embedding, found.document, found.uri, found.metadata)


def _complaint(line: int, text: str) -> RowError:
    """What the decoder says, with the member that it means; a value is never in it."""
    found = _FIELD.search(text)
    named = (found.group(1) or found.group(2).removeprefix("$").lstrip(".")) if found else ""
    field = re.split(r"[.\[]", named)[0]
    return row_error(line, field, text.partition(" - at `")[0])


def write(rows: Rows, *, as_numbers: bool) -> bytes:
    """A page of records as lines; members that are null are left out.

    as_numbers:  embeddings as numbers, in the shortest digits that read back the same
    """
    if rows.embeddings is None or not len(rows.ids):
        return b""
    embeddings = numbers(rows.embeddings) if as_numbers else [to_base64(row) for row in rows.embeddings]
    texts: list[bytes] = []
    columns = zip(
        rows.ids, embeddings, rows.documents or [], rows.metadatas or [], rows.uris or [], strict=True
    )
    for record_id, embedding, document, metadata, uri in columns:
        line: dict[str, object] = {"id": record_id, "embedding": embedding}
        if document is not None:
            line["document"] = document
        if metadata is not None and (shown := visible(metadata)) is not None:
            line["metadata"] = orjson.Fragment(shown)
        if uri is not None:
            line["uri"] = uri
        texts.append(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    return b"".join(texts)


def numbers(embeddings: Float32Matrix) -> list[orjson.Fragment | str]:
    """Vectors as JSON lists; as base64 where the digits of one, read as float64, would round to another.

    Shapes:  (n, d)
    """
    texts = [orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY) for row in embeddings]
    with np.errstate(over="ignore"):
        back = np.array([orjson.loads(text) for text in texts], dtype=np.float64).astype(np.float32)
    is_same = (back.view(np.uint32) == np.ascontiguousarray(embeddings).view(np.uint32)).all(axis=1)
    return [
        orjson.Fragment(text) if same else to_base64(row)
        for text, row, same in zip(texts, embeddings, is_same, strict=True)
    ]


def visible(metadata: str) -> bytes | None:
    """A record's stored metadata without the reserved keys, as answers show it; None when nothing is left."""
    if '"chroma:' not in metadata:
        return metadata.encode()
    kept = {
        key: orjson.Fragment(bytes(value))
        for key, value in msgspec.json.decode(metadata, type=dict[str, msgspec.Raw]).items()
        if not key.startswith("chroma:")
    }
    return orjson.dumps(kept) if kept else None


def scalars(value: object) -> Scalar | list[Scalar] | None:
    """A value of metadata, checked; for the formats that read JSON within a cell.

    Raises:  ValueError for what metadata cannot hold
    """
    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list) and all(isinstance(one, str | bool | int | float) for one in value):
        return value
    raise ValueError("expected text, a number, true, false, or a list of them")
