-- The second lock on the new tables, what makes the audit log append-only, and two questions that are asked
-- before a tenant is known.

DO $$
DECLARE guarded text;
BEGIN
  FOREACH guarded IN ARRAY ARRAY['tenants_invitation', 'tenants_serviceaccount', 'tenants_serviceaccountkey',
                                 'tenants_auditentry', 'tenants_audithead'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', guarded);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', guarded);
    EXECUTE format('CREATE POLICY tenant ON %I USING (tenant_id = (SELECT public.tessera_bound_tenant()))', guarded);
    EXECUTE format('CREATE POLICY operation ON %I TO CURRENT_ROLE USING (true)', guarded);
  END LOOP;
END $$;

-- Not even the owner changes what was written down.
CREATE FUNCTION public.tenants_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON tenants_auditentry
  FOR EACH ROW EXECUTE FUNCTION public.tenants_refuse_change();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON tenants_auditentry
  FOR EACH STATEMENT EXECUTE FUNCTION public.tenants_refuse_change();

-- Who a key of a service account is. Runs as the owner: before it answers, no tenant is bound.
CREATE FUNCTION public.tenants_identify_account(wanted bytea[])
RETURNS TABLE (key_id uuid, service_account_id uuid, account_name text, role text, tenant_id uuid, tenant_name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT k.key_id, a.service_account_id, a.name, a.role, a.tenant_id, t.name
  FROM tenants_serviceaccountkey AS k
  JOIN tenants_serviceaccount AS a USING (service_account_id)
  LEFT JOIN tenants_tenant AS t ON t.tenant_id = a.tenant_id
  WHERE k.digest = ANY (wanted) AND a.disabled_at IS NULL AND k.revoked_at IS NULL
    AND (k.expires_at IS NULL OR k.expires_at > now());
END;

-- What an invitation's token opens.
CREATE FUNCTION public.tenants_invited(wanted bytea)
RETURNS TABLE (invitation_id uuid, tenant_id uuid, tenant_name text, email text, role text, invited_by text,
  expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT i.invitation_id, i.tenant_id, t.name, i.email, i.role, i.invited_by, i.expires_at
  FROM tenants_invitation AS i JOIN tenants_tenant AS t USING (tenant_id)
  WHERE i.digest = wanted AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now();
END;

REVOKE ALL ON FUNCTION public.tenants_identify_account(bytea[]), public.tenants_invited(bytea) FROM PUBLIC;
