-- Imports and exports: a job, what it moves, the parts of its file, and the rows that could not be read.
--
-- name: transfer_columns
j.job_id, t.transfer_id, t.tenant_id, t.database_id, t.collection_id, t.collection_name, j.kind, j.state, j.phase,
  j.cause, t.format, t.is_gzip, t.options, t.file_name, t.started_by, t.size_bytes, t.stored_bytes, t.is_stored,
  t.rows_total, t.rows_done, t.rows_failed, t.cursor_bytes, t.cursor_line, t.cursor_ordinal, t.read_bytes,
  t.end_ordinal, t.log_from, t.log_to, t.rows_per_second, j.created_at, t.started_at, j.updated_at, t.finished_at,
  t.expires_at;

-- name: unfinished_transfers
SELECT count(*) FROM $cell.job AS j
WHERE j.tenant_id = %(tenant_id)s AND j.kind IN ('import', 'export') AND j.state IN ('uploading', 'queued', 'running');

-- name: insert_transfer
WITH made AS (
  INSERT INTO $cell.job (tenant_id, collection_id, kind, state)
  VALUES (%(tenant_id)s, %(collection_id)s, %(kind)s, %(state)s)
  RETURNING job_id
)
INSERT INTO $cell.transfer (job_id, tenant_id, database_id, collection_id, collection_name, format, is_gzip, options,
  file_name, started_by, size_bytes, expires_at)
SELECT job_id, %(tenant_id)s, %(database_id)s, %(collection_id)s, %(collection_name)s, %(format)s, %(is_gzip)s,
  %(options)s::jsonb, %(file_name)s, %(started_by)s, %(size_bytes)s,
  clock_timestamp() + make_interval(secs => %(keep_seconds)s)
FROM made
RETURNING transfer_id;

-- name: read_transfer
SELECT $columns FROM $cell.transfer AS t JOIN $cell.job AS j USING (job_id)
WHERE t.tenant_id = %(tenant_id)s AND t.database_id = %(database_id)s AND t.transfer_id = %(transfer_id)s;

-- name: read_transfer_of_job
SELECT $columns FROM $cell.transfer AS t JOIN $cell.job AS j USING (job_id) WHERE t.job_id = %(job_id)s;

-- name: page_transfers
-- The newest first, of one collection or of the whole database, behind the one that `after` names.
SELECT $columns FROM $cell.transfer AS t JOIN $cell.job AS j USING (job_id)
WHERE t.tenant_id = %(tenant_id)s AND t.database_id = %(database_id)s
  AND (%(collection_id)s::uuid IS NULL OR t.collection_id = %(collection_id)s)
  AND (%(after)s::uuid IS NULL
       OR t.job_id < (SELECT a.job_id FROM $cell.transfer AS a WHERE a.transfer_id = %(after)s))
ORDER BY t.job_id DESC LIMIT %(count)s;

-- name: keep_upload
-- The next part of an upload; no row when it does not begin where the upload ends, or the upload is over.
WITH grown AS (
  UPDATE $cell.transfer AS t SET stored_bytes = t.stored_bytes + %(bytes)s
  WHERE t.job_id = %(job_id)s AND t.stored_bytes = %(from_byte)s
    AND EXISTS (SELECT FROM $cell.job AS j WHERE j.job_id = t.job_id AND j.state = 'uploading')
  RETURNING t.job_id, t.tenant_id, t.stored_bytes
), kept AS (
  INSERT INTO $cell.transfer_part (job_id, from_byte, tenant_id, bytes, object_id)
  SELECT job_id, %(from_byte)s, tenant_id, %(bytes)s, %(object_id)s FROM grown
)
SELECT stored_bytes FROM grown;

-- name: end_upload
WITH ended AS (
  UPDATE $cell.job SET state = 'queued', updated_at = clock_timestamp()
  WHERE job_id = %(job_id)s AND state = 'uploading'
  RETURNING job_id
)
UPDATE $cell.transfer AS t SET size_bytes = t.stored_bytes FROM ended AS e WHERE t.job_id = e.job_id RETURNING t.job_id;

-- name: transfer_parts
SELECT p.from_byte, p.bytes, p.object_id FROM $cell.transfer_part AS p
WHERE p.job_id = %(job_id)s ORDER BY p.from_byte;

-- name: transfer_errors
SELECT e.line, e.field, e.message FROM $cell.transfer_error AS e
WHERE e.job_id = %(job_id)s ORDER BY e.line LIMIT %(count)s;

