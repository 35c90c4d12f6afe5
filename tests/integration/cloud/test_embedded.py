"""The embedded servers: what they promise about data, and what they survive without anybody's help."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cloud import embedded
from cloud.processes import BASE_DIR, temporary_data_dir
from cloud.servers import account, postgres
from cloud.servers.children import Process
from cloud.servers.errors import ServerError


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder for one test; whatever was started on it is ended."""
    with temporary_data_dir() as folder:
        yield folder
        embedded.stop(folder)


def start(data_dir: Path, *, with_valkey: bool = False) -> embedded.Servers:
    return embedded.start(data_dir, report=lambda _: None, with_valkey=with_valkey)


def write_row(servers: embedded.Servers) -> None:
    with psycopg.connect(servers.database_url) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('safe')")


def read_rows(servers: embedded.Servers) -> list[tuple[str]]:
    with psycopg.connect(servers.database_url) as connection:
        return connection.execute("SELECT word FROM kept").fetchall()


def modes_above(path: Path) -> dict[Path, tuple[int, int, int]]:
    facts = {folder: folder.stat() for folder in path.parents}
    return {folder: (fact.st_mode, fact.st_uid, fact.st_gid) for folder, fact in facts.items()}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_says_where_the_servers_are_while_they_run(data_dir: Path) -> None:
    assert embedded.running(data_dir) is None

    servers = start(data_dir, with_valkey=True)

    assert embedded.running(data_dir) == servers
    assert servers.redis_url.startswith("redis://:")
    embedded.stop(data_dir)
    assert embedded.running(data_dir) is None


def test_it_leaves_no_process_behind(data_dir: Path) -> None:
    start(data_dir, with_valkey=True)
    children = embedded.children(data_dir)

    embedded.stop(data_dir)

    assert len(children) == 2
    assert not any(Path(f"/proc/{child.popen.pid}").exists() for child in children)


def test_it_starts_only_what_is_asked_for(data_dir: Path) -> None:
    servers = embedded.start(data_dir, report=lambda _: None, with_postgres=False)

    assert servers.database_url == ""
    assert embedded.running(data_dir) == servers
    assert not (data_dir / "postgres").exists()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("data_checksums", "on"),
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("jit", "off"),
        ("max_wal_size", "4GB"),
    ],
)
def test_it_is_durable_and_reachable_by_socket_only(
    running_servers: embedded.Servers, setting: str, value: str
) -> None:
    with psycopg.connect(running_servers.database_url) as connection:
        row = connection.execute("SELECT current_setting(%s)", [setting]).fetchone()

    assert row == (value,)


def test_it_does_not_depend_on_the_locale_of_the_machine(running_servers: embedded.Servers) -> None:
    with psycopg.connect(running_servers.database_url) as connection:
        row = connection.execute(
            "SELECT datlocprovider::text, datlocale FROM pg_database WHERE datname = current_database()"
        ).fetchone()

    assert row == ("b", "C.UTF-8")


def test_it_gives_the_service_a_role_that_is_no_superuser(running_servers: embedded.Servers) -> None:
    with psycopg.connect(running_servers.database_url) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        ).fetchone()

    assert row == (False, True, False)


def test_it_finds_its_data_again(data_dir: Path) -> None:
    write_row(start(data_dir))
    embedded.stop(data_dir)

    assert read_rows(start(data_dir)) == [("safe",)]


def test_it_recovers_from_a_killed_postmaster(data_dir: Path) -> None:
    write_row(start(data_dir))
    [child] = embedded.children(data_dir)
    child.popen.send_signal(signal.SIGKILL)
    child.popen.wait()
    assert embedded.running(data_dir) is None
    embedded.stop(data_dir)

    assert read_rows(start(data_dir)) == [("safe",)]


def test_it_starts_again_after_a_killed_launcher(data_dir: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from cloud import embedded;"
        "embedded.start(Path(sys.argv[1]), report=print); print('up', flush=True); time.sleep(60)"
    )
    launcher = subprocess.Popen(
        [sys.executable, "-c", script, str(data_dir)], cwd=BASE_DIR, stdout=subprocess.PIPE, text=True
    )
    assert launcher.stdout is not None
    assert any(line == "up\n" for line in launcher.stdout)
    left = embedded.running(data_dir)
    launcher.kill()
    launcher.communicate()

    servers = start(data_dir, with_valkey=True)

    assert left is not None
    assert servers.database_url == left.database_url
    assert embedded.running(data_dir) == servers


