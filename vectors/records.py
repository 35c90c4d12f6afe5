"""The write transaction: add, update, upsert and delete.

    WRITE   validation.check(batch)                       (rules, pure)
            log.fold                                      (operations of one request → net changes, pure)
            ── one transaction, one round trip ──
            lock state → old images → supersede, entomb → append → counters → usage

A returned call is committed: durable, and part of every read that begins afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg

from tenants import quotas
from tenants.errors import Conflict, Internal, QuotaExceeded, Unavailable
from tenants.quotas import Limits
from vectors import indexes, validation
from vectors.cells.parameters import jsonb_array, text_array, vector_array, vector_oid
from vectors.cells.transaction import Pipeline, connect, transaction
from vectors.errors import CollectionNotFound, DimensionMismatch, OutsideForcedFilter, StaleManifest
from vectors.log.append import Guard, guarded_statement, write_statement
from vectors.log.fold import fold
from vectors.query import matching, parts
from vectors.query.filter import to_sql
from vectors.query.plan import PLAN_BY_VALUES
from vectors.segments.manifest import ManifestCache
from vectors.sql import in_cell, statement
from vectors.types import Manifest, Operation, RecordBatch
from vectors.where import Where, both

# Each retry follows a compaction that finished in between.
_MAX_ATTEMPTS = 8


@dataclass(frozen=True)
class Written:
    """What a write did; counts, for metrics and for the wire.

    changed_count: records added (add, upsert), or removed as a positive number (delete)
    log_rows: images in the log by now, so that an edge may wake a compaction early
    written_bytes: logical bytes of the images that were appended, as the ledger has them
    """

    changed_count: int
    log_rows: int
    written_bytes: int


@dataclass(frozen=True)
class Alongside:
    """A statement of the write's own transaction, after the write, by somebody who keeps a place in a source.

    metered_as: the ledger's word for the write
    refusals:   what it raises by a claim that does not hold, by the claim's words
    """

    metered_as: str
    statement: str
    parameters: dict[str, object]
    refusals: dict[str, Exception]


@dataclass(frozen=True)
class _Target:
    """What a delete by filter means, or by ids up to a place in the log."""

    where: Where | None
    ids: Sequence[str] | None
    up_to: int | None = None


@dataclass(frozen=True)
class _Forced:
    """A forced filter over the records of a write; `ids` name the one that does not pass."""

    where: Where
    ids: Sequence[str]


def write(
    cache: ManifestCache,
    manifest: Manifest,
    operation: Operation,
    batch: RecordBatch,
    limits: Limits,
    *,
    key_id: UUID | None = None,
    notes_keys: bool = False,
    forced: Where | None = None,
) -> Written:
    """Add, update or upsert a batch, all or nothing.

    key_id:      who the ledger says it was
    notes_keys: whether new keys of metadata are part of the schema at once, and not with the next compaction
    forced:     conditions on metadata that a record must pass to be touched, and to be left behind
    Raises:      QuotaExceeded, InvalidArgument, DimensionMismatch, CollectionNotFound, Unavailable,
                 OutsideForcedFilter
    Transaction: opens one
    Source:      contract, section 11
    """
    folded = _checked(manifest, operation, batch, limits)
    indexes.require(forced, manifest.indexed)
    values = _columns(folded, operation.value, limits) | {"key_id": key_id}
    target = None if forced is None else _Forced(forced, folded.ids)
    return _commit(cache, manifest, operation, values, limits=limits, target=target, notes_keys=notes_keys)


def write_alongside(
    cache: ManifestCache,
    manifest: Manifest,
    operation: Operation,
    batch: RecordBatch,
    limits: Limits,
    *,
    alongside: Alongside,
    notes_keys: bool = False,
) -> Written:
    """The same, together with a statement of somebody who keeps a place in what they write from.

    Raises:      as `write` does, and what `alongside` refuses
    Transaction: opens one, in which both happen or neither
    """
    folded = _checked(manifest, operation, batch, limits)
    values = _columns(folded, alongside.metered_as, limits) | {"key_id": None}
    return _commit(
        cache,
        manifest,
        operation,
        values,
        limits=limits,
        target=None,
        notes_keys=notes_keys,
        alongside=alongside,
    )


def _checked(manifest: Manifest, operation: Operation, batch: RecordBatch, limits: Limits) -> RecordBatch:
    validation.check_quotas(operation, batch, limits)
    validation.check(batch, expected_dimension=manifest.dimension)
    return fold(operation, batch)


def delete(
    cache: ManifestCache,
    manifest: Manifest,
    *,
    ids: Sequence[str] | None,
    where: Where | None,
    limit_count: int | None,
    forced: Where | None = None,
    key_id: UUID | None = None,
    up_to: int | None = None,
) -> int:
    """Remove records by ids, by filter, or by both; how many it was, as the wire counts.

    With a filter that is the records removed; with ids alone the ids given, existing or not.

    forced:      what does not pass it is not removed, as if it did not exist
    up_to:       a place in the log: what was written or changed behind it stays; ids count once removed

    Raises:      InvalidArgument, CollectionNotFound
    Transaction: opens one
    Source:      contract, section 11.4
    """
    meant = both(forced, where)
    indexes.require(meant, manifest.indexed)
    values: dict[str, object] = {
        "dimension": None,
        "operation": Operation.DELETE.value,
        "key_id": key_id,
        "record_limit": 0,
        "limit": limit_count,
        "reach": limit_count,
    }
    given = list(dict.fromkeys(ids or ()))
    if meant is None and up_to is None:
        _commit(cache, manifest, Operation.DELETE, values | {"ids": given}, target=None)
        return len(ids or ())
    target = _Target(meant, given if where is None else ids, up_to)
    removed_count = _commit(cache, manifest, Operation.DELETE, values, target=target).changed_count
    return len(ids or ()) if where is None and up_to is None else removed_count


def _columns(batch: RecordBatch, metered_as: str, limits: Limits) -> dict[str, object]:
    count = len(batch.ids)
    return {
        "dimension": batch.dimension,
        "operation": metered_as,
        "record_limit": limits.collection_records_count,
        "ids": text_array(batch.ids, count),
        "embeddings": vector_array(batch.embeddings, batch.has_embedding, count, vector_oid(connect())),
        "documents": text_array(batch.documents, count),
        "uris": text_array(batch.uris, count),
        "metadatas": jsonb_array(batch.metadatas, count),
    }


def _commit(
    cache: ManifestCache,
    manifest: Manifest,
    operation: Operation,
    values: dict[str, object],
    *,
    target: _Target | _Forced | None,
    limits: Limits | None = None,
    notes_keys: bool = False,
    alongside: Alongside | None = None,
) -> Written:
    for _ in range(_MAX_ATTEMPTS):
        try:
            return _attempt(manifest, operation, values, target, notes_keys=notes_keys, alongside=alongside)
        except (StaleManifest, psycopg.errors.UndefinedTable):
            manifest = cache.refresh(manifest)
        except psycopg.errors.RaiseException as error:
            reason = error.diag.message_primary or ""
            if reason == "stale manifest":
                manifest = cache.refresh(manifest)
                continue
            if isinstance(target, _Forced) and (refused := _outside(reason, target)):
                raise refused from error
            if alongside is not None and reason in alongside.refusals:
                raise alongside.refusals[reason] from error
            raise _translate(reason, values, limits, operation) from error
        except psycopg.errors.QueryCanceled as error:
            raise Unavailable("The write took longer than this server allows; try again.") from error
        except psycopg.OperationalError as error:
            raise Unavailable("The database went away; the write may or may not have happened.") from error
    raise Conflict("The collection's segments change too often right now; try again.")


def _attempt(
    manifest: Manifest,
    operation: Operation,
    values: dict[str, object],
    target: _Target | _Forced | None,
    *,
    notes_keys: bool,
    alongside: Alongside | None,
) -> Written:
    keys: dict[str, object] = {
        "collection_id": manifest.collection_id,
        "manifest_version": manifest.version,
        "compacted_to": manifest.compacted_to,
        "dimension": values["dimension"],
    }
    segment_ids = tuple(segment.segment_id for segment in manifest.segments)
    settings = [] if target is None else [PLAN_BY_VALUES]
    if isinstance(target, _Target) and matching.needs_matching(target.where):
        settings.append(matching.FETCH_ALL)
    with transaction(manifest.tenant_id, settings) as pipeline:
        pipeline.run(in_cell("lock_collection", manifest.cell), keys)
        if target is None:
            text = write_statement(operation, manifest.cell, segment_ids, notes_keys=notes_keys)
        elif isinstance(target, _Forced):
            guard, parameters = _guard(target.where)
            text = guarded_statement(operation, manifest.cell, segment_ids, guard, notes_keys=notes_keys)
            values = values | parameters
        else:
            asked = _asked(pipeline, manifest, target)
            # What a client's filter makes of the text is not worth keeping, and may be long.
            targets = statement("incoming_matching", parts=parts.matching(manifest, asked))
            text = write_statement.__wrapped__(operation, manifest.cell, segment_ids, targets)
            values = values | asked.parameters
        cursor = pipeline.run(text, keys | values, keep=not settings)
        if alongside is not None:
            pipeline.run(alongside.statement, alongside.parameters)
    row = cursor.fetchone()
    if row is None:
        raise CollectionNotFound.by_id(manifest.collection_id)
    return Written(changed_count=abs(row[1]), log_rows=row[2], written_bytes=row[3])


def _asked(pipeline: Pipeline, manifest: Manifest, target: _Target) -> parts.Filters:
    """The filter of a delete, its regular expressions resolved under the collection's lock."""
    where = target.where
    if where is not None and matching.needs_matching(where):
        where = matching.resolve(pipeline, manifest, where, target.ids)
    asked = parts.filters(manifest, where, target.ids)
    if target.up_to is None:
        return asked
    return asked.narrowed("r.log_offset <= %(up_to)s::bigint", {"up_to": target.up_to})


def _guard(where: Where) -> tuple[Guard, dict[str, object]]:
    """How a write spells a forced filter, and its parameters, which are the same in each place."""
    return Guard(lambda row: f"({to_sql(where, row=row).text})"), to_sql(where).parameters


def _outside(reason: str, target: _Forced) -> OutsideForcedFilter | None:
    """The refusal behind a forced filter's claim, from its text: a word and a position."""
    word, _, position = reason.partition(" ")
    if word not in ("outside", "unmatched"):
        return None
    return OutsideForcedFilter(target.ids[int(position) - 1], is_known=word == "outside")


def _translate(
    reason: str,
    values: dict[str, object],
    limits: Limits | None,
    operation: Operation,
) -> Exception:
    """The error behind a claim that did not hold, from its text: a word and a number."""
    word, _, number = reason.partition(" ")
    dimension = values["dimension"]
    if word == "dimension" and isinstance(dimension, int):
        return DimensionMismatch(int(number), dimension)
    if word == "records" and limits is not None:
        try:
            quotas.check(limits, "collection_records_count", int(number), action=operation.value.capitalize())
        except QuotaExceeded as error:
            return error
    return Internal(f"the database refused the write: {reason}")
