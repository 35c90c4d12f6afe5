"""`manage.py create_key` with everything that narrows a key."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from cloud.processes import Service
from tenants.models import ApiKey
from tenants.scope import tenant_transaction
from tests import stage
from tests.factories import Cast, Wire, batch


@pytest.fixture(autouse=True)
def has_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the commands ask."""
    monkeypatch.setattr(settings, "DATABASE_URL", "set")


def create(database: Service, cast: Cast, *options: str) -> tuple[Wire, ApiKey]:
    """The key as a client, and its row."""
    output = io.StringIO()
    with stage.role(database, "owner"):
        call_command("create_key", "--tenant", cast.name, *options, stdout=output)
    secret = output.getvalue().strip()
    with tenant_transaction(cast.tenant_id):
        row = ApiKey.objects.filter(tenant_id=cast.tenant_id, display_prefix=secret[:9])
        return Wire(secret), row.latest("created_at")


def test_it_makes_a_narrow_key(database: Service, acme: Cast) -> None:
    place, other = acme.collection(name="mine"), acme.collection(name="other")
    wire, row = create(
        database,
        acme,
        *("--collection", "main/mine", "--template", "ingest_only", "--expires-days", "7"),
        *("--network", "127.0.0.0/8", "--network", "::1", "--where", '{"owner": "a"}'),
        *("--requests-per-minute", "1000", "--name", "narrow"),
    )
    assert (row.name, row.collection_ids) == ("narrow", [place.collection_id])
    assert row.allowed_networks == ["127.0.0.0/8", "::1/128"]
    assert (row.forced_where, row.requests_per_minute_count) == ('{"owner":"a"}', 1000)
    assert row.expires_at is not None
    assert timedelta(days=6.9) < row.expires_at - datetime.now(UTC) < timedelta(days=7)
    body = batch(1) | {"metadatas": [{"owner": "a"}]}
    assert wire.post(f"{place.path}/add", body).status == 201
    assert wire.post(f"{place.path}/add", batch(1)).status == 403
    assert wire.post(f"{place.path}/get", {}).status == 403
    assert wire.post(f"{other.path}/add", body).status == 404


def test_a_key_ends_after_ninety_days_unless_told_otherwise(database: Service, acme: Cast) -> None:
    until = create(database, acme)[1].expires_at
    assert until is not None
    assert timedelta(days=89.9) < until - datetime.now(UTC) < timedelta(days=90)
    assert create(database, acme, "--never-expires")[1].expires_at is None


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--collection", "main"], "--collection"),
        (["--collection", "main/nowhere"], "nowhere"),
        (["--where", "{"], "--where"),
        (["--where", '{"#id": "x"}'], "where"),
        (["--network", "x"], "allowed_networks"),
        (["--expires-days", "0"], "expires_at"),
        (["--expires-days", str(10**12)], "--expires-days"),
        (["--template", "one_collection"], "collection_ids"),
        (["--database", "nowhere"], "nowhere"),
    ],
)
def test_it_says_what_is_wrong(database: Service, acme: Cast, options: list[str], named: str) -> None:
    with pytest.raises(CommandError, match=named):
        create(database, acme, *options)
