"""Chroma's own suite, with few examples, against a whole service: what `make conformance` does at length."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance import __main__ as conformance
from tests.conformance import lists, report
from tests.conformance.report import Outcome

TABLES = ("not_applicable", "not_yet", "skipped_by_the_suite", "cluster", "only_cluster", "only_full")


@pytest.mark.timeout(900)
def test_it_passes_every_test_of_the_suite_that_can_apply(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = conformance.main(["--bounded", "--seed", "0", "--folder", str(tmp_path)])
    said = capsys.readouterr()
    assert status == 0, said.out + said.err


def test_an_entry_that_the_suite_no_longer_has_is_named(tmp_path: Path) -> None:
    (tmp_path / "test_kept.py").write_text("class TestA:\n    def test_b(self): ...\n", encoding="utf-8")
    known = _lists(
        tmp_path,
        cluster={"test_kept.py::TestA::test_b[case]": "kept", "test_kept.py::test_b": "was moved"},
        not_yet={"test_gone.py": "was removed"},
    )
    assert lists.missing(known, tmp_path) == ["test_gone.py", "test_kept.py::test_b"]


def test_an_entry_needs_a_reason(tmp_path: Path) -> None:
    with pytest.raises(lists.ListError, match=r"test_a\.py"):
        _lists(tmp_path, not_yet={"test_a.py": " "})


def test_a_test_that_was_cut_off_counts_as_failed() -> None:
    lines = ['{"test": "a.py::t", "outcome": "began"}', '{"test": "a.py::u", "outcome": "passed"}']
    assert [each.outcome for each in report.read(lines)] == ["failed", "passed"]


def test_a_pass_without_a_request_is_not_counted_for_the_server() -> None:
    assert Outcome("a.py::t", "passed", requests=0).column == "client only"
    assert Outcome("a.py::t", "passed", requests=2).column == "passed"


def test_what_passes_on_one_side_only_is_a_difference() -> None:
    ours = [Outcome("a.py::t", "failed", "because"), Outcome("a.py::u", "passed")]
    theirs = [Outcome("a.py::t", "passed"), Outcome("a.py::u", "passed"), Outcome("a.py::v", "passed")]
    assert report.differences(ours, theirs) == [
        "a.py::t: ours failed, theirs passed: because",
        "a.py::v: not run here",
    ]


def _lists(folder: Path, **tables: dict[str, str]) -> lists.Lists:
    lines = []
    for name in TABLES:
        lines.append(f"[{name}]")
        lines += [f'"{entry}" = "{reason}"' for entry, reason in tables.get(name, {}).items()]
    path = folder / "lists.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return lists.load(path)
