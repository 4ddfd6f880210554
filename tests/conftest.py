"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder that INKDIGITS_DATA names, or a skip that says how to get one."""
    folder = os.environ.get("INKDIGITS_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("INKDIGITS_DATA names no folder with the real data sets")
    return Path(folder)