-- name: cancel_transfer
-- The epoch moves, so that a worker that is at it finds at its next step that it no longer holds the job.
UPDATE $cell.job SET state = 'cancelled', epoch = epoch + 1, lease_until = NULL, updated_at = clock_timestamp()
WHERE job_id = %(job_id)s AND state IN ('uploading', 'queued', 'running', 'parked', 'stopped')
RETURNING job_id;

-- name: resume_transfer
-- It goes on at its place: with the upload when that was not complete.
UPDATE $cell.job AS j
SET state = CASE WHEN j.kind = 'import' AND t.size_bytes IS DISTINCT FROM t.stored_bytes
                 THEN 'uploading' ELSE 'queued' END,
  attempts = 0, cause = '', wait_until = NULL, updated_at = clock_timestamp()
FROM $cell.transfer AS t
WHERE j.job_id = %(job_id)s AND t.job_id = j.job_id AND t.is_stored AND j.state IN ('parked', 'stopped', 'cancelled')
RETURNING j.job_id;

-- name: restart_transfer
WITH queued AS (
  UPDATE $cell.job AS j
  SET state = 'queued', attempts = 0, cause = '', phase = '', wait_until = NULL, updated_at = clock_timestamp()
  FROM $cell.transfer AS t
  WHERE j.job_id = %(job_id)s AND t.job_id = j.job_id AND j.state IN ('done', 'parked', 'stopped', 'cancelled')
    AND (j.kind = 'export' OR (t.is_stored AND t.size_bytes = t.stored_bytes))
  RETURNING j.job_id
), forgotten AS (
  DELETE FROM $cell.transfer_error AS e USING queued AS q WHERE e.job_id = q.job_id
)
UPDATE $cell.transfer AS t
SET rows_done = 0, rows_failed = 0, cursor_bytes = 0, cursor_line = 1, cursor_ordinal = -1, read_bytes = 0,
  rows_total = NULL, end_ordinal = NULL, log_from = NULL, log_to = NULL, rows_per_second = 0, started_at = NULL,
  finished_at = NULL, is_stored = true,
  stored_bytes = CASE WHEN j.kind = 'export' THEN 0 ELSE t.stored_bytes END,
  expires_at = clock_timestamp() + make_interval(secs => %(keep_seconds)s)
FROM queued AS q JOIN $cell.job AS j USING (job_id)
WHERE t.job_id = q.job_id
RETURNING t.job_id;

-- name: forget_parts
DELETE FROM $cell.transfer_part WHERE job_id = %(job_id)s RETURNING object_id;

-- name: begin_transfer
-- What an export reads is bounded when it begins: records that are added later are not part of it.
UPDATE $cell.transfer AS t
SET started_at = coalesce(t.started_at, clock_timestamp()),
  rows_total = CASE WHEN j.kind = 'export' THEN coalesce(t.rows_total, s.record_count) END,
  end_ordinal = coalesce(t.end_ordinal, s.next_ordinal), log_from = coalesce(t.log_from, s.log_head)
FROM $cell.job AS j, $cell.collection_state AS s
WHERE t.job_id = %(job_id)s AND j.job_id = t.job_id AND s.collection_id = t.collection_id AND s.dropped_at IS NULL
RETURNING t.job_id;

-- name: export_keys
-- The keys of metadata that the collection's records have: by the last compaction, and in the log since.
SELECT s.metadata_keys::text, (SELECT k.keys::text FROM ($seen) AS k)
FROM $cell.collection_state AS s
WHERE s.collection_id = %(collection_id)s AND s.dropped_at IS NULL;

-- name: live_images
SELECT i.metadata FROM $cell.record_log AS i
WHERE i.collection_id = %(collection_id)s AND i.superseded_at IS NULL;

-- name: note_options
UPDATE $cell.transfer SET options = options || %(options)s::jsonb WHERE job_id = %(job_id)s;

-- name: hold_transfer
-- The job is still this worker's; no attempt has failed that moved it on.
UPDATE $cell.job SET updated_at = clock_timestamp(), attempts = 0, phase = %(phase)s
WHERE job_id = %(job_id)s AND epoch = %(epoch)s AND state = 'running'
RETURNING job_id;

