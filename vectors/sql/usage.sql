-- The ledger: what reads and storage add to it, what a tenant used, and whether it is true.
--
-- name: all_cells
-- Of databases that are gone too: the ledger outlives them.
SELECT n.nspname FROM pg_namespace AS n
WHERE obj_description(n.oid, 'pg_namespace') LIKE 'Tessera cell, layout %%'
ORDER BY n.nspname;

-- name: append_reads
-- The same flush twice is one.
INSERT INTO $cell.usage_ledger (tenant_id, database_id, collection_id, key_id, meter, operation, quantity, requests,
  at, flush_id)
SELECT %(tenant_id)s::uuid, r.database_id, r.collection_id, r.key_id, r.meter, r.operation, r.quantity, r.requests,
  r.at, %(flush_id)s::uuid
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(database_id uuid, collection_id uuid, key_id uuid, meter text,
  operation text, quantity bigint, requests int, at timestamptz)
ON CONFLICT DO NOTHING;

-- name: sample_storage
-- One row per collection that holds something and hour since the last sample; the clock is locked meanwhile. Of a
-- segment that forks share, the oldest living collection that has it holds the bytes, and the others do not.
WITH clock AS MATERIALIZED (
  SELECT sampled_to FROM $cell.usage_clock FOR UPDATE
), hours AS (
  SELECT h.at, h.flush_id
  FROM unnest(%(hours)s::timestamptz[], %(flush_ids)s::uuid[]) AS h(at, flush_id), clock AS c
  WHERE h.at > c.sampled_to
), held AS MATERIALIZED (
  SELECT s.*, s.logical_bytes - CASE WHEN s.fork_root IS NULL THEN 0 ELSE (
    SELECT coalesce(sum(g.logical_bytes), 0)::bigint
    FROM $cell.manifest AS m JOIN $cell.segment AS g USING (segment_id)
    WHERE m.collection_id = s.collection_id AND EXISTS (
      SELECT FROM $cell.manifest AS o JOIN $cell.collection_state AS e ON e.collection_id = o.collection_id
      WHERE o.segment_id = m.segment_id AND e.dropped_at IS NULL
        AND (e.created_at, e.collection_id) < (s.created_at, s.collection_id))) END AS own_bytes
  FROM $cell.collection_state AS s
  WHERE s.dropped_at IS NULL AND EXISTS (SELECT FROM hours)
), sampled AS (
  INSERT INTO $cell.usage_ledger (tenant_id, database_id, collection_id, meter, operation, quantity, at, flush_id)
  SELECT s.tenant_id, s.database_id, s.collection_id, 'byte_hours_stored', 'store', s.own_bytes, h.at, h.flush_id
  FROM hours AS h JOIN held AS s ON h.at >= date_trunc('hour', s.created_at, 'UTC')
  WHERE s.own_bytes > 0
  ON CONFLICT DO NOTHING
  RETURNING 1
), advanced AS (
  UPDATE $cell.usage_clock SET sampled_to = (SELECT max(at) FROM hours) WHERE EXISTS (SELECT FROM hours)
)
SELECT (SELECT count(*) FROM sampled), (SELECT count(*) FROM hours);

-- name: meter_totals
SELECT l.meter, sum(l.quantity)::bigint FROM $cell.usage_ledger AS l
WHERE l.tenant_id = %(tenant_id)s AND l.at >= %(since)s AND l.at < %(until)s
GROUP BY l.meter;

-- name: report_usage
-- A read has a row for what it scanned and one for what it returned: its request is counted with the latter.
SELECT $dimensions l.meter, sum(l.quantity)::bigint, sum(l.requests)::bigint
FROM $cell.usage_ledger AS l
WHERE true $bounds
GROUP BY $places
LIMIT %(count)s;

-- name: ledger_collections
-- Every collection that a ledger tells of, and every one that is there.
SELECT l.collection_id FROM $cell.usage_ledger AS l
WHERE l.tenant_id = %(tenant_id)s AND l.log_from IS NOT NULL
UNION
SELECT s.collection_id FROM $cell.collection_state AS s
WHERE s.tenant_id = %(tenant_id)s AND s.dropped_at IS NULL
ORDER BY 1;

-- name: manifest_tables
SELECT m.segment_id FROM $cell.manifest AS m WHERE m.collection_id = %(collection_id)s ORDER BY m.segment_id;

