"""`python -m bench.keys`: what it costs to know a key, with 10,000 keys in the database.

cold  a process has not seen the key within the last second: one round trip to PostgreSQL
warm  it has: a look-up in memory, and the checks of networks, suspension and expiry
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from cloud.processes import Service, temporary_data_dir

KEYS_COUNT = 10_000
_TENANTS_COUNT = 10
_WARM_ROUNDS = 20_000
_TARGETS_SECONDS = {"cold": 2e-3, "warm": 20e-6, "warm, of a key with networks": 20e-6}


def main() -> int:
    """Measure on servers of its own; 0 when each median is within its target."""
    with temporary_data_dir() as data_dir:
        service = Service(data_dir, port=0)
        try:
            service.start_servers()
            service.prepare_database()
            names = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "KEY_PEPPER", "DATA_DIR", "TESSERA_PROFILE")
            os.environ.update({name: service.environment[name] for name in names})
            os.environ.update(DJANGO_SETTINGS_MODULE="cloud.settings", DATABASE_ROLE="web")
            import django  # noqa: PLC0415

            django.setup()
            return _measure()
        finally:
            service.stop()


def _measure() -> int:
    from django.conf import settings  # noqa: PLC0415 (Django is set up by now)
    from django.test import RequestFactory  # noqa: PLC0415

    from cloud.api import authentication, key_use  # noqa: PLC0415
    from tenants import key_authentication  # noqa: PLC0415

    secrets = _make_keys()
    factory = RequestFactory()
    requests = [factory.get("/", headers={"x-chroma-token": secret}) for secret in secrets]

    def cold(place: int) -> object:
        return key_authentication.authenticate(
            secrets[place], peppers=settings.KEY_PEPPERS, may_operate=False
        )

    def warm(place: int) -> object:
        return authentication.authenticate(requests[place % 2])

    for place in range(200):  # connection, plans, caches of the interpreter
        cold(place)
    found = {"cold": _time(cold, range(KEYS_COUNT))}
    # The memory of a process is a second long: kept longer here, so that a slow machine measures no cold one.
    settings.KEY_CACHE_SECONDS = 3_600
    for name, parity in (("warm", 0), ("warm, of a key with networks", 1)):
        warm(parity)
        found[name] = _time(lambda _, parity=parity: warm(parity), range(_WARM_ROUNDS))  # type: ignore[misc]
    key_use.forget()
    print(f"{KEYS_COUNT:,} keys of {_TENANTS_COUNT} tenants; one thread, {os.cpu_count()} cores")
    print(f"{'':<32}{'median':>12}{'p99':>12}{'target':>12}")
    for name, seconds in found.items():
        middle, late = statistics.median(seconds), statistics.quantiles(seconds, n=100)[98]
        print(f"{name:<32}{_shown(middle):>12}{_shown(late):>12}{_shown(_TARGETS_SECONDS[name]):>12}")
    return int(any(statistics.median(found[name]) > target for name, target in _TARGETS_SECONDS.items()))


def _shown(seconds: float) -> str:
    return f"{seconds * 1e6:,.1f} µs"


def _time(act: Callable[[int], object], places: range) -> list[float]:
    seconds = []
    for place in places:
        started = time.perf_counter()
        act(place)
        seconds.append(time.perf_counter() - started)
    return seconds


def _make_keys() -> list[str]:
    """Secrets of fresh keys, every other one limited to networks that this process is in."""
    from django.conf import settings  # noqa: PLC0415 (Django is set up by now)

    from tenants import keys, secret_text, tenants  # noqa: PLC0415
    from tenants.models import ApiKey  # noqa: PLC0415
    from tenants.scope import tenant_transaction  # noqa: PLC0415

    secrets: list[str] = []
    pepper = settings.KEY_PEPPERS[0]
    for number in range(_TENANTS_COUNT):
        tenant = tenants.create(f"bench-{number}")
        own = [secret_text.generate(keys.PREFIX) for _ in range(KEYS_COUNT // _TENANTS_COUNT)]
        rows: list[Any] = [
            ApiKey(
                tenant=tenant,
                name="bench",
                display_prefix=secret[: secret_text.DISPLAY_CHARACTERS],
                digest=secret_text.digest(secret, pepper=pepper),
                pepper_id=secret_text.pepper_id(pepper),
                allowed_networks=[f"10.{one}.0.0/16" for one in range(31)] + ["127.0.0.0/8"]
                if odd % 2
                else [],
            )
            for odd, secret in enumerate(own)
        ]
        with tenant_transaction(tenant.tenant_id):
            ApiKey.objects.bulk_create(rows)
        secrets += own
    return secrets


if __name__ == "__main__":
    sys.exit(main())
