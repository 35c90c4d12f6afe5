"""The object store: a folder, and a bucket of an S3 on loopback, by the same tests; and how it fails."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from cloud.processes import Service
from tenants.errors import NotFound, Unavailable
from tests.factories import Cast, batch
from tests.transfers import begin_export, content, upload, work
from vectors.objects import CHUNK_BYTES, Place, Store, check_key, open_store

_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "tests", "NO_PROXY": "127.0.0.1"}


@pytest.fixture(scope="module")
def bucket() -> Iterator[Place]:
    """A bucket of an S3 that runs in this process, on loopback."""
    before = {name: os.environ.get(name) for name in _CREDENTIALS}
    os.environ.update(_CREDENTIALS)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    boto3.client("s3", endpoint_url=address, region_name="us-east-1").create_bucket(Bucket="tests")
    yield Place(Path("/nonexistent"), "tests", address, "us-east-1", "installation/one")
    server.stop()
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each kind of store."""
    if request.param == "folder":
        return open_store(Place(tmp_path / "objects"))
    return open_store(request.getfixturevalue("bucket"))


def test_what_is_written_is_read_from_any_byte_on(store: Store) -> None:
    text = bytes(range(256)) * (CHUNK_BYTES // 128)
    store.write("a/b", text)
    assert store.size_bytes("a/b") == len(text)
    for from_byte in (0, 1, CHUNK_BYTES, len(text) - 1):
        assert b"".join(store.read("a/b", from_byte)) == text[from_byte:]
    store.write("a/b", b"again")
    assert b"".join(store.read("a/b")) == b"again"


def test_everything_below_a_prefix_is_deleted_and_nothing_beside_it(store: Store) -> None:
    for key in ("x/1/a", "x/1/b", "x/10/a"):
        store.write(key, b"1")
    assert store.delete_all("x/1") == 2
    assert store.delete_all("x/1") == 0
    assert b"".join(store.read("x/10/a")) == b"1"
    with pytest.raises(NotFound):
        b"".join(store.read("x/1/a"))
    with pytest.raises(NotFound):
        store.size_bytes("x/1/a")


@pytest.mark.parametrize("key", ["", "/a", "a/", "../a", "a//b", "A", "a b", "a\n"])
def test_a_key_is_words_between_slashes(key: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        check_key(key)


def test_a_store_that_is_away_is_told_as_one(tmp_path: Path, bucket: Place) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable, match="object store"):
        open_store(Place(tmp_path / "file")).write("a/b", b"1")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        away = Place(tmp_path, "tests", f"http://127.0.0.1:{unused.getsockname()[1]}", "us-east-1")
        with pytest.raises(Unavailable, match="cannot be reached"):
            open_store(away).write("a/b", b"1")
    missing = Place(tmp_path, "no-such-bucket", bucket.endpoint_url, "us-east-1")
    with pytest.raises(Unavailable, match="NoSuchBucket"):
        open_store(missing).write("a/b", b"1")


def test_an_export_and_an_import_go_through_a_bucket(database: Service, acme: Cast, bucket: Place) -> None:
    store = open_store(bucket)
    place, other = acme.collection(), acme.collection()
    place.call("add", batch(700))
    made = begin_export(place, is_gzip=True)
    work(database, place, store)
    upload(store, other, content(place, made, store), is_gzip=True)
    work(database, other, store)
    assert other.ids() == place.ids()
