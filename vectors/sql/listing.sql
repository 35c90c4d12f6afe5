-- Lists of databases and collections, a page at a time. Names are in the catalogue, states in the cell: one statement
-- reads one of them, and hands ids to the next. `$row` is the row that a fragment is about.
--
-- name: list_names
SELECT c.collection_id, c.name, c.created_at, $key
FROM public.vectors_collection AS c
WHERE c.database_id = %(database_id)s AND c.deleted_at IS NULL $conditions
ORDER BY $key $direction, c.collection_id $direction
LIMIT %(count)s;

-- name: list_states
SELECT s.collection_id, s.dimension, s.space, s.record_count, s.logical_bytes, s.log_head, s.compacted_to,
  s.segment_rows, s.last_write_at, coalesce(j.state, ''), coalesce(j.phase, ''), coalesce(j.cause, ''), $key
FROM $cell.collection_state AS s
LEFT JOIN $cell.job AS j ON j.collection_id = s.collection_id AND j.state <> 'done'
  AND j.kind IN ('compact', 'purge')
WHERE s.database_id = %(database_id)s AND s.dropped_at IS NULL $conditions
ORDER BY $key $direction, s.collection_id $direction
LIMIT %(count)s;

-- name: names_of
SELECT c.collection_id, c.name, c.created_at
FROM public.vectors_collection AS c
WHERE c.collection_id = ANY(%(collection_ids)s::uuid[]) AND c.deleted_at IS NULL;

-- name: states_of
SELECT s.collection_id, s.dimension, s.space, s.record_count, s.logical_bytes, s.log_head, s.compacted_to,
  s.segment_rows, s.last_write_at, coalesce(j.state, ''), coalesce(j.phase, ''), coalesce(j.cause, '')
FROM $cell.collection_state AS s
LEFT JOIN $cell.job AS j ON j.collection_id = s.collection_id AND j.state <> 'done'
  AND j.kind IN ('compact', 'purge')
WHERE s.collection_id = ANY(%(collection_ids)s::uuid[]) AND s.dropped_at IS NULL;

-- name: ids_of_names
-- How many, and which: an array as its text, which goes back as it came.
SELECT count(*), coalesce(array_agg(f.collection_id), '{}')::text FROM (
  SELECT c.collection_id FROM public.vectors_collection AS c
  WHERE c.database_id = %(database_id)s AND c.deleted_at IS NULL $conditions
  LIMIT %(count)s) AS f;

-- name: ids_of_states
SELECT count(*), coalesce(array_agg(f.collection_id), '{}')::text FROM (
  SELECT s.collection_id
  FROM $cell.collection_state AS s
  LEFT JOIN $cell.job AS j ON j.collection_id = s.collection_id AND j.state <> 'done'
  AND j.kind IN ('compact', 'purge')
  WHERE s.database_id = %(database_id)s AND s.dropped_at IS NULL $conditions
  LIMIT %(count)s) AS f;

-- name: count_names
SELECT count(*) FROM (
  SELECT FROM public.vectors_collection AS c
  WHERE c.database_id = %(database_id)s AND c.deleted_at IS NULL $conditions
  LIMIT %(count)s) AS counted;

-- name: list_beyond
-- A row comparison, so that an index on both columns begins where the page before ended.
AND ($key, $row.collection_id) $beyond (%(after)s::$kind, %(after_id)s::uuid);

-- name: list_named
AND strpos(c.name_folded, lower(%(text)s::text)) > 0;

-- name: list_chosen
AND $row.collection_id = ANY(%(chosen)s::uuid[]);

-- name: list_parked
AND j.state = 'parked';

-- name: list_indexing
AND j.state IN ('queued', 'running');

-- name: list_empty
AND s.record_count = 0;

-- name: last_write_microseconds
-- Since 1970; before the first write, before everything.
coalesce((extract(epoch FROM s.last_write_at) * 1000000)::bigint, -1);

-- name: totals_of_databases
SELECT s.database_id, count(*), coalesce(sum(s.record_count), 0)::bigint, coalesce(sum(s.logical_bytes), 0)::bigint,
  coalesce(max(s.log_head - s.compacted_to), 0)::bigint,
  min(s.log_since) FILTER (WHERE s.log_head > s.compacted_to),
  count(*) FILTER (WHERE j.state IN ('queued', 'running')), count(*) FILTER (WHERE j.state = 'parked'),
  max(s.last_write_at)
FROM $cell.collection_state AS s
LEFT JOIN $cell.job AS j ON j.collection_id = s.collection_id AND j.state <> 'done'
  AND j.kind IN ('compact', 'purge')
WHERE s.tenant_id = %(tenant_id)s AND s.dropped_at IS NULL $chosen
GROUP BY s.database_id;

-- name: chosen_databases
AND s.database_id = ANY(%(database_ids)s::uuid[]);

-- name: find_collections
-- Those that begin with the text first, by name, then those that have it elsewhere: the sub-selects read the index alone.
-- A range and not LIKE, since the plan is kept for any text.
SELECT f.collection_id, c.name, d.name
FROM (
  (SELECT b.collection_id, 0 AS place FROM public.vectors_collection AS b
   WHERE b.tenant_id = %(tenant_id)s AND b.deleted_at IS NULL
     AND b.name_folded >= lower(%(text)s::text) AND b.name_folded < lower(%(text)s::text) || chr(1114111)
   ORDER BY b.name_folded LIMIT %(count)s)
  UNION ALL
  (SELECT b.collection_id, 1 FROM public.vectors_collection AS b
   WHERE b.tenant_id = %(tenant_id)s AND b.deleted_at IS NULL AND strpos(b.name_folded, lower(%(text)s::text)) > 1
   ORDER BY b.name_folded LIMIT %(count)s)
) AS f
-- OFFSET 0: each found one is looked up by its id, and nothing else is planned.
CROSS JOIN LATERAL (
  SELECT v.name, v.name_folded, v.database_id FROM public.vectors_collection AS v
  WHERE v.collection_id = f.collection_id OFFSET 0) AS c
CROSS JOIN LATERAL (
  SELECT w.name FROM public.tenants_database AS w WHERE w.database_id = c.database_id OFFSET 0) AS d
ORDER BY f.place, c.name_folded, d.name, f.collection_id
LIMIT %(count)s
