"""Answers of the wire as a page without scripts shows them. [pure]"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from cloud.dashboard import shown

_DOCUMENT_CHARACTERS = 280
_NUMBERS_COUNT = 4
_KINDS = {str: "string", bool: "bool", int: "int", float: "float"}
_COLUMNS = ("documents", "metadatas", "uris", "embeddings")


@dataclass(frozen=True)
class Result:
    """A record that was found.

    distance:  of a search, the score; None where none was asked for
    """

    record_id: str
    distance: float | None
    document: str | None
    metadata: Sequence[tuple[str, str]]
    uri: str | None
    embedding: str


def lists(answer: bytes, *, is_of_get: bool = False) -> list[list[Result]]:
    """The lists of an answer: one of a get, else one per query vector or search."""
    found: dict[str, Any] = orjson.loads(answer)
    numbers = found.get("distances") or found.get("scores")
    if is_of_get:
        return [_list(found["ids"], None, *(found.get(name) for name in _COLUMNS))]

    def column(name: str, place: int) -> Any:
        values = found.get(name)
        return None if values is None else values[place]

    return [
        _list(
            ids,
            None if numbers is None else numbers[place],
            *(column(name, place) for name in _COLUMNS),
        )
        for place, ids in enumerate(found["ids"])
    ]


def keys(known: Mapping[str, Sequence[str]], metadatas: Sequence[str | None]) -> dict[str, list[str]]:
    """Metadata keys with the types of their values: those that are known, and those of some records.

    metadatas:  JSON texts; a new collection's records are in no segment yet, so that its keys are not known
    """
    found = {key: list(kinds) for key, kinds in known.items()}
    for text in metadatas:
        values: dict[str, Any] = json.loads(text) if text else {}
        for key, value in values.items():
            first = value[0] if isinstance(value, list) and value else value
            kind = _KINDS.get(type(first))
            kinds = found.setdefault(key, [])
            if kind and kind not in kinds:
                kinds.append(kind)
    return found


def _list(
    ids: list[str],
    distances: list[float | None] | None,
    documents: list[str | None] | None,
    metadatas: list[dict[str, Any] | None] | None,
    uris: list[str | None] | None,
    embeddings: list[list[float]] | None,
) -> list[Result]:
    def at(column: list[Any] | None, place: int) -> Any:
        return None if column is None else column[place]

    results = []
    for place, record_id in enumerate(ids):
        document, metadata = at(documents, place), at(metadatas, place)
        text = None if metadata is None else orjson.dumps(metadata).decode()
        results.append(
            Result(
                record_id=record_id,
                distance=at(distances, place),
                document=_cut(document),
                metadata=tuple(shown.pairs(text)),
                uri=at(uris, place),
                embedding=_first_numbers(at(embeddings, place)),
            )
        )
    return results


def _cut(document: str | None) -> str | None:
    if document is None or len(document) <= _DOCUMENT_CHARACTERS:
        return document
    return f"{document[: _DOCUMENT_CHARACTERS - 1].rstrip()}…"


def _first_numbers(embedding: list[float] | None) -> str:
    if embedding is None:
        return ""
    first = ", ".join(f"{one:.6g}" for one in embedding[:_NUMBERS_COUNT])
    return f"[{first}{', …' if len(embedding) > _NUMBERS_COUNT else ''}] of {len(embedding)}"
