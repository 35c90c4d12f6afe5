"""Unpacking gzip as it comes, member after member, a bounded piece at a time. [pure]"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator

from vectors.formats import Broken

_PIECE_BYTES = 1024 * 1024
_GZIP = 31  # zlib's word for "with gzip's header"
_LEVEL = 6


def unpack(chunks: Iterable[bytes], *, most_bytes: int) -> Iterator[bytes]:
    """What the chunks hold.

    most_bytes:  that it may be: a few bytes can stand for very many
    Raises:      Broken for what is not gzip, ends early, or is more
    """
    size, member = 0, zlib.decompressobj(_GZIP)
    is_begun = False
    for chunk in chunks:
        data = chunk
        while data:
            if member.eof:
                member, is_begun = zlib.decompressobj(_GZIP), False
            try:
                text = member.decompress(data, _PIECE_BYTES)
            except zlib.error as error:
                raise Broken(f"The file is not gzip, or is damaged: {error}.") from error
            is_begun = True
            data = member.unused_data if member.eof else member.unconsumed_tail
            size += len(text)
            if size > most_bytes:
                raise Broken(f"The file unpacks to more than {most_bytes} bytes.")
            if text:
                yield text
    if is_begun and not member.eof:
        raise Broken("The file ends in the middle: it is not whole.")


def skip(chunks: Iterable[bytes], count: int) -> Iterator[bytes]:
    """The bytes behind the first so many."""
    for chunk in chunks:
        if count >= len(chunk):
            count -= len(chunk)
        else:
            yield chunk[count:]
            count = 0


def pack(content: bytes) -> bytes:
    """A whole member of its own: members one after the other are one file. The same bytes give the same."""
    return gzip.compress(content, _LEVEL, mtime=0)
