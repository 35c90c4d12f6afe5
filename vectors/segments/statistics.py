"""Taking a segment's statistics: which keys it has, of which types, how selective they are.

The planner reads them (`vectors/query/estimate.py`), the index choice (`layout.create_indexes`), and the
collection's schema. Taken from a bounded sample, so that they cost the same at any size; but the keys with
arrays from all rows, for the compiler of filters relies on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from vectors.segments.database import Database
from vectors.sql import statement
from vectors.where import value_name

SAMPLE_ROWS = 20_000
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
      distinct         how many values differ in the sample
      common           value → share of rows, for the most common values
      quantiles        pairs (share of numbers below, number), ascending; empty without numbers
      row_coverage     share of rows that have the key, an array counted once
      An array counts as its elements, so the other coverages of a key may be above 1.
    step: of how many rows one was looked at; 1: all of them
    array_keys: the keys with an array in any row; None when they are too many to list
    documents: a few documents, cut; document_coverage: share of rows with a document

    Transaction: needs one, bound to the tenant
    """
    step = max(1, rows // SAMPLE_ROWS)
    sample = {"segment": table, "is_sampled": statement("is_sampled")}
    sampled = max(1, database.one("document_coverage", {"step": step}, **sample)[0])
    keys: dict[str, dict[str, Any]] = {}
    bounds = {"step": step, "common_count": _COMMON_VALUES, "keys_count": _MAX_KEYS}
    values = statement("values_of_key")
    sampled_keys = database.all("sample_keys", bounds, values=values, **sample)
    for key, json_type, count, distinct, common in sampled_keys:
        facts = keys.setdefault(
            key,
            {"coverage": 0.0, "number_coverage": 0.0, "distinct": 0, "common": {}, "quantiles": []},
        )
        facts["coverage"] += count / sampled
        facts["number_coverage"] += count / sampled if json_type == "number" else 0.0
        facts["distinct"] += distinct
        for text, times in orjson.loads(common).items():
            name = value_name(float(text)) if json_type == "number" else text
            facts["common"][name] = facts["common"].get(name, 0.0) + times / sampled
    points = {"step": step, "points": list(_SHARES)}
    for key, quantiles in database.all("sample_numbers", points, values=values, **sample):
        if key in keys:
            keys[key]["quantiles"] = list(zip(_SHARES, quantiles, strict=True))
    for key, count in database.all("sample_coverage", {"step": step, "keys_count": _MAX_KEYS}, **sample):
        if key in keys:
            keys[key]["row_coverage"] = count / sampled
    with_arrays = [key for (key,) in database.all("array_keys", {"count": _MAX_KEYS + 1}, segment=table)]
    array_keys = sorted(with_arrays) if len(with_arrays) <= _MAX_KEYS else None
    return {"keys": keys, "array_keys": array_keys, "step": step} | _documents(database, sample, rows=rows)


def _documents(database: Database, sample: Mapping[str, str], *, rows: int) -> dict[str, Any]:
    step = max(1, rows // _SAMPLE_DOCUMENTS)
    bounds = {"step": step, "count": _SAMPLE_DOCUMENTS, "characters": _SAMPLE_CHARACTERS}
    documents = [text for (text,) in database.all("sample_documents", bounds, **sample)]
    counted, with_document = database.one("document_coverage", {"step": 1}, **sample)
    return {"documents": documents, "document_coverage": with_document / max(1, counted)}
