-- Segments: made beside the old ones without a lock, swapped in by one short transaction.
--
-- name: create_segment_table
CREATE TABLE $cell.$segment (
  row_id bigint NOT NULL,
  ordinal bigint NOT NULL,
  log_offset bigint NOT NULL,
  logical_bytes int NOT NULL,
  record_id text COLLATE "C" NOT NULL,
  embedding vector($dimension) NOT NULL,
  document text,
  uri text,
  metadata jsonb
) WITH (toast_tuple_target = $toast_tuple_target, autovacuum_enabled = false);
ALTER TABLE $cell.$segment ALTER COLUMN embedding SET STORAGE $storage;
ALTER TABLE $cell.$segment ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON $cell.$segment USING ((SELECT current_setting('app.tenant_id', true) = '$tenant'));
GRANT SELECT ON $cell.$segment TO $web;
GRANT SELECT, INSERT ON $cell.$segment TO $worker;

-- name: create_graph
CREATE INDEX ON $cell.$segment USING hnsw (($expression) $operator_class)
  WITH (m = $max_neighbors, ef_construction = $ef_construction);

-- name: create_segment_ids
ALTER TABLE $cell.$segment ADD UNIQUE (record_id);

-- name: create_segment_order
CREATE INDEX ON $cell.$segment (ordinal);

-- name: create_segment_zeroes
CREATE INDEX ON $cell.$segment (ordinal) WHERE vector_norm(embedding) = 0;

-- name: create_segment_equality
CREATE INDEX ON $cell.$segment USING gin (metadata jsonb_path_ops) WITH (fastupdate = off);

-- name: create_segment_trigrams
CREATE INDEX ON $cell.$segment USING gin (document gin_trgm_ops) WITH (fastupdate = off);

-- name: analyze_segment
ANALYZE $cell.$segment;

-- name: drop_segment_table
DROP TABLE IF EXISTS $cell.$segment;

-- name: insert_segment
INSERT INTO $cell.segment (tenant_id, collection_id, state, job_id, space, dimension)
VALUES (%(tenant_id)s, %(collection_id)s, 'building', %(job_id)s, %(space)s, %(dimension)s)
RETURNING segment_id;

-- name: read_compactable
SELECT s.log_head, s.compacted_to, s.dimension, s.space, s.max_neighbors, s.ef_construction, s.manifest_version,
  s.has_full_text
FROM $cell.collection_state AS s
WHERE s.collection_id = %(collection_id)s AND s.dropped_at IS NULL;

-- name: fill_segment
INSERT INTO $cell.$segment
  (row_id, ordinal, log_offset, logical_bytes, record_id, embedding, document, uri, metadata)
SELECT row_number() OVER (ORDER BY i.ordinal), i.*
FROM ($images) AS i
ORDER BY i.ordinal;

-- name: images_of_log
SELECT l.ordinal, l.log_offset, l.logical_bytes, l.record_id, l.embedding, l.document, l.uri, l.metadata
FROM $cell.record_log AS l
WHERE l.collection_id = %(collection_id)s AND l.superseded_at IS NULL
  AND l.log_offset > %(compacted_to)s AND l.log_offset <= %(up_to)s;

-- name: images_of_segment
SELECT g.ordinal, g.log_offset, g.logical_bytes, g.record_id, g.embedding, g.document, g.uri, g.metadata
FROM $cell.$segment AS g
WHERE g.row_id NOT IN (SELECT t.row_id FROM $cell.tombstone AS t
                       WHERE t.collection_id = %(collection_id)s AND t.segment_id = $segment_id);

-- name: measure_segment
SELECT count(*), count(*) FILTER (WHERE vector_norm(embedding) = 0), coalesce(sum(logical_bytes), 0)::bigint,
  coalesce(max(vector_norm(embedding)), 0), coalesce(min(nullif(vector_norm(embedding), 0)), 0)
FROM $cell.$segment;

-- name: is_sampled
-- One row of `step`, by its hash: what returns every n-th row is neither missed nor taken for common.
(hashint8(g.row_id) & 2147483647) %% %(step)s = 0;

