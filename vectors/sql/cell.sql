-- The tables of a cell. Created by `vectors/cells/schema.py`, as the owner; every part may run again.
--
-- name: cell_version
SELECT obj_description(to_regnamespace(%(cell)s)::oid, 'pg_namespace') AS version, to_regnamespace(%(cell)s) IS NOT NULL;

-- name: mark_cell
COMMENT ON SCHEMA $cell IS 'Tessera cell, layout $version';

-- name: create_cell
CREATE SCHEMA IF NOT EXISTS $cell;
GRANT USAGE ON SCHEMA $cell TO $web, $worker, $segments, $operator;
GRANT CREATE ON SCHEMA $cell TO $segments;

-- What changes with every write of a collection, and the row that its writers lock.
CREATE TABLE IF NOT EXISTS $cell.collection_state (
  collection_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  database_id uuid NOT NULL,
  space text NOT NULL,
  ef_construction int NOT NULL,
  max_neighbors int NOT NULL,
  ef_search int NOT NULL,
  dimension int,
  log_head bigint NOT NULL DEFAULT 0,
  compacted_to bigint NOT NULL DEFAULT 0,
  manifest_version bigint NOT NULL DEFAULT 0,
  compaction_count bigint NOT NULL DEFAULT 0,
  next_ordinal bigint NOT NULL DEFAULT 0,
  record_count bigint NOT NULL DEFAULT 0,
  logical_bytes bigint NOT NULL DEFAULT 0,
  log_rows bigint NOT NULL DEFAULT 0,
  log_bytes bigint NOT NULL DEFAULT 0,
  log_since timestamptz,
  segment_rows bigint NOT NULL DEFAULT 0,
  metadata_keys jsonb NOT NULL DEFAULT '{}',
  has_full_text boolean NOT NULL DEFAULT true,
  fork_root uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  dropped_at timestamptz,
  is_restorable boolean NOT NULL DEFAULT false,
  last_write_at timestamptz
) WITH (fillfactor = 50);
CREATE INDEX IF NOT EXISTS state_by_tenant ON $cell.collection_state (tenant_id);
-- No column that a write changes: each write would then need an entry in every index, and no longer stay in its page.
CREATE INDEX IF NOT EXISTS state_by_database ON $cell.collection_state (database_id) WHERE dropped_at IS NULL;
CREATE INDEX IF NOT EXISTS state_by_fork_root ON $cell.collection_state (fork_root) WHERE fork_root IS NOT NULL;
COMMENT ON COLUMN $cell.collection_state.manifest_version IS 'moves with everything that a process remembers of the collection';
COMMENT ON COLUMN $cell.collection_state.log_rows IS 'images appended to the log and not yet purged, live or superseded';
COMMENT ON COLUMN $cell.collection_state.segment_rows IS 'rows of the manifest''s segments, dead ones included';
COMMENT ON COLUMN $cell.collection_state.metadata_keys IS 'key -> list of value types, as of the last compaction, or of the last write where it is set so';
COMMENT ON COLUMN $cell.collection_state.dropped_at IS 'since when nothing reads or writes it';
COMMENT ON COLUMN $cell.collection_state.is_restorable IS 'dropped, and in the recycle bin: garbage leaves it alone';
COMMENT ON COLUMN $cell.collection_state.last_write_at IS 'null before the first write; in no index';
COMMENT ON COLUMN $cell.collection_state.fork_root IS 'of a fork, the collection that its tree of forks began with';
COMMENT ON COLUMN $cell.collection_state.has_full_text IS 'whether the schema lets filters look into documents';

-- Trees of forks: each fork is an edge, and stays one when its collections are gone, until all of them are.
CREATE TABLE IF NOT EXISTS $cell.fork_tree (
  root_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  forks_count bigint NOT NULL
);

-- The append-only truth: full images of records, in the order of their offsets.
CREATE TABLE IF NOT EXISTS $cell.record_log (
  collection_id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  log_offset bigint NOT NULL,
  ordinal bigint NOT NULL,
  superseded_at bigint,
  logical_bytes int NOT NULL,
  operation "char" NOT NULL,
  record_id text COLLATE "C" NOT NULL,
  embedding vector NOT NULL,
  document text,
  uri text,
  metadata jsonb,
  PRIMARY KEY (collection_id, log_offset)
) PARTITION BY HASH (collection_id);

