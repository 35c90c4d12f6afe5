"""How fast usage is read: `python -m bench.usage`, a million ledger rows of 10,000 collections of one tenant.

Starts servers of its own, fills the running month, rolls up, and measures the verbs behind the pages of usage
and billing, each with a tail of what came since. Ends with status 1 when one takes more than its promise at
the 95th percentile. Two minutes on a machine that does nothing else.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from cloud.processes import Service, temporary_data_dir

COLLECTIONS, DATABASES, KEYS, ROWS, TAIL_ROWS = 10_000, 20, 12, 1_000_000, 2_000
ROUNDS, PROMISE_MS = 20, 150.0
_UNPROMISED = "(no promise)"
_FILL = """
INSERT INTO {cell}.usage_ledger (tenant_id, database_id, collection_id, key_id, meter, operation, quantity,
  requests, at)
SELECT %(tenant)s, md5('d' || n %% %(databases)s)::uuid, md5('c' || n %% %(collections)s)::uuid,
  CASE WHEN k.kind > 0 THEN md5('k' || n %% %(keys)s)::uuid END,
  (ARRAY['byte_hours_stored', 'bytes_written', 'bytes_scanned', 'bytes_returned'])[1 + k.kind],
  (ARRAY['store', 'upsert', 'query', 'query'])[1 + k.kind], 1000000 + n, (k.kind > 0)::int,
  %(since)s::timestamptz + random() * (%(until)s::timestamptz - %(since)s::timestamptz)
FROM generate_series(%(first)s::int, %(last)s::int) AS n,
  LATERAL (SELECT n / %(collections)s %% 4 AS kind) AS k
"""


def main() -> int:
    """Fill, roll up, measure, judge."""
    for name in ("SECRET_KEY", "KEY_PEPPER"):
        os.environ.setdefault(name, secrets.token_urlsafe(40))
    with temporary_data_dir() as data_dir:
        service = Service(data_dir, port=0)
        try:
            service.start_servers()
            service.prepare_database()
            return _measure(service)
        finally:
            service.stop()


def _measure(service: Service) -> int:
    os.environ.update(
        {name: service.environment[name] for name in ("DATABASE_URL", "REDIS_URL", "DATA_DIR")},
        DJANGO_SETTINGS_MODULE="cloud.settings",
        DATABASE_ROLE="owner",
        TESSERA_PROFILE="development",
    )
    import django  # noqa: PLC0415

    django.setup()
    from django.conf import settings  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    from tenants import tenants  # noqa: PLC0415
    from tenants.billing import months  # noqa: PLC0415

    tenant_id = tenants.create("bench").tenant_id
    since = months.bounds(months.month_of(datetime.now(UTC)))[0]
    fill(tenant_id, since, 1, ROWS)
    roll()
    fill(tenant_id, since, ROWS + 1, ROWS + TAIL_ROWS)
    connection.close()
    connection.settings_dict = {**connection.settings_dict, **settings.WEB_DATABASE}
    late = 0
    for name, verb in verbs(tenant_id, since).items():
        p50, p95 = measured(verb)
        is_late = p95 > PROMISE_MS and not name.endswith(_UNPROMISED)
        late += is_late
        print(f"{name:<46} p50 {p50:7.1f} ms   p95 {p95:7.1f} ms{'   LATE' if is_late else ''}", flush=True)
    return 1 if late else 0


def fill(tenant_id: UUID, since: datetime, first: int, last: int) -> None:
    """Rows of the ledger, spread over the month so far."""
    from vectors.cells.transaction import connect  # noqa: PLC0415

    values = {
        "tenant": tenant_id,
        "databases": DATABASES,
        "collections": COLLECTIONS,
        "keys": KEYS,
        "since": since,
        "until": datetime.now(UTC),
        "first": first,
        "last": last,
    }
    began = time.monotonic()
    with connect().transaction():
        connect().execute(f"SET LOCAL app.tenant_id = '{tenant_id}'".encode())
        connect().execute(_FILL.format(cell="cell_000").encode(), values)
    connect().execute(b"ANALYZE")
    print(f"{last - first + 1} rows written in {time.monotonic() - began:.1f} s")


def roll() -> None:
    """As the sweep does."""
    from vectors import rollup  # noqa: PLC0415
    from vectors.cells.transaction import connect  # noqa: PLC0415

    began = time.monotonic()
    count = rollup.roll_up("cell_000")
    connect().execute(b"VACUUM ANALYZE")
    print(f"{count} rows rolled up in {time.monotonic() - began:.1f} s")
    for source in rollup.SOURCES:
        counted = f"SELECT count(*) FROM cell_000.{source.table}"  # noqa: S608 (a name of ours)
        row = connect().execute(counted.encode()).fetchone()
        print(f"  {source.table:<24} {row[0] if row else 0:>9} sums")


def verbs(tenant_id: UUID, since: datetime) -> dict[str, Callable[[], object]]:
    """What the pages ask."""
    from tenants.actors import SYSTEM  # noqa: PLC0415
    from tenants.billing import invoices  # noqa: PLC0415
    from tenants.prices import Prices  # noqa: PLC0415
    from vectors import costs, usage  # noqa: PLC0415
    from vectors.usage import By  # noqa: PLC0415

    key_id = UUID(hashlib.md5(b"k1", usedforsecurity=False).hexdigest())
    now = datetime.now(UTC)

    def report(*by: By, begun: datetime = since, **only: UUID) -> object:
        limits = {By(name): value for name, value in only.items()}
        return usage.report(
            tenant_id, since=begun, until=datetime.now(UTC), by=by, prices=Prices(), only=limits
        )

    lately = now.replace(minute=0, second=0, microsecond=0) - usage.HOUR * 23
    dearest = costs.dearest_collections(SYSTEM, tenant_id, limit_count=50)
    place = (dearest[-1].weight, dearest[-1].collection_id)
    return {
        "a month by day and meter": lambda: report(By.DAY),
        "a month by day, of one key": lambda: report(By.DAY, key=key_id),
        "a month by day, of one collection": lambda: report(By.DAY, collection=dearest[0].collection_id),
        "a day by hour and meter": lambda: report(By.HOUR, begun=lately),
        "a month by database": lambda: costs.cost_by_database(SYSTEM, tenant_id),
        "a month by key": lambda: costs.cost_by_key(SYSTEM, tenant_id),
        "the 50 dearest collections": lambda: costs.dearest_collections(SYSTEM, tenant_id, limit_count=50),
        "the next 50": lambda: costs.dearest_collections(SYSTEM, tenant_id, limit_count=50, after=place),
        "the running month's bill and forecast": lambda: invoices.preview(
            SYSTEM, tenant_id, now=datetime.now(UTC), totals=usage.rolled_totals
        ),
        "the month by the ledger itself (no promise)": lambda: usage.meter_totals(
            tenant_id, since=since, until=now
        ),
    }


def measured(verb: Callable[[], object]) -> tuple[float, float]:
    """Median and 95th percentile, in milliseconds."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        verb()
        times.append((time.perf_counter() - began) * 1_000)
    return statistics.median(times), sorted(times)[int(0.95 * len(times)) - 1]


if __name__ == "__main__":
    sys.exit(main())
