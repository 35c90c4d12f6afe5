-- Forks: a new state over the same segments, with copies of the live log and of the tombstones.
--
-- name: lock_for_fork
-- No write and no swap falls between; the collection's tree is told by its root.
SELECT coalesce(s.fork_root, s.collection_id) FROM $cell.collection_state AS s
WHERE s.collection_id = %(collection_id)s AND s.dropped_at IS NULL
FOR UPDATE;

-- name: grow_fork_tree
-- One more edge; the row is locked until the transaction ends, so no two forks count the same one.
INSERT INTO $cell.fork_tree AS t (root_id, tenant_id, forks_count) VALUES (%(root_id)s, %(tenant_id)s, 1)
ON CONFLICT (root_id) DO UPDATE SET forks_count = t.forks_count + 1
RETURNING t.forks_count;

-- name: fork_collection
-- Offsets and ordinals stay what they are, for the shared segments' rows have them too. Superseded images and those
-- that a segment has stay behind; nothing of the fork needs them.
WITH source AS MATERIALIZED (
  SELECT * FROM $cell.collection_state WHERE collection_id = %(collection_id)s AND dropped_at IS NULL
), images AS (
  INSERT INTO $cell.record_log (collection_id, tenant_id, log_offset, ordinal, logical_bytes, operation, record_id,
    embedding, document, uri, metadata)
  SELECT %(fork_id)s, l.tenant_id, l.log_offset, l.ordinal, l.logical_bytes, l.operation, l.record_id, l.embedding,
    l.document, l.uri, l.metadata
  FROM $cell.record_log AS l CROSS JOIN source AS s
  WHERE l.collection_id = %(collection_id)s AND l.superseded_at IS NULL AND l.log_offset > s.compacted_to
  RETURNING logical_bytes
), shared AS (
  INSERT INTO $cell.manifest (collection_id, segment_id, tenant_id)
  SELECT %(fork_id)s, m.segment_id, m.tenant_id FROM $cell.manifest AS m WHERE m.collection_id = %(collection_id)s
), hidden AS (
  INSERT INTO $cell.tombstone (collection_id, segment_id, row_id, log_offset, tenant_id)
  SELECT %(fork_id)s, t.segment_id, t.row_id, t.log_offset, t.tenant_id
  FROM $cell.tombstone AS t JOIN $cell.manifest AS m USING (collection_id, segment_id)
  WHERE t.collection_id = %(collection_id)s
), made AS (
  INSERT INTO $cell.collection_state (collection_id, tenant_id, database_id, space, ef_construction, max_neighbors,
    ef_search, dimension, log_head, compacted_to, compaction_count, next_ordinal, record_count, logical_bytes, log_rows,
    log_bytes, log_since, segment_rows, metadata_keys, has_full_text, fork_root, last_write_at)
  SELECT %(fork_id)s, s.tenant_id, s.database_id, s.space, s.ef_construction, s.max_neighbors, s.ef_search, s.dimension,
    s.log_head, s.compacted_to, s.compaction_count, s.next_ordinal, s.record_count, s.logical_bytes, i.rows, i.bytes,
    s.log_since, s.segment_rows, s.metadata_keys, s.has_full_text, %(root_id)s,
    CASE WHEN s.log_head > 0 THEN now() END  -- as the ledger has it
  FROM source AS s CROSS JOIN (SELECT count(*) AS rows, coalesce(sum(logical_bytes), 0) AS bytes FROM images) AS i
  RETURNING *
)
INSERT INTO $cell.usage_ledger (tenant_id, database_id, collection_id, key_id, meter, operation, quantity, requests,
  records, grown_bytes, log_from, log_to)
SELECT tenant_id, database_id, collection_id, %(key_id)s::uuid, 'forks', 'fork', 1, 1, record_count, logical_bytes, 0,
  log_head
FROM made
RETURNING records;

-- name: count_forks
SELECT coalesce(t.forks_count, 0)
FROM $cell.collection_state AS s LEFT JOIN $cell.fork_tree AS t ON t.root_id = coalesce(s.fork_root, s.collection_id)
WHERE s.collection_id = %(collection_id)s AND s.dropped_at IS NULL
