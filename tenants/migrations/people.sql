-- What is asked before a tenant is known also tells whether the tenant is suspended, and knows no deleted one.

DROP FUNCTION public.tenants_memberships(uuid);
CREATE FUNCTION public.tenants_memberships(wanted uuid)
RETURNS TABLE (tenant_id uuid, tenant_name text, role text, suspension text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT t.tenant_id, t.name, m.role, CASE WHEN t.suspended_at IS NOT NULL THEN t.suspension_reason END
  FROM tenants_member AS m JOIN tenants_tenant AS t USING (tenant_id)
  WHERE m.user_id = wanted AND t.deleted_at IS NULL ORDER BY t.name;
END;

-- `digest` and `is_use_noted` spare a request the statement below: it is run once a minute, or on a new pepper.
DROP FUNCTION public.tenants_identify_account(bytea[]);
CREATE FUNCTION public.tenants_identify_account(wanted bytea[])
RETURNS TABLE (key_id uuid, service_account_id uuid, account_name text, role text, tenant_id uuid, tenant_name text,
  suspension text, digest bytea, is_use_noted boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT k.key_id, a.service_account_id, a.name, a.role, a.tenant_id, t.name,
    CASE WHEN t.suspended_at IS NOT NULL THEN t.suspension_reason END, k.digest,
    coalesce(k.last_used_at > now() - interval '1 minute', false)
  FROM tenants_serviceaccountkey AS k
  JOIN tenants_serviceaccount AS a USING (service_account_id)
  LEFT JOIN tenants_tenant AS t ON t.tenant_id = a.tenant_id
  WHERE k.digest = ANY (wanted) AND a.disabled_at IS NULL AND k.revoked_at IS NULL AND t.deleted_at IS NULL
    AND (k.expires_at IS NULL OR k.expires_at > now());
END;

-- A key was used; under another pepper than the first, it moves to the first. Keys of operators have no tenant
-- that a transaction could be bound to, so this too runs as the owner; only who knows the digest can call it.
CREATE FUNCTION public.tenants_account_key_used(used uuid, before bytea, fresh_digest bytea, fresh_pepper text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  UPDATE tenants_serviceaccountkey SET last_used_at = now(), digest = fresh_digest, pepper_id = fresh_pepper
  WHERE key_id = used AND digest = before
    AND (last_used_at IS NULL OR last_used_at <= now() - interval '1 minute' OR digest <> fresh_digest);
END;

CREATE OR REPLACE FUNCTION public.tenants_resolve(wanted text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT t.tenant_id FROM tenants_tenant AS t WHERE t.name = wanted AND t.deleted_at IS NULL;
END;

CREATE OR REPLACE FUNCTION public.tenants_everyone() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT t.tenant_id FROM tenants_tenant AS t WHERE t.deleted_at IS NULL ORDER BY t.tenant_id;
END;

REVOKE ALL ON FUNCTION public.tenants_memberships(uuid), public.tenants_identify_account(bytea[]),
  public.tenants_account_key_used(uuid, bytea, bytea, text) FROM PUBLIC;
