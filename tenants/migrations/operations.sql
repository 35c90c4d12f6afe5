-- The second lock on the tables that operators steer with, a role that sees all of the control plane and changes
-- nothing of it, and what is asked for more than one tenant at once.

DO $$
DECLARE guarded text;
BEGIN
  FOREACH guarded IN ARRAY ARRAY['tenants_flagoverride', 'tenants_quotarequest', 'tenants_usagepeak'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', guarded);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', guarded);
    EXECUTE format('CREATE POLICY tenant ON %I USING (tenant_id = (SELECT public.tessera_bound_tenant()))', guarded);
    EXECUTE format('CREATE POLICY operation ON %I TO CURRENT_ROLE USING (true)', guarded);
  END LOOP;
END $$;

-- Every flag, and every tenant for which one stands otherwise.
CREATE FUNCTION public.tenants_flags()
RETURNS TABLE (name text, is_on boolean, tenant_id uuid, is_on_there boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT f.name::text, f.is_on, o.tenant_id, o.is_on
  FROM tenants_flag AS f LEFT JOIN tenants_flagoverride AS o ON o.flag_id = f.name;
END;

-- Requests in one state, of all tenants, oldest first.
CREATE FUNCTION public.tenants_quota_requests(wanted_state text, after_id uuid, most int)
RETURNS TABLE (request_id uuid, tenant_name text, limit_name text, wanted bigint, reason text, requested_by text,
  state text, decided_by text, decided_at timestamptz, note text, created_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT q.request_id, t.name::text, q.limit_name::text, q.wanted, q.reason::text, q.requested_by::text,
    q.state::text, q.decided_by::text, q.decided_at, q.note::text, q.created_at
  FROM tenants_quotarequest AS q JOIN tenants_tenant AS t USING (tenant_id)
  WHERE q.state = wanted_state AND (after_id IS NULL OR (q.created_at, q.request_id) >
    (SELECT a.created_at, a.request_id FROM tenants_quotarequest AS a WHERE a.request_id = after_id))
  ORDER BY q.created_at, q.request_id LIMIT most;
END;

-- Peaks of many tenants at once. In one order, so that two processes cannot lock each other out; ids that are no
-- tenants are passed over.
CREATE FUNCTION public.tenants_note_peaks(tenant_ids uuid[], limit_names text[], peaks bigint[], noted_on date)
RETURNS void LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  INSERT INTO tenants_usagepeak AS p (tenant_id, limit_name, day, peak)
  SELECT n.tenant_id, n.limit_name, noted_on, max(n.peak)
  FROM unnest(tenant_ids, limit_names, peaks) AS n (tenant_id, limit_name, peak)
  JOIN tenants_tenant AS t USING (tenant_id)
  GROUP BY n.tenant_id, n.limit_name ORDER BY n.tenant_id, n.limit_name
  ON CONFLICT (tenant_id, limit_name, day) DO UPDATE SET peak = excluded.peak WHERE excluded.peak > p.peak;
END;

-- How many databases each tenant has.
CREATE FUNCTION public.tenants_count_databases() RETURNS TABLE (tenant_id uuid, databases_count bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT d.tenant_id, count(*) FROM tenants_database AS d GROUP BY d.tenant_id;
END;

-- Peaks that are too old to be shown.
CREATE FUNCTION public.tenants_forget_peaks(before_day date) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  DELETE FROM tenants_usagepeak AS p WHERE p.day < before_day;
END;

-- The tenants of a person that let operators act as their members.
CREATE FUNCTION public.tenants_impersonable(wanted uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT t.tenant_id FROM tenants_member AS m JOIN tenants_tenant AS t USING (tenant_id)
  WHERE m.user_id = wanted AND t.allows_impersonation;
END;

REVOKE ALL ON FUNCTION public.tenants_flags(), public.tenants_quota_requests(text, uuid, int),
  public.tenants_note_peaks(uuid[], text[], bigint[], date), public.tenants_count_databases(),
  public.tenants_forget_peaks(date), public.tenants_impersonable(uuid) FROM PUBLIC;
