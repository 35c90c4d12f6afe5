"""Many collections at once, as rows: making them over the wire would take minutes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from cloud.processes import Service
from tenants.models import Database
from tenants.scope import tenant_transaction
from tests import stage
from vectors.cells.transaction import connect

_CONFIGURATION = (
    '{"hnsw":{"space":"l2","ef_construction":100,"ef_search":100,"max_neighbors":16,'
    '"resize_factor":1.2,"sync_threshold":1000},"spann":null,"embedding_function":null}'
)


def found(
    tenant_id: uuid.UUID, count: int, *, cell: str = "cell_000", prefix: str = "crowd"
) -> list[Database]:
    """So many empty databases of a tenant, in one cell."""
    with tenant_transaction(tenant_id):
        return Database.objects.bulk_create(
            Database(tenant_id=tenant_id, name=f"{prefix}-{number:05d}", cell=cell) for number in range(count)
        )


def settle(
    service: Service, databases: Sequence[Database], count: int, *, prefix: str = "Kollektion"
) -> None:
    """So many collections in each of these databases of one cell, none of them like its neighbours.

    Of n: 7919 n mod 10007 records; a fiftieth parked, a fiftieth indexing, a tenth never written.
    """
    cell, tenant_id = databases[0].cell, databases[0].tenant_id
    values = {
        "tenant_id": tenant_id,
        "database_ids": [one.database_id for one in databases],
        "count": count,
        "prefix": prefix,
        "configuration": _CONFIGURATION,
        "salt": uuid.uuid4().hex,
    }
    with stage.role(service, "owner"), tenant_transaction(tenant_id):  # nobody else queues work
        connection = connect()
        connection.execute(_STATES.replace("$cell", cell).encode(), values)
        connection.execute(_CATALOGUE.replace("$cell", cell).encode(), values)
        connection.execute(_JOBS.replace("$cell", cell).encode(), values)
    with stage.role(service, "owner"):  # as autovacuum does in its time
        for table in (f"{cell}.collection_state", f"{cell}.job", "vectors_collection", "tenants_database"):
            connect().execute(f"VACUUM (ANALYZE) {table}".encode())


def clear(service: Service, databases: Sequence[Database]) -> None:
    """Take their collections away again: workers of other tests must not find them."""
    cell, ids = databases[0].cell, [one.database_id for one in databases]
    with stage.role(service, "owner"), tenant_transaction(databases[0].tenant_id):
        connection = connect()
        inside = f"SELECT collection_id FROM {cell}.collection_state WHERE database_id = ANY (%s)"
        connection.execute(f"DELETE FROM {cell}.job WHERE collection_id IN ({inside})".encode(), [ids])
        for table in (f"{cell}.collection_state", "public.vectors_collection"):
            connection.execute(f"DELETE FROM {table} WHERE database_id = ANY (%s)".encode(), [ids])


_NUMBERED = """
  SELECT d.database_id, n, (n * 7919) %% 10007 AS mixed,
    md5(%(salt)s::text || d.database_id || '/' || n)::uuid AS collection_id
  FROM unnest(%(database_ids)s::uuid[]) AS d(database_id), generate_series(1, %(count)s::int) AS n
"""
_STATES = (
    """
INSERT INTO $cell.collection_state (collection_id, tenant_id, database_id, space, ef_construction,
  max_neighbors, ef_search, dimension, log_head, compacted_to, record_count, logical_bytes, segment_rows,
  log_since, last_write_at)
SELECT c.collection_id, %(tenant_id)s, c.database_id, 'l2', 100, 16, 100, 8,
  CASE WHEN c.n %% 20 IN (0, 7) THEN 0 ELSE c.mixed + 10 END,
  CASE WHEN c.n %% 20 IN (0, 7) THEN 0 ELSE c.mixed * (c.n %% 7) / 7 END,
  CASE WHEN c.n %% 20 IN (0, 7) THEN 0 ELSE c.mixed + 1 END, c.mixed * 100::bigint, 0,
  CASE WHEN c.n %% 20 NOT IN (0, 7) THEN now() - make_interval(secs => c.mixed) END,
  CASE WHEN c.n %% 20 NOT IN (0, 7) THEN now() - make_interval(secs => c.mixed * 3) END
FROM ("""
    + _NUMBERED
    + ") AS c"
)
_CATALOGUE = (
    """
INSERT INTO public.vectors_collection (collection_id, tenant_id, database_id, name, configuration_json,
  created_at, deleted_by, is_deleted_with_database)
SELECT c.collection_id, %(tenant_id)s, c.database_id,
  %(prefix)s || '-' || c.mixed || CASE WHEN c.n %% 2 = 0 THEN '-Docs-' ELSE '-images-' END || c.n,
  %(configuration)s, now() - make_interval(mins => c.mixed), '', false
FROM ("""
    + _NUMBERED
    + ") AS c"
)
_JOBS = (
    """
INSERT INTO $cell.job (tenant_id, collection_id, kind, lease_until, state, phase, cause)
SELECT %(tenant_id)s, c.collection_id, 'compact', now() + interval '1 day',
  CASE WHEN c.n %% 100 <= 2 THEN 'parked' ELSE 'running' END, '',
  CASE WHEN c.n %% 100 <= 2 THEN 'out of memory' ELSE '' END
FROM ("""
    + _NUMBERED
    + ") AS c WHERE c.n %% 100 BETWEEN 1 AND 4"
)