-- name: recount_log
SELECT i.log_offset, i.superseded_at IS NULL AND i.log_offset > s.compacted_to AS is_live, $image_bytes AS bytes
FROM $cell.record_log AS i JOIN state AS s USING (collection_id) CROSS JOIN carried AS u;

-- name: recount_segment
SELECT i.log_offset, NOT EXISTS (
    SELECT FROM $cell.tombstone AS t
    WHERE t.collection_id = %(collection_id)s AND t.segment_id = $segment_id AND t.row_id = i.row_id),
  $image_bytes
FROM $cell.$segment AS i CROSS JOIN carried AS u;

-- name: image_bytes
-- What an image weighs, from its content. What was carried over stands as noted: before layout 3 nulls of metadata
-- counted, and a fork's first images are its source's, where they are weighed.
CASE WHEN i.log_offset <= u.log_to THEN i.logical_bytes
     ELSE 4 * vector_dims(i.embedding) + octet_length(i.record_id) + coalesce(octet_length(i.document), 0)
       + coalesce(octet_length(i.uri), 0) + coalesce(octet_length(i.metadata::text), 0) END;

-- name: recount
-- The ledger's rows in the order of the log, beside the images that each of them appended and that are still held.
WITH state AS MATERIALIZED (
  SELECT * FROM $cell.collection_state WHERE collection_id = %(collection_id)s AND dropped_at IS NULL
), carried AS MATERIALIZED (
  SELECT coalesce(max(log_to), 0) AS log_to FROM $cell.usage_ledger
  WHERE collection_id = %(collection_id)s AND operation IN ('upgrade', 'fork') AND log_from IS NOT NULL
), entries AS MATERIALIZED (
  SELECT row_number() OVER log AS place, l.ledger_id, l.operation, l.quantity, l.images, l.records, l.grown_bytes,
    l.log_from, l.log_to, lag(l.log_to, 1, 0::bigint) OVER log AS tiled_to
  FROM $cell.usage_ledger AS l
  WHERE l.collection_id = %(collection_id)s AND l.log_from IS NOT NULL
  WINDOW log AS (ORDER BY l.log_from, l.log_to, l.ledger_id)
), images AS MATERIALIZED (
  $images
), held AS (
  SELECT width_bucket(i.log_offset - 1, e.froms) AS place, count(*) AS images, sum(i.bytes)::bigint AS bytes
  FROM (SELECT DISTINCT log_offset, bytes FROM images) AS i,
    (SELECT array_agg(log_from ORDER BY place) AS froms FROM entries) AS e
  GROUP BY 1
), compared AS MATERIALIZED (
  SELECT e.*, coalesce(h.images, 0) AS held_images, coalesce(h.bytes, 0) AS held_bytes,
    e.log_from <> e.tiled_to OR e.log_to < e.log_from AS is_apart
  FROM entries AS e LEFT JOIN held AS h USING (place)
), judged AS MATERIALIZED (
  SELECT c.*, c.operation NOT IN ('upgrade', 'fork') AND (  -- those carry over what others wrote
      c.held_images > c.images OR c.held_bytes > c.quantity
      OR (c.held_images = c.images AND c.held_bytes <> c.quantity)
      OR (c.operation = 'add' AND c.quantity <> c.grown_bytes)
      OR (c.operation = 'delete' AND c.quantity <> 0)) AS is_wrong
  FROM compared AS c
)
SELECT
  (SELECT log_head FROM state), (SELECT record_count FROM state), (SELECT logical_bytes FROM state),
  (SELECT count(*) FROM images WHERE is_live), (SELECT coalesce(sum(bytes), 0)::bigint FROM images WHERE is_live),
  count(*), count(*) FILTER (WHERE operation NOT IN ('upgrade', 'fork') AND held_images = images), coalesce(max(log_to), 0),
  (SELECT coalesce(sum(l.records), 0)::bigint FROM $cell.usage_ledger AS l WHERE l.collection_id = %(collection_id)s),
  coalesce(sum(grown_bytes), 0)::bigint,
  min(ledger_id) FILTER (WHERE is_apart), count(*) FILTER (WHERE is_apart),
  min(ledger_id) FILTER (WHERE is_wrong), count(*) FILTER (WHERE is_wrong)
FROM judged
