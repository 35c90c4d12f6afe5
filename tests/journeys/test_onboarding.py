"""The documentation's script takes a customer from nothing to the first query, as it stands there."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from cloud.processes import Service

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "examples" / "onboard.py"


def onboard(service: Service, secret: str, tenant: str) -> subprocess.CompletedProcess[str]:
    """Run it as a user does."""
    return subprocess.run(
        [sys.executable, str(SCRIPT), tenant, "ada@example.com"],
        env={"PATH": os.environ["PATH"], "TESSERA_URL": service.url, "TESSERA_OPERATOR_KEY": secret},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.timeout(180)
def test_the_script_onboards_a_customer(service: Service) -> None:
    name = f"onboard-{uuid.uuid4().hex[:8]}"
    secret = service.manage("create_service_account", name, "--operator").strip()
    done = onboard(service, secret, name)
    assert (done.stdout, done.returncode) == ("a mosaic\n", 0), done.stderr
    again = onboard(service, secret, name)
    assert (again.returncode, again.stderr) == (1, f"/tenants: Tenant [{name}] already exists\n")
    assert len(SCRIPT.read_text(encoding="utf-8").splitlines()) <= 40
