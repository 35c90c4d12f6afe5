"""Plays a sequence on a collection and on the model of it, and compares every answer.

add update upsert delete get query   as on the wire; `base64`: the embeddings travel so
bulk      upserts `count` records r<first>…, made from the seed
refused   a request that must fail with `status`; intrude: one with an outsider's key, which must be 404
modify    PUT on the collection; recreate: delete it, the old id is gone, make it anew
compact   `during`: operations at phases; `dies`: the worker does, at a phase; `taken over`: by another
          worker, which is done before the first wakes up if `finished` is true
fork      and go on with the source (`stays`) or with the fork; turn: go on with the next of them
abandon   delete it, and go on with the next of its tree
garbage   sweep   restart   other process   look (everything, compared)
"""

from __future__ import annotations

import base64
import copy
import itertools
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tests.factories import Answer, Matrix
from tests.model import MEMBERS, Model, Record, Refused, check_members, is_same
from tests.property.sequences import DOCUMENTS, NUMBERS, POOLS, STRINGS, Operation, Sequence

REGRESSIONS = Path(__file__).parent / "regressions"
_PAGE = 300  # the most that the default plan gives at once
_STATUSES = {"add": 201}
_GRAPH_ROWS = 900  # below, no plan prefers a graph (vectors/query/plan.py)
_MIN_RECALL = 0.9
_MOST_SIDES = 4
# What is of one collection, and not of the play.
_OWN = ("model", "collection_id", "name", "metadata", "indexed_least", "version")


class Backstage(Protocol):
    """What happens behind the clients of a collection."""

    def compact(self, play: Play, operation: Operation) -> bool:
        """Compact; whether it came to its end with all that was there before it."""

    def act(self, play: Play, operation: Operation) -> None:
        """garbage, sweep, restart, other process."""

    def settle(self, play: Play) -> None:
        """Leave nothing undone, so that the next sequence begins clean."""


class Sender(Protocol):
    """Somebody who speaks the wire."""

    def send(self, method: str, path: str, body: object = None) -> Answer:
        """Send JSON to a path below /api/v2."""


