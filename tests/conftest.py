"""Fixtures that every test may use."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder that INKDIGITS_DATA names, or a skip that says how to get one."""
    folder = os.environ.get("INKDIGITS_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("INKDIGITS_DATA names no folder with the real data sets")
    return Path(folder)


@pytest.fixture(scope="session")
def serve():
    """A function that serves with more options: `with serve("--store", url) as (address, process)`."""
    pytest.importorskip("fastapi", reason="needs inkdigits[serve]")
    return serving


@pytest.fixture(scope="session")
def service():
    """The address of `inkdigits serve`, with a slash at its end, in a process of its own, the same for all tests that only ask it."""
    pytest.importorskip("fastapi", reason="needs inkdigits[serve]")
    with serving() as (address, _):
        yield address


@contextmanager
def serving(*options):
    """`inkdigits serve` with these options on a port that is free, once it can read: its address and its process."""
    command = [sys.executable, "-m", "inkdigits", "serve", "--port", "0", "--workers", "1", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().split()[0]
            deadline = time.monotonic() + 60
            while not _answers(f"{address}readyz"):
                assert time.monotonic() < deadline, "the service does not become ready"
                time.sleep(0.05)
            yield address, process
        finally:
            process.terminate()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """The URL of a database without anything in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/rows.db"
        return
    server = request.getfixturevalue("postgresql")
    name = f"forms{uuid.uuid4().hex}"
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(f"{server.url}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield f"{server.url}/{name}"


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory):
    """A PostgreSQL server of Debian's package, on a port of its own of this machine alone; it ends with the tests."""
    pytest.importorskip("psycopg", reason="needs inkdigits[store]")
    folders = [Path(shutil.which("initdb") or "/none").resolve().parent, *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    bin = next((folder for folder in folders if (folder / "initdb").exists()), None)
    if bin is None:
        pytest.skip("needs a server: apt-get install postgresql")
    as_user = []
    if os.geteuid() == 0:  # PostgreSQL does not run as root
        if (
            shutil.which("runuser") is None
            or subprocess.run(["runuser", "-u", "postgres", "--", "true"], check=False, capture_output=True).returncode
        ):
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    folder = Path(tempfile.mkdtemp(prefix="ink"))  # a socket's path must be short, and the user must reach it
    try:
        if as_user:
            shutil.chown(folder, "postgres")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        made = [*as_user, str(bin / "initdb"), "-D", str(folder / "data"), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"]
        subprocess.run(made, check=True, capture_output=True, cwd=folder)
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        control = [*as_user, str(bin / "pg_ctl"), "-D", str(folder / "data"), "-w", "-l", str(folder / "log")]
        subprocess.run([*control, "-o", options, "start"], check=True, capture_output=True, cwd=folder)
        try:
            yield SimpleNamespace(url=f"postgresql://postgres@127.0.0.1:{port}", control=control, options=options)
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=False, capture_output=True, cwd=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
