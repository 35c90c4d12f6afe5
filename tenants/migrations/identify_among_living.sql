-- Who a key is, as before, but for databases in the recycle bin: a key does not reach them.

CREATE OR REPLACE FUNCTION public.tenants_identify(wanted bytea[])
RETURNS TABLE (key_id uuid, tenant_id uuid, tenant_name text, is_limited boolean, database_ids uuid[],
  database_names text[], only_database text, collection_ids uuid[], verbs text[], networks text[], forced_where text,
  requests_per_minute int, is_operator boolean, expires_at timestamptz, plan_limits text, overrides text,
  prices text, spend_cap_nano bigint, suspension text, digest bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT k.key_id, k.tenant_id, t.name, k.is_limited_to_databases, own.ids, own.names,
    CASE WHEN k.is_limited_to_databases THEN CASE cardinality(own.names) WHEN 1 THEN own.names[1] END
         ELSE (SELECT CASE count(*) WHEN 1 THEN min(two.name) END
               FROM (SELECT d.name::text FROM tenants_database AS d
                     WHERE d.tenant_id = k.tenant_id AND d.deleted_at IS NULL LIMIT 2) AS two) END,
    k.collection_ids, k.verbs::text[], k.allowed_networks::text[], k.forced_where, k.requests_per_minute_count,
    k.is_operator, k.expires_at, coalesce(p.limits, '{}')::text, t.quota_overrides::text,
    coalesce(p.prices, '{}')::text, t.spend_cap_nano,
    CASE WHEN t.suspended_at IS NOT NULL THEN t.suspension_reason END, k.digest
  FROM tenants_apikey AS k JOIN tenants_tenant AS t USING (tenant_id) LEFT JOIN tenants_plan AS p ON p.id = t.plan_id
  CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(d.database_id ORDER BY d.database_id), '{}') AS ids,
      coalesce(array_agg(d.name::text ORDER BY d.database_id), '{}') AS names
    FROM tenants_apikeydatabase AS kd JOIN tenants_database AS d USING (database_id)
    WHERE kd.key_id = k.key_id AND d.deleted_at IS NULL
  ) AS own
  WHERE k.digest = ANY (wanted) AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now());
END;
