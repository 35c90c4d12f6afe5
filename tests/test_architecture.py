"""The shape of the tree, as ARCHITECTURE.md promises it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("cloud", "tenants", "vectors", "workers", "bench", "tests")
SOURCES = [
    path
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "migrations" not in path.parts
]
UNSPEAKABLE = {"services.py", "utils.py", "helpers.py", "common.py", "misc.py"}


def test_it_keeps_files_and_functions_short() -> None:
    long_files = [
        (str(path), lines) for path in SOURCES if (lines := len(path.read_text("utf-8").splitlines())) > 400
    ]
    assert long_files == []
    long_functions = [
        (str(path), node.name)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= 60
    ]
    assert long_functions == []


def test_it_names_modules_by_what_they_hold() -> None:
    assert [str(path) for path in SOURCES if path.name in UNSPEAKABLE and path.parts[-3] != "tests"] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_it_opens_each_module_with_what_it_owns(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not text.strip() or ast.get_docstring(ast.parse(text))
