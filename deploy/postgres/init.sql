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

-- Samples of every column are in pg_statistic, and what was deleted from it stays in its pages until they are used
-- again. Before purged data can be called gone, the samples of its tables are dropped and the catalogue is rewritten;
-- only a superuser may, so the owner of the database is given these two functions.
CREATE OR REPLACE FUNCTION public.tessera_forget_samples(wanted regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM pg_catalog.pg_statistic WHERE starelid = wanted;
END $$;
CREATE OR REPLACE FUNCTION public.tessera_rewrite_samples() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  CLUSTER pg_catalog.pg_statistic USING pg_statistic_relid_att_inh_index;
END $$;
REVOKE ALL ON FUNCTION public.tessera_forget_samples(regclass), public.tessera_rewrite_samples() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.tessera_forget_samples(regclass), public.tessera_rewrite_samples()
  TO pg_database_owner;
