"""Random sequences of every operation, on the server and on a model: whatever happens, both must agree.

Sequences that once failed come first, from the files under `regressions/`. A new failure is shrunk and saved
there, under the seed that found it. MODEL_SEQUENCES says how many are tried, MODEL_SEED from where; `make
model` tries many.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from cloud.processes import Service
from tests.property.in_process import InProcess
from tests.property.play import REGRESSIONS, keep_failure
from tests.property.sequences import Sequence, sequences

SEQUENCES = int(os.environ.get("MODEL_SEQUENCES", "100"))
SEED = int(os.environ.get("MODEL_SEED") or random.randrange(10**6))


@pytest.fixture(scope="module")
def stage(database: Service) -> Iterator[InProcess]:
    """Tenants, workers and web processes that all sequences of a run share."""
    in_process = InProcess(database)
    yield in_process
    in_process.leave()


@pytest.mark.parametrize("path", sorted(REGRESSIONS.glob("*.json")), ids=lambda path: path.stem)
def test_it_keeps_agreeing_where_it_once_did_not(stage: InProcess, path: Path) -> None:
    stage.play(json.loads(path.read_text()))


@pytest.mark.timeout(3_600)
def test_it_agrees_with_the_model_after_any_sequence(stage: InProcess) -> None:
    @seed(SEED)
    @settings(
        max_examples=SEQUENCES,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(sequences())
    def every_sequence(sequence: Sequence) -> None:
        try:
            stage.play(sequence)
        except BaseException:
            keep_failure(sequence, f"found-by-seed-{SEED}")  # the last one is the shortest that was found
            raise

    every_sequence()
