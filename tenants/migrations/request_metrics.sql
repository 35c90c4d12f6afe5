-- The second lock on the metrics of requests, and the only ways to write them: told by processes, rolled up and
-- forgotten by workers.

DO $$
DECLARE guarded text;
BEGIN
  FOREACH guarded IN ARRAY ARRAY['tenants_requestmetric', 'tenants_collectionrequestmetric'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', guarded);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', guarded);
    EXECUTE format('CREATE POLICY tenant ON %I USING (tenant_id = (SELECT public.tessera_bound_tenant()))', guarded);
    EXECUTE format('CREATE POLICY operation ON %I TO CURRENT_ROLE USING (true)', guarded);
  END LOOP;
END $$;

INSERT INTO tenants_metricclock (is_only, quarter_mark, hour_mark, day_mark)
VALUES (true, date_trunc('hour', now(), 'UTC'), date_trunc('hour', now(), 'UTC'), date_trunc('day', now(), 'UTC'));

-- Adds what a process counted; false when it was added before. What comes after its quarter was rolled up is entered
-- into the first minute that is open, so that nothing is lost. Ids that are no tenants are passed over. Rows are
-- written in one order, so that two processes cannot lock each other out.
CREATE FUNCTION public.tenants_note_requests(flush uuid, per_database jsonb, per_collection jsonb, in_all jsonb)
RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE clock tenants_metricclock;
BEGIN
  SELECT * INTO STRICT clock FROM tenants_metricclock FOR SHARE;
  INSERT INTO tenants_metricflush (flush_id, at) VALUES (flush, now()) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RETURN false;
  END IF;

  INSERT INTO tenants_requestmetric AS m (tenant_id, resolution_seconds, at, database_id, operation, outcome,
    requests, microseconds, buckets, counts)
  SELECT f.tenant_id, 60, f.at, f.database_id, f.operation, f.outcome, sum(f.n), sum(f.spent),
    array_agg(f.bucket ORDER BY f.bucket), array_agg(f.n ORDER BY f.bucket)
  FROM (
    SELECT g.tenant_id, greatest(g.at, clock.quarter_mark) AS at, g.database_id, g.operation, g.outcome, u.bucket,
      sum(u.n)::bigint AS n, sum(CASE WHEN u.place = 1 THEN g.microseconds ELSE 0 END)::bigint AS spent
    FROM jsonb_to_recordset(per_database) AS g (tenant_id uuid, at timestamptz, database_id uuid, operation text,
      outcome text, microseconds bigint, buckets smallint[], counts bigint[])
    JOIN tenants_tenant AS t ON t.tenant_id = g.tenant_id
    CROSS JOIN LATERAL unnest(g.buckets, g.counts) WITH ORDINALITY AS u (bucket, n, place)
    GROUP BY 1, 2, 3, 4, 5, 6
  ) AS f
  GROUP BY 1, 3, 4, 5, 6 ORDER BY 1, 3, 4, 5, 6
  ON CONFLICT (tenant_id, resolution_seconds, at, database_id, operation, outcome) DO UPDATE
  SET requests = m.requests + excluded.requests, microseconds = m.microseconds + excluded.microseconds,
    (buckets, counts) = (
      SELECT array_agg(s.bucket ORDER BY s.bucket), array_agg(s.n ORDER BY s.bucket) FROM (
        SELECT b.bucket, sum(b.n)::bigint AS n FROM (
          SELECT * FROM unnest(m.buckets, m.counts)
          UNION ALL SELECT * FROM unnest(excluded.buckets, excluded.counts)) AS b (bucket, n)
        GROUP BY 1) AS s);

  INSERT INTO tenants_collectionrequestmetric AS m (tenant_id, resolution_seconds, at, database_id, collection_id,
    operation, outcome, requests, microseconds)
  SELECT g.tenant_id, 3600, greatest(g.at, clock.hour_mark), min(g.database_id::text)::uuid, g.collection_id, g.operation,
    g.outcome, sum(g.requests), sum(g.microseconds)
  FROM jsonb_to_recordset(per_collection) AS g (tenant_id uuid, at timestamptz, database_id uuid,
    collection_id uuid, operation text, outcome text, requests bigint, microseconds bigint)
  JOIN tenants_tenant AS t ON t.tenant_id = g.tenant_id
  GROUP BY 1, 3, 5, 6, 7 ORDER BY 1, 3, 5, 6, 7
  ON CONFLICT (tenant_id, resolution_seconds, at, collection_id, operation, outcome) DO UPDATE
  SET requests = m.requests + excluded.requests, microseconds = m.microseconds + excluded.microseconds;

  INSERT INTO tenants_requesttotal AS m (operation, outcome, requests, microseconds, buckets, counts)
  SELECT g.operation, g.outcome, g.requests, g.microseconds, g.buckets, g.counts
  FROM jsonb_to_recordset(in_all) AS g (operation text, outcome text, requests bigint, microseconds bigint,
    buckets smallint[], counts bigint[])
  ORDER BY 1, 2
  ON CONFLICT (operation, outcome) DO UPDATE
  SET requests = m.requests + excluded.requests, microseconds = m.microseconds + excluded.microseconds,
    (buckets, counts) = (
      SELECT array_agg(s.bucket ORDER BY s.bucket), array_agg(s.n ORDER BY s.bucket) FROM (
        SELECT b.bucket, sum(b.n)::bigint AS n FROM (
          SELECT * FROM unnest(m.buckets, m.counts)
          UNION ALL SELECT * FROM unnest(excluded.buckets, excluded.counts)) AS b (bucket, n)
        GROUP BY 1) AS s);
  RETURN true;
