-- The end of the recycle bin. The worker owns nothing and sees no catalogue; these few things it may ask, as the
-- owner: what is due, that it be forgotten, and that a table be rewritten which still has bytes of it.

CREATE FUNCTION public.vectors_due_for_purge(most int) RETURNS TABLE (collection_id uuid, cell text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT due.collection_id, due.cell FROM (
    SELECT c.collection_id, d.cell::text AS cell, c.purge_at
    FROM vectors_collection AS c JOIN tenants_database AS d USING (database_id)
    WHERE c.deleted_at IS NOT NULL AND c.purge_at <= now()
    UNION
    -- What was deleted before its database goes with it at the latest: it could not come back alone.
    SELECT c.collection_id, d.cell::text, c.purge_at
    FROM tenants_database AS d JOIN vectors_collection AS c USING (database_id)
    WHERE d.deleted_at IS NOT NULL AND d.purge_at <= now() AND c.deleted_at IS NOT NULL
  ) AS due
  ORDER BY due.purge_at LIMIT most;
END;

CREATE FUNCTION public.vectors_forget_collections(wanted uuid[]) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  WITH gone AS (
    DELETE FROM vectors_collection AS c USING tenants_database AS d
    WHERE d.database_id = c.database_id AND c.collection_id = ANY (wanted) AND c.deleted_at IS NOT NULL
      AND (c.purge_at <= now() OR d.purge_at <= now())
    RETURNING c.collection_id
  )
  SELECT count(*) FROM gone;
END;

-- Databases whose time is over, once nothing is in them; a key that was limited to one reaches nothing.
CREATE FUNCTION public.vectors_forget_databases() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  due uuid[];
  gone bigint;
BEGIN
  SELECT array_agg(d.database_id) INTO due FROM (
    SELECT database_id FROM tenants_database AS d
    WHERE d.deleted_at IS NOT NULL AND d.purge_at <= now()
      AND NOT EXISTS (SELECT FROM vectors_collection AS c WHERE c.database_id = d.database_id)
    ORDER BY database_id FOR UPDATE LIMIT 500
  ) AS d;
  DELETE FROM tenants_apikeydatabase WHERE database_id = ANY (due);
  DELETE FROM tenants_database WHERE database_id = ANY (due);
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END $$;

-- Which tables have bytes of what was purged. A deleted row stays in its page until the space is used again; only a
-- rewritten table has none.
--   marked_at   since when something is to be rewritten; null: nothing
--   clean_from  a rewrite whose oldest visible transaction is this one or a later one left nothing behind
CREATE TABLE public.vectors_scrub (
  relation text PRIMARY KEY,
  marked_at timestamptz,
  clean_from xid8,
  attempt_count int NOT NULL DEFAULT 0,
  attempted_at timestamptz,
  scrubbed_at timestamptz
);
ALTER TABLE public.vectors_scrub ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.vectors_scrub FORCE ROW LEVEL SECURITY;
CREATE POLICY operation ON public.vectors_scrub TO CURRENT_ROLE USING (true);

-- Samples of every column are in pg_statistic, so it is marked with each.
CREATE FUNCTION public.vectors_mark_scrub(relations text[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  INSERT INTO vectors_scrub AS s (relation, marked_at)
  SELECT DISTINCT named.relation, now() FROM unnest(relations || 'pg_catalog.pg_statistic'::text) AS named(relation)
  ORDER BY named.relation
  ON CONFLICT (relation) DO UPDATE
  SET marked_at = coalesce(s.marked_at, excluded.marked_at), clean_from = NULL, attempt_count = 0;
END;

-- Whoever deletes names from the catalogue, and on whatever way.
CREATE FUNCTION public.vectors_mark_own_table() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM public.vectors_mark_scrub(ARRAY[TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME]);
  RETURN NULL;
END $$;
CREATE TRIGGER mark_scrub AFTER DELETE ON public.vectors_collection
  FOR EACH STATEMENT EXECUTE FUNCTION public.vectors_mark_own_table();
CREATE TRIGGER mark_scrub AFTER DELETE ON public.tenants_database
  FOR EACH STATEMENT EXECUTE FUNCTION public.vectors_mark_own_table();

-- What is due: each table at most once in `after_seconds`, the samples last, for rewriting a table makes new ones.
CREATE FUNCTION public.vectors_scrub_due(after_seconds int) RETURNS TABLE (relation text, bytes bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM FROM vectors_scrub AS s WHERE s.marked_at IS NOT NULL AND s.clean_from IS NULL
  ORDER BY s.relation FOR UPDATE;
  -- Marks that are seen here are committed, and with them the deletions: their transactions are below this one.
  UPDATE vectors_scrub AS s SET clean_from = pg_snapshot_xmax(pg_current_snapshot())
  WHERE s.marked_at IS NOT NULL AND s.clean_from IS NULL;
  RETURN QUERY
  SELECT s.relation, coalesce(pg_total_relation_size(to_regclass(s.relation)), 0)
  FROM vectors_scrub AS s
  WHERE s.marked_at IS NOT NULL
    AND (s.scrubbed_at IS NULL OR s.scrubbed_at <= clock_timestamp() - make_interval(secs => after_seconds))
    AND (s.attempt_count = 0
         OR s.attempted_at <= clock_timestamp() - make_interval(secs => least(after_seconds, 60 * least(s.attempt_count, 30))))
  ORDER BY s.relation = 'pg_catalog.pg_statistic', s.marked_at, s.relation;
END $$;

-- Rewrite a marked table with its indexes. CLUSTER and not a copy: a transaction with an older snapshot, such as a
-- compaction that is copying, must find in the new file what it would have found in the old one.
--   clean      nothing is left           early  somebody may still see what was deleted; it is due again
--   busy       no lock within its time   gone   there is no such table
--   forbidden  the superuser's part is missing (deploy/postgres/init.sql)
CREATE FUNCTION public.vectors_scrub_relation(wanted text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '300ms' AS $$
DECLARE
  place regclass := to_regclass(wanted);
  needed xid8;
  parent regclass;
  outcome text;
BEGIN
  SELECT s.clean_from INTO needed FROM public.vectors_scrub AS s WHERE s.relation = wanted AND s.marked_at IS NOT NULL;
  IF NOT FOUND THEN
    RETURN 'clean';
  ELSIF needed IS NULL THEN
    RETURN 'early';
  END IF;
  IF place IS NULL THEN
    DELETE FROM public.vectors_scrub AS s WHERE s.relation = wanted;
    RETURN 'gone';
  END IF;
  IF NOT pg_try_advisory_xact_lock(hashtextextended('vectors_scrub_relation', 0)) THEN
    RETURN 'busy';  -- one table at a time rests
  END IF;
  BEGIN
    IF place = 'pg_catalog.pg_statistic'::regclass THEN
      IF to_regprocedure('public.tessera_rewrite_samples()') IS NULL THEN
        outcome := 'forbidden';
      ELSE
        PERFORM public.tessera_rewrite_samples();
      END IF;
    ELSE
      EXECUTE format('CLUSTER %s USING %I', place, (
        SELECT c.relname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
        WHERE i.indrelid = place AND i.indisprimary));
      -- ANALYZE leaves the samples of a table that has become empty as they were.
      IF to_regprocedure('public.tessera_forget_samples(regclass)') IS NOT NULL THEN
        PERFORM public.tessera_forget_samples(place);
      END IF;
      EXECUTE format('ANALYZE %s', place);
      SELECT i.inhparent INTO parent FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhparent
      WHERE i.inhrelid = place AND c.reltuples >= 0;  -- somebody has analyzed all partitions together
      IF parent IS NOT NULL THEN
        EXECUTE format('ANALYZE %s', parent);
      END IF;
      PERFORM public.vectors_mark_scrub('{}');
    END IF;
  EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
    outcome := 'busy';
  END;
  IF outcome IS NULL THEN
    -- A rewritten table is frozen up to the oldest transaction that anybody may see: what was deleted before is gone.
    SELECT CASE WHEN age(c.relfrozenxid) <= age(needed::xid) THEN 'clean' ELSE 'early' END INTO outcome
    FROM pg_class AS c WHERE c.oid = place;
  END IF;
  UPDATE public.vectors_scrub AS s SET attempt_count = s.attempt_count + 1, attempted_at = clock_timestamp()
  WHERE s.relation = wanted;
  UPDATE public.vectors_scrub AS s
  SET marked_at = NULL, clean_from = NULL, attempt_count = 0, scrubbed_at = clock_timestamp()
  WHERE s.relation = wanted AND outcome = 'clean' AND s.clean_from = needed;
  RETURN outcome;
END $$;

REVOKE ALL ON FUNCTION public.vectors_due_for_purge(int), public.vectors_forget_collections(uuid[]),
  public.vectors_forget_databases(), public.vectors_mark_scrub(text[]), public.vectors_mark_own_table(),
  public.vectors_scrub_due(int), public.vectors_scrub_relation(text) FROM PUBLIC;
