-- Searches: one common-table expression per $knn, the rank expression over them, groups, and the page.
--
-- name: knn
-- The candidates of one search: their distance as the wire has it, in 32 bits, and their position by it.
$search AS MATERIALIZED (
  SELECT c.source, c.place, c.row_ctid, c.record_id, c.ordinal, c.distance::real::float8 AS distance,
    (row_number() OVER (ORDER BY c.distance::real, c.ordinal) - 1)::float8 AS position, c.graph_count
  FROM (
    SELECT a.*, count(*) FILTER (WHERE a.is_graph) OVER () AS graph_count
    FROM ($candidates) AS a ORDER BY a.distance, a.ordinal LIMIT $limit
  ) AS c
);

-- name: rank_candidates
SELECT source, place, row_ctid, record_id, ordinal FROM $search;

-- name: rank_members
(SELECT DISTINCT ON (u.ordinal) u.* FROM ($candidates) AS u ORDER BY u.ordinal) AS members;

-- name: round_to_float32
-- From 2^128 - 2^103 on a number rounds to infinity, up to 2^-150 to zero; a cast would raise instead. NaN is
-- above all numbers here, and sign(NaN) is 0, so it stays what it is. OFFSET keeps the operation from being
-- put in place of each v.
(SELECT CASE WHEN abs(x.v) >= 3.4028235677973366e38 THEN sign(x.v) * 'Infinity'::float8
             WHEN abs(x.v) <= 7.006492321624085e-46 THEN x.v * 0
             ELSE x.v::real::float8 END
 FROM (SELECT $operation AS v OFFSET 0) AS x);

-- name: rank_quotient
-- Over zero: infinity with the sign of both, NaN over 0 / 0. atan2 tells -0 from 0.
(SELECT CASE WHEN x.b = 0 THEN x.a * (CASE WHEN atan2(x.b, -1) < 0 THEN '-Infinity' ELSE 'Infinity' END)::float8
             ELSE x.a / x.b END
 FROM (SELECT $left AS a, $right AS b OFFSET 0) AS x);

-- name: rank_exponential
-- Beyond these bounds a 32-bit float is infinite, or zero.
(SELECT CASE WHEN x.a = 'NaN' THEN x.a WHEN x.a > 89 THEN 'Infinity' WHEN x.a < -104 THEN 0 ELSE exp(x.a) END
 FROM (SELECT $operand AS a OFFSET 0) AS x);

-- name: rank_logarithm
(SELECT CASE WHEN x.a > 0 THEN ln(x.a) WHEN x.a = 0 THEN '-Infinity' ELSE 'NaN' END
 FROM (SELECT $operand AS a OFFSET 0) AS x);

-- name: search
WITH $searches, ranked AS MATERIALIZED (
  SELECT $base.source, $base.place, $base.row_ctid, $base.record_id, $base.ordinal, $score AS score
  FROM $from_members
)$grouped, page AS MATERIALIZED (
  SELECT n.* FROM $page_of AS n ORDER BY n.score, n.ordinal OFFSET %(offset)s LIMIT %(limit)s
)
SELECT s.manifest_version, s.logical_bytes, s.dimension, ARRAY[$graph_counts]::bigint[], n.record_id, n.score::real $hydrated
FROM $cell.collection_state AS s
LEFT JOIN page AS n ON true
$hydrate
WHERE s.collection_id = %(collection_id)s AND s.dropped_at IS NULL
ORDER BY n.score, n.ordinal;

-- name: graph_count
(SELECT max(graph_count) FROM $search);

-- name: search_unranked
-- Without a rank expression the order is the default one, and the score a place in the answer.
WITH matching AS (
  $parts
), page AS MATERIALIZED (
  SELECT m.*, row_number() OVER (ORDER BY m.ordinal) AS position FROM (
    SELECT * FROM matching ORDER BY ordinal OFFSET %(offset)s LIMIT %(limit)s
  ) AS m
)
SELECT s.manifest_version, s.logical_bytes, s.dimension, '{}'::bigint[], n.record_id, (n.position - 1)::real $hydrated
FROM $cell.collection_state AS s
LEFT JOIN page AS n ON true
$hydrate
WHERE s.collection_id = %(collection_id)s AND s.dropped_at IS NULL
ORDER BY n.ordinal;

-- name: grouped
, grouped AS MATERIALIZED (
  SELECT n.*, row_number() OVER (PARTITION BY $keys ORDER BY $order, n.score, n.ordinal) AS place_in_group
  FROM ranked AS n
  $hydrate
);

-- name: page_of_groups
(SELECT * FROM grouped WHERE place_in_group <= %(group_count)s);

-- name: group_key
-- As JSON text, in which 1, 1.0, "1" and true differ.
(h.metadata -> $key)::text;

-- name: group_sort_key
-- Missing, then booleans, integers, floats, strings by code point, others.
CASE jsonb_typeof(h.metadata -> $key) WHEN 'boolean' THEN 1 WHEN 'string' THEN 4 WHEN 'array' THEN 5
  WHEN 'number' THEN CASE WHEN strpos(h.metadata ->> $key, '.') > 0 THEN 3 ELSE 2 END ELSE 0 END $direction,
CASE jsonb_typeof(h.metadata -> $key) WHEN 'boolean' THEN (h.metadata -> $key)::boolean::int::numeric
  WHEN 'number' THEN (h.metadata -> $key)::numeric END $direction,
CASE jsonb_typeof(h.metadata -> $key) WHEN 'string' THEN (h.metadata ->> $key) COLLATE "C" END $direction;

-- name: selected_metadata
(SELECT jsonb_object_agg(e.key, e.value)::text FROM jsonb_each(r.metadata) AS e
 WHERE e.key = ANY(%(selected_keys)s::text[])) AS metadata
