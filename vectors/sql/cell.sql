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
  dropped_at timestamptz
) WITH (fillfactor = 50);
CREATE INDEX IF NOT EXISTS state_by_tenant ON $cell.collection_state (tenant_id);
COMMENT ON COLUMN $cell.collection_state.manifest_version IS 'moves with everything that a process remembers of the collection';
COMMENT ON COLUMN $cell.collection_state.log_rows IS 'images appended to the log and not yet purged, live or superseded';
COMMENT ON COLUMN $cell.collection_state.segment_rows IS 'rows of the manifest''s segments, dead ones included';
COMMENT ON COLUMN $cell.collection_state.metadata_keys IS 'key -> list of value types, as of the last compaction, or of the last write where it is set so';
COMMENT ON COLUMN $cell.collection_state.has_full_text IS 'whether the schema lets filters look into documents';

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

-- Segments: what the log becomes. The table of segment 17 is segment_17.
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
  retired_at timestamptz
);
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
  meter text NOT NULL,
  records bigint NOT NULL,
  bytes bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS $cell.job (
  job_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL,
  collection_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('compact', 'purge')),
  state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'parked')),
  epoch int NOT NULL DEFAULT 0,
  attempts int NOT NULL DEFAULT 0,
  lease_until timestamptz,
  phase text NOT NULL DEFAULT '',
  cause text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
-- One piece of work on a collection at a time: a purge must not take away what a compaction still compares with.
CREATE UNIQUE INDEX IF NOT EXISTS job_one_per_collection ON $cell.job (collection_id) WHERE state <> 'done';

-- name: upgrade_cell_2
ALTER TABLE $cell.collection_state ADD COLUMN has_full_text boolean NOT NULL DEFAULT true;

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

-- name: grant_cell
GRANT SELECT, INSERT, UPDATE ON $cell.collection_state TO $web;
GRANT SELECT, INSERT, UPDATE ON $cell.record_log, $cell.tombstone TO $web;
GRANT SELECT ON $cell.segment, $cell.manifest, $cell.job TO $web;
GRANT SELECT, INSERT ON $cell.usage_ledger TO $web;
GRANT SELECT, INSERT, UPDATE, DELETE ON $cell.collection_state, $cell.record_log, $cell.tombstone, $cell.segment,
  $cell.manifest, $cell.job TO $worker;
GRANT SELECT ON $cell.usage_ledger TO $worker;
-- Bookkeeping, and a parked job queued anew; no log, no tombstones, no segments' rows.
GRANT SELECT ON $cell.collection_state, $cell.segment, $cell.manifest, $cell.job TO $operator;
GRANT UPDATE (state, attempts, updated_at) ON $cell.job TO $operator
