"""A key with a forced filter against a dict: it never reads or changes what is outside, however it asks.

Random filters that try to get out, random writes that try to take records in or out, in the log and in
segments, with compactions in between. `FORCED_CASES=10000` plays as many operations; the suite plays fewer.
"""

from __future__ import annotations

import copy
import os
import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

from cloud.processes import Service
from tests import stage
from tests.compact import compact
from tests.factories import Cast, Place, Wire, issue
from tests.model import Model, Record, is_same, passes

_CASES_COUNT = int(os.environ.get("FORCED_CASES", "1500"))
_SEED = int(os.environ.get("FORCED_SEED", "7"))
_IDS = [f"id{number}" for number in range(20)]
_COMPACT_EVERY, _OUTSIDER_EVERY = 70, 9
FILTERS: list[dict[str, Any]] = [
    {"owner": "a"},
    {"owner": {"$in": ["a", "b"]}},
    {"owner": {"$ne": "a"}},
    {"owner": {"$nin": ["b", "c"]}},
    {"n": {"$gte": 3}},
    {"n": {"$lt": 2.5}},
    {"n": 1},
    {"flag": True},
    {"list": {"$contains": 1}},
    {"list": {"$not_contains": 1.0}},
    {"list": {"$gte": 2}},
    {"$and": [{"owner": "a"}, {"n": {"$gt": 0}}]},
    {"$or": [{"owner": "a"}, {"list": "b"}]},
    {"$and": [{"$or": [{"owner": "a"}, {"flag": False}]}, {"n": {"$ne": 2}}]},
]


def test_a_forced_filter_lets_nothing_in_or_out(database: Service, acme: Cast) -> None:
    counts: Counter[str] = Counter()
    for number, forced in enumerate(FILTERS):
        share = _CASES_COUNT // len(FILTERS) + (number < _CASES_COUNT % len(FILTERS))
        place = acme.collection()
        wire = Wire(issue(acme.tenant_id, forced_where=orjson.dumps(forced).decode()).secret)
        play = Play(database, place, wire, forced, random.Random(_SEED + number))
        play.run(share)
        counts += play.counts
    print(f"{sum(counts.values())} operations from FORCED_SEED={_SEED}: {dict(sorted(counts.items()))}")
    assert sum(counts.values()) == _CASES_COUNT
    if _CASES_COUNT >= 500:
        for kind in ("add", "update", "upsert"):  # a test that refuses all or nothing would prove nothing
            assert counts[kind] > counts[f"{kind} refused"] > 0 or kind == "update", counts
        assert (
            min(counts[kind] for kind in ("get", "query", "search", "count", "delete", "update refused")) > 0
        )


