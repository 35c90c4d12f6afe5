-- The job table is the truth about background work; Celery only wakes workers.
--
-- name: enqueue_job
-- The unique index lets one piece of work wait or run per collection; a second is the same work.
INSERT INTO $cell.job (tenant_id, collection_id, kind)
VALUES (%(tenant_id)s, %(collection_id)s, %(kind)s)
ON CONFLICT (collection_id) WHERE kind IN ('compact', 'purge') AND state <> 'done' DO NOTHING
RETURNING job_id;

-- name: claim_job
-- The oldest upkeep that waits, or whose worker let its lease run out. The epoch fences that worker off.
UPDATE $cell.job AS j
SET state = 'running', epoch = j.epoch + 1, attempts = j.attempts + 1, updated_at = clock_timestamp(),
  lease_until = clock_timestamp() + make_interval(secs => %(lease_seconds)s), phase = 'starting',
  phases = jsonb_build_array($phase_begins)
WHERE j.job_id = (
  SELECT c.job_id FROM $cell.job AS c
  WHERE c.kind IN ('compact', 'purge') AND (
    c.state = 'queued' OR (c.state = 'running' AND c.lease_until < clock_timestamp() AND c.attempts < %(max_deaths)s))
  ORDER BY c.job_id
  FOR UPDATE SKIP LOCKED
  LIMIT 1)
RETURNING j.job_id, j.tenant_id, j.collection_id, j.kind, j.epoch, j.attempts;

-- name: claim_transfer
-- Imports and exports take turns: the one whose last slice was longest ago.
UPDATE $cell.job AS j
SET state = 'running', epoch = j.epoch + 1, attempts = j.attempts + 1, updated_at = clock_timestamp(),
  lease_until = clock_timestamp() + make_interval(secs => %(lease_seconds)s), wait_until = NULL,
  phase = CASE WHEN j.phase = '' THEN 'starting' ELSE j.phase END
WHERE j.job_id = (
  SELECT c.job_id FROM $cell.job AS c
  WHERE c.kind IN ('import', 'export') AND (
    (c.state = 'queued' AND (c.wait_until IS NULL OR c.wait_until <= clock_timestamp()))
    OR (c.state = 'running' AND c.lease_until < clock_timestamp() AND c.attempts < %(max_deaths)s))
  ORDER BY c.updated_at, c.job_id
  FOR UPDATE SKIP LOCKED
  LIMIT 1)
RETURNING j.job_id, j.tenant_id, j.collection_id, j.kind, j.epoch, j.attempts;

-- name: put_back_job
-- Its turn is over, and it goes on later; what it did counts, so no attempt has failed.
UPDATE $cell.job
SET state = 'queued', attempts = 0, lease_until = NULL, updated_at = clock_timestamp(), cause = '',
  wait_until = clock_timestamp() + make_interval(secs => %(wait_seconds)s)
WHERE job_id = %(job_id)s AND epoch = %(epoch)s AND state = 'running';

-- name: stop_job
-- A rule does not allow it to go on; its owner reads why, and resumes it when that has changed.
UPDATE $cell.job
SET state = 'stopped', cause = %(cause)s, lease_until = NULL, updated_at = clock_timestamp()
WHERE job_id = %(job_id)s AND epoch = %(epoch)s AND state = 'running'
RETURNING state;

-- name: park_deadly_jobs
-- Work that let many workers die, of memory for instance, is no longer handed on.
WITH finished AS (
  UPDATE $cell.job
  SET state = 'parked', lease_until = NULL, updated_at = clock_timestamp(),
    cause = 'The worker died each time; see its log, and BUILD_MEMORY_BYTES'
  WHERE state = 'running' AND lease_until < clock_timestamp() AND attempts >= %(max_deaths)s
  RETURNING *
), noted AS (
  $note_attempt finished AS j WHERE j.kind IN ('compact', 'purge')
)
$forget_older;

-- name: renew_lease
UPDATE $cell.job
SET lease_until = clock_timestamp() + make_interval(secs => %(lease_seconds)s), updated_at = clock_timestamp(),
  phase = coalesce(%(phase)s, phase),
  phases = CASE WHEN %(phase)s IS NULL OR kind IN ('import', 'export') THEN phases ELSE phases || $phase_begins END
