"""Runs a client's program as its user would: a process of its own, in an empty folder, with nothing but
its arguments in the environment. What it prints last is JSON.

Python's way out of the machine is a closed door, so that a client which reaches for anything but the service
(a model, telemetry) does so in vain on every machine, and not only where there is no network.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud.processes import Service

ROOT = Path(__file__).resolve().parents[2]
FULL_PYTHON = ROOT / ".venv-clients" / "bin" / "python"  # chromadb and what is built on it
THIN_PYTHON = Path(sys.executable)  # chromadb-client
SCRIPTS = ROOT / "tests" / "clients" / "scripts"
NPM = ROOT / "tests" / "clients" / "npm"
_SECONDS = 120.0
_CLOSED = "http://127.0.0.1:9"
_ENVIRONMENT = {
    "HTTP_PROXY": _CLOSED,
    "HTTPS_PROXY": _CLOSED,
    "NO_PROXY": "127.0.0.1,localhost",
    "ANONYMIZED_TELEMETRY": "False",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "PYTHONWARNINGS": "ignore",
}


@dataclass(frozen=True)
class Account:
    """A tenant of the service with one database, a key for all of it, and one for this database only."""

    service: Service
    tenant: str
    database: str
    key: str
    limited_key: str

    @property
    def environment(self) -> dict[str, str]:
        """What a program has to know."""
        return {
            "TESSERA_HOST": "127.0.0.1",
            "TESSERA_PORT": str(self.service.port),
            "TESSERA_TENANT": self.tenant,
            "TESSERA_DATABASE": self.database,
            "TESSERA_KEY": self.key,
            "TESSERA_LIMITED_KEY": self.limited_key,
        }


def open_account(service: Service) -> Account:
    """A fresh tenant with a database and its keys."""
    tenant = f"account-{uuid.uuid4().hex[:10]}"
    service.manage("create_tenant", tenant)
    service.manage("create_database", "--tenant", tenant, "main")
    return Account(
        service,
        tenant,
        "main",
        key=service.manage("create_key", "--tenant", tenant).strip(),
        limited_key=service.manage("create_key", "--tenant", tenant, "--database", "main").strip(),
    )


def run_python(
    script: str,
    environment: Mapping[str, str],
    folder: Path,
    *,
    python: Path = FULL_PYTHON,
    arguments: Sequence[str] = (),
) -> Any:
    """What a script of ours printed last, under one of the two virtual environments."""
    return _last_line(run([str(python), str(SCRIPTS / script), *arguments], environment, folder))


def run_node(script: str, environment: Mapping[str, str], folder: Path) -> Any:
    """What a program in `npm` printed last."""
    return _last_line(run(["node", str(NPM / script)], environment, folder))


def run(command: list[str], environment: Mapping[str, str], folder: Path) -> str:
    """What a program printed; its complaint fails the test."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **_ENVIRONMENT, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command[1]} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _last_line(printed: str) -> Any:
    return json.loads(printed.splitlines()[-1])
