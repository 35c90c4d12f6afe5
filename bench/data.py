"""The records and the questions: which files they come from, and in which form the bench holds them.

Two sources, the first that is there wins: the files named by BENCH_DATA (default: debian10k in a folder
`shared/data` beside the checkout), a line of JSON per record and an .npz with `vectors` and `queries`,
float16; or the sample that ships with the service (also BENCH_DATA=sample). What is chosen from the data
(filters, words) is in filters.py.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from cloud import sample

ROOT = Path(__file__).resolve().parent.parent
Vectors = NDArray[np.float32]
Mask = NDArray[np.bool_]
Metadata = dict[str, str | int | float | bool]

QUERY_COUNT = 200
SAMPLE = "sample"


class BenchError(Exception):
    """The bench cannot go on; the message says why and what to do."""


@dataclass(frozen=True)
class Dataset:
    """Records in load order, and the vectors that are asked for.

    Shapes:  ids, documents, metadatas: n; embeddings: (n, d) float32; queries: (q, d) float32
    """

    name: str
    ids: list[str]
    documents: list[str]
    metadatas: list[Metadata]
    embeddings: Vectors
    queries: Vectors

    def __len__(self) -> int:
        return len(self.ids)

    def head(self, count: int) -> "Dataset":
        """The first `count` records, with the same questions."""
        return replace(
            self,
            ids=self.ids[:count],
            documents=self.documents[:count],
            metadatas=self.metadatas[:count],
            embeddings=self.embeddings[:count],
        )


def load() -> Dataset:
    """The first data set that is there."""
    wanted = os.environ.get("BENCH_DATA", "")
    stem = Path(wanted or ROOT.parent / "shared" / "data" / "debian10k")
    records, arrays = stem.with_suffix(".jsonl"), stem.with_suffix(".npz")
    if wanted != SAMPLE and records.exists() and arrays.exists():
        return _from_files(stem.name, records, arrays)
    if wanted not in ("", SAMPLE):
        raise BenchError(f"BENCH_DATA={wanted}: expected {records} and {arrays}, or {SAMPLE}")
    return _from_sample()


def _from_files(name: str, records: Path, arrays: Path) -> Dataset:
    lines = [orjson.loads(line) for line in records.read_bytes().splitlines() if line]
    with np.load(arrays) as archive:
        embeddings = archive["vectors"].astype(np.float32)
        queries = archive["queries"].astype(np.float32)
    if len(lines) != len(embeddings):
        raise BenchError(f"{records} has {len(lines)} records, {arrays} has {len(embeddings)} vectors")
    return Dataset(
        name=name,
        ids=[line["id"] for line in lines],
        documents=[line["document"] for line in lines],
        metadatas=[line["metadata"] for line in lines],
        embeddings=embeddings,
        queries=queries,
    )


def _from_sample() -> Dataset:
    records = sample.records()
    return Dataset(
        name="the shipped sample",
        ids=records.ids,
        documents=records.documents,
        metadatas=records.metadatas,
        embeddings=records.embeddings,
        queries=np.stack([query.embedding for query in sample.queries()]),
    )
