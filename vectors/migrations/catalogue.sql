-- The second lock on the catalogue, and the claim that the write statements make.

ALTER TABLE vectors_collection ENABLE ROW LEVEL SECURITY;
ALTER TABLE vectors_collection FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON vectors_collection USING (tenant_id = (SELECT public.tessera_bound_tenant()));
CREATE POLICY operation ON vectors_collection TO CURRENT_ROLE USING (true);

-- Stops a transaction whose caller saw something that is no longer so; nothing of it happens then.
CREATE FUNCTION public.tessera_require(claim boolean, reason text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF claim IS NOT TRUE THEN
    RAISE EXCEPTION USING MESSAGE = reason, ERRCODE = 'P0001';
  END IF;
  RETURN true;
END $$;
