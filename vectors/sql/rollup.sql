-- The ledger rolled up: sums by hour, day and month, and the tail that is in none of them yet.
--
-- A row of the ledger is in the sums if, and only if, `usage_rollup.rolled_to` sees the transaction that wrote it.
-- The roll-up adds exactly the rows that it sees and the last one did not, and leaves its own snapshot behind: a
-- transaction that commits late stays in the tail, whatever numbers its rows have.
--
-- name: lock_rollup
-- Waits for whoever rolls up. Whether the sums are of this cluster: after a restore they are not.
SELECT r.system_identifier = s.system_identifier FROM $cell.usage_rollup AS r, pg_control_system() AS s FOR UPDATE OF r;

-- name: clear_rollup
-- All of the ledger is the tail again.
WITH hours AS (DELETE FROM $cell.usage_hour),
  database_hours AS (DELETE FROM $cell.usage_database_hour),
  database_days AS (DELETE FROM $cell.usage_database_day),
  collection_months AS (DELETE FROM $cell.usage_collection_month)
UPDATE $cell.usage_rollup SET rolled_to = '1:1:', system_identifier = s.system_identifier
FROM pg_control_system() AS s;

-- name: plan_for_values
-- The web's role plans each statement once for all values, which suits records. What a report reads of the ledger
-- follows from its values: how much of it one tenant is, and how little of it is the tail.
SET LOCAL plan_cache_mode = force_custom_plan;

-- name: tail
-- What the sums have not: of transactions that began after the last roll-up, or ran beside it. Bounds that exclude
-- nothing tell the planner that a range is narrow, as it is, so that it uses the index.
SELECT $columns FROM $cell.usage_ledger AS l
WHERE l.transaction_id >= (SELECT pg_snapshot_xmax(c.rolled_to) FROM clock AS c)
  AND l.transaction_id <= '18446744073709551615' $bounds
UNION ALL
SELECT $columns FROM $cell.usage_ledger AS l
WHERE l.transaction_id = ANY (ARRAY(SELECT pg_snapshot_xip(c.rolled_to) FROM clock AS c))
  AND l.transaction_id >= (SELECT pg_snapshot_xmin(c.rolled_to) FROM clock AS c)
  AND l.transaction_id < (SELECT pg_snapshot_xmax(c.rolled_to) FROM clock AS c) $bounds;

-- name: clock
-- With sums of another cluster, the tail is everything.
clock AS MATERIALIZED (
  SELECT r.system_identifier = s.system_identifier AS is_ours,
    CASE WHEN r.system_identifier = s.system_identifier THEN r.rolled_to ELSE '1:1:' END AS rolled_to
  FROM $cell.usage_rollup AS r, pg_control_system() AS s
);

-- name: roll_up
-- Needs the lock, taken by a statement before, so that this one sees what the last roll-up left. Rows of a restored
-- ledger may have numbers of transactions to come; they stay in the tail until this cluster is past them.
WITH $clock, fresh AS MATERIALIZED (
  SELECT t.tenant_id, t.database_id, t.collection_id, t.key_id, t.meter, t.operation,
    date_trunc('hour', t.at, 'UTC') AS at, sum(t.quantity)::bigint AS quantity, sum(t.requests)::bigint AS requests,
    sum(t.records)::bigint AS records, count(*) AS ledger_rows
  FROM ($tail) AS t
  GROUP BY 1, 2, 3, 4, 5, 6, 7
), hours AS (
  INSERT INTO $cell.usage_hour AS h (tenant_id, collection_id, at, key_id, meter, operation, database_id, quantity,
    requests, records, ledger_rows)
  SELECT tenant_id, collection_id, at, key_id, meter, operation, database_id, quantity, requests, records, ledger_rows
  FROM fresh
  ON CONFLICT (tenant_id, collection_id, at, key_id, meter, operation, database_id) DO UPDATE
  SET quantity = h.quantity + excluded.quantity, requests = h.requests + excluded.requests,
    records = h.records + excluded.records, ledger_rows = h.ledger_rows + excluded.ledger_rows
), database_hours AS (
  INSERT INTO $cell.usage_database_hour AS h (tenant_id, at, database_id, key_id, meter, operation, quantity, requests,
    records, ledger_rows)
  SELECT tenant_id, at, database_id, key_id, meter, operation, sum(quantity), sum(requests), sum(records),
    sum(ledger_rows)
  FROM fresh GROUP BY 1, 2, 3, 4, 5, 6
  ON CONFLICT (tenant_id, at, database_id, key_id, meter, operation) DO UPDATE
  SET quantity = h.quantity + excluded.quantity, requests = h.requests + excluded.requests,
    records = h.records + excluded.records, ledger_rows = h.ledger_rows + excluded.ledger_rows
), database_days AS (
  INSERT INTO $cell.usage_database_day AS h (tenant_id, at, database_id, key_id, meter, operation, quantity, requests,
    records, ledger_rows)
  SELECT tenant_id, date_trunc('day', at, 'UTC'), database_id, key_id, meter, operation, sum(quantity), sum(requests),
    sum(records), sum(ledger_rows)
  FROM fresh GROUP BY 1, 2, 3, 4, 5, 6
  ON CONFLICT (tenant_id, at, database_id, key_id, meter, operation) DO UPDATE
  SET quantity = h.quantity + excluded.quantity, requests = h.requests + excluded.requests,
    records = h.records + excluded.records, ledger_rows = h.ledger_rows + excluded.ledger_rows
), collection_months AS (
  INSERT INTO $cell.usage_collection_month AS h (tenant_id, at, collection_id, database_id, meter, quantity, requests,
    records, ledger_rows)
  SELECT tenant_id, date_trunc('month', at, 'UTC'), collection_id, database_id, meter, sum(quantity), sum(requests),
    sum(records), sum(ledger_rows)
  FROM fresh GROUP BY 1, 2, 3, 4, 5
  ON CONFLICT (tenant_id, at, collection_id, meter, database_id) DO UPDATE
  SET quantity = h.quantity + excluded.quantity, requests = h.requests + excluded.requests,
    records = h.records + excluded.records, ledger_rows = h.ledger_rows + excluded.ledger_rows
), moved AS (
  UPDATE $cell.usage_rollup SET rolled_to = pg_current_snapshot(), rolled_at = now()
)
SELECT coalesce(sum(ledger_rows), 0)::bigint FROM fresh;