@dataclass
class Play:
    """One collection, its owner's key, a key with a filter, and what the collection must hold."""

    database: Service
    place: Place
    wire: Wire
    forced: dict[str, Any]
    choose: random.Random
    model: Model = field(default_factory=lambda: Model("l2"))
    counts: Counter[str] = field(default_factory=Counter)

    def run(self, count: int) -> None:
        """So many operations of the limited key, and in between some of the owner's."""
        for number in range(count):
            if number % _OUTSIDER_EVERY == 0:
                body = self.write_body("upsert", strays=1.0)
                self.place.call("upsert", body)
                self.model.write("upsert", body)
            if number % _COMPACT_EVERY == _COMPACT_EVERY - 1:
                compact(self.database, self.place)
            kinds = ("get", "query", "search", "count", "add", "update", "upsert", "delete")
            kind = self.choose.choices(kinds, (4, 3, 3, 1, 3, 4, 4, 2))[0]
            self.counts[kind] += 1
            try:
                self.act(kind)
            except AssertionError as error:
                error.add_note(f"{kind}, operation {number}, filter {self.forced}")
                raise

    def act(self, kind: str) -> None:
        """One operation, and what it must have done."""
        if kind in ("add", "update", "upsert"):
            self.write(kind)
        elif kind == "delete":
            self.delete()
        else:
            self.read(kind)
            return
        self.compare()

    # --- what is true ----------------------------------------------------------------------------

    def is_inside(self, record: Record) -> bool:
        """Whether the key may know of the record."""
        return passes(self.forced, record)

    def view(self) -> Model:
        """The collection as the key has it."""
        inside = {one: record for one, record in self.model.records.items() if self.is_inside(record)}
        return Model("l2", dimension=self.model.dimension, records=inside)

    def after(self, verb: str, body: dict[str, Any]) -> Model | None:
        """What a write leaves behind; None when it must be refused."""
        view, trial = self.view().records, copy.deepcopy(self.model)
        if verb == "add":
            fresh = Model("l2")
            fresh.write("add", body)
            trial.write("add", body)
            return trial if all(map(self.is_inside, fresh.records.values())) else None
        if verb == "update":
            reached = [place for place, one in enumerate(body["ids"]) if one in view]
            columns = {name: column for name, column in body.items() if column is not None}
            body = {name: [column[place] for place in reached] for name, column in columns.items()}
        elif any(one in self.model.records and one not in view for one in body["ids"]):
            return None
        trial.write(verb, body)
        return trial if all(self.is_inside(trial.records[one]) for one in body["ids"]) else None

    def compare(self) -> None:
        """The owner sees all of it, and it is what it must be."""
        found = self.place.call("get", {"include": ["metadatas", "documents"]})
        assert found["ids"] == list(self.model.records)
        for record, metadata, document in zip(
            self.model.records.values(), found["metadatas"], found["documents"], strict=True
        ):
            assert is_same(metadata, record.shown("metadatas")), record
            assert document == record.document

    # --- operations ------------------------------------------------------------------------------

    def write(self, verb: str) -> None:
        """A write, refused as a whole or done as a whole."""
        body = self.write_body(verb, strays=0.15)
        expected = self.after(verb, body)
        answer = self.wire.post(f"{self.place.path}/{verb}", body)
        if expected is None:
            self.counts[verb] -= 1
            self.counts[f"{verb} refused"] += 1
            assert answer.status == 403, answer
            assert any(repr(one) in answer.body["message"] for one in body["ids"]), answer
        else:
            assert answer.status == (201 if verb == "add" else 200), (answer, body)
            self.model = expected

    def delete(self) -> None:
        """A delete by ids, by filter, or by both."""
        body = self.selection()
        if self.choose.random() < 0.4 or not body:
            body = {"ids": self.choose.sample(_IDS, 2)}
        elif "where" in body and self.choose.random() < 0.5:
            body["limit"] = self.choose.randrange(1, 4)
        elif len(body) == 1:
            body["ids"] = self.choose.sample(_IDS, 4)
        doomed = self.view().matching(body)[: body.get("limit")]
        is_by_ids = "where" not in body and "where_document" not in body
        answer = self.wire.post(f"{self.place.path}/delete", body)
        assert answer.status == 200, (answer, body)
        assert answer.body["deleted"] == (len(body["ids"]) if is_by_ids else len(doomed))
        for record in doomed:
            del self.model.records[record.record_id]

    def read(self, kind: str) -> None:
        """A read, answered as if the rest were not there."""
        view = self.view()
        if kind == "count":
            assert self.wire.get(f"{self.place.path}/count").body == len(view.records)
            indexed = self.wire.get(f"{self.place.path}/count?read_level=index_only").body
            assert 0 <= indexed <= len(view.records)
            return
        if kind == "search":
            self.search(view)
            return
        body = self.selection() | {"include": ["metadatas", "documents"]}
        if kind == "query":
            body |= {"query_embeddings": [self.embedding()], "n_results": self.choose.randrange(1, 30)}
        answer = self.wire.post(f"{self.place.path}/{kind}", body)
        assert answer.status == 200, (answer, body)
        (view.check_get if kind == "get" else view.check_query)(body, answer.body)

    def search(self, view: Model) -> None:
        """A search as wide as can be, ranked or in default order: the records of a get, and no others."""
        where = self.selection().get("where")
        knn = {"$knn": {"query": self.embedding(), "limit": 300}}
        rank = self.choose.choice([None, knn, {"$sum": [knn, {"$val": 1}]}])
        keys = {"keys": ["owner"], "aggregate": {"$min_k": {"keys": ["n"], "k": 300}}}
        group_by = keys if rank and self.choose.random() < 0.5 else {}
        search = {
            "filter": where,
            "rank": rank,
            "group_by": group_by,
            "select": {"keys": ["#metadata", "#document"]},
        }
        answer = self.wire.post(f"{self.place.path}/search", {"searches": [search]})
        assert answer.status == 200, (answer, search)
        expected = {one.record_id: one for one in view.matching({"where": where} if where else {})}
        [ids], [metadatas] = answer.body["ids"], answer.body["metadatas"]
        assert sorted(ids) == sorted(expected)
        for record_id, metadata in zip(ids, metadatas, strict=True):
            assert is_same(metadata, expected[record_id].shown("metadatas"))

    # --- what is asked ---------------------------------------------------------------------------

    def embedding(self) -> list[float]:
        """Few enough, so that several records share one."""
        return [float(self.choose.randrange(3)) for _ in range(3)]

    def write_body(self, verb: str, *, strays: float) -> dict[str, Any]:
        """A write over a few ids, sometimes with one twice; `strays`: the share that need not pass."""
        ids = self.choose.choices(_IDS, k=self.choose.randrange(1, 4))
        if verb != "upsert" or strays < 1:  # most often what the key may write, lest all be refused
            view = list(self.view().records) or ids
            ids = [self.choose.choice(view) if self.choose.random() < 0.6 else one for one in ids]
        has_embeddings = verb != "update" or self.choose.random() < 0.5
        return {
            "ids": ids,
            "embeddings": [self.embedding() for _ in ids] if has_embeddings else None,
            "documents": [self.choose.choice([None, "text a", "b text"]) for _ in ids],
            "metadatas": [self.metadata(verb, strays) for _ in ids],
        }

    def metadata(self, verb: str, strays: float) -> dict[str, Any] | None:
        """Values of every type under few keys; mostly such that the record passes as it is."""
        if verb == "update" and self.choose.random() < 0.3:
            return None
        is_stray = self.choose.random() < strays
        for _ in range(40):
            found = {
                key: self.value(key) for key in ("owner", "n", "flag", "list") if self.choose.random() < 0.7
            }
            record = Record("", 0, None)  # type: ignore[arg-type]
            record.change(None, None, found)
            if is_stray or passes(self.forced, record):
                break
        if verb != "add" and self.choose.random() < 0.15:
            found[self.choose.choice(["owner", "n", "flag", "list"])] = None  # removes the key
        return found

    def value(self, key: str) -> Any:
        """Mostly the type that the key usually has."""
        usual: dict[str, list[Any]] = {
            "owner": ["a", "a", "b", "c"],
            "n": [0, 1, 2, 3, 4, 1.0, 2.5, 3.0],
            "flag": [True, False],
            "list": [[1, 2], [3], [1.0], [2.5, 3], ["a", "b"], [True], []],
        }
        if self.choose.random() < 0.1:
            key = self.choose.choice(list(usual))
        return self.choose.choice(usual[key])

    def selection(self) -> dict[str, Any]:
        """Which records a request means."""
        body: dict[str, Any] = {}
        if self.choose.random() < 0.75:
            body["where"] = self.where(2)
        if self.choose.random() < 0.15:
            body["where_document"] = {"$or": [{"$contains": "text"}, {"$not_contains": "text"}]}
        if self.choose.random() < 0.25:
            body["ids"] = self.choose.sample(_IDS, 8)
        return body

    def where(self, depth: int) -> dict[str, Any]:
        """A filter, often one that is true of everything: the way out, if there were one."""
        if depth and self.choose.random() < 0.45:
            parts = [self.where(depth - 1) for _ in range(self.choose.randrange(1, 4))]
            return {self.choose.choice(["$or", "$or", "$and"]): parts}
        key = self.choose.choice(["owner", "n", "flag", "list"])
        ways_out: list[dict[str, Any]] = [
            {"missing": {"$ne": "x"}},
            {"#id": {"$nin": ["nowhere"]}},
            {"#id": {"$in": _IDS}},
            {"#document": {"$not_contains": "nothing"}},
            {"#document": {"$regex": "text|^$"}},
            {"owner": {"$nin": ["a"]}},
            {"$or": [{"owner": {"$ne": "a"}}, {"owner": "a"}]},
            {"$and": []},
        ]
        if self.choose.random() < 0.5:
            return self.choose.choice(ways_out)
        value = self.choose.choice(["a", "b", 1, 2.5, True])
        operator = self.choose.choice(
            ["$eq", "$ne", "$in", "$nin", "$contains", "$not_contains", "$gt", "$lte"]
        )
        if operator in ("$in", "$nin"):
            return {key: {operator: [value]}}
        if operator in ("$gt", "$lte"):
            return {key: {operator: self.choose.choice([1, 2.5])}}
        return {key: {operator: value}}


