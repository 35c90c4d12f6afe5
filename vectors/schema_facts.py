"""What a collection's records are like: keys, types, how many records have them, which indexes answer them.

Of segments by the statistics that were taken when each was built, of the live log by its newest records. So
the cost does not depend on how many there are, and shares are estimates unless every row was looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vectors import indexing
from vectors.cells.transaction import transaction
from vectors.indexing import IndexingView, SegmentView
from vectors.schema_rules import INVERTED
from vectors.segments import layout
from vectors.sql import identifier, statement
from vectors.types import Manifest

_LOG_SAMPLE_ROWS = 2_000
_MAX_KEYS = 256


@dataclass(frozen=True)
class LogSample:
    """The newest records of the live log.

    keys:       how many of them have the key, by type
    is_whole:   there are no others
    """

    records_count: int
    documents_count: int
    keys: Mapping[str, Mapping[str, int]]
    is_whole: bool


@dataclass(frozen=True)
class KeyFacts:
    """A metadata key.

    kinds:              the types of its values: string, int, float, bool, sparse_vector
    is_array:           whether some record has an array of them; None: not known
    coverage_ratio:     share of records that have it; None: too rare to be in a sample
    indexed_kinds:      the types that filters may ask for, by the schema
    equality_segments:  how many segments have an index that answers equality; range_segments: ranges
    """

    name: str
    kinds: Sequence[str]
    is_array: bool | None
    coverage_ratio: float | None
    indexed_kinds: Sequence[str]
    equality_segments: int
    range_segments: int

    @property
    def coverage_percent(self) -> float | None:
        """The share in percent."""
        return None if self.coverage_ratio is None else 100.0 * self.coverage_ratio

    @property
    def disabled_kinds(self) -> list[str]:
        """Types of its values that filters must not ask for."""
        return [kind for kind in self.kinds if kind in INVERTED and kind not in self.indexed_kinds]

    @property
    def is_ranged(self) -> bool:
        """Whether ranges make sense: it has numbers."""
        return bool({"int", "float"} & set(self.kinds))


@dataclass(frozen=True)
class SchemaFacts:
    """All of it.

    is_counted:         every record was looked at, so that shares are exact
    document_ratio:     share of records with a document
    has_full_text:      whether the schema lets filters look into documents
    full_text_segments: how many segments have an index of their documents' trigrams
    """

    keys: Sequence[KeyFacts]
    is_counted: bool
    document_ratio: float
    has_full_text: bool
    full_text_segments: int
    segments_count: int

    @property
    def document_percent(self) -> float:
        """The share in percent."""
        return 100.0 * self.document_ratio


def view(manifest: Manifest, known: Mapping[str, Sequence[str]]) -> SchemaFacts:
    """The facts as they are now; two transactions of five statements together.

    known:   the keys that the collection's state has, with their types
    Raises:  CollectionNotFound
    """
    return facts_of(indexing.view(manifest), sample_log(manifest), known, manifest)


def sample_log(manifest: Manifest) -> LogSample:
    """Look at the newest records of the log, a bounded number."""
    text = statement(
        "log_keys",
        cell=identifier(manifest.cell),
        value_type=statement("value_type", value="e.value"),
    )
    values: dict[str, object] = {
        "collection_id": manifest.collection_id,
        "compacted_to": manifest.compacted_to,
        "most": _LOG_SAMPLE_ROWS + 1,
        "keys_count": _MAX_KEYS,
    }
    with transaction(manifest.tenant_id) as pipeline:
        cursor = pipeline.run(text, values)
    records = documents = 0
    keys: dict[str, dict[str, int]] = {}
    for key, kind, count, with_document in cursor.fetchall():
        if key is None:
            records, documents = count, with_document
        elif kind is not None and not key.startswith("chroma:"):
            keys.setdefault(key, {})[kind] = count
    return LogSample(records, documents, keys, is_whole=records <= _LOG_SAMPLE_ROWS)


def facts_of(
    index: IndexingView, log: LogSample, known: Mapping[str, Sequence[str]], manifest: Manifest
) -> SchemaFacts:
    """The facts put together. [pure]"""
    segments = index.segments
    in_segments = sum(max(0, one.rows - one.dead_rows) for one in segments)
    log_weight = (
        log.records_count if log.is_whole else max(log.records_count, index.record_count - in_segments)
    )
    total = sum(one.rows for one in segments) + log_weight
    with_document = sum(one.rows * float(one.statistics.get("document_coverage", 0.0)) for one in segments)
    with_document += log_weight * log.documents_count / max(1, log.records_count)
    keys = [
        _key(
            name,
            sorted({*known.get(name, ()), *log.keys.get(name, ())}),
            segments,
            log,
            log_weight,
            total,
            manifest,
        )
        for name in sorted({*known, *log.keys})
    ]
    has_full_text = manifest.indexed is None or manifest.indexed.has_full_text
    return SchemaFacts(
        keys=keys,
        is_counted=log.is_whole and all(_is_counted(one) for one in segments),
        document_ratio=min(1.0, with_document / total) if total else 0.0,
        has_full_text=has_full_text,
        full_text_segments=sum(has_full_text and layout.has_trigrams(one.statistics) for one in segments),
        segments_count=len(segments),
    )


def _is_counted(segment: SegmentView) -> bool:
    return segment.statistics.get("step") == 1 and not segment.dead_rows


def _key(
    name: str,
    kinds: Sequence[str],
    segments: Sequence[SegmentView],
    log: LogSample,
    log_weight: int,
    total: int,
    manifest: Manifest,
) -> KeyFacts:
    shares = [_share(one.statistics, name) for one in segments]
    in_log = sum(log.keys.get(name, {}).values())
    found = sum(one.rows * (share or 0.0) for one, share in zip(segments, shares, strict=True))
    found += log_weight * in_log / max(1, log.records_count)
    is_seen = in_log > 0 or any(share is not None for share in shares)
    allows = [
        kind
        for kind in kinds
        if kind in INVERTED and (manifest.indexed is None or manifest.indexed.allows(name, kind))
    ]
    return KeyFacts(
        name=name,
        kinds=kinds,
        is_array=_is_array(name, segments),
        coverage_ratio=min(1.0, found / total) if is_seen and total else None,
        indexed_kinds=allows,
        equality_segments=sum(layout.has_equality(one.statistics) for one in segments),
        range_segments=sum(name in layout.range_keys(one.statistics) for one in segments),
    )


def _share(statistics: Mapping[str, Any], name: str) -> float | None:
    facts = statistics.get("keys", {}).get(name)
    if facts is None:
        return None
    # A segment of before counts an array as its elements.
    return float(min(1.0, facts.get("row_coverage", facts["coverage"])))


def _is_array(name: str, segments: Sequence[SegmentView]) -> bool | None:
    listed = [one.statistics.get("array_keys", ()) for one in segments]
    if any(one is not None and name in one for one in listed):
        return True
    return None if any(one is None for one in listed) else False
