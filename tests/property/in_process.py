"""The stage in one process: a tenant and an outsider, workers in threads, two web processes in turn."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from psycopg.errors import UndefinedTable

from cloud.processes import Service
from tests.binned import keep_for
from tests.compact import cell_of, compact
from tests.factories import Cast, Place, make_tenant
from tests.model import Model
from tests.property import backstage
from tests.property.backstage import Died, Processes, Worker
from tests.property.play import Play, bulk_body, play
from tests.property.sequences import SMALL, Operation, Sequence
from workers.jobs import LeaseLost

_BULK = {"first": 0, "count": 120, "seed": 9}


@dataclass
class Bystander:
    """A collection that no sequence means, and what it must hold."""

    place: Place
    model: Model

    @classmethod
    def make(cls, cast: Cast) -> Bystander:
        """With the very ids that sequences use."""
        body = bulk_body(_BULK, SMALL)
        place, model = cast.collection(), Model("l2")
        place.call("upsert", body)
        model.write("upsert", body)
        return cls(place, model)


@dataclass
class InProcess:
    """What a run of sequences shares."""

    database: Service
    processes: Processes = field(init=False)
    workers: tuple[Worker, Worker] = field(init=False)
    acme: Cast = field(init=False)
    globex: Cast = field(init=False)
    bystanders: list[Bystander] = field(init=False)
    has_died: bool = False

    def __post_init__(self) -> None:
        """Two tenants; bystanders in a segment and in the log, and one of the outsider's."""
        logging.getLogger("tessera").setLevel(logging.WARNING)
        self.processes = Processes()
        self.workers = (Worker(self.database), Worker(self.database))
        self.acme, self.globex = make_tenant("acme"), make_tenant("globex")
        keep_for(self.acme.tenant_id, 0)  # what is deleted is garbage at once
        self.bystanders = [Bystander.make(cast) for cast in (self.acme, self.acme, self.globex)]
        compact(self.database, self.bystanders[0].place)
        self.cell = cell_of(self.bystanders[0].place)

    def leave(self) -> None:
        """Close what was opened."""
        for worker in self.workers:
            worker.leave()

    def play(self, sequence: Sequence) -> None:
        """One sequence, and a look at the bystanders."""
        self.has_died = False
        taken = self.bystanders[0].place.name
        stage = Play(self.acme.wire, self.globex.wire, self, self.acme.place, taken, sequence["dimension"])
        play(sequence, stage)
        for bystander in self.bystanders:
            stage.sender = bystander.place.cast.wire
            stage.compare_records(bystander.place.path, bystander.model.records)

    # --- backstage -------------------------------------------------------------------------------

    def compact(self, play: Play, operation: Operation) -> bool:
        """A compaction as the operation says; whether it came to its end."""
        dies, taken_over = operation.get("dies"), operation.get("taken over")
        was_taken = False

        def at_phase(phase: str) -> None:
            nonlocal was_taken
            for one in operation.get("during", {}).get(phase, ()):
                play.run(one)
            if phase == dies:
                self.has_died = True
                raise Died
            if phase == taken_over and not was_taken:
                was_taken = True
                collection, to_the_end = play.collection_id, operation["finished"]
                self.workers[1].run(lambda: backstage.take_over(self.cell, collection, to_the_end=to_the_end))

        try:
            self.workers[0].compact(self.cell, self.acme.tenant_id, play.collection_id, at_phase)
        except Died:
            assert dies is not None
            return False
        except (LeaseLost, UndefinedTable):  # its table may be gone before it finds out about the lease
            assert was_taken
            self.has_died = not operation["finished"]
            return bool(operation["finished"])
        # Without anything to build, a worker that lost its lease ends before it finds out.
        assert not was_taken or taken_over == "copying"
        self.has_died = was_taken and not operation["finished"]
        return not self.has_died

    def act(self, play: Play, operation: Operation) -> None:
        """garbage, sweep, restart, other process."""
        del play
        match operation["do"]:
            case "garbage":
                self.workers[0].run(lambda: backstage.collect_garbage(self.cell))
            case "sweep":
                self.workers[0].run(lambda: backstage.sweep_up(self.cell))
            case "restart":
                self.processes.restart()
            case _:
                self.processes.switch()

    def settle(self, play: Play) -> None:
        """Finish what dead workers left, and drop the collection's tables."""
        collection = play.collection_id

        def act() -> None:
            backstage.expire_leases(self.cell, collection)
            backstage.work(self.cell)
            backstage.collect_garbage(self.cell)

        if self.has_died:
            self.workers[0].run(act)
