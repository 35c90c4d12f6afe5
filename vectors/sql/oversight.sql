-- What overseers ask of a cell: counts and jobs, never a record.
--
-- name: state_usage
-- How much of its state limits each tenant uses: its largest database, collection and tree of forks.
SELECT d.tenant_id, max(d.collections), max(d.records), coalesce(max(t.forks_count), 0)
FROM (
  SELECT s.tenant_id, count(*) AS collections, max(s.record_count) AS records
  FROM $cell.collection_state AS s
  WHERE s.dropped_at IS NULL AND (%(tenant_id)s::uuid IS NULL OR s.tenant_id = %(tenant_id)s)
  GROUP BY s.tenant_id, s.database_id
) AS d
LEFT JOIN $cell.fork_tree AS t USING (tenant_id)
GROUP BY d.tenant_id;

-- name: usage_of_tenant
SELECT count(*), coalesce(sum(s.record_count), 0), coalesce(sum(s.logical_bytes), 0), coalesce(sum(s.log_rows), 0)
FROM $cell.collection_state AS s
WHERE s.tenant_id = %(tenant_id)s AND s.dropped_at IS NULL;

-- name: usage_of_cell
SELECT count(*), coalesce(sum(s.record_count), 0), coalesce(sum(s.logical_bytes), 0)
FROM $cell.collection_state AS s WHERE s.dropped_at IS NULL;

-- name: all_jobs
SELECT j.job_id, j.tenant_id, j.collection_id, j.kind, j.state, j.phase, j.attempts, j.cause, j.updated_at
FROM $cell.job AS j WHERE j.state = ANY (%(states)s::text[])
ORDER BY j.updated_at DESC LIMIT %(count)s;

-- name: drive_again_of
UPDATE $cell.job SET state = 'queued', attempts = 0, updated_at = clock_timestamp()
WHERE collection_id = %(collection_id)s AND state = 'parked'
RETURNING job_id, tenant_id;

-- name: count_parked
SELECT count(*) FROM $cell.job AS j WHERE j.state = 'parked'
