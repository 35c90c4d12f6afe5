"""The style sheet that is committed is the one that its sources and the templates make."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

_ASSETS = Path(__file__).resolve().parents[2] / "cloud" / "dashboard" / "assets"


@pytest.mark.browser
def test_the_style_sheet_is_current() -> None:
    built = subprocess.run(
        [_ASSETS / "build.sh", "--check"], capture_output=True, text=True, timeout=60, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
