"""What a file is, by its name and by what its sender calls it. [pure]"""

from __future__ import annotations

from vectors.formats import Format

_BY_TYPE = {
    "application/jsonl": Format.JSONL,
    "application/x-jsonl": Format.JSONL,
    "application/jsonlines": Format.JSONL,
    "application/x-jsonlines": Format.JSONL,
    "application/x-ndjson": Format.JSONL,
    "application/ndjson": Format.JSONL,
    "text/csv": Format.CSV,
}
_BY_ENDING = {"jsonl": Format.JSONL, "ndjson": Format.JSONL, "csv": Format.CSV}
_GZIP_TYPES = {"application/gzip", "application/x-gzip"}
CONTENT_TYPES = {Format.JSONL: "application/x-ndjson", Format.CSV: "text/csv; charset=utf-8"}


def guess(file_name: str, content_type: str, content_encoding: str = "") -> tuple[Format | None, bool]:
    """The format, or None when nothing says it; and whether it is packed with gzip.

    What the type says counts before what the name says.
    """
    kind = content_type.partition(";")[0].strip().lower()
    name = file_name.lower()
    is_packed_by_name = name.endswith(".gz")
    ending = name.removesuffix(".gz").rpartition(".")[2]
    is_gzip = kind in _GZIP_TYPES or is_packed_by_name or content_encoding.strip().lower() == "gzip"
    return _BY_TYPE.get(kind) or _BY_ENDING.get(ending), is_gzip
