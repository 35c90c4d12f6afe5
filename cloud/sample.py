"""The sample that the repository ships: 2,000 real records and 20 queries, read from `deploy/sample`."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

FOLDER = Path(__file__).resolve().parent.parent / "deploy" / "sample"

Scalar = str | int | float | bool
Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Records:
    """Columns of equal length, as a client's `add` takes them."""

    ids: list[str]
    documents: list[str]
    metadatas: list[dict[str, Scalar]]
    embeddings: Matrix

    def __len__(self) -> int:
        return len(self.ids)

    def part(self, first: int, count: int) -> Records:
        """The records first, first + 1, …: at most so many."""
        end = first + count
        return Records(
            self.ids[first:end],
            self.documents[first:end],
            self.metadatas[first:end],
            self.embeddings[first:end],
        )


@dataclass(frozen=True)
class Query:
    """A question as text and as the embedding that stands for it."""

    text: str
    embedding: Matrix


def records() -> Records:
    """Every record of the sample, embeddings widened to float32.

    Shapes:  embeddings (2000, 384), unit length
    """
    with gzip.open(FOLDER / "records.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return Records(
        ids=[row["id"] for row in rows],
        documents=[row["document"] for row in rows],
        metadatas=[row["metadata"] for row in rows],
        embeddings=_embeddings("records"),
    )


def queries() -> list[Query]:
    """The queries of the sample, in the order of their file."""
    texts = (FOLDER / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        Query(json.loads(line)["text"], embedding)
        for line, embedding in zip(texts, _embeddings("queries"), strict=True)
    ]


def _embeddings(name: str) -> Matrix:
    with np.load(FOLDER / "embeddings.npz") as arrays:
        widened: Matrix = arrays[name].astype(np.float32)
    return widened
