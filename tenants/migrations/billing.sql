-- The second lock on the tables of billing, the history of plans, what must never change, and the worker's questions.

DO $$
DECLARE guarded text;
BEGIN
  FOREACH guarded IN ARRAY ARRAY['tenants_planassignment', 'tenants_billingprofile', 'tenants_invoice', 'tenants_credit',
                                 'tenants_credituse', 'tenants_billingalert', 'tenants_alertnotice', 'tenants_budget',
                                 'tenants_budgetlease', 'tenants_stripewatermark'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', guarded);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', guarded);
    EXECUTE format('CREATE POLICY tenant ON %I USING (tenant_id = (SELECT public.tessera_bound_tenant()))', guarded);
    EXECUTE format('CREATE POLICY operation ON %I TO CURRENT_ROLE USING (true)', guarded);
  END LOOP;
END $$;

-- What was in force when: written here, so that no way of changing a plan passes by.
CREATE FUNCTION public.tenants_note_assignment() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' OR NEW.plan_id IS DISTINCT FROM OLD.plan_id THEN
    INSERT INTO tenants_planassignment (tenant_id, tenant_name, plan_id, at)
    VALUES (NEW.tenant_id, NEW.name, NEW.plan_id, now());
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER note_assignment AFTER INSERT OR UPDATE OF plan_id ON tenants_tenant
  FOR EACH ROW EXECUTE FUNCTION public.tenants_note_assignment();

CREATE FUNCTION public.tenants_note_revision() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' OR (NEW.name, NEW.currency, NEW.prices, NEW.monthly_fee_nano)
     IS DISTINCT FROM (OLD.name, OLD.currency, OLD.prices, OLD.monthly_fee_nano) THEN
    INSERT INTO tenants_planrevision (plan_id, at, name, currency, prices, monthly_fee_nano)
    VALUES (NEW.id, now(), NEW.name, NEW.currency, NEW.prices, NEW.monthly_fee_nano);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER note_revision AFTER INSERT OR UPDATE ON tenants_plan
  FOR EACH ROW EXECUTE FUNCTION public.tenants_note_revision();

INSERT INTO tenants_planrevision (plan_id, at, name, currency, prices, monthly_fee_nano)
SELECT id, now(), name, currency, prices, monthly_fee_nano FROM tenants_plan;
INSERT INTO tenants_planassignment (tenant_id, tenant_name, plan_id, at)
SELECT tenant_id, name, plan_id, now() FROM tenants_tenant;

-- Not even the owner changes what was billed.
CREATE FUNCTION public.tenants_refuse_billing_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE FUNCTION public.tenants_guard_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state <> 'issued'
     OR to_jsonb(OLD) - ARRAY['state', 'closed_at', 'closing_note'] <> to_jsonb(NEW) - ARRAY['state', 'closed_at', 'closing_note']
  THEN
    RAISE EXCEPTION 'an issued invoice can only be marked paid or void, once';
  END IF;
  RETURN NEW;
END $$;
DO $$
DECLARE kept text;
BEGIN
  FOREACH kept IN ARRAY ARRAY['tenants_credit', 'tenants_credituse', 'tenants_planrevision', 'tenants_planassignment'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I
      FOR EACH ROW EXECUTE FUNCTION public.tenants_refuse_billing_change()', kept);
  END LOOP;
END $$;
CREATE TRIGGER guard_invoice BEFORE UPDATE ON tenants_invoice
  FOR EACH ROW EXECUTE FUNCTION public.tenants_guard_invoice();
CREATE TRIGGER keep_invoice BEFORE DELETE ON tenants_invoice
  FOR EACH ROW EXECUTE FUNCTION public.tenants_refuse_billing_change();

-- Which tenants have months before this day that were not billed; deleted tenants are among them.
CREATE FUNCTION public.tenants_unbilled(before date) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT a.tenant_id FROM tenants_planassignment AS a LEFT JOIN tenants_billingprofile AS p USING (tenant_id)
  WHERE p.billed_before IS NULL OR p.billed_before < before
  GROUP BY a.tenant_id HAVING min(a.at) < before::timestamp AT TIME ZONE 'UTC' ORDER BY a.tenant_id;
END;

-- Which tenants have a budget in a month.
CREATE FUNCTION public.tenants_budgeted(wanted date) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT tenant_id FROM tenants_budget WHERE month = wanted ORDER BY tenant_id;
END;

-- Which tenants want to be told.
CREATE FUNCTION public.tenants_alerted() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT DISTINCT tenant_id FROM tenants_billingalert ORDER BY tenant_id;
END;

-- Whose meters go to Stripe.
CREATE FUNCTION public.tenants_stripe_customers() RETURNS TABLE (tenant_id uuid, stripe_customer_id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT p.tenant_id, p.stripe_customer_id FROM tenants_billingprofile AS p WHERE p.stripe_customer_id <> ''
  ORDER BY p.tenant_id;
END;

REVOKE ALL ON FUNCTION public.tenants_unbilled(date), public.tenants_budgeted(date), public.tenants_alerted(),
  public.tenants_stripe_customers() FROM PUBLIC;