-- Segments: what the log becomes. The table of segment 17 is segment_17. Forks share them: who reads one is said by
-- the manifest; `collection_id` is one of those, who answers for it.
CREATE TABLE IF NOT EXISTS $cell.segment (
  segment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL,
  collection_id uuid NOT NULL,
  state text NOT NULL CHECK (state IN ('building', 'sealed', 'retired')),
  job_id bigint NOT NULL,
  space text NOT NULL,
  dimension int NOT NULL,
  rows bigint NOT NULL DEFAULT 0,
  zero_rows bigint NOT NULL DEFAULT 0,
  logical_bytes bigint NOT NULL DEFAULT 0,
  graph text,
  statistics jsonb NOT NULL DEFAULT '{}',
  build_seconds real,
  created_at timestamptz NOT NULL DEFAULT now(),
  retired_at timestamptz,
  has_outlived boolean NOT NULL DEFAULT false
);
COMMENT ON COLUMN $cell.segment.has_outlived IS 'a collection that read it was purged, and another still reads it';
CREATE INDEX IF NOT EXISTS segment_by_collection ON $cell.segment (collection_id);

CREATE TABLE IF NOT EXISTS $cell.manifest (
  collection_id uuid NOT NULL,
  segment_id bigint NOT NULL,
  tenant_id uuid NOT NULL,
  PRIMARY KEY (collection_id, segment_id)
);
CREATE INDEX IF NOT EXISTS manifest_by_segment ON $cell.manifest (segment_id);

CREATE TABLE IF NOT EXISTS $cell.tombstone (
  collection_id uuid NOT NULL,
  segment_id bigint NOT NULL,
  row_id bigint NOT NULL,
  log_offset bigint NOT NULL,
  tenant_id uuid NOT NULL,
  PRIMARY KEY (collection_id, segment_id, row_id)
);

CREATE TABLE IF NOT EXISTS $cell.usage_ledger (
  ledger_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL,
  database_id uuid NOT NULL,
  collection_id uuid NOT NULL,
  key_id uuid,
  meter text NOT NULL,
  operation text NOT NULL,
  quantity bigint NOT NULL,
  requests int NOT NULL DEFAULT 0,
  images bigint NOT NULL DEFAULT 0,
  records bigint NOT NULL DEFAULT 0,
  grown_bytes bigint NOT NULL DEFAULT 0,
  log_from bigint,
  log_to bigint,
  at timestamptz NOT NULL DEFAULT now(),
  flush_id uuid,
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
  CHECK ((log_from IS NULL) = (log_to IS NULL))
);
CREATE INDEX IF NOT EXISTS usage_by_time ON $cell.usage_ledger (tenant_id, at);
CREATE INDEX IF NOT EXISTS usage_by_log ON $cell.usage_ledger (collection_id, log_from) WHERE log_from IS NOT NULL;
-- What is not rolled up yet. Filled at its right end only, whoever writes.
CREATE INDEX IF NOT EXISTS usage_by_transaction ON $cell.usage_ledger (transaction_id, tenant_id);
-- What is sent again after a failure counts once.
CREATE UNIQUE INDEX IF NOT EXISTS usage_once ON $cell.usage_ledger (flush_id, collection_id, key_id, meter, operation, at)
  NULLS NOT DISTINCT WHERE flush_id IS NOT NULL;
COMMENT ON TABLE $cell.usage_ledger IS 'what was used: one row per write, per hour and key of reads, per hour of storage';
COMMENT ON COLUMN $cell.usage_ledger.quantity IS 'in the unit of the meter';
COMMENT ON COLUMN $cell.usage_ledger.images IS 'records that a write appended to the log';
COMMENT ON COLUMN $cell.usage_ledger.records IS 'net change of the collection''s record_count';
COMMENT ON COLUMN $cell.usage_ledger.grown_bytes IS 'net change of the collection''s logical_bytes';
COMMENT ON COLUMN $cell.usage_ledger.log_from IS 'a write''s place in the log: after this offset, up to log_to inclusive';
COMMENT ON COLUMN $cell.usage_ledger.at IS 'of a write; else the beginning of the hour';
COMMENT ON COLUMN $cell.usage_ledger.transaction_id IS 'that wrote the row: tells what is rolled up from what is not';

-- Nobody changes what was written down, not even the owner.
CREATE OR REPLACE FUNCTION $cell.refuse_change() RETURNS trigger LANGUAGE plpgsql AS '
BEGIN
  RAISE EXCEPTION ''the usage ledger is append-only'';