-- name: sample_keys
-- Of the sampled rows: each key by the type of its values, how many there are, how many differ, the common ones.
-- An array counts as its elements.
WITH counted AS (
  SELECT e.key, jsonb_typeof(v.value) AS type, v.value::text AS value, count(*) AS n
  FROM $cell.$segment AS g, jsonb_each(g.metadata) AS e, $values AS v
  WHERE $is_sampled
  GROUP BY 1, 2, 3
), ranked AS (
  SELECT *, row_number() OVER (PARTITION BY key, type ORDER BY n DESC) AS place FROM counted
)
SELECT key, type, sum(n)::bigint, count(*),
  coalesce(jsonb_object_agg(value, n) FILTER (WHERE place <= %(common_count)s AND length(value) <= 200), '{}')::text
FROM ranked GROUP BY key, type ORDER BY sum(n) DESC LIMIT %(keys_count)s;

-- name: sample_coverage
SELECT e.key, count(*) FROM $cell.$segment AS g, jsonb_object_keys(g.metadata) AS e(key)
WHERE $is_sampled
GROUP BY e.key ORDER BY count(*) DESC LIMIT %(keys_count)s;

-- name: sample_numbers
SELECT e.key, percentile_disc(%(points)s::float8[]) WITHIN GROUP (ORDER BY (v.value)::numeric::float8)
FROM $cell.$segment AS g, jsonb_each(g.metadata) AS e, $values AS v
WHERE $is_sampled AND jsonb_typeof(v.value) = 'number'
GROUP BY e.key;

-- name: segment_keys
SELECT s.keys::text FROM ($keys_seen) AS s;

-- name: values_of_key
-- The elements of an array, or the value itself.
jsonb_array_elements(CASE jsonb_typeof(e.value) WHEN 'array' THEN e.value ELSE jsonb_build_array(e.value) END);

-- name: array_keys
-- Every key that has an array in some row: of all rows, for filters leave the test of arrays out where none is.
SELECT DISTINCT e.key FROM $cell.$segment AS g, jsonb_each(g.metadata) AS e
WHERE jsonb_typeof(e.value) = 'array'
LIMIT %(count)s;

-- name: sample_documents
SELECT left(g.document, %(characters)s) FROM $cell.$segment AS g
WHERE g.document IS NOT NULL AND $is_sampled
LIMIT %(count)s;

-- name: document_coverage
SELECT count(*), count(document) FROM $cell.$segment AS g WHERE $is_sampled;

-- name: seal_segment
UPDATE $cell.segment
SET state = 'sealed', rows = %(rows)s, zero_rows = %(zero_rows)s, logical_bytes = %(logical_bytes)s,
  graph = %(graph)s, statistics = %(statistics)s::jsonb, build_seconds = %(build_seconds)s
WHERE segment_id = %(segment_id)s AND state = 'building';

-- name: lock_for_swap
SELECT s.manifest_version, s.log_head FROM $cell.collection_state AS s
WHERE s.collection_id = %(collection_id)s AND s.dropped_at IS NULL
FOR UPDATE;

-- name: catch_up_log
-- Images that were copied and have been superseded since: dead on arrival.
INSERT INTO $cell.tombstone (collection_id, segment_id, row_id, log_offset, tenant_id)
SELECT l.collection_id, %(segment_id)s, g.row_id, l.superseded_at, l.tenant_id
FROM $cell.record_log AS l JOIN $cell.$segment AS g ON g.log_offset = l.log_offset AND g.record_id = l.record_id
WHERE l.collection_id = %(collection_id)s AND l.superseded_at > %(up_to)s
  AND l.log_offset > %(compacted_to)s AND l.log_offset <= %(up_to)s;

-- name: catch_up_segment
-- Rows of a merged segment that have been entombed since they were copied.
INSERT INTO $cell.tombstone (collection_id, segment_id, row_id, log_offset, tenant_id)
SELECT t.collection_id, %(segment_id)s, g.row_id, t.log_offset, t.tenant_id
FROM $cell.tombstone AS t
JOIN $cell.$old_segment AS o ON o.row_id = t.row_id
JOIN $cell.$segment AS g ON g.record_id = o.record_id AND g.log_offset = o.log_offset
WHERE t.collection_id = %(collection_id)s AND t.segment_id = $old_segment_id
ON CONFLICT DO NOTHING;