END $$;

-- Rolls up the oldest quarter that is over, else the oldest hour whose quarters are, else the oldest day whose hours
-- are; false when there is none. Processes that tell wait meanwhile, so a quarter has all that was told before.
CREATE FUNCTION public.tenants_roll_up_requests(now_is timestamptz) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE clock tenants_metricclock; fine int; coarse int; first timestamptz; last timestamptz;
BEGIN
  SELECT * INTO STRICT clock FROM tenants_metricclock FOR UPDATE;
  IF clock.quarter_mark + interval '17 minutes' <= now_is THEN  -- two minutes for processes to tell
    fine := 60; coarse := 900; first := clock.quarter_mark; last := first + interval '15 minutes';
    UPDATE tenants_metricclock SET quarter_mark = last;
  ELSIF clock.hour_mark + interval '1 hour' <= clock.quarter_mark THEN
    fine := 900; coarse := 3600; first := clock.hour_mark; last := first + interval '1 hour';
    UPDATE tenants_metricclock SET hour_mark = last;
    -- Of the collections of an hour that is over the busiest stay, so that no report grows with their number.
    DELETE FROM tenants_collectionrequestmetric AS c
    USING (
      SELECT b.tenant_id, b.collection_id, rank() OVER (PARTITION BY b.tenant_id ORDER BY sum(b.requests) DESC) AS place
      FROM tenants_collectionrequestmetric AS b
      WHERE b.resolution_seconds = coarse AND b.at = first
      GROUP BY b.tenant_id, b.collection_id
    ) AS ranked
    WHERE c.resolution_seconds = coarse AND c.at = first AND ranked.place > 100
      AND c.tenant_id = ranked.tenant_id AND c.collection_id = ranked.collection_id;
  ELSIF clock.day_mark + interval '24 hours' <= clock.hour_mark THEN
    fine := 3600; coarse := 86400; first := clock.day_mark; last := first + interval '24 hours';
    UPDATE tenants_metricclock SET day_mark = last;
    INSERT INTO tenants_collectionrequestmetric AS m (tenant_id, resolution_seconds, at, database_id, collection_id,
      operation, outcome, requests, microseconds)
    SELECT h.tenant_id, coarse, first, min(h.database_id::text)::uuid, h.collection_id, h.operation, h.outcome,
      sum(h.requests), sum(h.microseconds)
    FROM tenants_collectionrequestmetric AS h
    WHERE h.resolution_seconds = fine AND h.at >= first AND h.at < last
    GROUP BY h.tenant_id, h.collection_id, h.operation, h.outcome
    ON CONFLICT (tenant_id, resolution_seconds, at, collection_id, operation, outcome) DO UPDATE
    SET requests = excluded.requests, microseconds = excluded.microseconds;
  ELSE
    RETURN false;
  END IF;
  INSERT INTO tenants_requestmetric AS m (tenant_id, resolution_seconds, at, database_id, operation, outcome,
    requests, microseconds, buckets, counts)
  SELECT f.tenant_id, coarse, first, f.database_id, f.operation, f.outcome, sum(f.n), sum(f.spent),
    array_agg(f.bucket ORDER BY f.bucket), array_agg(f.n ORDER BY f.bucket)
  FROM (
    SELECT r.tenant_id, r.database_id, r.operation, r.outcome, u.bucket, sum(u.n)::bigint AS n,
      sum(CASE WHEN u.place = 1 THEN r.microseconds ELSE 0 END)::bigint AS spent
    FROM tenants_requestmetric AS r
    CROSS JOIN LATERAL unnest(r.buckets, r.counts) WITH ORDINALITY AS u (bucket, n, place)
    WHERE r.resolution_seconds = fine AND r.at >= first AND r.at < last
    GROUP BY 1, 2, 3, 4, 5
  ) AS f
  GROUP BY f.tenant_id, f.database_id, f.operation, f.outcome
  ON CONFLICT (tenant_id, resolution_seconds, at, database_id, operation, outcome) DO UPDATE
  SET requests = excluded.requests, microseconds = excluded.microseconds, buckets = excluded.buckets,
    counts = excluded.counts;
  RETURN true;
