"""What reads are put together from: live rows of each source, and the columns of the winners. [pure]

A source is the live log (0) or a sealed segment (its id).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from vectors.query.filter import Predicate, to_sql
from vectors.sql import identifier, in_segment, statement
from vectors.types import Include, Manifest, Segment
from vectors.where import Compares, Contains, Equals, Where, leaves

LOG = 0
_COLUMNS = {
    Include.DOCUMENTS: ("r.document", "document"),
    Include.METADATAS: ("r.metadata::text AS metadata", "metadata"),
    Include.URIS: ("r.uri", "uri"),
    Include.EMBEDDINGS: ("vector_send(r.embedding) AS embedding", "embedding"),
}


def hydrated(include: Collection[Include]) -> list[Include]:
    """The columns that are fetched for the winners, in the order of the statement."""
    return [column for column in _COLUMNS if column in include]


@dataclass(frozen=True)
class Filters:
    """What a filter and the only ids that count ask of a row, to be AND-ed to the rest.

    log, segments: one text for the log, which may hold arrays under any key, and one for each segment of the
                   manifest in its order; empty texts ask nothing
    parameters:    the values of all of them
    """

    log: str
    segments: tuple[str, ...]
    parameters: dict[str, object]

    @property
    def texts(self) -> tuple[str, ...]:
        """All texts, the log's first."""
        return (self.log, *self.segments)

    def narrowed(self, condition: str, parameters: dict[str, object]) -> Filters:
        """The same, and this condition on top; it is ours, and calls the row `r`."""
        log, *segments = (f"{text} AND {condition}".lstrip() for text in self.texts)
        return replace(self, log=log, segments=tuple(segments), parameters=self.parameters | parameters)


def filters(manifest: Manifest, where: Where | None, ids: Sequence[str] | None = None) -> Filters:
    """The texts for a manifest's sources; None asks nothing."""
    if where is None and ids is None:
        return Filters("", ("",) * len(manifest.segments), {})
    log = _predicate(where, ids, None)
    named = frozenset(leaf.key for leaf in leaves(where) if isinstance(leaf, Equals | Compares | Contains))
    compiled: dict[frozenset[str], str] = {}
    texts: list[str] = []
    for segment in manifest.segments:
        held = named if segment.array_keys is None else named.intersection(segment.array_keys)
        if held not in compiled:
            compiled[held] = _predicate(where, ids, held).text
        texts.append(compiled[held])
    return Filters(log.text, tuple(texts), log.parameters)


def _predicate(
    where: Where | None, ids: Sequence[str] | None, array_keys: Collection[str] | None
) -> Predicate:
    compiled = Predicate("", {})
    if where is not None:
        compiled = to_sql(where, array_keys)
        compiled = Predicate(f"AND {compiled.text}", compiled.parameters)
    if ids is None:
        return compiled
    only = f"{compiled.text} AND r.record_id = ANY(%(only_ids)s::text[])"
    return Predicate(only.lstrip(), {**compiled.parameters, "only_ids": list(ids)})


def live_log(manifest: Manifest, and_filter: str) -> dict[str, str]:
    """Fragments for the rows of the log that no segment has and nothing supersedes."""
    live = statement("live_log", cell=identifier(manifest.cell), and_filter=and_filter)
    return {"source": str(LOG), "place": "r.log_offset", "ctid": "NULL::tid", "live": live}


def live_segment(manifest: Manifest, segment: Segment, and_filter: str) -> dict[str, str]:
    """Fragments for the rows of a segment that no tombstone hides."""
    live = in_segment(
        "live_segment",
        cell=manifest.cell,
        segment_id=segment.segment_id,
        row="r",
        and_filter=and_filter,
    )
    return {"source": str(segment.segment_id), "place": "0::bigint", "ctid": "r.ctid", "live": live}


def matching(
    manifest: Manifest, asked: Filters, part: str = "get_part", *, has_log: bool = True, **more: str
) -> str:
    """Every live row that passes the filter, as the statement `part` has it; without the log, of segments.

    more:  further fragments of that statement
    """
    sources = [live_log(manifest, asked.log)] if has_log else []
    sources += [
        live_segment(manifest, segment, text)
        for segment, text in zip(manifest.segments, asked.segments, strict=True)
    ]
    return "\nUNION ALL\n".join(statement(part, **fragments, **more) for fragments in sources)


def hydrate(
    manifest: Manifest, include: Collection[Include], *, has_selected_keys: bool = False
) -> dict[str, str]:
    """Fragments that fetch the asked columns of the winners `n`, and nothing when none is asked.

    has_selected_keys: of metadata only the keys in the parameter `selected_keys`
    """
    columns = {column: _COLUMNS[column] for column in hydrated(include)}
    if has_selected_keys and Include.METADATAS in columns:
        columns[Include.METADATAS] = (statement("selected_metadata"), columns[Include.METADATAS][1])
    return hydrate_columns(manifest, list(columns.values()))


def hydrate_columns(manifest: Manifest, columns: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The same for pairs of an expression over the row `r`, with its name, and that name."""
    if not columns:
        return {"hydrated": "", "hydrate": ""}
    return {
        "hydrated": "".join(f", h.{name}" for _, name in columns),
        "hydrate": fetch(manifest, ", ".join(expression for expression, _ in columns)),
    }


def fetch(manifest: Manifest, columns: str) -> str:
    """A join that fetches columns of the rows `n` from where they are, as `h`."""
    cell = identifier(manifest.cell)
    sources = [statement("hydrate_log", cell=cell, columns=columns)] + [
        statement(
            "hydrate_segment",
            cell=cell,
            columns=columns,
            segment=segment.table,
            segment_id=str(segment.segment_id),
        )
        for segment in manifest.segments
    ]
    return statement("hydrate_join", sources="\nUNION ALL\n".join(sources))
