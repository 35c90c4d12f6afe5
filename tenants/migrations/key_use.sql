-- What is done with a key across tenants: a new digest under a new pepper, and when it was used last.

-- Only who knows the secret can tell both digests.
CREATE FUNCTION public.tenants_redigest(wanted uuid, before bytea, after bytea, pepper text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  UPDATE tenants_apikey SET digest = after, pepper_id = pepper WHERE key_id = wanted AND digest = before;
END;

-- Rows that are locked are left out, so that processes which tell of the same keys never wait for each other.
CREATE FUNCTION public.tenants_note_uses(key_ids uuid[], ats timestamptz[], addresses inet[], clients text[], pepper text)
RETURNS void LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  WITH free AS MATERIALIZED (
    SELECT k.key_id FROM tenants_apikey AS k WHERE k.key_id = ANY (key_ids) FOR NO KEY UPDATE SKIP LOCKED
  )
  UPDATE tenants_apikey AS k
  SET last_used_at = u.used_at, last_used_address = u.address, last_used_client = u.client,
    pepper_id = CASE k.pepper_id WHEN '' THEN pepper ELSE k.pepper_id END
  FROM unnest(key_ids, ats, addresses, clients) AS u(key_id, used_at, address, client)
  WHERE k.key_id = u.key_id AND k.key_id IN (SELECT f.key_id FROM free AS f)
    AND (k.last_used_at IS NULL OR k.last_used_at < u.used_at);
END;

REVOKE ALL ON FUNCTION public.tenants_redigest(uuid, bytea, bytea, text),
  public.tenants_note_uses(uuid[], timestamptz[], inet[], text[], text) FROM PUBLIC;
