-- What only a superuser can give, once per database; may run again. `make up` runs this file, and so should
-- whoever brings their own PostgreSQL:   psql -d <database> -f deploy/postgres/init.sql

CREATE EXTENSION IF NOT EXISTS vector;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Under row-level security PostgreSQL uses an index only for conditions whose functions are marked leakproof: a
-- function that reports its arguments in an error could otherwise show rows of others. These compare and
-- extract, and report nothing of a row. Without the marks every filter is right, and scans its segment.
DO $$
DECLARE signature text;
BEGIN
  FOREACH signature IN ARRAY ARRAY[
    'pg_catalog.jsonb_contains(jsonb, jsonb)',
    'pg_catalog.jsonb_object_field(jsonb, text)',
    'pg_catalog.jsonb_typeof(jsonb)',
    'pg_catalog.numeric(jsonb)',
    'pg_catalog.numeric_lt(numeric, numeric)',
    'pg_catalog.numeric_le(numeric, numeric)',
    'pg_catalog.numeric_gt(numeric, numeric)',
    'pg_catalog.numeric_ge(numeric, numeric)',
    'pg_catalog.textlike(text, text)'
  ] LOOP
    IF NOT (SELECT proleakproof FROM pg_proc WHERE oid = signature::regprocedure) THEN
      EXECUTE format('ALTER FUNCTION %s LEAKPROOF', signature);
    END IF;
  END LOOP;
END $$;
