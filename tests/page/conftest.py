"""The JavaScript of the page, called from Python."""

import shutil

import pytest
from in_node import Modules


@pytest.fixture(scope="session")
def modules():
    """The modules in one node process."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node, which runs the page's modules: apt-get install nodejs")
    found = Modules(node)
    yield found
    found.close()
