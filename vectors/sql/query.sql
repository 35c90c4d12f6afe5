-- Reads: sealed segments and the live log, minus tombstones. Each is one statement, and returns the
-- manifest version that it saw, so that a process with an older manifest knows and asks again.
--
-- name: live_log
FROM $cell.record_log AS r
WHERE r.collection_id = %(collection_id)s AND r.superseded_at IS NULL AND r.log_offset > %(compacted_to)s $and_filter;

-- name: is_live
-- One look whether the segment has any tombstone; only then one look per row. Never a join: the planner, which
-- does not know how many tombstones this segment has, would compare each row with all of them.
(NOT EXISTS (
   SELECT FROM $cell.tombstone AS t
   WHERE t.collection_id = %(collection_id)s AND t.segment_id = $segment_id)
 OR (SELECT true FROM $cell.tombstone AS t
     WHERE t.collection_id = %(collection_id)s AND t.segment_id = $segment_id AND t.row_id = $row.row_id) IS NULL);

-- name: live_segment
FROM $cell.$segment AS r
WHERE $is_live $and_filter;

-- name: nearest_exactly
-- Only what sorting needs is read here; documents and metadata are fetched for the winners alone.
(SELECT $source::bigint AS source, $place AS place, $ctid AS row_ctid, r.record_id, r.ordinal,
  $distance AS distance, false AS is_graph
 $live
 ORDER BY distance, r.ordinal LIMIT $limit);

-- name: nearest_by_graph
-- The index gives candidates by its own, coarser measure; they are measured again by the float32 column.
(SELECT $source::bigint AS source, $place AS place, $ctid AS row_ctid, r.record_id, r.ordinal,
  $distance AS distance, true AS is_graph
 $live
 ORDER BY $index_distance LIMIT $limit);

-- name: hydrate_log
SELECT $columns FROM $cell.record_log AS r
WHERE n.source = 0 AND r.collection_id = %(collection_id)s AND r.log_offset = n.place;

-- name: hydrate_segment
SELECT $columns FROM $cell.$segment AS r WHERE n.source = $segment_id AND r.ctid = n.row_ctid;

-- name: query
WITH candidates AS (
  $candidates
), nearest AS MATERIALIZED (
  SELECT *, count(*) FILTER (WHERE is_graph) OVER () AS graph_count
  FROM candidates ORDER BY distance, ordinal LIMIT %(k)s
)
SELECT s.manifest_version, s.logical_bytes, s.dimension, n.graph_count, n.record_id, n.distance::real $hydrated
FROM $cell.collection_state AS s
LEFT JOIN nearest AS n ON true
$hydrate
WHERE s.collection_id = %(collection_id)s AND s.dropped_at IS NULL
ORDER BY n.distance, n.ordinal;

-- name: hydrate_join
LEFT JOIN LATERAL (
  $sources
) AS h ON true;

-- name: get_part
(SELECT $source::bigint AS source, $place AS place, $ctid AS row_ctid, r.record_id, r.ordinal $live
 ORDER BY r.ordinal LIMIT %(reach)s);

-- name: count_part
SELECT count(*) AS records $live;

-- name: count_matching
SELECT s.manifest_version, (SELECT coalesce(sum(p.records), 0) FROM ($parts) AS p)::bigint
FROM $cell.collection_state AS s
WHERE s.collection_id = %(collection_id)s AND s.dropped_at IS NULL;

-- name: document_part
SELECT r.record_id, r.document $live AND r.document IS NOT NULL;

-- name: open_candidates
-- The documents that a regular expression is asked of, to be fetched a few at a time.
DECLARE candidates NO SCROLL CURSOR FOR
$parts;

-- name: fetch_candidates
FETCH FORWARD $count FROM candidates;

-- name: close_candidates
CLOSE candidates;

-- name: get
WITH matching AS (
  $parts
), page AS MATERIALIZED (
  SELECT * FROM matching ORDER BY ordinal OFFSET %(offset)s LIMIT %(limit)s
)
SELECT s.manifest_version, s.logical_bytes, n.record_id $hydrated
FROM $cell.collection_state AS s
LEFT JOIN page AS n ON true
$hydrate
WHERE s.collection_id = %(collection_id)s AND s.dropped_at IS NULL
ORDER BY n.ordinal;

-- name: browse_part
(SELECT $source::bigint AS source, $place AS place, $ctid AS row_ctid, r.record_id, r.ordinal $live
 ORDER BY r.$by $direction LIMIT %(limit)s);

-- name: browse
-- A page behind (or before) a place: the order's own index begins there, whatever lies before it.
WITH matching AS (
  $parts
), page AS MATERIALIZED (
  SELECT * FROM matching ORDER BY $by $direction LIMIT %(limit)s
)
SELECT s.manifest_version, s.next_ordinal, n.record_id, n.ordinal $hydrated
FROM $cell.collection_state AS s
LEFT JOIN page AS n ON true
$hydrate
WHERE s.collection_id = %(collection_id)s AND s.dropped_at IS NULL
ORDER BY n.$by $direction;

-- name: walk
-- The records after a place in default order, a page of them, with their own places.
WITH matching AS (
  $parts
), page AS MATERIALIZED (
  SELECT * FROM matching ORDER BY ordinal LIMIT %(reach)s
)
SELECT s.manifest_version, s.logical_bytes, n.ordinal, n.record_id $hydrated
FROM $cell.collection_state AS s
LEFT JOIN page AS n ON true
$hydrate
WHERE s.collection_id = %(collection_id)s AND s.dropped_at IS NULL
ORDER BY n.ordinal;

-- name: count_up_to
-- How many match, and how far the log goes: what was written later is not among them.
SELECT s.manifest_version, (SELECT count(*) FROM ($parts LIMIT %(most)s) AS m), s.log_head, s.record_count
FROM $cell.collection_state AS s
WHERE s.collection_id = %(collection_id)s AND s.dropped_at IS NULL;

-- name: one_part
SELECT 1 $live;

-- name: incoming_matching
-- The records that a delete by filter means, in default order.
SELECT m.record_id, row_number() OVER (ORDER BY m.ordinal) AS position
FROM (
  SELECT record_id, ordinal FROM ($parts) AS matching ORDER BY ordinal LIMIT %(limit)s
) AS m