-- name: lock_segments
-- Before they are left: of two collections that leave a segment at once, the second must see that the first is gone.
SELECT g.segment_id FROM $cell.segment AS g WHERE g.segment_id = ANY(%(segment_ids)s::bigint[])
ORDER BY g.segment_id FOR UPDATE;

-- name: leave_segments
-- The collection reads them no more. Those that nobody else reads are retired; another reader answers for the others.
WITH left_manifest AS (
  DELETE FROM $cell.manifest
  WHERE collection_id = %(collection_id)s AND segment_id = ANY(%(segment_ids)s::bigint[])
), others AS (
  SELECT DISTINCT ON (m.segment_id) m.segment_id, m.collection_id FROM $cell.manifest AS m
  WHERE m.segment_id = ANY(%(segment_ids)s::bigint[]) AND m.collection_id <> %(collection_id)s
  ORDER BY m.segment_id, m.collection_id
)
UPDATE $cell.segment AS g
SET state = CASE WHEN o.segment_id IS NULL THEN 'retired' ELSE g.state END,
  retired_at = CASE WHEN o.segment_id IS NULL THEN clock_timestamp() END,
  collection_id = CASE WHEN g.collection_id = %(collection_id)s THEN coalesce(o.collection_id, g.collection_id)
                       ELSE g.collection_id END,
  has_outlived = g.has_outlived OR (%(is_gone)s AND o.segment_id IS NOT NULL)
FROM unnest(%(segment_ids)s::bigint[]) AS l(segment_id) LEFT JOIN others AS o USING (segment_id)
WHERE g.segment_id = l.segment_id;

-- name: forget_left_tombstones
-- Of segments that the collection reads no more; a segment that others read may live for long.
DELETE FROM $cell.tombstone AS t
WHERE t.collection_id = %(collection_id)s AND t.segment_id = ANY(%(segment_ids)s::bigint[]) AND NOT EXISTS (
  SELECT FROM $cell.manifest AS m WHERE m.collection_id = t.collection_id AND m.segment_id = t.segment_id);

-- name: enter_manifest
INSERT INTO $cell.manifest (collection_id, segment_id, tenant_id)
VALUES (%(collection_id)s, %(segment_id)s, %(tenant_id)s);

-- name: advance_manifest
UPDATE $cell.collection_state
SET manifest_version = manifest_version + 1, compaction_count = compaction_count + 1, compacted_to = %(up_to)s,
  metadata_keys = $keys_united,
  segment_rows = (SELECT coalesce(sum(g.rows), 0) FROM $cell.manifest AS m JOIN $cell.segment AS g USING (segment_id)
                  WHERE m.collection_id = %(collection_id)s),
  -- What is left was written after the copy began, and its segment was entered before that.
  log_since = CASE WHEN log_head > %(up_to)s THEN greatest(log_since,
    (SELECT g.created_at FROM $cell.segment AS g WHERE g.segment_id = %(segment_id)s)) END
WHERE collection_id = %(collection_id)s;

-- name: purge_log
-- Images that a segment has, and superseded ones, a bounded number at a time.
WITH gone AS (
  DELETE FROM $cell.record_log
  WHERE collection_id = %(collection_id)s AND log_offset IN (
    SELECT log_offset FROM $cell.record_log
    WHERE collection_id = %(collection_id)s
      AND (log_offset <= %(compacted_to)s OR superseded_at <= %(superseded_to)s)
    LIMIT %(count)s)
  RETURNING logical_bytes
)
UPDATE $cell.collection_state AS s
SET log_rows = s.log_rows - g.rows, log_bytes = s.log_bytes - g.bytes
FROM (SELECT count(*) AS rows, coalesce(sum(logical_bytes), 0) AS bytes FROM gone) AS g
WHERE s.collection_id = %(collection_id)s
RETURNING g.rows;

-- name: purge_tombstones
DELETE FROM $cell.tombstone
WHERE segment_id = %(segment_id)s;

