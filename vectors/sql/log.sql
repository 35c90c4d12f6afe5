-- The write transaction: lock, then one statement that appends. Both travel in one pipeline.
--
-- name: lock_collection
-- Serialises the writers of a collection; refuses when the caller's view of it is out of date.
SELECT s.log_head, s.dimension,
  public.tessera_require(s.manifest_version = %(manifest_version)s, 'stale manifest'),
  public.tessera_require(
    %(dimension)s::int IS NULL OR s.dimension IS NULL OR s.dimension = %(dimension)s::int,
    'dimension ' || coalesce(s.dimension, 0))
FROM (
  SELECT * FROM $cell.collection_state
  WHERE collection_id = %(collection_id)s AND dropped_at IS NULL
  FOR UPDATE
) AS s;

-- name: incoming_records
SELECT r.record_id, r.position, r.embedding, r.document, r.uri, r.metadata
FROM unnest(%(ids)s::text[], %(embeddings)s::vector[], %(documents)s::text[], %(uris)s::text[], %(metadatas)s::jsonb[])
  WITH ORDINALITY AS r(record_id, embedding, document, uri, metadata, position);

-- name: incoming_ids
SELECT r.record_id, r.position FROM unnest(%(ids)s::text[]) WITH ORDINALITY AS r(record_id, position);

-- name: absent_from_segment
  AND NOT EXISTS (
    SELECT FROM $cell.$segment AS g
    WHERE g.record_id = r.record_id AND $is_live);

-- name: append_new
-- add: records whose id is unknown, in the order given; the others are skipped.
WITH state AS MATERIALIZED (
  SELECT * FROM $cell.collection_state WHERE collection_id = %(collection_id)s AND dropped_at IS NULL
), incoming AS MATERIALIZED (
  $incoming
), fresh AS (
  SELECT r.record_id, r.position, r.embedding, r.document, r.uri,
    nullif(jsonb_strip_nulls(r.metadata), '{}') AS metadata,
    row_number() OVER (ORDER BY r.position) - 1 AS place
  FROM incoming AS r
  WHERE NOT EXISTS (
    SELECT FROM $cell.record_log AS l
    WHERE l.collection_id = %(collection_id)s AND l.record_id = r.record_id AND l.superseded_at IS NULL)
  $absent_from_segments
), appended AS (
  INSERT INTO $cell.record_log (collection_id, tenant_id, log_offset, ordinal, logical_bytes, operation, record_id,
    embedding, document, uri, metadata)
  SELECT s.collection_id, s.tenant_id, s.log_head + f.position, s.next_ordinal + f.place,
    4 * vector_dims(f.embedding) + octet_length(f.record_id) + coalesce(octet_length(f.document), 0)
      + coalesce(octet_length(f.uri), 0) + coalesce(octet_length(f.metadata::text), 0),
    'a', f.record_id, f.embedding, f.document, f.uri, f.metadata
  FROM fresh AS f CROSS JOIN state AS s
  RETURNING logical_bytes
), gain AS MATERIALIZED (
  SELECT count(*) AS records, count(*) AS appended, coalesce(sum(logical_bytes), 0) AS written_bytes,
    coalesce(sum(logical_bytes), 0) AS grown_bytes
  FROM appended
), $advance;

-- name: old_in_log
-- Hides the live images of the incoming ids and hands them on.
UPDATE $cell.record_log AS l SET superseded_at = s.log_head + r.position
FROM incoming AS r CROSS JOIN state AS s
WHERE l.collection_id = %(collection_id)s AND l.record_id = r.record_id AND l.superseded_at IS NULL $and_reached
RETURNING l.record_id, l.ordinal, l.logical_bytes, l.embedding, l.document, l.uri, l.metadata;

-- name: old_in_segment
SELECT $segment_id::bigint AS segment_id, g.row_id, g.record_id, g.ordinal, g.logical_bytes, g.embedding,
  g.document, g.uri, g.metadata
FROM $cell.$segment AS g
WHERE g.record_id IN (SELECT r.record_id FROM incoming AS r) AND $is_live $and_reached;

-- name: old_images
-- An image may be in the log and, until the purge, in a segment too: they are the same, the log's is taken.
old_log AS (
  $old_in_log
), old_segment AS MATERIALIZED (
  $old_in_segments
), entombed AS (
  INSERT INTO $cell.tombstone (collection_id, segment_id, row_id, log_offset, tenant_id)
  SELECT s.collection_id, o.segment_id, o.row_id, s.log_head + r.position, s.tenant_id
  FROM old_segment AS o JOIN incoming AS r ON r.record_id = o.record_id CROSS JOIN state AS s
), old AS MATERIALIZED (
  SELECT * FROM old_log
  UNION ALL
  SELECT o.record_id, o.ordinal, o.logical_bytes, o.embedding, o.document, o.uri, o.metadata
  FROM old_segment AS o WHERE o.record_id NOT IN (SELECT record_id FROM old_log)
);

-- name: old_images_of_log
old AS (
  $old_in_log
);