@dataclass
class Play:
    """A collection and the model of it.

    place: the path of the database
    taken: the name of another collection in it
    default_limit: how many records a get without a limit has at most
    indexed_least: how many operations must be in segments by now
    sides: what is of the other collections that were forked from this one, or it from them
    """

    sender: Sender
    outsider: Sender
    backstage: Backstage
    place: str
    taken: str
    dimension: int
    default_limit: int | None = None
    model: Model = field(init=False)
    collection_id: uuid.UUID = field(init=False)
    name: str = field(init=False)
    metadata: dict[str, Any] | None = field(init=False)
    indexed_least: int = field(init=False)
    version: int = field(init=False)
    sides: list[dict[str, Any]] = field(default_factory=list)

    def create(self, space: str) -> None:
        """Make the collection."""
        wanted = {"name": f"c-{uuid.uuid4().hex[:12]}", "configuration": {"hnsw": {"space": space}}}
        made = self.sender.send("POST", f"{self.place}/collections", wanted)
        assert made.status == 200, made
        self.model = Model(space, self.default_limit)
        self.collection_id = uuid.UUID(made.body["id"])
        self.name = made.body["name"]
        self.metadata = None
        self.indexed_least = self.version = 0

    @property
    def path(self) -> str:
        """The path of the collection by its id."""
        return f"{self.place}/collections/{self.collection_id}"

    def run(self, operation: Operation) -> None:
        """One operation."""
        do = operation["do"]
        if do in ("add", "update", "upsert", "delete", "get", "query"):
            self.request(do, operation["body"], is_base64=operation.get("base64", False))
        elif do == "compact":
            total, known = self.model.operations_count, self.model.dimension is not None
            if self.backstage.compact(self, operation) and known:
                self.indexed_least = total
        elif do in ("garbage", "sweep", "restart", "other process"):
            self.backstage.act(self, operation)
        else:
            getattr(self, do)(operation)

    # --- requests --------------------------------------------------------------------------------

    def request(self, verb: str, body: Mapping[str, Any], *, is_base64: bool = False) -> None:
        """A request to a record route, and what the model says to its answer."""
        sent = {**body, "embeddings": to_base64(body.get("embeddings"))} if is_base64 else body
        answer = self.sender.send("POST", f"{self.path}/{verb}", sent)
        try:
            if answer.status == 200 and verb == "get":
                self.model.check_get(body, answer.body)
            elif verb == "query":
                # Refused before the answer is looked at, so that a refusal has no members to be missed.
                self.model.check_query(body, answer.body if answer.status == 200 else refused_answer(answer))
            elif verb == "delete":
                wanted = self.model.delete(body)
                assert (answer.status, answer.body) == (200, {"deleted": wanted}), answer
            elif verb != "get":
                self.model.write(verb, body)
                self.model.is_approximate |= len(self.model.records) > _GRAPH_ROWS
                assert (answer.status, answer.body) == (_STATUSES.get(verb, 200), {}), answer
        except Refused:
            check_refusal(answer, 400)
        else:
            assert answer.status in (200, 201), answer

    def bulk(self, operation: Operation) -> None:
        """Many records in requests of the size that the default plan allows."""
        body = bulk_body(operation, self.dimension)
        for first in range(0, operation["count"], _PAGE):
            part = {name: column[first : first + _PAGE] for name, column in body.items()}
            self.request("upsert", part, is_base64=True)

    def refused(self, operation: Operation) -> None:
        """A bad request."""
        answer = self.sender.send("POST", f"{self.path}/{operation['verb']}", operation["body"])
        check_refusal(answer, operation["status"])

    def intrude(self, operation: Operation) -> None:
        """An outsider's request."""
        answer = self.outsider.send("POST", f"{self.path}/{operation['verb']}", operation["body"])
        check_refusal(answer, 404)

    def modify(self, operation: Operation) -> None:
        """PUT: the name, the metadata, the configuration."""
        body = dict(operation["body"])
        name, metadata = body.get("new_name"), body.get("new_metadata")
        if name is not None:
            body["new_name"] = (
                self.taken if name == "taken" else f"{name.replace(' ', '-')}-{self.collection_id}"
            )
        answer = self.sender.send("PUT", self.path, body)
        hnsw = (body.get("new_configuration") or {}).get("hnsw", {})
        if name == "taken" or metadata == {} or "space" in hnsw:
            check_refusal(answer, 409 if name == "taken" else 400 if metadata == {} else 422)
            return
        assert (answer.status, answer.body) == (200, {}), answer
        self.name = body.get("new_name", self.name)
        if metadata is not None:
            self.metadata = {key: value for key, value in metadata.items() if value is not None}

    def recreate(self, operation: Operation) -> None:
        """Delete the collection by its name, and make another."""
        gone = self.path
        assert self.sender.send("DELETE", f"{self.place}/collections/{self.name}").body == {}
        for verb, body in (("get", {}), ("delete", {"ids": ["r1"]}), ("update", {"ids": ["r1"]})):
            check_refusal(self.sender.send("POST", f"{gone}/{verb}", body), 404)
        self.create(operation["space"])

    # --- forks -----------------------------------------------------------------------------------

    def fork(self, operation: Operation) -> None:
        """Fork the collection, unless there are many already."""
        if len(self.sides) + 1 >= _MOST_SIDES:
            return
        name = f"{self.name[:60]}-{uuid.uuid4().hex[:8]}"
        made = self.sender.send("POST", f"{self.path}/fork", {"new_name": name})
        assert made.status == 200, made
        own = {"collection_id": uuid.UUID(made.body["id"]), "name": name, "model": copy.deepcopy(self.model)}
        self.sides.insert(0, {member: getattr(self, member) for member in _OWN} | own)
        if not operation["stays"]:
            self.turn()

    def turn(self, operation: Operation | None = None) -> None:
        """Go on with the next of the tree."""
        del operation
        if self.sides:
            self.sides.append({member: getattr(self, member) for member in _OWN})
            self._become(self.sides.pop(0))

    def abandon(self, operation: Operation) -> None:
        """Delete the collection, if its tree has another."""
        del operation
        if self.sides:
            gone = f"{self.place}/collections/{self.collection_id}"
            assert self.sender.send("DELETE", f"{self.place}/collections/{self.name}").body == {}
            check_refusal(self.sender.send("POST", f"{gone}/get", {}), 404)
            self.backstage.settle(self)
            self._become(self.sides.pop(0))

    def _become(self, side: Mapping[str, Any]) -> None:
        for member, value in side.items():
            setattr(self, member, value)

    # --- looking at everything -------------------------------------------------------------------

    def look(self, operation: Operation | None = None) -> None:
        """Compare all that can be read."""
        del operation
        self.compare_records(f"{self.path}", self.model.records)
        count = self.sender.send("GET", f"{self.path}/count")
        assert (count.status, count.body) == (200, len(self.model.records))
        status = self.sender.send("GET", f"{self.path}/indexing_status").body
        total, indexed = status["total_ops"], status["num_indexed_ops"]
        assert total == self.model.operations_count
        assert self.indexed_least <= indexed <= total == indexed + status["num_unindexed_ops"]
        assert status["op_indexing_progress"] == (indexed / total if total else 1.0)
        self.indexed_least = indexed
        shown = self.sender.send("GET", f"{self.place}/collections/{self.name}").body
        assert shown["id"] == str(self.collection_id)
        assert shown["dimension"] == self.model.dimension
        assert shown["configuration_json"]["hnsw"]["space"] == self.model.space
        assert is_same(shown["metadata"], self.metadata), shown["metadata"]
        assert shown["version"] >= self.version
        self.version = shown["version"]

    def compare_records(self, path: str, records: Mapping[str, Record]) -> None:
        """Every record of a collection, page by page."""
        expected = list(records.values())
        for first in itertools.count(0, _PAGE):
            body = {"include": list(MEMBERS), "limit": _PAGE, "offset": first}
            page = self.sender.send("POST", f"{path}/get", body)
            assert page.status == 200, page
            wanted = expected[first : first + _PAGE]
            assert page.body["ids"] == [record.record_id for record in wanted]
            check_members(wanted, page.body, MEMBERS)
            if len(wanted) < _PAGE:
                return

    def finish(self) -> None:
        """The last look, recall over all queries, and the collection goes; the rest of its tree first."""
        for _ in range(len(self.sides)):
            self.look()
            self.abandon({})
        self.look()
        model = self.model
        missed = model.wanted_count - model.found_count
        assert missed <= max(2, (1 - _MIN_RECALL) * model.wanted_count), (
            model.found_count,
            model.wanted_count,
        )
        self.sender.send("DELETE", f"{self.place}/collections/{self.name}")
        self.backstage.settle(self)


