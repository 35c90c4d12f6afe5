"""What a tenant's people should know and act on, decided from facts, the most urgent first. [pure]"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from uuid import UUID

from tenants.billing import money

# A compaction takes minutes; what waits longer than this waits for something else.
LAG_WARNING_SECONDS = 15 * 60
LAG_CRITICAL_SECONDS = 60 * 60
CAP_NEAR_RATIO = 0.8
QUOTA_NEAR_RATIO = 0.8
KEY_NOTICE = timedelta(days=7)
_KEY_WARNING = timedelta(days=1)
_MAX_OF_A_KIND = 5


class Severity(IntEnum):
    """How urgent; a higher one comes first."""

    NOTICE = 1  # look at it in the next days
    WARNING = 2  # look at it today
    CRITICAL = 3  # something is refused or stands still

    @property
    def label(self) -> str:
        """As pages and the API say it."""
        return self.name.lower()


class Kind(StrEnum):
    """What an alert is about."""

    SUSPENDED = "suspended"
    MAINTENANCE = "maintenance"
    JOB_PARKED = "job_parked"
    INDEXING_LAG = "indexing_lag"
    SPEND_CAP_REACHED = "spend_cap_reached"
    SPEND_CAP_NEAR = "spend_cap_near"
    QUOTA_REACHED = "quota_reached"
    QUOTA_NEAR = "quota_near"
    KEYS_EXPIRE = "keys_expire"
    ADDRESS_UNVERIFIED = "address_unverified"


class Page(StrEnum):
    """Where something can be done about it."""

    NONE = ""
    INDEXING = "indexing"  # of the collection
    DATABASE = "database"
    BILLING = "billing"
    QUOTAS = "quotas"
    KEYS = "keys"
    ACCOUNT = "account"


@dataclass(frozen=True)
class Target:
    """A page, and the names that its address needs; empty where it needs none."""

    page: Page = Page.NONE
    database: str = ""
    collection: str = ""


@dataclass(frozen=True)
class Alert:
    """One thing to know.

    text:  a sentence or two in plain words; names in it are the tenant's own and must be escaped
    """

    kind: Kind
    severity: Severity
    text: str
    target: Target


@dataclass(frozen=True)
class Backlog:
    """How far the indexes of a database are behind its writes.

    unindexed_rows:  live records that no segment has, an upper bound; they are searched exactly
    lag_seconds:     for how long the worst of its collections has been due for a compaction; 0: none is due
    parked_count:    collections whose job failed for good
    """

    database_id: UUID
    unindexed_rows: int
    lag_seconds: float
    parked_count: int


@dataclass(frozen=True)
class Parked:
    """A job that failed for good, and the collection that it was for."""

    database_id: UUID
    collection_id: UUID
    collection_name: str
    kind: str
    cause: str
    attempts: int


@dataclass(frozen=True)
class QuotaUse:
    """How much of a limit is used now; `name` is what people call its use."""

    name: str
    current: int
    limit: int


@dataclass(frozen=True)
class ExpiringKey:
    """A live key that will end and that no rotation has replaced."""

    name: str
    expires_at: datetime


@dataclass(frozen=True)
class Budgeted:
    """A month under a spend cap.

    reserved_nano:  spent, or leased by processes that are about to spend it
    """

    cap_nano: int
    reserved_nano: int
    currency: str


@dataclass(frozen=True)
class Facts:
    """Everything that alerts are decided from; what the actor may not see is left empty.

    suspension:        why the tenant is suspended; None: it is not
    database_names:    by id, of those that the facts mention
    expiring_keys:     soonest first
    expiring_count:    of keys that expire within KEY_NOTICE, more than are listed perhaps
    unverified:        the actor's address that waits to be confirmed; empty: none
    """

    now: datetime
    suspension: str | None = None
    is_in_maintenance: bool = False
    backlogs: Sequence[Backlog] = ()
    parked: Sequence[Parked] = ()
    database_names: Mapping[UUID, str] = field(default_factory=dict)
    budget: Budgeted | None = None
    quotas: Sequence[QuotaUse] = ()
    expiring_keys: Sequence[ExpiringKey] = ()
    expiring_count: int = 0
    unverified: str = ""


def decide(facts: Facts) -> list[Alert]:
    """The alerts, the most urgent first; of one kind at most five.

    Ties:  in the order of `Kind`, then as the facts came
    """
    found = [
        *_service(facts),
        *_jobs(facts),
        *_lags(facts),
        *_money(facts),
        *_quotas(facts),
        *_keys(facts),
        *_account(facts),
    ]
    return sorted(found, key=lambda one: -one.severity)


def _service(facts: Facts) -> Iterator[Alert]:
    if facts.suspension is not None:
        text = f"This tenant is suspended: its requests are refused. {facts.suspension}".strip()
        yield Alert(Kind.SUSPENDED, Severity.CRITICAL, text, Target())
    if facts.is_in_maintenance:
        text = "The service is under maintenance: writes and changes are refused for now, reads go on."
        yield Alert(Kind.MAINTENANCE, Severity.WARNING, text, Target())


def _jobs(facts: Facts) -> Iterator[Alert]:
    for parked in facts.parked[:_MAX_OF_A_KIND]:
        text = (
            f"A {parked.kind} job of the collection {parked.collection_name} is parked after "
            f"{_count(parked.attempts, 'attempt')}. Reads stay exact and get slower as its log grows. "
            f"Cause: {parked.cause or 'unknown'}"
        )
        target = Target(Page.INDEXING, _database(facts, parked.database_id), parked.collection_name)
        yield Alert(Kind.JOB_PARKED, Severity.CRITICAL, text, target)


def _lags(facts: Facts) -> Iterator[Alert]:
    late = [one for one in facts.backlogs if one.lag_seconds >= LAG_WARNING_SECONDS]
    for one in sorted(late, key=lambda backlog: -backlog.lag_seconds)[:_MAX_OF_A_KIND]:
        is_critical = one.lag_seconds >= LAG_CRITICAL_SECONDS
        name = _database(facts, one.database_id)
        text = (
            f"Indexing of the database {name} is {_duration(one.lag_seconds)} behind: "
            f"{_count(one.unindexed_rows, 'record')} are searched without an index."
        )
        severity = Severity.CRITICAL if is_critical else Severity.WARNING
        yield Alert(Kind.INDEXING_LAG, severity, text, Target(Page.DATABASE, name))


def _money(facts: Facts) -> Iterator[Alert]:
    budget = facts.budget
    if budget is None:
        return
    cap = money.payable(budget.cap_nano, budget.currency)
    if budget.reserved_nano >= budget.cap_nano:
        text = f"The spend cap of {cap} is reached: requests that cost something are refused this month."
        yield Alert(Kind.SPEND_CAP_REACHED, Severity.CRITICAL, text, Target(Page.BILLING))
    elif budget.reserved_nano >= CAP_NEAR_RATIO * budget.cap_nano:
        percent = budget.reserved_nano * 100 // budget.cap_nano
        text = f"{percent} % of this month's spend cap of {cap} are used. At the cap, requests are refused."
        yield Alert(Kind.SPEND_CAP_NEAR, Severity.WARNING, text, Target(Page.BILLING))


def _quotas(facts: Facts) -> Iterator[Alert]:
    near = [one for one in facts.quotas if one.limit > 0 and one.current >= QUOTA_NEAR_RATIO * one.limit]
    for one in sorted(near, key=lambda use: -use.current / use.limit)[:_MAX_OF_A_KIND]:
        is_full = one.current >= one.limit
        text = f"{one.name}: {one.current:,} of {one.limit:,} are used"
        text += "; more is refused." if is_full else f" ({one.current * 100 // one.limit} %)."
        kind = Kind.QUOTA_REACHED if is_full else Kind.QUOTA_NEAR
        severity = Severity.CRITICAL if is_full else Severity.WARNING
        yield Alert(kind, severity, text, Target(Page.QUOTAS))


def _keys(facts: Facts) -> Iterator[Alert]:
    if not facts.expiring_keys:
        return
    first = facts.expiring_keys[0]
    left = first.expires_at - facts.now
    when = f"in {_duration(left.total_seconds())}"
    if facts.expiring_count == 1:
        text = f"The API key {first.name} expires {when}. Rotate it to go on without a break."
    else:
        text = (
            f"{facts.expiring_count} API keys expire within {KEY_NOTICE.days} days, the first "
            f"({first.name}) {when}. Rotate them to go on without a break."
        )
    severity = Severity.WARNING if left <= _KEY_WARNING else Severity.NOTICE
    yield Alert(Kind.KEYS_EXPIRE, severity, text, Target(Page.KEYS))


def _account(facts: Facts) -> Iterator[Alert]:
    if facts.unverified:
        text = f"The address {facts.unverified} is not confirmed yet: open the link that was sent to it."
        yield Alert(Kind.ADDRESS_UNVERIFIED, Severity.NOTICE, text, Target(Page.ACCOUNT))


def _database(facts: Facts, database_id: UUID) -> str:
    return facts.database_names.get(database_id, "")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _duration(seconds: float) -> str:
    """The two largest units are too exact for a sentence: one is enough."""
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            return _count(int(seconds // length), unit)
    return "less than a minute"
