"""Fixtures that every test may use."""

import os
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

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


@pytest.fixture(scope="module")
def service():
    """The address of `inkdigits serve`, with a slash at its end, in a process of its own."""
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
