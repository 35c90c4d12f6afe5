"""Limits of the wire and of the stores: what no plan can raise. [pure]"""

from __future__ import annotations

# A B-tree entry may have 2,704 bytes (PostgreSQL, nbtree, a third of a page); ids are indexed whole.
MAX_ID_BYTES = 2_000
# pgvector: an HNSW index takes halfvec up to 4,000 dimensions, vector up to 2,000, bit up to 64,000.
MAX_HALFVEC_GRAPH_DIMENSION = 4_000
MAX_VECTOR_GRAPH_DIMENSION = 2_000
MAX_DIMENSION = 16_000  # pgvector, type vector
# pgvector: hnsw.ef_search, m and ef_construction.
MAX_EF_SEARCH = 1_000
MIN_MAX_NEIGHBORS, MAX_MAX_NEIGHBORS = 2, 100
MAX_EF_CONSTRUCTION = 1_000
# The largest and, roughly, smallest component that a half keeps with full precision (IEEE 754 binary16).
MAX_HALF = 65_504.0
MIN_HALF_NORM = 1e-2
# Depth and width of a filter: far above any plan's quota, far below what a stack or a planner minds.
MAX_FILTER_DEPTH = 32
MAX_FILTER_LEAVES = 1_024
# Rank expressions: levels, and operators of any kind. Each becomes a step of SQL.
MAX_RANK_DEPTH = 32
MAX_RANK_OPERATORS = 256
# Keys that one search selects: above any plan's number of keys in a record.
MAX_SELECTED_KEYS = 1_024
MIN_INT64, MAX_INT64 = -(2**63), 2**63 - 1
# A schema is part of every answer that has the collection, keys that records brought included.
MAX_SCHEMA_KEYS = 1_000
MAX_SCHEMA_BYTES = 1024 * 1024
# Regular expressions: a pattern's characters and nesting, and the memory of RE2 for it (its default, 8 MiB).
MAX_PATTERN_CHARACTERS = 1_024
MAX_PATTERN_DEPTH = 64
PATTERN_MEMORY_BYTES = 8 * 1024 * 1024
# What matching may cost: steps that RE2 makes at worst for a byte of text (about 1.3 ns each on the reference
# machine), and steps for a document: one of 16 KiB takes 110 ms with the largest pattern. Then the request's
# time.
MAX_PATTERN_STEPS = 5_000
MAX_DOCUMENT_STEPS = MAX_PATTERN_STEPS * 16_384
MAX_MATCHING_SECONDS = 0.25
