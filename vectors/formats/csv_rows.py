"""CSV after RFC 4180: `id`, `embedding`, `document`, `uri`, `metadata`, and a column per key. [pure]

A cell of a key of metadata that is JSON (a number, `true`, `false`, a list, a text in marks) is that value,
every other cell is text, an empty one is no value. So what is written reads back as it was: a text that looks
like something else is written in marks. `metadata` has as an object what no column has.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import orjson

from vectors.formats import Broken, Row, RowError, from_base64, row_error, to_base64
from vectors.formats.json_lines import numbers, scalars, visible
from vectors.formats.pieces import Piece
from vectors.metadata import Value
from vectors.types import Rows

FIXED = ("id", "embedding", "document", "uri", "metadata")
MAX_COLUMNS = 1_000
# What may be JSON: digits, a list, a text in marks, true or false. Anything else is spared the attempt.
_MAYBE_JSON = re.compile(r'[-\d\["]|true$|false$')
_numbers = msgspec.json.Decoder(list[float]).decode
_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
csv.field_size_limit(2**31 - 1)  # a row's length is bounded before


@dataclass(frozen=True)
class Header:
    """The columns of a file: the places of the fixed ones, and the keys at the others."""

    fixed: dict[str, int]
    keys: Sequence[tuple[int, str]]
    width: int


def read_header(piece: Piece) -> Header:
    """The first row.

    Raises:  Broken, which says what is missing or twice there
    """
    try:
        names = _cells(piece)
    except ValueError as error:
        raise Broken(f"The first row cannot be read: {error}.") from error
    missing = [name for name in ("id", "embedding") if name not in names]
    if missing:
        raise Broken(f"The first row names the columns; it has no column {' and no column '.join(missing)}.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or "" in names:
        raise Broken("Each column needs a name of its own in the first row; " + _told(twice))
    if len(names) > MAX_COLUMNS:
        raise Broken(f"A file has at most {MAX_COLUMNS} columns, this one has {len(names)}.")
    fixed = {name: place for place, name in enumerate(names) if name in FIXED}
    keys = [(place, name) for place, name in enumerate(names) if name not in FIXED]
    return Header(fixed, keys, len(names))


def _told(twice: Sequence[str]) -> str:
    return f"{twice[0][:64]!r} is there twice." if twice else "one of them has none."


def read(piece: Piece, header: Header) -> Row | RowError:
    """The record of a row, or why there is none."""
    try:
        cells = _cells(piece)
    except ValueError as error:
        return row_error(piece.line, "", str(error))
    if len(cells) != header.width:
        return row_error(piece.line, "", f"expected {header.width} cells, got {len(cells)}")
    fixed = {name: cells[place] for name, place in header.fixed.items()}
    try:
        embedding = _embedding(fixed["embedding"])
    except ValueError as error:
        return row_error(piece.line, "embedding", str(error))
    try:
        metadata = _metadata(cells, header, fixed.get("metadata", ""))
    except ValueError as error:
        return row_error(piece.line, "metadata", str(error))
    return Row(
        piece.line,
        fixed["id"],
        embedding,
        fixed.get("document") or None,
        fixed.get("uri") or None,
        metadata or None,
    )


def _cells(piece: Piece) -> list[str]:
    """The cells of a row; ValueError when it is none."""
    try:
        found = list(csv.reader([(piece.text or b"").decode()], strict=True))
    except UnicodeDecodeError as error:
        raise ValueError("the row is not UTF-8") from error
    except csv.Error as error:
        raise ValueError(str(error)) from error
    return found[0] if found else []


def _embedding(cell: str) -> list[float] | bytes:
    if not cell:
        raise ValueError("expected numbers, got an empty cell")
    if not cell.lstrip().startswith("["):
        return from_base64(cell)
    try:
        return _numbers(cell)
    except msgspec.DecodeError as error:
        raise ValueError(f"expected a list of numbers: {str(error).partition(' - at `')[0]}") from error


def _metadata(cells: Sequence[str], header: Header, rest: str) -> dict[str, Value]:
    found: dict[str, Value] = {key: value_of(cells[place]) for place, key in header.keys if cells[place]}
    if rest:
        try:
            members = _object(rest)
        except msgspec.DecodeError as error:
            raise ValueError(f"expected a JSON object: {str(error).partition(' - at `')[0]}") from error
        for key, text in members.items():
            found[key] = scalars(msgspec.json.decode(text))
    return found


def value_of(cell: str) -> Value:
    """What a cell of a key stands for."""
    if not _MAYBE_JSON.match(cell):
        return cell
    try:
        return scalars(msgspec.json.decode(cell))
    except (msgspec.DecodeError, ValueError):
        return cell


def cell_of(text: bytes) -> str:
    """A value, given as JSON, as a cell that reads back as it."""
    if not text.startswith(b'"'):
        return text.decode()
    value: str = msgspec.json.decode(text, type=str)
    is_plain = bool(value) and not _MAYBE_JSON.match(value)
    return value if is_plain or (value and value_of(value) == value) else text.decode()


def write_header(keys: Sequence[str]) -> bytes:
    """The first row of a file with columns for these keys."""
    return _row([*FIXED[:4], *keys, FIXED[4]])


def write(rows: Rows, keys: Sequence[str], *, as_numbers: bool) -> bytes:
    """A page of records as rows; keys without a column are in `metadata`, as an object."""
    if rows.embeddings is None or not len(rows.ids):
        return b""
    made = numbers(rows.embeddings) if as_numbers else [to_base64(row) for row in rows.embeddings]
    embeddings = [one if isinstance(one, str) else orjson.dumps(one).decode() for one in made]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    columns = zip(
        rows.ids, embeddings, rows.documents or [], rows.uris or [], rows.metadatas or [], strict=True
    )
    for record_id, embedding, document, uri, metadata in columns:
        shown = None if metadata is None else visible(metadata)
        members = {} if shown is None else {key: bytes(value) for key, value in _object(shown).items()}
        cells = [cell_of(members.pop(key)) if key in members else "" for key in keys]
        rest = orjson.dumps({key: orjson.Fragment(value) for key, value in members.items()}).decode()
        writer.writerow([record_id, embedding, document, uri, *cells, rest if members else ""])
    return text.getvalue().encode()


def _row(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()
