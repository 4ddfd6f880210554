"""A form of one page, as files."""

import json

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
