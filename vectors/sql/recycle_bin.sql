-- The recycle bin of a cell: a collection in it is dropped for every read and write, and still whole.
--
-- name: restore_states
-- The version moves, so that no process goes on with what it remembered.
UPDATE $cell.collection_state
SET dropped_at = NULL, is_restorable = false, manifest_version = manifest_version + 1
WHERE collection_id = ANY(%(collection_ids)s::uuid[]) AND dropped_at IS NOT NULL AND is_restorable
RETURNING collection_id;

-- name: condemn_states
-- The point of no return: whoever restores finds out by this very row, whatever the clocks say.
UPDATE $cell.collection_state SET is_restorable = false
WHERE collection_id = ANY(%(collection_ids)s::uuid[]) AND dropped_at IS NOT NULL AND is_restorable;

-- name: read_dropped_states
SELECT s.collection_id, s.record_count, s.logical_bytes FROM $cell.collection_state AS s
WHERE s.collection_id = ANY(%(collection_ids)s::uuid[]) AND s.is_restorable;

-- name: collections_with_traces
-- Those that the cell still has something of; log and tombstones go before the state does.
SELECT s.collection_id FROM $cell.collection_state AS s WHERE s.collection_id = ANY(%(collection_ids)s::uuid[])
UNION
SELECT g.collection_id FROM $cell.segment AS g WHERE g.collection_id = ANY(%(collection_ids)s::uuid[]);

-- name: mark_scrub_of_collection
-- Every table that rows of the collection stood in, with those of its past: purged images, merged segments.
SELECT public.vectors_mark_scrub(array_agg('$cell.' || t.name))
FROM (
  SELECT 'record_log_' || r AS name FROM generate_series(0, $partitions - 1) AS r
  WHERE satisfies_hash_partition('$cell.record_log'::regclass, $partitions, r, %(collection_id)s::uuid)
  UNION ALL VALUES ('collection_state'), ('segment'), ('job'), ('transfer'), ('transfer_error')
) AS t(name);

-- name: mark_scrub_of_segment
-- A segment that outlived a collection that read it: its statistics were in the table of segments.
SELECT public.vectors_mark_scrub(ARRAY['$cell.segment'])
FROM $cell.segment AS g
WHERE g.segment_id = %(segment_id)s AND (g.has_outlived
  OR NOT EXISTS (SELECT FROM $cell.collection_state AS s WHERE s.collection_id = g.collection_id));

-- name: due_for_purge
SELECT collection_id, cell FROM public.vectors_due_for_purge(%(most)s);

-- name: forget_collections
SELECT public.vectors_forget_collections(%(collection_ids)s::uuid[]);

-- name: forget_databases
SELECT public.vectors_forget_databases();

-- name: scrub_due
SELECT relation, bytes FROM public.vectors_scrub_due(%(after_seconds)s);

-- name: scrub_relation
SELECT public.vectors_scrub_relation(%(relation)s);

-- name: loss_of_collection
-- What it holds, and how many other living collections its tree of forks has.
SELECT s.record_count, s.logical_bytes, (
  SELECT count(*) FROM $cell.collection_state AS o
  WHERE (o.collection_id = coalesce(s.fork_root, s.collection_id) OR o.fork_root = coalesce(s.fork_root, s.collection_id))
    AND o.collection_id <> s.collection_id AND o.dropped_at IS NULL)
FROM $cell.collection_state AS s
WHERE s.collection_id = %(collection_id)s AND s.dropped_at IS NULL;

-- name: loss_of_database
SELECT count(*), coalesce(sum(s.record_count), 0)::bigint, coalesce(sum(s.logical_bytes), 0)::bigint
FROM $cell.collection_state AS s
WHERE s.tenant_id = %(tenant_id)s AND s.database_id = %(database_id)s AND s.dropped_at IS NULL
