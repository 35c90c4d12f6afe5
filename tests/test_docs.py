"""The documents say what the code does: settings, commands, routes, dependencies."""

from __future__ import annotations

import re
import tomllib
from dataclasses import asdict
from pathlib import Path

from tenants.quotas import USAGE_NAMES, Limits

ROOT = Path(__file__).resolve().parent.parent


def read(name: str) -> str:
    """A file of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def test_it_documents_every_setting() -> None:
    code = read("cloud/settings.py") + read("deploy/gunicorn.conf.py")
    names = set(re.findall(r'_(?:text|integer|words|secret)\(\s*"([A-Z_]+)"', code))
    names |= set(re.findall(r'os\.environ\.get\("([A-Z_]+)"', code))
    missing = {name for name in names if f"`{name}`" not in read("docs/settings.md")}
    assert missing == set()


def test_it_documents_no_setting_that_is_gone() -> None:
    code = (
        read("cloud/settings.py")
        + read("deploy/gunicorn.conf.py")
        + "WEB_DATABASE_URL WORKER_DATABASE_URL OPERATOR_DATABASE_URL"
    )
    named = re.findall(r"^\| (`.+?) \|", read("docs/settings.md"), flags=re.MULTILINE)
    gone = {name for cell in named for name in re.findall(r"`([A-Z_]+)`", cell) if name not in code}
    assert gone == set()


def test_it_documents_every_quota_with_its_default_and_name() -> None:
    table = read("docs/quotas.md")
    rows = {
        f"| `{name}` | {value:,} | {USAGE_NAMES.get(name, '429')} |"
        for name, value in asdict(Limits()).items()
    }
    assert {row for row in rows if row not in table} == set()


def test_it_gives_a_reason_for_every_dependency() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    names = {re.split(r"[~\[<>=]", entry)[0] for entries in lists for entry in entries}
    reasons = read("DECISIONS.md").lower()
    aliases = {"djangorestframework": "django rest framework", "psycopg": "psycopg 3"}
    missing = {
        name for name in names if aliases.get(name, name) not in reasons and not name.startswith("types-")
    }
    assert missing == set()


def test_it_names_only_commands_that_exist_in_the_readme() -> None:
    commands = {path.stem for path in (ROOT / "cloud" / "management" / "commands").glob("*.py")}
    assert set(re.findall(r"manage\.py ([a-z_]+)", read("README.md"))) <= commands
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), flags=re.MULTILINE))
    assert set(re.findall(r"^    make ([a-z-]+)", read("README.md"), flags=re.MULTILINE)) <= targets


def test_it_states_one_version() -> None:
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    assert re.search(r"^## ([\d.]+)", read("CHANGELOG.md"), flags=re.MULTILINE).group(1) == version  # type: ignore[union-attr]
