"""What is noted of keys without keeping a request waiting: their last use, and what was refused to them.

A process keeps both in memory, and a thread of its own writes them down every ten seconds and at a clean
stop: the uses of all keys in one statement, the refusals in their tenants' audit logs, alike ones as one
entry with a count. It is lossy by design: what a killed process had not written is gone, and beyond a number
that no honest use reaches nothing is kept.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.http import HttpRequest

from cloud.api.addresses import client_address
from tenants import audit, key_authentication
from tenants.actors import Actor, ActorKind
from tenants.identity import Identity
from tenants.key_authentication import Use
from tenants.models import ApiKey
from tenants.scope import tenant_transaction

FLUSH_SECONDS = 10.0
MAX_USES = 20_000
MAX_REFUSALS = 100
MAX_REFUSALS_OF_KEY = 10
_PLACE_CHARACTERS = 200

log = logging.getLogger("tessera.keys")


@dataclass(frozen=True)
class Refusal:
    """What was refused to a key; alike ones are one entry of the audit log.

    action:  the verb, or the method and the route
    reason:  verb, place, collection, network, suspended or forced filter; others, when there are too many
    """

    tenant_id: UUID
    key_id: UUID
    action: str
    place: str
    reason: str


@dataclass
class _Refused:
    """How often, and by whom last."""

    count: int
    address: str | None
    client: str


class Notebook:
    """One process's notes, for all its threads."""

    def __init__(self, *, has_thread: bool = True, flush_seconds: float = FLUSH_SECONDS) -> None:
        """Write nothing yet; without a thread somebody else calls `flush`."""
        self._lock = threading.Lock()
        self._uses: dict[UUID, tuple[float, str | None, str]] = {}
        self._refusals: dict[Refusal, _Refused] = {}
        self._distinct_count: Counter[UUID] = Counter()
        self._lost_count = 0
        self._has_thread = has_thread
        self._flush_seconds = flush_seconds
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def used(self, key_id: UUID, address: str | None, client: str) -> None:
        """A key was used just now."""
        with self._lock:
            if len(self._uses) < MAX_USES or key_id in self._uses:
                self._uses[key_id] = (time.time(), address, client)
        if self._thread is None:
            self._start_thread()

    def refused(self, what: Refusal, address: str | None, client: str) -> None:
        """Something was refused to a key just now."""
        with self._lock:
            if what not in self._refusals and self._distinct_count[what.key_id] >= MAX_REFUSALS_OF_KEY:
                what = Refusal(what.tenant_id, what.key_id, "key.use", "", "others")
            known = self._refusals.get(what)
            if known is not None:
                known.count, known.address, known.client = known.count + 1, address, client
            elif len(self._refusals) < MAX_REFUSALS:
                self._refusals[what] = _Refused(1, address, client)
                self._distinct_count[what.key_id] += 1
            else:
                self._lost_count += 1
        if self._thread is None:
            self._start_thread()

    def flush(self) -> None:
        """Write down what was noted. What cannot be written is lost, and the log says so."""
        with self._lock:
            uses, self._uses = self._uses, {}
            refusals, self._refusals = self._refusals, {}
            lost_count, self._lost_count = self._lost_count, 0
            self._distinct_count.clear()
        if lost_count:
            log.warning("%d refused uses of keys are not in an audit log: there were too many", lost_count)
        try:
            key_authentication.note_uses(
                (
                    Use(key_id, datetime.fromtimestamp(at, UTC), address, client)
                    for key_id, (at, address, client) in uses.items()
                ),
                pepper=settings.KEY_PEPPERS[0],
            )
            for tenant_id in {what.tenant_id for what in refusals}:
                _write_down(tenant_id, {w: how for w, how in refusals.items() if w.tenant_id == tenant_id})
        except Exception as error:  # noqa: BLE001 (nobody waits for it, and the next ones may be written)
            log.warning("the last uses of %d keys are not written down: %s", len(uses), error)

    def close(self) -> None:
        """Stop the thread and write down the rest."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join(timeout=2.0)
        self.flush()

    def _start_thread(self) -> None:
        with self._lock:
            if self._has_thread and self._thread is None:
                self._thread = threading.Thread(target=self._run, name="key use", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._closed.wait(self._flush_seconds):
            self.flush()
            connection.close()  # this thread's; ten seconds are long for one that others could have


def _write_down(tenant_id: UUID, refusals: dict[Refusal, _Refused]) -> None:
    with tenant_transaction(tenant_id):
        wanted = {what.key_id for what in refusals}
        labels = {key.key_id: str(key) for key in ApiKey.objects.filter(key_id__in=wanted)}
        for what, how in refusals.items():
            actor = Actor(
                kind=ActorKind.API_KEY,
                actor_id=what.key_id,
                label=labels.get(what.key_id, str(what.key_id)),
                address=how.address,
                client=key_authentication.printable(how.client),
            )
            audit.record(
                actor,
                tenant_id,
                what.action[:64],
                subject_id=what.key_id,
                subject_label=what.place,
                outcome="refused",
                details={"reason": what.reason, "count": how.count},
            )


@cache
def notebook() -> Notebook:
    """The notes of this process, begun at its first request."""
    made = Notebook()
    atexit.register(made.close)
    return made


def forget() -> None:
    """Write down what there is and begin anew."""
    if notebook.cache_info().currsize:
        made = notebook()
        atexit.unregister(made.close)
        notebook.cache_clear()
        made.close()


# A child must not think that its parent's notes and thread are its own.
os.register_at_fork(after_in_child=notebook.cache_clear)


def note_use(request: HttpRequest, identity: Identity, address: str | None) -> None:
    """The key of a request was used from this address just now."""
    if identity.key_id is not None:
        notebook().used(identity.key_id, address, user_agent(request))


def note_refusal(request: HttpRequest, identity: Identity, *, action: str, reason: str) -> None:
    """Something was refused to the key of a request; of a person there is no key to note it of."""
    if identity.key_id is None:
        return
    place = key_authentication.printable(request.path)[:_PLACE_CHARACTERS]
    what = Refusal(identity.tenant_id, identity.key_id, action, place, reason)
    notebook().refused(what, client_address(request), user_agent(request))


def user_agent(request: HttpRequest) -> str:
    """What the program calls itself, as it was sent."""
    sent: str = request.META.get("HTTP_USER_AGENT", "")
    return sent
