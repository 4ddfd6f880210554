"""Photographed symbols: what is read, and what is missing."""

import numpy as np
import pytest

from inkdigits.errors import DataError
from inkdigits.training.data.symbols import symbols


def test_symbols_with_their_names(tmp_path):
    images = np.arange(2 * 28 * 28, dtype=np.uint8).reshape(2, 28, 28)
    np.savez(tmp_path / "symbols.npz", images=images, labels=np.array([1, 0], np.uint8), names=np.array(["0", "minus"]))
    data = symbols(tmp_path)
    assert [data.classes[label] for label in data.labels] == ["minus", "0"]
    assert data.licence == "MIT (wblachowski/bhmsds)"
    np.testing.assert_array_equal(data.images, images)


def test_what_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("INKDIGITS_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"bhmsds is not here; set INKDIGITS_DATA to a folder that holds real/bhmsds/symbols\.npz"):
        symbols()
