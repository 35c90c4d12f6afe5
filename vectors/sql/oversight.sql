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
WHERE collection_id = %(collection_id)s AND state = 'parked' AND kind IN ('compact', 'purge')
RETURNING job_id, tenant_id;

-- name: count_parked
SELECT count(*) FROM $cell.job AS j WHERE j.state = 'parked';

-- name: unindexed_by_database
-- Live images that no segment has, by database: an upper bound, as the policy counts them.
SELECT s.database_id, sum(CASE WHEN s.segment_rows = 0 THEN s.record_count
                               ELSE least(s.log_head - s.compacted_to, s.log_rows) END)::bigint
FROM $cell.collection_state AS s
WHERE s.tenant_id = %(tenant_id)s AND s.dropped_at IS NULL AND s.log_rows > 0
GROUP BY s.database_id;

-- name: waiting_collections
-- Collections with a job that is not done, and those that the policy may find due: parked ones first, then the
-- oldest. The age of a job says since when its collection has been due.
SELECT s.collection_id, s.database_id, s.log_head, s.compacted_to, s.log_rows, s.log_bytes, s.record_count,
  coalesce(extract(epoch FROM clock_timestamp() - s.log_since), 0)::float8, s.segment_rows,
  j.state, j.kind, j.cause, j.attempts, extract(epoch FROM clock_timestamp() - j.created_at)::float8
FROM $cell.collection_state AS s
LEFT JOIN $cell.job AS j ON j.collection_id = s.collection_id AND j.state <> 'done'
  AND j.kind IN ('compact', 'purge')
WHERE s.tenant_id = %(tenant_id)s AND s.dropped_at IS NULL
  AND (j.job_id IS NOT NULL OR s.log_rows >= %(rows)s OR s.log_bytes >= %(bytes)s
       OR (s.segment_rows > 0 AND s.log_since < clock_timestamp() - make_interval(secs => %(seconds)s)))
ORDER BY (j.state = 'parked') IS TRUE DESC, j.created_at NULLS LAST, s.log_since
LIMIT %(count)s