@pytest.mark.parametrize("home", ["log", "segment"])
def test_no_write_slips_between_look_and_change(database: Service, acme: Cast, home: str) -> None:
    place = acme.collection()
    wire = Wire(issue(acme.tenant_id, forced_where='{"owner":"a"}').secret)
    mine, theirs = ({"owner": owner, "by": "the owner"} for owner in "ab")
    place.call("add", {"ids": ["x"], "embeddings": [[1.0]], "metadatas": [theirs]})
    if home == "segment":
        compact(database, place)
    is_over = threading.Event()

    def intrude() -> Counter[int]:
        statuses: Counter[int] = Counter()
        change = {"ids": ["x"], "embeddings": [[2.0]], "metadatas": [{"by": "the intruder"}]}
        while not is_over.is_set():
            statuses[wire.post(f"{place.path}/update", change).status] += 1
            upsert = {**change, "metadatas": [{"owner": "a", "by": "the intruder"}]}
            statuses[wire.post(f"{place.path}/upsert", upsert).status] += 1
        return statuses

    found: list[Counter[int]] = []
    intruder = threading.Thread(target=lambda: found.append(stage.elsewhere(intrude)))
    intruder.start()
    try:
        for _ in range(40):
            for metadata in (mine, theirs):
                place.call("upsert", {"ids": ["x"], "embeddings": [[1.0]], "metadatas": [metadata]})
            assert place.call("get", {"include": ["metadatas"]})["metadatas"] == [theirs]
    finally:
        is_over.set()
        intruder.join()
    assert found[0].keys() <= {200, 403}
