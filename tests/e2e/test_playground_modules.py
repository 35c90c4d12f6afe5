"""The playground's pure modules, by node's own test runner: filters, requests, links, ranks, programs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

_MODULES = Path(__file__).with_name("modules")


@pytest.mark.timeout(120)
def test_the_modules_pass_their_own_tests() -> None:
    node = shutil.which("node")
    assert node is not None, "node is missing: install the package nodejs"
    files = sorted(map(str, _MODULES.glob("*.test.mjs")))
    assert files
    done = subprocess.run([node, "--test", *files], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout[-6_000:]
