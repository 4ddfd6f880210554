"""A form of one page, as files; databases to put forms into."""

import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from pathlib import Path
from types import SimpleNamespace

import cv2
import pytest
from forms_drawn import FIELDS, SIZE, blank_page


@pytest.fixture(scope="session")
def blank():
    return blank_page()


@pytest.fixture
def form(tmp_path, blank):
    """The path of a form.json with its blank beside it."""
    cv2.imwrite(str(tmp_path / "blank.png"), blank)
    page = {"name": "application", "image": "blank.png", "size": list(SIZE), "fields": FIELDS}
    checks = [{"check": "sum", "of": ["first", "second"], "is": "total"}]
    (tmp_path / "form.json").write_text(json.dumps({"version": 1, "name": "application", "pages": [page], "checks": checks}))
    return tmp_path / "form.json"


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
        if shutil.which("runuser") is None or not any(user.pw_name == "postgres" for user in pwd.getpwall()):
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