-- name: rolled_usage
-- Sums and tail of a tenant as one, in one snapshot: what the ledger has, faster.
WITH $clock, l AS (
  SELECT $columns FROM $cell.$table AS l WHERE (SELECT c.is_ours FROM clock AS c) $bounds
  UNION ALL
  $tail
)
SELECT $dimensions l.meter, sum(l.quantity)::bigint, sum(l.requests)::bigint
FROM l
GROUP BY $places
LIMIT %(count)s;

-- name: dearest_collections
-- By what a month's use costs, the dearest first, and in one order for all pages: the weights are approximate prices
-- of a unit, for what each collection cost exactly is asked for the few that are shown.
WITH $clock, l AS (
  SELECT l.collection_id, l.meter, l.quantity FROM $cell.usage_collection_month AS l
  WHERE (SELECT c.is_ours FROM clock AS c) $bounds
  UNION ALL
  $tail
), weighed AS (
  SELECT l.collection_id, sum(l.quantity::float8 * p.weight) AS weight
  FROM l JOIN unnest(%(meters)s::text[], %(weights)s::float8[]) AS p(meter, weight) USING (meter)
  GROUP BY 1
)
SELECT w.collection_id, w.weight FROM weighed AS w
WHERE %(after_id)s::uuid IS NULL OR (w.weight, w.collection_id) < (%(after_weight)s::float8, %(after_id)s::uuid)
ORDER BY w.weight DESC, w.collection_id DESC
LIMIT %(count)s;

-- name: compare_rollup
-- The ledger summed anew beside each table of sums with the tail, in one snapshot; rows that differ.
WITH $clock, tail AS MATERIALIZED (
  $tail
), truth AS (
  SELECT l.collection_id, l.database_id, l.key_id, l.meter, l.operation, date_trunc('hour', l.at, 'UTC') AS at,
    sum(l.quantity) AS quantity, sum(l.requests) AS requests, sum(l.records) AS records, count(*) AS ledger_rows
  FROM $cell.usage_ledger AS l WHERE l.tenant_id = %(tenant_id)s
  GROUP BY 1, 2, 3, 4, 5, 6
), rolled AS (
  SELECT 'usage_hour' AS name, h.collection_id, h.database_id, h.key_id, h.meter, h.operation, h.at, h.quantity,
    h.requests, h.records, h.ledger_rows
  FROM $cell.usage_hour AS h WHERE h.tenant_id = %(tenant_id)s
  UNION ALL
  SELECT 'usage_database_hour', NULL, h.database_id, h.key_id, h.meter, h.operation, h.at, h.quantity, h.requests,
    h.records, h.ledger_rows
  FROM $cell.usage_database_hour AS h WHERE h.tenant_id = %(tenant_id)s
  UNION ALL
  SELECT 'usage_database_day', NULL, h.database_id, h.key_id, h.meter, h.operation, h.at, h.quantity, h.requests,
    h.records, h.ledger_rows
  FROM $cell.usage_database_day AS h WHERE h.tenant_id = %(tenant_id)s
  UNION ALL
  SELECT 'usage_collection_month', h.collection_id, h.database_id, NULL, h.meter, NULL, h.at, h.quantity, h.requests,
    h.records, h.ledger_rows
  FROM $cell.usage_collection_month AS h WHERE h.tenant_id = %(tenant_id)s
), signed AS (
  SELECT * FROM rolled WHERE (SELECT c.is_ours FROM clock AS c)
  UNION ALL
  SELECT n.name, CASE WHEN n.has_collection THEN s.collection_id END, s.database_id, CASE WHEN n.has_key THEN s.key_id END,
    s.meter, CASE WHEN n.has_key THEN s.operation END, date_trunc(n.unit, s.at, 'UTC'), s.sign * s.quantity,
    s.sign * s.requests, s.sign * s.records, s.sign * s.ledger_rows
  FROM (
    SELECT -1 AS sign, u.* FROM truth AS u
    UNION ALL
    SELECT 1, t.collection_id, t.database_id, t.key_id, t.meter, t.operation, t.at, t.quantity, t.requests, t.records, 1
    FROM tail AS t
  ) AS s, (VALUES ('usage_hour', 'hour', true, true), ('usage_database_hour', 'hour', false, true),
    ('usage_database_day', 'day', false, true), ('usage_collection_month', 'month', true, false)
  ) AS n(name, unit, has_collection, has_key)
), apart AS (
  SELECT g.name FROM signed AS g
  GROUP BY g.name, g.collection_id, g.database_id, g.key_id, g.meter, g.operation, g.at
  HAVING sum(g.quantity) <> 0 OR sum(g.requests) <> 0 OR sum(g.records) <> 0 OR sum(g.ledger_rows) <> 0
)
SELECT a.name, count(*) FROM apart AS a GROUP BY a.name ORDER BY a.name