WHERE job_id = %(job_id)s AND epoch = %(epoch)s AND state = 'running'
RETURNING job_id;

-- name: hold_lease
-- Within the swap's transaction: nobody may have taken the work over.
SELECT job_id FROM $cell.job
WHERE job_id = %(job_id)s AND epoch = %(epoch)s AND state = 'running'
FOR UPDATE;

-- name: phase_begins
jsonb_build_object('phase', %(phase)s::text, 'at', round(extract(epoch FROM clock_timestamp()), 3));

-- name: finish_job
WITH finished AS (
  UPDATE $cell.job SET state = 'done', phase = '', cause = '', lease_until = NULL, updated_at = clock_timestamp()
  WHERE job_id = %(job_id)s AND epoch = %(epoch)s AND state = 'running'
  RETURNING *
), noted AS (
  $note_attempt finished AS j WHERE j.kind IN ('compact', 'purge')
)
$forget_older;

-- name: note_attempt
INSERT INTO $cell.job_history (tenant_id, collection_id, job_id, kind, outcome, attempt, cause, phases, counts,
  queued_at)
SELECT j.tenant_id, j.collection_id, j.job_id, j.kind, CASE j.state WHEN 'queued' THEN 'failed' ELSE j.state END,
  j.attempts, j.cause, j.phases, %(counts)s::jsonb, j.created_at
FROM;

-- name: forget_older
-- The last ones of the collection stay; the statement does not see the one that it has just noted.
DELETE FROM $cell.job_history AS h USING finished AS f
WHERE h.collection_id = f.collection_id AND h.history_id <= (
  SELECT o.history_id FROM $cell.job_history AS o WHERE o.collection_id = f.collection_id
  ORDER BY o.history_id DESC OFFSET %(kept)s LIMIT 1);

-- name: fail_job
-- After the last attempt it is parked: reads stay exact, and somebody looks at the cause.
WITH finished AS (
  UPDATE $cell.job
  SET state = CASE WHEN attempts >= %(max_attempts)s THEN 'parked' ELSE 'queued' END,
    cause = %(cause)s, lease_until = NULL, updated_at = clock_timestamp(),
    phase = CASE WHEN kind IN ('import', 'export') THEN phase ELSE '' END,
    wait_until = clock_timestamp() + make_interval(secs => %(wait_seconds)s)
  WHERE job_id = %(job_id)s AND epoch = %(epoch)s AND state = 'running'
  RETURNING *
), noted AS (
  $note_attempt finished AS j WHERE j.kind IN ('compact', 'purge')
), forgotten AS (
  $forget_older
)
SELECT state FROM finished;

-- name: drive_again
UPDATE $cell.job SET state = 'queued', attempts = 0, updated_at = clock_timestamp()
WHERE collection_id = %(collection_id)s AND state = 'parked' AND kind IN ('compact', 'purge')
RETURNING job_id;

-- name: jobs_waiting
SELECT count(*) FROM $cell.job AS j
WHERE j.kind = ANY(%(kinds)s::text[]) AND (
  (j.state = 'queued' AND (j.wait_until IS NULL OR j.wait_until <= clock_timestamp()))
  OR (j.state = 'running' AND j.lease_until < clock_timestamp()));

-- name: forget_jobs
DELETE FROM $cell.job
WHERE state = 'done' AND kind IN ('compact', 'purge') AND updated_at < clock_timestamp() - make_interval(secs => %(seconds)s);

-- name: compactable_collections
SELECT s.collection_id, s.tenant_id FROM $cell.collection_state AS s
WHERE s.dropped_at IS NULL AND s.log_head > s.compacted_to AND s.dimension IS NOT NULL
  AND (%(collection_id)s::uuid IS NULL OR s.collection_id = %(collection_id)s);

-- name: unfinished_jobs
SELECT j.state || ' ' || j.phase || ' ' || j.cause FROM $cell.job AS j
WHERE j.collection_id = ANY(%(collection_ids)s::uuid[]) AND j.state <> 'done' AND j.kind IN ('compact', 'purge')
ORDER BY j.state DESC, j.job_id
