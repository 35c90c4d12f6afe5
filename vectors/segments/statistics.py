"""Taking a segment's statistics: which keys it has, of which types, how selective they are.

The planner reads them (`vectors/query/estimate.py`), the index choice (`layout.create_indexes`), and the
collection's schema. Taken from a bounded sample, so that they cost the same at any size.
"""

from __future__ import annotations

from typing import Any

import orjson

from vectors.segments.database import Database
from vectors.where import value_name

_SAMPLE_ROWS = 20_000
_SAMPLE_DOCUMENTS = 64
_SAMPLE_CHARACTERS = 512
_COMMON_VALUES = 32
_MAX_KEYS = 256
# Closer at both ends: numbers in the wild have long tails, and a filter often asks for the tail.
_TAIL = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02)
_SHARES = (*_TAIL, *(place / 32 for place in range(1, 32)), *(1.0 - share for share in reversed(_TAIL)))


def take(database: Database, *, table: str, rows: int) -> dict[str, Any]:
    """The statistics of a filled segment.

    keys: per metadata key
      coverage         share of rows that have the key
      number_coverage  share of rows where it is a number
      types            JSON types seen
      distinct         how many values differ in the sample
      common           value → share of rows, for the most common values
      quantiles        pairs (share of numbers below, number), ascending; empty without numbers
      has_fractions    whether a number was written as a float
    documents: a few documents, cut; document_coverage: share of rows with a document

    Transaction: needs one, bound to the tenant
    """
    step = max(1, rows // _SAMPLE_ROWS)
    sampled = max(1, database.one("document_coverage", {"step": step}, segment=table)[0])
    keys: dict[str, dict[str, Any]] = {}
    bounds = {"step": step, "common_count": _COMMON_VALUES, "keys_count": _MAX_KEYS}
    for key, json_type, count, distinct, common in database.all("sample_keys", bounds, segment=table):
        facts = keys.setdefault(
            key,
            {"coverage": 0.0, "number_coverage": 0.0, "types": [], "distinct": 0, "common": {}}
            | {"quantiles": [], "has_fractions": False},
        )
        facts["coverage"] += count / sampled
        facts["number_coverage"] += count / sampled if json_type == "number" else 0.0
        facts["types"].append(json_type)
        facts["distinct"] += distinct
        for text, times in orjson.loads(common).items():
            name = value_name(float(text)) if json_type == "number" else text
            facts["has_fractions"] |= json_type == "number" and "." in text
            facts["common"][name] = facts["common"].get(name, 0.0) + times / sampled
    points = {"step": step, "points": list(_SHARES)}
    for key, quantiles in database.all("sample_numbers", points, segment=table):
        if key in keys:
            keys[key]["quantiles"] = list(zip(_SHARES, quantiles, strict=True))
    return {"keys": keys} | _documents(database, table=table, rows=rows)


def _documents(database: Database, *, table: str, rows: int) -> dict[str, Any]:
    step = max(1, rows // _SAMPLE_DOCUMENTS)
    bounds = {"step": step, "count": _SAMPLE_DOCUMENTS, "characters": _SAMPLE_CHARACTERS}
    sample = [text for (text,) in database.all("sample_documents", bounds, segment=table)]
    counted, with_document = database.one("document_coverage", {"step": 1}, segment=table)
    return {"documents": sample, "document_coverage": with_document / max(1, counted)}
