-- What a collection is now, and which segments serve it.
--
-- name: insert_state
INSERT INTO $cell.collection_state
  (collection_id, tenant_id, database_id, space, ef_construction, max_neighbors, ef_search, has_full_text)
VALUES (%(collection_id)s, %(tenant_id)s, %(database_id)s, %(space)s, %(ef_construction)s, %(max_neighbors)s,
  %(ef_search)s, %(has_full_text)s);

-- name: configure_state
-- The version moves so that every process reads the new search parameters.
UPDATE $cell.collection_state
SET ef_search = %(ef_search)s, max_neighbors = %(max_neighbors)s, manifest_version = manifest_version + 1
WHERE collection_id = %(collection_id)s AND dropped_at IS NULL;

-- name: drop_state
UPDATE $cell.collection_state SET dropped_at = now(), is_restorable = %(is_restorable)s
WHERE collection_id = ANY(%(collection_ids)s::uuid[]) AND dropped_at IS NULL;

-- name: read_states
SELECT s.collection_id, s.dimension, s.compaction_count, s.compacted_to, s.record_count, s.logical_bytes,
  s.metadata_keys, s.log_head,
  s.segment_rows,
  coalesce(j.state, ''), coalesce(j.phase, ''), coalesce(j.cause, '')
FROM $cell.collection_state AS s
LEFT JOIN $cell.job AS j ON j.collection_id = s.collection_id AND j.state <> 'done'
  AND j.kind IN ('compact', 'purge')
WHERE s.collection_id = ANY(%(collection_ids)s::uuid[]) AND s.dropped_at IS NULL;

-- name: read_manifest
SELECT s.space, s.ef_search, s.dimension, s.manifest_version, s.compacted_to,
  coalesce((
    SELECT jsonb_agg(jsonb_build_object('segment_id', g.segment_id, 'rows', g.rows, 'zero_rows', g.zero_rows,
      'graph', g.graph, 'statistics', g.statistics) ORDER BY g.segment_id)
    FROM $cell.manifest AS m JOIN $cell.segment AS g USING (segment_id)
    WHERE m.collection_id = s.collection_id), '[]')::text
FROM $cell.collection_state AS s
WHERE s.collection_id = %(collection_id)s AND s.dropped_at IS NULL;

-- name: count_records
SELECT record_count FROM $cell.collection_state
WHERE collection_id = %(collection_id)s AND dropped_at IS NULL;

-- name: count_indexed
-- A live record is in the log or in a segment: what the log does not have, the segments do.
SELECT s.record_count - (
  SELECT count(*) FROM $cell.record_log AS l
  WHERE l.collection_id = s.collection_id AND l.superseded_at IS NULL AND l.log_offset > s.compacted_to)
FROM $cell.collection_state AS s
WHERE s.collection_id = %(collection_id)s AND s.dropped_at IS NULL;

-- name: indexing_status
SELECT log_head, compacted_to FROM $cell.collection_state
WHERE collection_id = %(collection_id)s AND dropped_at IS NULL;

-- name: value_type
-- What the wire calls the type of $value; an array counts as what its values are.
CASE jsonb_typeof(coalesce(CASE jsonb_typeof($value) WHEN 'array' THEN $value -> 0 END, $value))
  WHEN 'string' THEN 'string' WHEN 'boolean' THEN 'bool' WHEN 'object' THEN 'sparse_vector'
  WHEN 'number' THEN CASE WHEN strpos($value::text, '.') > 0 THEN 'float' ELSE 'int' END
END;

-- name: keys_seen
-- One row: each key of the records' metadata, with the types of its values.
SELECT coalesce(jsonb_object_agg(k.key, k.kinds), '{}') AS keys
FROM (
  SELECT t.key, jsonb_agg(t.kind ORDER BY t.kind) AS kinds
  FROM (SELECT DISTINCT e.key, $value_type AS kind FROM $records AS w, jsonb_each(w.metadata) AS e) AS t
  WHERE t.kind IS NOT NULL AND NOT starts_with(t.key, 'chroma:')
  GROUP BY t.key LIMIT $most
) AS k;

-- name: keys_united
-- Known keys and seen ones; past the most that a schema may have, those that were known first.
CASE WHEN $known @> $seen THEN $known ELSE (
  SELECT jsonb_object_agg(u.key, u.kinds)
  FROM (
    SELECT k.key, jsonb_agg(DISTINCT t.kind) AS kinds
    FROM (SELECT * FROM jsonb_each($known) UNION ALL SELECT * FROM jsonb_each($seen)) AS k(key, kinds),
      jsonb_array_elements_text(k.kinds) AS t(kind)
    GROUP BY k.key ORDER BY $known ? k.key DESC, k.key LIMIT $most
  ) AS u)
END
