-- What people see of a collection's index: its log, its segments, what works on it and what has.
--
-- name: indexing_state
SELECT s.record_count, s.logical_bytes, s.log_head, s.compacted_to, s.log_rows, s.log_bytes, s.log_since,
  s.segment_rows, s.compaction_count
FROM $cell.collection_state AS s
WHERE s.collection_id = %(collection_id)s AND s.dropped_at IS NULL;

-- name: indexing_segments
-- A table that is dropped meanwhile has no size.
SELECT g.segment_id, g.rows,
  (SELECT count(*) FROM $cell.tombstone AS t
   WHERE t.collection_id = m.collection_id AND t.segment_id = g.segment_id),
  g.logical_bytes, pg_total_relation_size(to_regclass(%(cell)s || '.segment_' || g.segment_id)), g.graph,
  g.build_seconds, g.created_at, g.statistics::text
FROM $cell.manifest AS m JOIN $cell.segment AS g USING (segment_id)
WHERE m.collection_id = %(collection_id)s
ORDER BY g.segment_id;

-- name: indexing_job
SELECT j.job_id, j.kind, j.state, j.attempts, j.phase, j.cause, j.phases::text, j.created_at, j.updated_at
FROM $cell.job AS j
WHERE j.collection_id = %(collection_id)s AND j.state <> 'done' AND j.kind IN ('compact', 'purge');

-- name: indexing_history
SELECT h.job_id, h.kind, h.outcome, h.attempt, h.cause, h.phases::text, h.counts::text, h.queued_at, h.finished_at
FROM $cell.job_history AS h
WHERE h.collection_id = %(collection_id)s
ORDER BY h.history_id DESC
LIMIT %(count)s;

-- name: log_keys
-- Of the newest records of the live log: keys with the types of their values, and how many there are; without
-- key, all of them, and those with a document.
WITH newest AS MATERIALIZED (
  SELECT r.metadata, r.document IS NOT NULL AS has_document FROM $cell.record_log AS r
  WHERE r.collection_id = %(collection_id)s AND r.superseded_at IS NULL AND r.log_offset > %(compacted_to)s
  ORDER BY r.log_offset DESC LIMIT %(most)s
)
SELECT NULL AS key, NULL AS kind, count(*) AS records, count(*) FILTER (WHERE has_document) AS documents FROM newest
UNION ALL
(SELECT e.key, $value_type, count(*), 0 FROM newest AS n, jsonb_each(n.metadata) AS e
 GROUP BY 1, 2 ORDER BY 3 DESC LIMIT %(keys_count)s);

-- name: queue_compaction
-- Nothing when all of the log is in segments already; one piece of work waits or runs per collection.
INSERT INTO $cell.job (tenant_id, collection_id, kind)
SELECT s.tenant_id, s.collection_id, 'compact' FROM $cell.collection_state AS s
WHERE s.collection_id = %(collection_id)s AND s.dropped_at IS NULL AND s.log_head > s.compacted_to
  AND s.dimension IS NOT NULL
ON CONFLICT (collection_id) WHERE kind IN ('compact', 'purge') AND state <> 'done' DO NOTHING
RETURNING job_id
