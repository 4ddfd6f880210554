"""Damage to images of digits: what it is measured with must be the same everywhere, and must leave a digit that people can read."""

import cv2
import numpy as np
import pytest

from inkdigits.training.corruptions import KINDS, corrupted


@pytest.fixture(scope="module")
def digits():
    sheets = np.zeros((12, 28, 28), np.uint8)
    for i, sheet in enumerate(sheets):
        cv2.putText(sheet, str(i % 10), (6, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 255, 2, cv2.LINE_AA)
    return sheets


@pytest.mark.parametrize("kind", KINDS)
def test_each_image_is_damaged_by_itself_and_the_same_way_again(digits, kind):
    once = corrupted(digits, kind)
    assert (once.shape, once.dtype) == (digits.shape, np.uint8)
    assert all(np.abs(a.astype(int) - b).mean() > 2 for a, b in zip(once, digits, strict=True))
    np.testing.assert_array_equal(once, corrupted(digits, kind))
    np.testing.assert_array_equal(once[:5], corrupted(digits[:5], kind))


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"brightness", "canny_edges", "stripe"}))
def test_the_strokes_are_still_the_brightest(digits, kind):
    damaged = corrupted(digits, kind).astype(float)
    moves = kind in {"shear", "scale", "rotate", "translate"}
    if moves:
        assert damaged.sum() > 0.25 * digits.sum()
    else:
        assert damaged[digits > 200].mean() > 1.8 * damaged[digits == 0].mean()


def test_there_are_fifteen_kinds():
    assert len(KINDS) == 15
