"""Fixtures that every test may use."""

import os
import subprocess
import sys
import time
import urllib.request
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
def service():
    """The address of `inkdigits serve`, with a slash at its end, in a process of its own, the same for all tests that only ask it."""
    pytest.importorskip("fastapi", reason="needs inkdigits[serve]")
    command = [sys.executable, "-m", "inkdigits", "serve", "--port", "0", "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().split()[0]
            deadline = time.monotonic() + 60
            while not _answers(f"{address}readyz"):
                assert time.monotonic() < deadline, "the service does not become ready"
                time.sleep(0.05)
            yield address
        finally:
            process.terminate()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False