def check_refusal(answer: Answer, status: int) -> None:
    """The wire's shape of a failure."""
    assert answer.status == status, answer
    assert answer.body.keys() == {"error", "message"}, answer
    assert all(isinstance(text, str) and text for text in answer.body.values()), answer


def refused_answer(answer: Answer) -> dict[str, Any]:
    """In place of an answer's members when there are none: what the model then looks at must not be there."""
    return {"refused": answer}


def to_base64(embeddings: list[list[float] | None] | None) -> list[str | None] | None:
    """Embeddings as most clients send them."""
    if embeddings is None:
        return None
    return [
        None if one is None else base64.b64encode(np.array(one, "<f4").tobytes()).decode()
        for one in embeddings
    ]


def bulk_body(operation: Operation, dimension: int) -> dict[str, list[Any]]:
    """Many records with something of everything: ties in their vectors, several types in their metadata."""
    count, first, seed = (operation[name] for name in ("count", "first", "seed"))
    choose = np.random.default_rng(seed)
    matrix: Matrix = choose.standard_normal((count, dimension)).astype(np.float32)
    tied = choose.integers(0, len(POOLS[dimension]), count)
    numbers = range(first, first + count)
    return {
        "ids": [f"r{number}" for number in numbers],
        "embeddings": [
            POOLS[dimension][tied[place]] if place % 7 == 0 else row.tolist()
            for place, row in enumerate(matrix)
        ],
        "documents": [
            None if number % 11 == 0 else f"text {number} {DOCUMENTS[number % len(DOCUMENTS)]}"
            for number in numbers
        ],
        "metadatas": [
            {
                "n": NUMBERS[number % 8] if number % 3 else number,
                "s": STRINGS[(number * 7) % 5],
                "x": (NUMBERS, STRINGS, (True, False))[number % 3][number % 2],
                **({"b": number % 4 == 0} if number % 5 else {}),
            }
            for number in numbers
        ],
    }


def keep_failure(sequence: Sequence, name: str) -> None:
    """Save a sequence that failed, an operation a line, to be played first from now on.

    Rename it after what it found.
    """
    path = REGRESSIONS / f"{name}.json"
    head = {member: value for member, value in sequence.items() if member != "operations"}
    lines = [json.dumps(operation, ensure_ascii=False) for operation in sequence["operations"]]
    body = ",\n".join(lines)
    path.write_text(f'{json.dumps(head)[:-1]}, "operations": [\n{body}\n]}}\n')
    print(f"saved as {path}")


def play(sequence: Sequence, stage: Play, before_end: Callable[[], None] = lambda: None) -> None:
    """A whole sequence."""
    stage.create(sequence["space"])
    for operation in sequence["operations"]:
        stage.run(operation)
    before_end()
    stage.finish()