END';
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE ON $cell.usage_ledger
  FOR EACH ROW EXECUTE FUNCTION $cell.refuse_change();
CREATE OR REPLACE TRIGGER append_only_whole BEFORE TRUNCATE ON $cell.usage_ledger
  FOR EACH STATEMENT EXECUTE FUNCTION $cell.refuse_change();

-- The last hour whose storage is in the ledger: a cell that was empty for days must not be billed for them.
CREATE TABLE IF NOT EXISTS $cell.usage_clock (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  sampled_to timestamptz NOT NULL
);
ALTER TABLE $cell.usage_clock ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- Sums of the ledger, made by the sweep (`vectors/rollup.py`); the ledger stays the truth. At any moment the rows
-- of each table and the ledger's rows that `rolled_to` does not see add up to the ledger.
CREATE TABLE IF NOT EXISTS $cell.usage_hour (
  tenant_id uuid NOT NULL,
  collection_id uuid NOT NULL,
  at timestamptz NOT NULL,
  key_id uuid,
  meter text NOT NULL,
  operation text NOT NULL,
  database_id uuid NOT NULL,
  quantity bigint NOT NULL,
  requests bigint NOT NULL,
  records bigint NOT NULL,
  ledger_rows bigint NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS usage_hour_once
  ON $cell.usage_hour (tenant_id, collection_id, at, key_id, meter, operation, database_id) NULLS NOT DISTINCT;
CREATE TABLE IF NOT EXISTS $cell.usage_database_hour (
  tenant_id uuid NOT NULL,
  at timestamptz NOT NULL,
  database_id uuid NOT NULL,
  key_id uuid,
  meter text NOT NULL,
  operation text NOT NULL,
  quantity bigint NOT NULL,
  requests bigint NOT NULL,
  records bigint NOT NULL,
  ledger_rows bigint NOT NULL
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX IF NOT EXISTS usage_database_hour_once
  ON $cell.usage_database_hour (tenant_id, at, database_id, key_id, meter, operation) NULLS NOT DISTINCT;
CREATE TABLE IF NOT EXISTS $cell.usage_database_day (LIKE $cell.usage_database_hour) WITH (fillfactor = 70);
CREATE UNIQUE INDEX IF NOT EXISTS usage_database_day_once
  ON $cell.usage_database_day (tenant_id, at, database_id, key_id, meter, operation) NULLS NOT DISTINCT;
CREATE TABLE IF NOT EXISTS $cell.usage_collection_month (
  tenant_id uuid NOT NULL,
  at timestamptz NOT NULL,
  collection_id uuid NOT NULL,
  database_id uuid NOT NULL,
  meter text NOT NULL,
  quantity bigint NOT NULL,
  requests bigint NOT NULL,
  records bigint NOT NULL,
  ledger_rows bigint NOT NULL
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX IF NOT EXISTS usage_collection_month_once
  ON $cell.usage_collection_month (tenant_id, at, collection_id, meter, database_id);
COMMENT ON TABLE $cell.usage_hour IS 'the ledger by hour, collection, key, meter and operation';
COMMENT ON TABLE $cell.usage_database_hour IS 'the ledger by hour, database, key, meter and operation';
COMMENT ON TABLE $cell.usage_database_day IS 'the ledger by day of UTC, database, key, meter and operation';
COMMENT ON TABLE $cell.usage_collection_month IS 'the ledger by month of UTC, collection and meter';

-- Which rows of the ledger are rolled up: those of the transactions that `rolled_to` sees. It means nothing on
-- another cluster, whose transactions are numbered anew: there, nothing counts as rolled up.
CREATE TABLE IF NOT EXISTS $cell.usage_rollup (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  rolled_to pg_snapshot NOT NULL,
  system_identifier bigint NOT NULL,
  rolled_at timestamptz NOT NULL
) WITH (fillfactor = 20);
ALTER TABLE $cell.usage_rollup ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE TABLE IF NOT EXISTS $cell.job (
  job_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL,
  collection_id uuid NOT NULL,
  kind text NOT NULL CONSTRAINT job_kind_check CHECK (kind IN ('compact', 'purge', 'import', 'export')),
  state text NOT NULL DEFAULT 'queued' CONSTRAINT job_state_check
    CHECK (state IN ('uploading', 'queued', 'running', 'done', 'parked', 'stopped', 'cancelled')),
  epoch int NOT NULL DEFAULT 0,
  attempts int NOT NULL DEFAULT 0,
  lease_until timestamptz,
  wait_until timestamptz,
  phase text NOT NULL DEFAULT '',
  cause text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  phases jsonb NOT NULL DEFAULT '[]'
);
COMMENT ON COLUMN $cell.job.phases IS 'of this attempt: when each phase began, in seconds since 1970';
COMMENT ON COLUMN $cell.job.state IS 'parked: we must look; stopped: by a rule, for its owner to act; the last two and uploading: of transfers';
COMMENT ON COLUMN $cell.job.wait_until IS 'nobody takes it before';
-- One piece of upkeep on a collection at a time: a purge must not take away what a compaction still compares with.
CREATE UNIQUE INDEX IF NOT EXISTS job_one_per_collection ON $cell.job (collection_id)
  WHERE kind IN ('compact', 'purge') AND state <> 'done';

-- Imports and exports: what their jobs move, and how far they are. Files are in the object store.
CREATE TABLE IF NOT EXISTS $cell.transfer (
  job_id bigint PRIMARY KEY REFERENCES $cell.job ON DELETE CASCADE,
  transfer_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL,
  database_id uuid NOT NULL,
  collection_id uuid NOT NULL,
  collection_name text NOT NULL,
  format text NOT NULL CHECK (format IN ('jsonl', 'csv')),
  is_gzip boolean NOT NULL,
  options jsonb NOT NULL DEFAULT '{}',
  file_name text NOT NULL,
  started_by text NOT NULL,
  size_bytes bigint,
  stored_bytes bigint NOT NULL DEFAULT 0,
  is_stored boolean NOT NULL DEFAULT true,
  rows_total bigint,
  rows_done bigint NOT NULL DEFAULT 0,
  rows_failed bigint NOT NULL DEFAULT 0,
  cursor_bytes bigint NOT NULL DEFAULT 0,
  cursor_line bigint NOT NULL DEFAULT 1,
  cursor_ordinal bigint NOT NULL DEFAULT -1,
  read_bytes bigint NOT NULL DEFAULT 0,
  end_ordinal bigint,
  log_from bigint,
  log_to bigint,
  rows_per_second real NOT NULL DEFAULT 0,
  started_at timestamptz,
  finished_at timestamptz,
  expires_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS transfer_by_database ON $cell.transfer (tenant_id, database_id, job_id DESC);
CREATE INDEX IF NOT EXISTS transfer_by_collection ON $cell.transfer (collection_id, job_id DESC);
CREATE INDEX IF NOT EXISTS transfer_by_expiry ON $cell.transfer (expires_at);
COMMENT ON COLUMN $cell.transfer.size_bytes IS 'of the file; of an upload as it was announced, null when it was not';
COMMENT ON COLUMN $cell.transfer.is_stored IS 'whether the object store still has the file';
COMMENT ON COLUMN $cell.transfer.cursor_bytes IS 'an import goes on here, in the file''s text: after gzip';
COMMENT ON COLUMN $cell.transfer.cursor_ordinal IS 'an export goes on after this record';
COMMENT ON COLUMN $cell.transfer.read_bytes IS 'how much of the stored file an import has read';
COMMENT ON COLUMN $cell.transfer.log_from IS 'the end of the log when an export began; log_to when it ended';

-- A file is its parts in their order, each an object of its own: so a part is there or it is not.
CREATE TABLE IF NOT EXISTS $cell.transfer_part (
  job_id bigint NOT NULL REFERENCES $cell.transfer ON DELETE CASCADE,
  from_byte bigint NOT NULL,
  tenant_id uuid NOT NULL,
  bytes bigint NOT NULL,
  object_id uuid NOT NULL,
  PRIMARY KEY (job_id, from_byte)
);

CREATE TABLE IF NOT EXISTS $cell.transfer_error (
  job_id bigint NOT NULL REFERENCES $cell.transfer ON DELETE CASCADE,
  line bigint NOT NULL,
  tenant_id uuid NOT NULL,
  field text NOT NULL,
  message text NOT NULL,
  PRIMARY KEY (job_id, line)
);

-- What became of the attempts at jobs, the last ones of each collection.
CREATE TABLE IF NOT EXISTS $cell.job_history (
  history_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL,
  collection_id uuid NOT NULL,
  job_id bigint NOT NULL,
  kind text NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('done', 'failed', 'parked')),
  attempt int NOT NULL,
  cause text NOT NULL DEFAULT '',
  phases jsonb NOT NULL DEFAULT '[]',
  counts jsonb NOT NULL DEFAULT '{}',
  queued_at timestamptz NOT NULL,
  finished_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX IF NOT EXISTS history_by_collection ON $cell.job_history (collection_id, history_id);
COMMENT ON COLUMN $cell.job_history.phases IS 'when each phase began, in seconds since 1970; the last one ended with the attempt';
COMMENT ON COLUMN $cell.job_history.counts IS 'what the attempt did: rows, merged_segments, purged_rows';

-- name: upgrade_cell_2
ALTER TABLE $cell.collection_state ADD COLUMN has_full_text boolean NOT NULL DEFAULT true;

-- name: upgrade_cell_3
ALTER TABLE $cell.collection_state ADD COLUMN is_restorable boolean NOT NULL DEFAULT false;
-- The ledger says more of each row. What earlier rows did to the log is not known one by one: for each
-- collection a row of its own covers the log so far.
ALTER TABLE $cell.usage_ledger NO FORCE ROW LEVEL SECURITY;
ALTER TABLE $cell.usage_ledger RENAME COLUMN meter TO operation;
ALTER TABLE $cell.usage_ledger RENAME COLUMN bytes TO quantity;
ALTER TABLE $cell.usage_ledger
  ALTER COLUMN records SET DEFAULT 0,
  ADD COLUMN key_id uuid,
  ADD COLUMN meter text NOT NULL DEFAULT 'bytes_written',
  ADD COLUMN requests int NOT NULL DEFAULT 1,
  ADD COLUMN images bigint NOT NULL DEFAULT 0,
  ADD COLUMN grown_bytes bigint NOT NULL DEFAULT 0,
  ADD COLUMN log_from bigint,
  ADD COLUMN log_to bigint,
  ADD COLUMN flush_id uuid,
  ADD CHECK ((log_from IS NULL) = (log_to IS NULL));
ALTER TABLE $cell.usage_ledger ALTER COLUMN meter DROP DEFAULT, ALTER COLUMN requests SET DEFAULT 0;
INSERT INTO $cell.usage_ledger (tenant_id, database_id, collection_id, meter, operation, quantity, records,
  grown_bytes, log_from, log_to)
SELECT s.tenant_id, s.database_id, s.collection_id, 'bytes_written', 'upgrade', 0,
  s.record_count - coalesce((SELECT sum(l.records) FROM $cell.usage_ledger AS l
                             WHERE l.collection_id = s.collection_id), 0),
  s.logical_bytes, 0, s.log_head
FROM $cell.collection_state AS s;

-- name: upgrade_cell_4
ALTER TABLE $cell.collection_state ADD COLUMN IF NOT EXISTS last_write_at timestamptz;
-- What was written before is in the ledger.
UPDATE $cell.collection_state AS s SET last_write_at = w.at
FROM (SELECT collection_id, max(at) AS at FROM $cell.usage_ledger WHERE log_from IS NOT NULL GROUP BY collection_id) AS w
WHERE w.collection_id = s.collection_id AND s.log_head > 0 AND s.last_write_at IS NULL;
-- Transaction 1 was before all others: what the ledger has is rolled up by the first sweep.
ALTER TABLE $cell.usage_ledger ADD COLUMN IF NOT EXISTS transaction_id xid8 NOT NULL DEFAULT '1';
ALTER TABLE $cell.usage_ledger ALTER COLUMN transaction_id SET DEFAULT pg_current_xact_id();
ALTER TABLE $cell.job ADD COLUMN IF NOT EXISTS phases jsonb NOT NULL DEFAULT '[]';
ALTER TABLE $cell.segment ADD COLUMN IF NOT EXISTS has_outlived boolean NOT NULL DEFAULT false;
-- Jobs of more kinds and states; the index is made anew with the tables.
ALTER TABLE $cell.job ADD COLUMN IF NOT EXISTS wait_until timestamptz,
  DROP CONSTRAINT IF EXISTS job_kind_check, DROP CONSTRAINT IF EXISTS job_state_check;
ALTER TABLE $cell.job
  ADD CONSTRAINT job_kind_check CHECK (kind IN ('compact', 'purge', 'import', 'export')),
  ADD CONSTRAINT job_state_check
    CHECK (state IN ('uploading', 'queued', 'running', 'done', 'parked', 'stopped', 'cancelled'));
DROP INDEX IF EXISTS $cell.job_one_per_collection;

-- name: create_log_partition
CREATE TABLE IF NOT EXISTS $cell.$partition PARTITION OF $cell.record_log
  FOR VALUES WITH (MODULUS $modulus, REMAINDER $remainder) WITH (toast_tuple_target = 8160);
ALTER TABLE $cell.$partition ALTER COLUMN embedding SET STORAGE MAIN;
CREATE UNIQUE INDEX IF NOT EXISTS ${partition}_live ON $cell.$partition (collection_id, record_id)
  WHERE superseded_at IS NULL;
ALTER TABLE $cell.$partition ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- name: guard_table
-- The second lock: rows of the bound tenant and no others; with nothing bound, no rows.
-- The sub-select makes PostgreSQL read the setting once per statement.
ALTER TABLE $cell.$table ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS tenant ON $cell.$table;
CREATE POLICY tenant ON $cell.$table
  USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));

-- name: oversee_table
-- Bookkeeping of every tenant, for those who schedule: never a record's content.
DROP POLICY IF EXISTS oversight ON $cell.$table;
CREATE POLICY oversight ON $cell.$table TO $worker, $owner, $operator USING (true);

-- name: start_clock
DROP POLICY IF EXISTS oversight ON $cell.usage_clock;
CREATE POLICY oversight ON $cell.usage_clock TO $worker, $owner USING (true);
INSERT INTO $cell.usage_clock (sampled_to) VALUES (date_trunc('hour', now(), 'UTC')) ON CONFLICT DO NOTHING;

-- name: start_rollup
DROP POLICY IF EXISTS everybody ON $cell.usage_rollup;
CREATE POLICY everybody ON $cell.usage_rollup TO $web, $worker, $owner USING (true);
INSERT INTO $cell.usage_rollup (rolled_to, system_identifier, rolled_at)
SELECT '1:1:', s.system_identifier, now() FROM pg_control_system() AS s ON CONFLICT DO NOTHING;

-- name: grant_cell
GRANT SELECT, INSERT, UPDATE ON $cell.collection_state TO $web;
GRANT SELECT, INSERT, UPDATE ON $cell.record_log, $cell.tombstone TO $web;
GRANT SELECT ON $cell.segment, $cell.manifest, $cell.job_history, $cell.transfer_error TO $web;
GRANT SELECT, INSERT, UPDATE ON $cell.job, $cell.transfer TO $web;
GRANT SELECT, INSERT, DELETE ON $cell.transfer_part TO $web;
GRANT DELETE ON $cell.transfer_error TO $web;
-- A fork enters its source's segments. A row of another tenant's segment would read nothing: the segment refuses.
GRANT INSERT ON $cell.manifest TO $web;
GRANT SELECT, INSERT, UPDATE ON $cell.fork_tree TO $web;
GRANT SELECT, DELETE ON $cell.fork_tree TO $worker;
GRANT SELECT ON $cell.fork_tree TO $operator;
GRANT SELECT, INSERT ON $cell.usage_ledger TO $web;
GRANT SELECT, INSERT, UPDATE, DELETE ON $cell.collection_state, $cell.record_log, $cell.tombstone, $cell.segment,
  $cell.manifest, $cell.job, $cell.transfer, $cell.transfer_part, $cell.transfer_error TO $worker;
GRANT SELECT, INSERT, DELETE ON $cell.job_history TO $worker;
GRANT SELECT, INSERT ON $cell.usage_ledger TO $worker;
GRANT SELECT, UPDATE ON $cell.usage_clock TO $worker;
GRANT SELECT ON $cell.usage_hour, $cell.usage_database_hour, $cell.usage_database_day, $cell.usage_collection_month,
  $cell.usage_rollup TO $web;
GRANT SELECT, INSERT, UPDATE, DELETE ON $cell.usage_hour, $cell.usage_database_hour, $cell.usage_database_day,
  $cell.usage_collection_month TO $worker;
GRANT SELECT, UPDATE ON $cell.usage_rollup TO $worker;
-- Bookkeeping, and a parked job queued anew; no log, no tombstones, no segments' rows.
GRANT SELECT ON $cell.collection_state, $cell.segment, $cell.manifest, $cell.job, $cell.job_history TO $operator;
GRANT UPDATE (state, attempts, updated_at) ON $cell.job TO $operator
