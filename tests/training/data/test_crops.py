"""Photographed crops: labels by split, and what is missing."""

import pytest

from inkdigits.errors import DataError
from inkdigits.training.data.crops import crops


def test_crops_of_a_split(tmp_path):
    (tmp_path / "labels.csv").write_text("file,truth,book,split\nimages/a.jpg,2.20,b1,trainable\nimages/b.jpg,7,b2,dev\n")
    (crop,) = crops("registers", "dev", tmp_path)
    assert (crop.path, crop.text, crop.hand) == (tmp_path / "images/b.jpg", "7", "b2")


def test_what_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("INKDIGITS_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"hands33 is not here; set INKDIGITS_DATA to a folder that holds real/hands33/labels\.csv"):
        crops("hands33", "dev")
