"""The pytest plugin that stands beside Chroma's suite; it runs in the suite's own virtual environment.

It changes nothing that a test asserts. It adds the key to every request, answers for the embedding model that
would be downloaded, leaves out what lists.toml leaves out, and writes down what became of each test.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
import types
from collections.abc import Awaitable, Callable, Generator, Iterable
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import numpy as np
import numpy.typing as npt
import pytest

from tests.conformance import lists

DIMENSION = 384  # of the model that the stand-in answers for
LONGEST_PAUSE_SECONDS = 0.25


class Run:
    """What the runner asked for, from the environment, and what was seen so far."""

    def __init__(self) -> None:
        self.port = int(os.environ["CONFORMANCE_PORT"])
        self.key = os.environ.get("CONFORMANCE_KEY")
        self.is_cluster = os.environ["CONFORMANCE_PART"] == "cluster"
        self.examples = int(os.environ.get("CONFORMANCE_EXAMPLES") or 0)
        self.outcomes = Path(os.environ["CONFORMANCE_OUTCOMES"])
        self.suite = Path(os.environ["CONFORMANCE_SUITE"])
        self.lists = lists.load()
        self.request_count = 0
        self.reports: list[pytest.TestReport] = []

    def note(self, request: httpx.Request) -> None:
        """Count a request to the server, and let it in."""
        if request.url.port == self.port:
            self.request_count += 1
            if self.key is not None:
                request.headers.setdefault("x-chroma-token", self.key)

    def names(self, item: pytest.Item) -> tuple[str, ...]:
        """The entries that would mean this test."""
        file = item.path.relative_to(self.suite).as_posix()
        function = item.nodeid.partition("::")[2].partition("[")[0]
        case = getattr(item, "callspec", None)
        return lists.names_of(file, function, case.id if case else "")

    def write(self, entry: dict[str, Any]) -> None:
        """Append one outcome, so that a run that is cut off still says what it saw."""
        with self.outcomes.open("a", encoding="utf-8") as target:
            target.write(json.dumps(entry) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    """Prepare everything before a test module is imported."""
    run = Run()
    gone = lists.missing(run.lists, run.suite)
    if gone:
        raise pytest.UsageError(f"lists.toml names what the suite does not have: {', '.join(gone)}")
    # Files with one test of the embedded mode import its index at the top; the wheel comes without it.
    sys.modules.setdefault("hnswlib", types.ModuleType("hnswlib"))
    _add_key(run)
    _stand_in_for_the_model()
    if run.is_cluster:
        _shorten_pauses()
    config.pluginmanager.register(Watcher(run))


def _add_key(run: Run) -> None:
    send: Callable[..., httpx.Response] = httpx.Client.send
    send_async: Callable[..., Awaitable[httpx.Response]] = httpx.AsyncClient.send

    def with_key(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        run.note(request)
        return send(client, request, **options)

    async def with_key_async(
        client: httpx.AsyncClient, request: httpx.Request, **options: Any
    ) -> httpx.Response:
        run.note(request)
        return await send_async(client, request, **options)

    httpx.Client.send = with_key  # type: ignore[method-assign, assignment]
    httpx.AsyncClient.send = with_key_async  # type: ignore[method-assign, assignment]


def _embed(_: object, input: Iterable[str]) -> list[npt.NDArray[np.float32]]:  # noqa: A002 (the caller's name)
    """A vector per text: a fixed random one per word, summed, so that texts with common words are near."""
    found = []
    for text in input:
        total = np.zeros(DIMENSION)
        for word in ("", *str(text).lower().split()):
            digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            total += np.random.default_rng(int.from_bytes(digest, "big")).standard_normal(DIMENSION)
        found.append((total / np.linalg.norm(total)).astype(np.float32))
    return found


def _stand_in_for_the_model() -> None:
    from chromadb.utils.embedding_functions.onnx_mini_lm_l6_v2 import ONNXMiniLM_L6_V2  # noqa: PLC0415

    ONNXMiniLM_L6_V2.__call__ = _embed


def _shorten_pauses() -> None:
    """The suite waits minutes for caches that this server does not have; its deadlines count real time."""
    sleep = time.sleep
    time.sleep = lambda seconds: sleep(min(float(seconds), LONGEST_PAUSE_SECONDS))


class Watcher:
    """Chooses the tests, and writes down what becomes of them."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Do not even import a file that is left out as a whole: some cannot be imported from the wheel."""
        if collection_path.suffix != ".py" or not collection_path.name.startswith("test_"):
            return None
        file = collection_path.relative_to(self.run.suite).as_posix()
        known = self.run.lists
        if self.run.is_cluster and file not in {lists.file_of(entry) for entry in known.run_as_cluster}:
            return True
        return file in known.left_out or None

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self) -> None:
        """Fewer examples, for a bounded run: a profile that the suite's own overrides do not know."""
        if not self.run.examples:
            return
        import chromadb.test.conftest as suite  # noqa: PLC0415

        hypothesis.settings.register_profile(
            "bounded",
            hypothesis.settings.get_profile("fast"),
            max_examples=self.run.examples,
            stateful_step_count=10,
            derandomize=True,
        )
        hypothesis.settings.load_profile("bounded")
        suite.CURRENT_PRESET = "bounded"

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out what is left out, and say so."""
        chosen: list[pytest.Item] = []
        deselected: list[pytest.Item] = []
        for item in items:
            reason = self._why_not(self.run.names(item))
            if reason is None:
                chosen.append(item)
            else:
                deselected.append(item)
                self.run.write({"test": self.run.names(item)[-1], "outcome": "left out", "why": reason})
        config.hook.pytest_deselected(items=deselected)
        items[:] = chosen

    def _why_not(self, names: tuple[str, ...]) -> str | None:
        known = self.run.lists
        if self.run.is_cluster and lists.find(known.run_as_cluster, names) is None:
            return "not of this part"
        if not self.run.is_cluster and lists.find(known.only_cluster, names) is not None:
            return "of the other part"
        if self.run.examples and lists.find(known.only_full, names) is not None:
            return "in the full run"
        return lists.find(known.left_out, names)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, bool, bool]:
        """One line per test."""
        self.run.request_count = 0
        self.run.reports.clear()
        self.run.write({"test": self.run.names(item)[-1], "outcome": "began"})
        done = yield
        self.run.write(self._entry(item))
        return done

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what setup, call and teardown said."""
        self.run.reports.append(report)

    def _entry(self, item: pytest.Item) -> dict[str, Any]:
        names = self.run.names(item)
        worst = next(
            (
                report
                for kind in ("failed", "skipped")
                for report in self.run.reports
                if report.outcome == kind
            ),
            None,
        )
        outcome = "passed" if worst is None else worst.outcome
        why = "" if worst is None else _why(worst)
        if outcome == "skipped" and not self._may_skip(names):
            outcome = "failed"
            why = f"the suite skipped it, and lists.toml does not say why: {why}"
        return {
            "test": names[-1],
            "outcome": outcome,
            "why": why,
            "seconds": round(sum(report.duration for report in self.run.reports), 3),
            "requests": self.run.request_count,
        }

    def _may_skip(self, names: tuple[str, ...]) -> bool:
        known = self.run.lists
        tables = [known.skipped_by_the_suite, *([] if self.run.is_cluster else [known.cluster])]
        return any(lists.find(table, names) is not None for table in tables)


def _why(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2]
    crash = getattr(report.longrepr, "reprcrash", None)
    message = crash.message if crash is not None else report.longreprtext
    return str(message)[-2_000:]
