"""UNIPEN's strokes: what is read, by split, and lines parted into words."""

import numpy as np
import pytest

from inkdigits.errors import DataError
from inkdigits.training.data.unipen import Sample, samples, words


@pytest.fixture
def folder(tmp_path):
    points = np.array([(0, 0), (10, 200), (5, 5), (7, 9), (60, 200)], np.int16)
    np.savez(
        tmp_path / "digits.npz", points=points, stroke_ends=np.array([2, 4, 5], np.int32), sample_ends=np.array([1, 3], np.int32),
        labels=np.array(["1", "4"]), hands=np.array(["a/x", "b/y"]), split=np.array(["trainable", "dev"]),
    )  # fmt: skip
    return tmp_path


def test_samples_of_a_split(folder):
    (one,) = samples("digits", "trainable", folder)
    assert (one.label, one.hand) == ("1", "a/x")
    assert [stroke.tolist() for stroke in one.strokes] == [[[0, 0], [10, 200]]]
    (four,) = samples("digits", "dev", folder)
    assert [len(stroke) for stroke in four.strokes] == [2, 1]


def test_what_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("INKDIGITS_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"text\.npz: UNIPEN's text are not here; set INKDIGITS_DATA"):
        samples("text", "dev")


def line(label, *lefts):
    return Sample(label, [np.array([(x, 0), (x + 20, 200)], np.float32) for x in lefts], "a")


def test_a_line_is_parted_at_its_widest_gaps():
    parts = words(line("12 3", 0, 30, 200))
    assert [(part.label, len(part.strokes)) for part in parts] == [("12", 2), ("3", 1)]


@pytest.mark.parametrize("whole", [line("12", 0, 30), line("1 2 3", 0, 30, 60), line("1 2", 0)], ids=["no space", "even", "one stroke"])
def test_a_line_that_cannot_be_parted_surely_stays_whole(whole):
    assert words(whole) == [whole]
