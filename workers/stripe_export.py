"""Meters to Stripe: for each customer and hour one Billing Meter Event per meter, counted once.

An event is named by tenant, meter and hour, so Stripe knows one that it has; the watermark moves after all
of an hour's events were taken. Values are in the meter's own unit: bytes, byte-hours, forks.
Source: docs.stripe.com/api/billing/meter-event
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import stripe
from django.db import connection

from tenants.models import StripeWatermark
from tenants.prices import Meter
from tenants.scope import tenant_transaction
from vectors import usage

if TYPE_CHECKING:
    from stripe.params.billing import MeterEventCreateParams

HOUR = timedelta(hours=1)
# A process flushes what it counted within seconds; an hour is sent once it is complete.
GRACE = timedelta(minutes=15)
# Stripe takes events of the last 35 days.
_MOST_BACK = timedelta(days=34)
_MAX_HOURS = 200  # per customer and run
_TRIES = 4
_FIRST_PAUSE_SECONDS = 0.5

log = logging.getLogger("tessera.billing")


@dataclass(frozen=True)
class Account:
    """Whose Stripe account, where, and what its meters' events are called: prefix and meter."""

    api_key: str
    base_url: str
    event_prefix: str


def export(account: Account, *, now: datetime, sleep: Callable[[float], None] = time.sleep) -> int:
    """Send every complete hour that was not sent, for all customers; how many events were taken.

    One customer's failure does not stop the others; the next run goes on where it stopped.
    Idempotent:  yes
    """
    client = stripe.StripeClient(
        account.api_key, base_addresses={"api": account.base_url}, max_network_retries=0
    )
    count = 0
    for tenant_id, customer_id in _customers():
        try:
            for events in _unsent(account, tenant_id, customer_id, now):
                for event in events:
                    _send(client, event, sleep)
                    count += 1
        except stripe.StripeError as error:
            # The text of an error may quote what was sent, so only its kind is told.
            log.warning("Stripe did not take the meters of tenant %s: %s", tenant_id, type(error).__name__)
    return count


def _unsent(
    account: Account, tenant_id: UUID, customer_id: str, now: datetime
) -> Iterable[list[MeterEventCreateParams]]:
    """The events of one hour after the other; the watermark moves when the next hour is asked for."""
    end = (now - GRACE).replace(minute=0, second=0, microsecond=0)
    hour = _watermark(tenant_id, end, now)
    for _ in range(_MAX_HOURS):
        if hour >= end:
            return
        totals = usage.meter_totals(tenant_id, since=hour, until=hour + HOUR)
        yield [
            _event(account, tenant_id, customer_id, meter, totals[meter], hour)
            for meter in Meter
            if totals.get(meter)
        ]
        hour += HOUR
        with tenant_transaction(tenant_id):
            StripeWatermark.objects.filter(tenant_id=tenant_id).update(sent_before=hour)


def _watermark(tenant_id: UUID, end: datetime, now: datetime) -> datetime:
    """Where to go on; a new customer begins with the next hour, for Stripe had no price before."""
    with tenant_transaction(tenant_id):
        mark, _ = StripeWatermark.objects.get_or_create(tenant_id=tenant_id, defaults={"sent_before": end})
    oldest = (now - _MOST_BACK).replace(minute=0, second=0, microsecond=0)
    if mark.sent_before < oldest:
        log.error("meters of tenant %s before %s are too old for Stripe", tenant_id, oldest)
    return max(mark.sent_before, oldest)


def _event(
    account: Account, tenant_id: UUID, customer_id: str, meter: Meter, quantity: int, hour: datetime
) -> MeterEventCreateParams:
    return {
        "event_name": f"{account.event_prefix}{meter.value}",
        "identifier": f"{tenant_id}-{meter.value}-{hour:%Y%m%d%H}",
        "payload": {"stripe_customer_id": customer_id, "value": str(quantity)},
        "timestamp": int(hour.timestamp()),
    }


def _send(client: stripe.StripeClient, event: MeterEventCreateParams, sleep: Callable[[float], None]) -> None:
    """Send an event, again after a pause that doubles when time may help.

    Raises:  stripe.StripeError
    """
    for attempt in range(_TRIES):
        try:
            client.v1.billing.meter_events.create(event, {"idempotency_key": event["identifier"]})
        except (stripe.RateLimitError, stripe.APIConnectionError, stripe.APIError):
            if attempt == _TRIES - 1:
                raise
            sleep(_FIRST_PAUSE_SECONDS * 2**attempt)
        else:
            return


def _customers() -> list[tuple[UUID, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, stripe_customer_id FROM tenants_stripe_customers()")
        return [(tenant_id, customer_id) for tenant_id, customer_id in cursor.fetchall()]