-- name: advance_import
-- In the write's own transaction: what is written and how far the file was read cannot differ.
WITH held AS (
  $held
), moved AS (
  UPDATE $cell.transfer AS t
  SET rows_done = t.rows_done + %(rows_done)s, rows_failed = t.rows_failed + %(rows_failed)s,
    cursor_bytes = %(cursor_bytes)s, cursor_line = %(cursor_line)s, read_bytes = %(read_bytes)s,
    rows_per_second = %(rows_per_second)s
  FROM held AS h WHERE t.job_id = h.job_id
), noted AS (
  INSERT INTO $cell.transfer_error (job_id, line, tenant_id, field, message)
  SELECT h.job_id, e.line, %(tenant_id)s, e.field, e.message
  FROM held AS h, jsonb_to_recordset(%(errors)s::jsonb) AS e(line bigint, field text, message text)
  ORDER BY e.line
  LIMIT greatest(0, %(most_errors)s - (SELECT count(*) FROM $cell.transfer_error AS k WHERE k.job_id = %(job_id)s))
  ON CONFLICT DO NOTHING
)
SELECT public.tessera_require((SELECT count(*) FROM held) = 1, 'lease lost');

-- name: advance_export
-- A part of the file, how far it goes, and what reading it is billed with, or none of them.
WITH held AS (
  $held
), moved AS (
  UPDATE $cell.transfer AS t
  SET rows_done = t.rows_done + %(rows_done)s, cursor_ordinal = %(cursor_ordinal)s,
    stored_bytes = t.stored_bytes + %(bytes)s, rows_per_second = %(rows_per_second)s
  FROM held AS h WHERE t.job_id = h.job_id
  RETURNING t.job_id, t.tenant_id, t.database_id, t.collection_id, t.stored_bytes
), kept AS (
  INSERT INTO $cell.transfer_part (job_id, from_byte, tenant_id, bytes, object_id)
  SELECT job_id, stored_bytes - %(bytes)s, tenant_id, %(bytes)s, %(object_id)s FROM moved
), metered AS (
  INSERT INTO $cell.usage_ledger (tenant_id, database_id, collection_id, meter, operation, quantity, requests)
  SELECT tenant_id, database_id, collection_id, 'bytes_returned', 'export', %(text_bytes)s, 1 FROM moved
)
SELECT public.tessera_require((SELECT count(*) FROM held) = 1, 'lease lost');

-- name: finish_transfer
WITH ended AS (
  UPDATE $cell.job
  SET state = 'done', phase = '', cause = '', lease_until = NULL, updated_at = clock_timestamp()
  WHERE job_id = %(job_id)s AND epoch = %(epoch)s AND state = 'running'
  RETURNING job_id, collection_id
)
UPDATE $cell.transfer AS t
SET finished_at = clock_timestamp(), size_bytes = t.stored_bytes, read_bytes = t.stored_bytes,
  log_to = (SELECT s.log_head FROM $cell.collection_state AS s WHERE s.collection_id = e.collection_id),
  expires_at = clock_timestamp() + make_interval(secs => %(keep_seconds)s)
FROM ended AS e WHERE t.job_id = e.job_id
RETURNING t.rows_done;

-- name: expired_files
-- Files that are kept no longer, and those of collections that are gone for good.
SELECT t.job_id, t.tenant_id FROM $cell.transfer AS t JOIN $cell.job AS j USING (job_id)
WHERE t.is_stored AND j.state NOT IN ('queued', 'running') AND (
  t.expires_at < clock_timestamp()
  OR NOT EXISTS (
    SELECT FROM $cell.collection_state AS s
    WHERE s.collection_id = t.collection_id AND (s.dropped_at IS NULL OR s.is_restorable)))
ORDER BY t.expires_at LIMIT %(count)s;

-- name: end_file
-- An upload that nobody completed is over with its file.
WITH ended AS (
  UPDATE $cell.job SET state = 'cancelled', epoch = epoch + 1, updated_at = clock_timestamp(),
    cause = 'The upload was not completed in time.'
  WHERE job_id = %(job_id)s AND state = 'uploading'
), parted AS (
  DELETE FROM $cell.transfer_part WHERE job_id = %(job_id)s
)
UPDATE $cell.transfer SET is_stored = false WHERE job_id = %(job_id)s;

-- name: forget_transfers
-- The list shows what was done for a while longer than the files are there.
DELETE FROM $cell.job AS j USING $cell.transfer AS t
WHERE t.job_id = j.job_id AND NOT t.is_stored AND j.state NOT IN ('queued', 'running') AND (
  t.expires_at < clock_timestamp() - make_interval(secs => %(seconds)s)
  OR NOT EXISTS (
    SELECT FROM $cell.collection_state AS s
    WHERE s.collection_id = t.collection_id AND (s.dropped_at IS NULL OR s.is_restorable)))
RETURNING j.collection_id