-- name: append_changes
-- update and upsert: new images over the old ones. $join is LEFT JOIN for upsert, JOIN for update.
-- The window over the whole join is computed before the first insert, so the old image is hidden by then.
WITH state AS MATERIALIZED (
  SELECT * FROM $cell.collection_state WHERE collection_id = %(collection_id)s AND dropped_at IS NULL
), incoming AS MATERIALIZED (
  $incoming
), $old_images, changed AS MATERIALIZED (
  SELECT r.position, r.record_id, o.record_id IS NOT NULL AS is_known,
    coalesce(o.ordinal, s.next_ordinal
      + count(*) FILTER (WHERE o.record_id IS NULL) OVER (ORDER BY r.position) - 1) AS ordinal,
    coalesce(o.logical_bytes, 0) AS old_bytes,
    coalesce(r.embedding, o.embedding) AS embedding,
    coalesce(r.document, o.document) AS document,
    coalesce(r.uri, o.uri) AS uri,
    CASE WHEN r.metadata IS NULL THEN o.metadata
         ELSE nullif(jsonb_strip_nulls(coalesce(o.metadata, '{}') || r.metadata), '{}') END AS metadata
  FROM incoming AS r $join old AS o ON o.record_id = r.record_id CROSS JOIN state AS s
), appended AS (
  INSERT INTO $cell.record_log (collection_id, tenant_id, log_offset, ordinal, logical_bytes, operation, record_id,
    embedding, document, uri, metadata)
  SELECT s.collection_id, s.tenant_id, s.log_head + c.position, c.ordinal,
    4 * vector_dims(c.embedding) + octet_length(c.record_id) + coalesce(octet_length(c.document), 0)
      + coalesce(octet_length(c.uri), 0) + coalesce(octet_length(c.metadata::text), 0),
    CASE WHEN c.is_known THEN 'u' ELSE 'a' END, c.record_id, c.embedding, c.document, c.uri, c.metadata
  FROM changed AS c CROSS JOIN state AS s
  RETURNING logical_bytes
), gain AS MATERIALIZED (
  SELECT (SELECT count(*) FILTER (WHERE NOT is_known) FROM changed) AS records, count(*) AS appended,
    coalesce(sum(logical_bytes), 0) AS written_bytes,
    coalesce(sum(logical_bytes), 0) - (SELECT coalesce(sum(old_bytes), 0) FROM changed) AS grown_bytes
  FROM appended
), $advance;

-- name: delete_records
-- delete: hides the images of the incoming ids; nothing is appended, the offsets say when.
WITH state AS MATERIALIZED (
  SELECT * FROM $cell.collection_state WHERE collection_id = %(collection_id)s AND dropped_at IS NULL
), incoming AS MATERIALIZED (
  $incoming
), $old_images, gain AS MATERIALIZED (
  SELECT - count(*) AS records, 0 AS appended, 0 AS written_bytes, - coalesce(sum(logical_bytes), 0) AS grown_bytes
  FROM old
), $advance;

-- name: advance
-- Counters, place in the log and the bill, in the write's own transaction: one row of the ledger per write.
advanced AS (
  UPDATE $cell.collection_state AS c
  SET log_head = c.log_head + (SELECT count(*) FROM incoming),
    next_ordinal = c.next_ordinal + greatest(gain.records, 0),
    record_count = c.record_count + gain.records,
    logical_bytes = c.logical_bytes + gain.grown_bytes,
    log_rows = c.log_rows + gain.appended,
    log_bytes = c.log_bytes + gain.written_bytes,
    log_since = coalesce(c.log_since, now()),
    last_write_at = now(),
    dimension = coalesce(c.dimension, %(dimension)s::int)$keys_noted
  FROM gain$keys_seen
  WHERE c.collection_id = %(collection_id)s AND c.dropped_at IS NULL
  RETURNING c.tenant_id, c.database_id, c.collection_id, c.record_count, c.log_head, c.log_rows,
    gain.records, gain.appended, gain.written_bytes, gain.grown_bytes
), metered AS (
  INSERT INTO $cell.usage_ledger (tenant_id, database_id, collection_id, key_id, meter, operation, quantity,
    requests, images, records, grown_bytes, log_from, log_to)
  SELECT tenant_id, database_id, collection_id, %(key_id)s::uuid, 'bytes_written', %(operation)s::text,
    written_bytes, 1, appended, records, grown_bytes, log_head - (SELECT count(*) FROM incoming), log_head
  FROM advanced
)
SELECT a.log_head, a.records, a.log_rows, a.written_bytes::bigint, public.tessera_require(
  a.records <= 0 OR a.record_count <= %(record_limit)s::bigint, 'records ' || a.record_count)$claims
FROM advanced AS a;

-- name: claim_every
-- A forced filter's claim: every row of $rows passes. The reason tells the place of the first that does not.
, (SELECT bool_and(public.tessera_require($passes, '$reason ' || f.position)) FROM ($rows) AS f);

-- name: rows_added
-- Known ids too, though they are skipped: an add does not tell which ids there are.
SELECT r.position, r.record_id, nullif(jsonb_strip_nulls(r.metadata), '{}') AS metadata FROM incoming AS r
ORDER BY r.position;

-- name: rows_changed
SELECT c.position, c.record_id, c.metadata FROM changed AS c ORDER BY c.position;

-- name: rows_overwritten
SELECT r.position, o.record_id, o.metadata FROM old AS o JOIN incoming AS r ON r.record_id = o.record_id
ORDER BY r.position
