"""Which filters and words are asked for, chosen from the data; and the exact answer to every question.

A filter is kept in two forms: the JSON that goes over the wire, and the mask of the records it matches,
computed here without any server. Recall and the check of every answer rest on the mask and on one matrix of
similarities.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import orjson

from bench.data import BenchError, Dataset, Mask, Vectors

NEIGHBORS = 10
TIE_TOLERANCE = 1e-6  # float32 similarities of unit vectors: equal up to here is equal
DISTANCE_TOLERANCE = 1e-3  # what a server reports may be computed in another order, never in another metric
NUMERIC_KEY = "installed_kb"
EQUALITY_KEY = "section"


class WrongAnswerError(BenchError):
    """A server answered, and the answer is not what the data says."""


@dataclass(frozen=True)
class Filter:
    """A filter as it is sent, and the records it must match."""

    label: str
    where: dict[str, object] | None
    where_document: dict[str, object] | None
    matches: Mask

    @property
    def match_count(self) -> int:
        return int(self.matches.sum())

    def describe(self) -> str:
        sent = self.where or self.where_document
        if sent is None:
            return ""
        return f"{orjson.dumps(sent).decode()} matches {self.match_count} of {len(self.matches)}"


def unfiltered(dataset: Dataset) -> Filter:
    return Filter("all", None, None, np.ones(len(dataset), dtype=np.bool_))


def numeric_range(dataset: Dataset, label: str, *, share: float) -> Filter:
    """The upper `share` of the records by the numeric key, at the threshold that comes nearest to it."""
    values = np.array([float(metadata[NUMERIC_KEY] or 0) for metadata in dataset.metadatas])
    candidates = np.unique(values)
    above = 1 - np.searchsorted(np.sort(values), candidates, side="right") / len(values)
    threshold = int(candidates[np.abs(above - share).argmin()])
    return Filter(label, {NUMERIC_KEY: {"$gt": threshold}}, None, values > threshold)


def equality(dataset: Dataset, label: str, *, share: float) -> Filter:
    """The value of the string key whose share comes nearest to `share`."""
    values = [metadata[EQUALITY_KEY] for metadata in dataset.metadatas]
    chosen = min(
        sorted(Counter(values).items(), key=str), key=lambda pair: abs(pair[1] / len(values) - share)
    )[0]
    return Filter(label, {EQUALITY_KEY: chosen}, None, np.array([value == chosen for value in values]))


def word(dataset: Dataset, label: str, *, share: float) -> Filter:
    """The word of five letters or more whose share of documents comes nearest to `share`; as a substring."""
    counts = Counter(
        found for document in dataset.documents for found in set(re.findall(r"[A-Za-z]{5,}", document))
    )
    ranked = sorted(counts.items(), key=lambda pair: (abs(pair[1] / len(dataset) - share), pair[0]))
    for needle, _ in ranked:
        matches = np.array([needle in document for document in dataset.documents])
        if matches.sum() >= NEIGHBORS:
            return Filter(label, None, {"$contains": needle}, matches)
    raise BenchError(f"no word of the data occurs in {NEIGHBORS} documents")


class Exact:
    """The right answer to every question: exact neighbours under a filter, by float32 cosine.

    Ties:    a neighbour as near as the k-th counts as found, whatever its id: servers break ties differently
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.row_of = {record_id: row for row, record_id in enumerate(dataset.ids)}
        self.similarities: Vectors = _unit(dataset.queries) @ _unit(dataset.embeddings).T

    def check(self, body: bytes, *, question: int, chosen: Filter) -> float:
        """Recall of one answer; WrongAnswerError when its rows, filter, order or distances are wrong."""
        answer = orjson.loads(body)
        rows = self._rows(answer["ids"][0], chosen)
        similarities = self.similarities[question]
        distances = np.array(answer["distances"][0], dtype=np.float32)
        if np.abs(distances - (1 - similarities[rows])).max(initial=0) > DISTANCE_TOLERANCE:
            raise WrongAnswerError(
                f"question {question}, {chosen.label}: a distance is not the cosine distance"
            )
        if (np.diff(distances) < 0).any():
            raise WrongAnswerError(f"question {question}, {chosen.label}: not sorted by distance")
        for member in ("documents", "metadatas"):
            if len(answer[member][0]) != len(rows):
                raise WrongAnswerError(
                    f"question {question}, {chosen.label}: {member} and ids differ in length"
                )
        allowed = similarities[chosen.matches]
        kth = np.partition(allowed, -len(rows))[-len(rows)]
        return float((similarities[rows] >= kth - TIE_TOLERANCE).mean())

    def _rows(self, ids: Sequence[str], chosen: Filter) -> list[int]:
        expected = min(NEIGHBORS, chosen.match_count)
        if len(ids) != expected or len(set(ids)) != expected:
            raise WrongAnswerError(
                f"query {chosen.label}: expected {expected} different ids, got {list(ids)}"
            )
        rows = [self.row_of[record_id] for record_id in ids]
        if not chosen.matches[rows].all():
            raise WrongAnswerError(f"query {chosen.label}: a record does not match {chosen.describe()}")
        return rows


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths == 0, 1, lengths)).astype(np.float32)
