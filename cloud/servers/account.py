"""Who the servers run as: the caller, or, for root, a system user that owns nothing else.

PostgreSQL refuses to run as root. No folder that is not ours is opened up for that user: where it may not
enter, the programs are copied to a folder of ours.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from cloud.servers.errors import ServerError

USER_NAME = "tessera"
STATE_DIR = Path("/var/lib/tessera")  # root's own place for what must lie outside an unreachable folder


class Options(TypedDict, total=False):
    """What subprocess needs to become another user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """The user the servers run as; `is_caller` when that is simply us."""

    name: str
    uid: int
    gid: int
    is_caller: bool

    def options(self) -> Options:
        """Arguments for subprocess; dropping all further groups with the rest."""
        return {} if self.is_caller else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can(self, *command: str) -> bool:
        """Whether this command, run as this user, succeeds: asked, not guessed from modes."""
        try:
            done = subprocess.run(
                command,
                **self.options(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=60,
                check=False,
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return done.returncode == 0

    def make_folder(self, folder: Path) -> None:
        """A private folder of this user; what exists must already be one."""
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        facts = folder.lstat()
        if facts.st_uid != self.uid and facts.st_uid == os.getuid() and not any(folder.iterdir()):
            os.chown(folder, self.uid, self.gid, follow_symlinks=False)
            facts = folder.lstat()
        if not folder.is_dir() or folder.is_symlink() or facts.st_uid != self.uid:
            raise ServerError(
                f"{folder} does not belong to the user {self.name}, who runs the servers. "
                "Remove it, or choose another place with DATA_DIR=…"
            )

    def reach(self, base: Path, parts: Sequence[str], program: str, *, copy_name: str) -> Path:
        """The folder to run `program` from: `base` itself, or a copy of its `parts` that we may enter."""
        if self.can(str(base / program), "--version"):
            return base
        copy = STATE_DIR / copy_name
        if not self.is_caller and not self.can(str(copy / program), "--version"):
            _copy(base, parts, copy)
        if not self.can(str(copy / program), "--version"):
            raise ServerError(
                f"{base / program} does not start on this machine. The embedded servers are built for Linux "
                "on x86-64 with glibc; elsewhere set DATABASE_URL and REDIS_URL to servers of your own."
            )
        return copy


def of_caller() -> Account:
    """Ourselves."""
    return _account(os.getuid(), os.getgid(), is_caller=True)


def for_servers(owned: Sequence[Path]) -> Account:
    """The user to run servers as: the caller; for root the owner of existing data, else a system user."""
    if os.getuid() != 0:
        return of_caller()
    for folder in owned:
        if folder.exists() and folder.stat().st_uid != 0:
            return _account(folder.stat().st_uid, folder.stat().st_gid, is_caller=False)
    for name in (USER_NAME, "nobody"):
        with contextlib.suppress(KeyError):
            if name == USER_NAME:
                _ensure_system_user()
            entry = pwd.getpwnam(name)
            return Account(name, entry.pw_uid, entry.pw_gid, is_caller=False)
    raise ServerError(
        "PostgreSQL refuses to run as root, and neither `useradd` nor the user `nobody` is there. "
        "Run this as an ordinary user, or set DATABASE_URL."
    )


def make_state_dir() -> None:
    """Root's folder for copies and data: others may pass through, not look around."""
    if not STATE_DIR.exists():
        STATE_DIR.mkdir(parents=True)
        STATE_DIR.chmod(0o711)


def _account(uid: int, gid: int, *, is_caller: bool) -> Account:
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:  # a container started with a number
        name = str(uid)
    return Account(name, uid, gid, is_caller)


def _ensure_system_user() -> None:
    """Make the system user if it is missing and `useradd` is there; else leave it to the fallback."""
    try:
        pwd.getpwnam(USER_NAME)
    except KeyError:
        shell = shutil.which("nologin", path="/usr/sbin:/sbin:/usr/bin:/bin") or "/bin/false"
        program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin") or "useradd"
        command = [program, "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", shell]
        with contextlib.suppress(OSError):
            subprocess.run([*command, USER_NAME], capture_output=True, check=False)


def _copy(base: Path, parts: Sequence[str], copy: Path) -> None:
    """Copy whole or not at all: into a folder beside it, then rename."""
    make_state_dir()
    fresh = Path(tempfile.mkdtemp(prefix=f"{copy.name}.", dir=STATE_DIR))
    try:
        for part in parts:
            (fresh / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(
                base / part, fresh / part, ignore=shutil.ignore_patterns("include", "__pycache__")
            )
        for path in [fresh, *fresh.rglob("*")]:
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        shutil.rmtree(copy, ignore_errors=True)
        fresh.rename(copy)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