def test_it_replaces_a_half_made_data_folder(data_dir: Path) -> None:
    start(data_dir)
    embedded.stop(data_dir)
    home = postgres.homes(data_dir)[0]
    (home / "data").rename(home / "data.new")
    (home / "data.new" / "PG_VERSION").unlink()

    write_row(start(data_dir))

    assert not (home / "data.new").exists()


def test_it_is_not_fooled_by_a_pid_file_that_names_another_program(data_dir: Path) -> None:
    write_row(start(data_dir))
    embedded.stop(data_dir)
    home = postgres.homes(data_dir)[0]
    named = f"{os.getpid()}\n{home / 'data'}\n"
    (home / "data" / "postmaster.pid").write_text(named)
    (home / "run" / ".s.PGSQL.5432.lock").write_text(named)
    facts = {"database_url": "", "redis_url": "", "processes": [[os.getpid(), "another start"]]}
    (data_dir / "embedded.json").write_text(json.dumps(facts))

    assert embedded.running(data_dir) is None
    assert read_rows(start(data_dir)) == [("safe",)]


def test_it_finds_a_place_for_the_socket_when_the_path_is_too_long_for_one(data_dir: Path) -> None:
    deep = data_dir / ("deep" * 30)

    write_row(start(deep))
    folder = postgres.Cluster(
        deep / "postgres", account.for_servers([deep / "postgres"]), deep / "log"
    ).socket_folder

    assert folder.is_dir()
    embedded.stop(deep)
    assert not folder.exists()


def test_it_ends_a_backend_that_outlives_its_postmaster(data_dir: Path) -> None:
    servers = start(data_dir)
    [child] = embedded.children(data_dir)
    with psycopg.connect(servers.database_url) as connection:
        backend = Process.of(connection.info.backend_pid)
        assert backend is not None
        os.kill(backend.pid, signal.SIGSTOP)
        child.kill()

        embedded.stop(data_dir)
        start(data_dir)

    assert not backend.is_alive()


def test_it_refuses_a_second_launcher_on_the_same_folder(data_dir: Path) -> None:
    servers = start(data_dir)

    with pytest.raises(ServerError, match=str(data_dir)):
        start(data_dir)

    assert embedded.running(data_dir) == servers


def test_it_says_what_to_do_when_the_server_does_not_start(data_dir: Path) -> None:
    start(data_dir)
    embedded.stop(data_dir)
    (postgres.homes(data_dir)[0] / "data" / "PG_VERSION").write_text("9.6\n")

    with pytest.raises(ServerError, match=r"(?s)PostgreSQL ended at once.*incompatible.*DATABASE_URL"):
        start(data_dir)


def test_it_never_writes_over_secrets_that_it_cannot_read(data_dir: Path) -> None:
    (data_dir / "secrets.json").write_text("{")

    with pytest.raises(ServerError, match=r"secrets\.json cannot be read"):
        embedded.ensure_secrets(data_dir)

    assert (data_dir / "secrets.json").read_text() == "{"


def test_it_keeps_its_files_private(data_dir: Path) -> None:
    start(data_dir)

    assert {name: mode(data_dir / name) for name in ("secrets.json", "embedded.json", "lock")} == {
        "secrets.json": 0o600,
        "embedded.json": 0o600,
        "lock": 0o600,
    }
    assert mode(data_dir / "log") == mode(data_dir / "postgres") == 0o700
    assert len(bytes.fromhex(embedded.read_secrets(data_dir)["key_pepper"])) == 32


def test_it_changes_no_folder_that_is_not_ours(data_dir: Path) -> None:
    inside = data_dir / "a" / "b"
    inside.mkdir(parents=True)
    before = modes_above(inside / "x") | modes_above(Path(psycopg.__file__))

    start(inside)
    embedded.stop(inside)

    assert modes_above(inside / "x") | modes_above(Path(psycopg.__file__)) == before


@pytest.mark.skipif(os.getuid() != 0, reason="only root runs PostgreSQL as somebody else")
def test_it_keeps_the_database_elsewhere_when_its_user_may_not_enter(data_dir: Path) -> None:
    private = data_dir / "private"
    private.mkdir(mode=0o700)
    home = postgres.homes(private)[1]
    try:
        write_row(start(private))
        embedded.stop(private)

        assert read_rows(start(private)) == [("safe",)]
        assert mode(private) == 0o700
        assert (home / "data").is_dir()
    finally:
        embedded.stop(private)
        subprocess.run(["rm", "-rf", "--", str(home)], check=True)


@pytest.fixture(scope="module")
def running_servers() -> Iterator[embedded.Servers]:
    """One server for the tests that only look."""
    with temporary_data_dir() as folder:
        yield start(folder)
        embedded.stop(folder)