END $$;

-- Deletes at most so many rows of each kind that are past their time; how many it were. What is not rolled up yet
-- stays.
CREATE FUNCTION public.tenants_forget_requests(now_is timestamptz, most int) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE clock tenants_metricclock; old record; gone bigint := 0; now_gone bigint;
BEGIN
  SELECT * INTO STRICT clock FROM tenants_metricclock;
  FOR old IN SELECT * FROM (VALUES
    (60, least(now_is - interval '48 hours', clock.quarter_mark)),
    (900, least(now_is - interval '8 days', clock.hour_mark)),
    (3600, least(now_is - interval '35 days', clock.day_mark)),
    (86400, now_is - interval '400 days')) AS v (resolution, before)
  LOOP
    DELETE FROM tenants_requestmetric WHERE id IN (
      SELECT r.id FROM tenants_requestmetric AS r
      WHERE r.resolution_seconds = old.resolution AND r.at < old.before ORDER BY r.at LIMIT most);
    GET DIAGNOSTICS now_gone = ROW_COUNT;
    gone := gone + now_gone;
    DELETE FROM tenants_collectionrequestmetric WHERE id IN (
      SELECT r.id FROM tenants_collectionrequestmetric AS r
      WHERE r.resolution_seconds = old.resolution AND r.at < old.before ORDER BY r.at LIMIT most);
    GET DIAGNOSTICS now_gone = ROW_COUNT;
    gone := gone + now_gone;
  END LOOP;
  DELETE FROM tenants_metricflush WHERE flush_id IN (
    SELECT f.flush_id FROM tenants_metricflush AS f WHERE f.at < now_is - interval '1 day' ORDER BY f.at LIMIT most);
  GET DIAGNOSTICS now_gone = ROW_COUNT;
  RETURN gone + now_gone;
END $$;

REVOKE ALL ON FUNCTION public.tenants_note_requests(uuid, jsonb, jsonb, jsonb),
  public.tenants_roll_up_requests(timestamptz), public.tenants_forget_requests(timestamptz, int) FROM PUBLIC;