-- name: retired_segments
-- Out of use for long enough, or made by a build that never came to its swap and whose job is over.
SELECT g.segment_id, g.tenant_id, g.collection_id FROM $cell.segment AS g
WHERE (g.state = 'retired' AND g.retired_at < clock_timestamp() - make_interval(secs => %(seconds)s))
   OR (g.state IN ('building', 'sealed')
       AND NOT EXISTS (SELECT FROM $cell.manifest AS m WHERE m.segment_id = g.segment_id)
       AND NOT EXISTS (
         SELECT FROM $cell.job AS j WHERE j.job_id = g.job_id AND j.state IN ('queued', 'running')))
ORDER BY g.segment_id;

-- name: abandoned_segments
SELECT g.segment_id FROM $cell.segment AS g WHERE g.job_id = %(job_id)s AND g.state = 'building';

-- name: forget_segment
DELETE FROM $cell.segment WHERE segment_id = %(segment_id)s;

-- name: dropped_collections
SELECT s.collection_id, s.tenant_id FROM $cell.collection_state AS s
WHERE s.dropped_at < clock_timestamp() - make_interval(secs => %(seconds)s) AND NOT s.is_restorable
  AND NOT EXISTS (SELECT FROM $cell.job AS j WHERE j.collection_id = s.collection_id AND j.state IN ('queued', 'running'))
  AND NOT EXISTS (SELECT FROM $cell.transfer AS t WHERE t.collection_id = s.collection_id)  -- their files go first
LIMIT %(count)s;

-- name: forget_collection_log
DELETE FROM $cell.record_log
WHERE collection_id = %(collection_id)s AND log_offset IN (
  SELECT log_offset FROM $cell.record_log WHERE collection_id = %(collection_id)s LIMIT %(count)s);

-- name: forget_collection_tombstones
DELETE FROM $cell.tombstone WHERE collection_id = %(collection_id)s;

-- name: forget_collection_jobs
DELETE FROM $cell.job WHERE collection_id = %(collection_id)s AND state IN ('done', 'parked') AND kind IN ('compact', 'purge');

-- name: forget_collection_history
DELETE FROM $cell.job_history WHERE collection_id = %(collection_id)s;

-- name: forget_collection_state
-- With the last collection of a tree of forks, the tree.
WITH gone AS (
  DELETE FROM $cell.collection_state WHERE collection_id = %(collection_id)s
  RETURNING collection_id, coalesce(fork_root, collection_id) AS root_id
)
DELETE FROM $cell.fork_tree AS t USING gone AS g
WHERE t.root_id = g.root_id AND NOT EXISTS (
  SELECT FROM $cell.collection_state AS s
  WHERE (s.collection_id = t.root_id OR s.fork_root = t.root_id) AND s.collection_id <> g.collection_id);

-- name: due_collections
-- What the policy looks at: every collection with something in its log, and the segments it has.
SELECT s.collection_id, s.tenant_id, s.log_head, s.compacted_to, s.log_rows, s.log_bytes, s.record_count,
  coalesce(extract(epoch FROM clock_timestamp() - s.log_since), 0)::float8 AS log_age_seconds, s.segment_rows
FROM $cell.collection_state AS s
WHERE s.dropped_at IS NULL
  AND (s.log_rows >= %(rows)s OR s.log_bytes >= %(bytes)s
       OR (s.segment_rows > 0 AND s.log_since < clock_timestamp() - make_interval(secs => %(seconds)s))
       OR s.segment_rows - s.record_count > %(hidden_ratio)s * s.segment_rows)
  AND NOT EXISTS (SELECT FROM $cell.job AS j WHERE j.collection_id = s.collection_id AND j.state <> 'done'
                  AND j.kind IN ('compact', 'purge'))
ORDER BY s.log_rows DESC
LIMIT %(count)s;

-- name: manifest_segments
SELECT g.segment_id, g.rows, g.logical_bytes,
  (SELECT count(*) FROM $cell.tombstone AS t
   WHERE t.collection_id = m.collection_id AND t.segment_id = g.segment_id) AS tombstones
FROM $cell.manifest AS m JOIN $cell.segment AS g USING (segment_id)
WHERE m.collection_id = %(collection_id)s
ORDER BY g.segment_id
