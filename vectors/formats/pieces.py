"""Cutting a stream of bytes into rows, in bounded memory, each with the place behind it. [pure]

A line of JSON ends at every newline. In CSV a newline between quotation marks is part of its cell: a row ends
where the marks so far are even, whatever they mean, for a mark within a cell is written twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from vectors.formats import MAX_ROW_BYTES, Broken

_BOM = b"\xef\xbb\xbf"


class Piece(NamedTuple):
    """A row's bytes without the newline; None: longer than a row may be.

    line:       where it begins, from 1
    next_line:  where the next one begins
    end_byte:   of the stream, behind it
    """

    line: int
    next_line: int
    end_byte: int
    text: bytes | None


def lines(chunks: Iterable[bytes], *, at_byte: int, at_line: int) -> Iterator[Piece]:
    """Every line, empty ones too; a line that is too long comes without its text.

    at_byte, at_line: where in the whole stream the chunks begin
    """
    rest, is_long = b"", False
    for chunk in chunks:
        found = (rest + chunk).split(b"\n")
        rest = found.pop()
        for text in found:
            at_byte += len(text) + 1
            is_kept = not is_long and len(text) <= MAX_ROW_BYTES
            yield Piece(at_line, at_line + 1, at_byte, text if is_kept else None)
            at_line, is_long = at_line + 1, False
        if len(rest) > MAX_ROW_BYTES:
            at_byte, rest, is_long = at_byte + len(rest), b"", True
    if rest or is_long:
        is_kept = not is_long and len(rest) <= MAX_ROW_BYTES
        yield Piece(at_line, at_line + 1, at_byte + len(rest), rest if is_kept else None)


def quoted_lines(chunks: Iterable[bytes], *, at_byte: int, at_line: int) -> Iterator[Piece]:
    """Every row of CSV; one may span lines.

    Raises:  Broken for a row without an end: nobody knows where the next one begins
    """
    begun: list[bytes] = []
    size, first = 0, at_line
    for piece in lines(chunks, at_byte=at_byte, at_line=at_line):
        first = first if begun else piece.line
        if piece.text is None or size > MAX_ROW_BYTES:
            raise Broken(
                f"The row at line {first} is longer than {MAX_ROW_BYTES} bytes: a quotation mark may be "
                "without its other one."
            )
        if not begun and piece.text.count(b'"') % 2 == 0:
            yield piece
            continue
        is_end = bool(begun) and piece.text.count(b'"') % 2 == 1
        begun.append(piece.text)
        size += len(piece.text) + 1
        if is_end:
            yield Piece(first, piece.next_line, piece.end_byte, b"\n".join(begun))
            begun, size = [], 0
    if begun:
        raise Broken(f"The row at line {first} has a quotation mark without its other one.")


def without_mark(piece: Piece) -> Piece:
    """The first row of a file without the byte order mark that some programs begin with."""
    return piece if piece.text is None else piece._replace(text=piece.text.removeprefix(_BOM))
