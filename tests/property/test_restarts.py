"""The same over the network, on the whole service, whose worker and web server are killed in the middle."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import orjson
import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from cloud.processes import Service
from tests.factories import Answer
from tests.journeys.waiting import until
from tests.property.play import Play, keep_failure, play
from tests.property.sequences import Operation, Sequence, sequences_with_restarts

SEQUENCES = 4
DEFAULT_LIMIT = 300  # of the default plan
SEED = random.randrange(10**6)


@dataclass(frozen=True)
class Network:
    """Speaks the wire over the network, with one key."""

    http: httpx.Client
    key: str

    def send(self, method: str, path: str, body: object = None) -> Answer:
        """Send JSON to a path below /api/v2."""
        content = None if body is None else orjson.dumps(body)
        answer = self.http.request(method, path, content=content, headers={"x-chroma-token": self.key})
        return Answer(answer.status_code, orjson.loads(answer.content), dict(answer.headers))


@dataclass(frozen=True)
class WholeService:
    """Compactions and garbage come by themselves here; what happens on purpose is the end of processes."""

    service: Service

    def compact(self, play: Play, operation: Operation) -> bool:
        """No: the beat decides when."""
        del play, operation
        pytest.fail("nobody asks for a compaction here")

    def act(self, play: Play, operation: Operation) -> None:
        """Kill the worker and the web server, at a moment of chance, and start others."""
        del play
        assert operation["do"] == "restart"
        time.sleep(random.random())
        self.service.kill_worker()
        self.service._children.pop("web").kill()
        self.service.start_web()
        self.service.start_worker()
        self.service.wait_until_ready()

    def settle(self, play: Play) -> None:
        """Nothing is left to do."""


def unfinished_jobs(service: Service, collection_id: uuid.UUID) -> int:
    """How many jobs of the collection are not done, from the job tables themselves."""
    with psycopg.connect(service.environment["DATABASE_URL"]) as connection:
        return sum(
            connection.execute(
                f"SELECT FROM cell_{number:03d}.job WHERE collection_id = %s AND state <> 'done'",
                [collection_id],
            ).rowcount
            for number in range(4)
        )


@pytest.fixture
def stage(service: Service) -> Iterator[Play]:
    """A tenant of the service and an outsider."""
    keys, names = [], [f"model-{uuid.uuid4().hex[:10]}" for _ in range(2)]
    for name in names:
        service.manage("create_tenant", name)
        service.manage("create_database", "--tenant", name, "main")
        keys.append(service.manage("create_key", "--tenant", name).strip())
    with httpx.Client(base_url=f"{service.url}/api/v2", timeout=60) as http:
        sender, outsider = (Network(http, key) for key in keys)
        place = f"/tenants/{names[0]}/databases/main"
        yield Play(sender, outsider, WholeService(service), place, "taken", 0, DEFAULT_LIMIT)


@pytest.mark.timeout(900)
def test_it_agrees_with_the_model_when_processes_are_killed(service: Service, stage: Play) -> None:
    @seed(SEED)
    @settings(
        max_examples=SEQUENCES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )
    @given(sequences_with_restarts())
    def every_sequence(sequence: Sequence) -> None:
        stage.dimension = sequence["dimension"]
        try:
            play(sequence, stage, before_end=wait)
        except BaseException:
            keep_failure(sequence, f"found-with-restarts-{SEED}")
            raise

    def wait() -> None:
        until(
            lambda: not unfinished_jobs(service, stage.collection_id),
            seconds=60,
            what="the compaction to be done by somebody",
        )

    every_sequence()
