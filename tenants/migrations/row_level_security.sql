-- The second lock on the control plane's tables, and the four questions that are asked before a tenant is known.
-- The owner, who runs commands, sees all; everybody else sees the rows of the bound tenant.

CREATE FUNCTION public.tessera_bound_tenant() RETURNS uuid LANGUAGE sql STABLE
RETURN nullif(current_setting('app.tenant_id', true), '')::uuid;

DO $$
DECLARE guarded text;
BEGIN
  FOREACH guarded IN ARRAY ARRAY['tenants_tenant', 'tenants_member', 'tenants_database', 'tenants_apikey',
                                 'tenants_apikeydatabase'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', guarded);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', guarded);
    EXECUTE format('CREATE POLICY tenant ON %I USING (tenant_id = (SELECT public.tessera_bound_tenant()))', guarded);
    EXECUTE format('CREATE POLICY operation ON %I TO CURRENT_ROLE USING (true)', guarded);
  END LOOP;
END $$;

-- Who a key is. Runs as the owner: before it answers, no tenant is bound.
CREATE FUNCTION public.tenants_identify(wanted bytea)
RETURNS TABLE (key_id uuid, tenant_id uuid, tenant_name text, is_limited boolean, database_ids uuid[],
  database_names text[], is_read_only boolean, is_operator boolean, expires_at timestamptz, plan_limits text,
  overrides text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT k.key_id, k.tenant_id, t.name, k.is_limited_to_databases,
    array(SELECT d.database_id FROM tenants_apikeydatabase AS kd JOIN tenants_database AS d USING (database_id)
          WHERE kd.key_id = k.key_id ORDER BY d.database_id),
    array(SELECT d.name::text FROM tenants_apikeydatabase AS kd JOIN tenants_database AS d USING (database_id)
          WHERE kd.key_id = k.key_id ORDER BY d.database_id),
    k.is_read_only, k.is_operator, k.expires_at, coalesce(p.limits, '{}')::text, t.quota_overrides::text
  FROM tenants_apikey AS k JOIN tenants_tenant AS t USING (tenant_id) LEFT JOIN tenants_plan AS p ON p.id = t.plan_id
  WHERE k.digest = wanted AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now());
END;

-- Which tenants a person may enter.
CREATE FUNCTION public.tenants_memberships(wanted uuid)
RETURNS TABLE (tenant_id uuid, tenant_name text, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT t.tenant_id, t.name, m.role FROM tenants_member AS m JOIN tenants_tenant AS t USING (tenant_id)
  WHERE m.user_id = wanted ORDER BY t.name;
END;

-- The id behind a tenant's name; asked for operators only.
CREATE FUNCTION public.tenants_resolve(wanted text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT t.tenant_id FROM tenants_tenant AS t WHERE t.name = wanted;
END;

-- Every tenant; asked by a reset only, which the development profile alone allows.
CREATE FUNCTION public.tenants_everyone() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT t.tenant_id FROM tenants_tenant AS t ORDER BY t.tenant_id;
END;

REVOKE ALL ON FUNCTION public.tenants_identify(bytea), public.tenants_memberships(uuid), public.tenants_resolve(text),
  public.tenants_everyone() FROM PUBLIC;
