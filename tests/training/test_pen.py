"""The model of a pen: its digits, the styles of its hands, and zeros in one stroke."""

import cv2
import numpy as np
import pytest

from inkdigits import Reader
from inkdigits.training import pen


def holes(drawn: np.ndarray) -> int:
    """The patches of paper that ink surrounds."""
    paper = np.pad(drawn < 0.4, 1, constant_values=True).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(paper, connectivity=4)
    return int((stats[2:, 4] > 12).sum())


def test_digits_are_digits():
    sheets, values = pen.digits(300, (5,))
    assert (sheets.shape, sheets.dtype, values.dtype) == ((300, 64, 64), np.uint8, np.int64)
    reader = Reader(threshold=0)
    right = [reader.predict(255 - sheet).label == str(value) for sheet, value in zip(sheets, values, strict=True)]
    assert np.mean(right) > 0.85
    np.testing.assert_array_equal(pen.digits(5, (5, 1))[0], pen.digits(5, (5, 1))[0])


def test_a_line_is_cropped_to_its_ink_and_as_high_as_asked():
    drawn = pen.write("2 71", np.random.default_rng(0), height=60, pen=5)
    assert drawn.dtype == np.float32
    assert 0 <= drawn.min() < 0.05
    assert drawn.max() == pytest.approx(1)
    assert 55 < len(drawn) < 85
    assert min(drawn[0].max(), drawn[-1].max(), drawn[:, 0].max(), drawn[:, -1].max()) > 0.05


def test_hands_with_a_flag_on_their_1_mostly_cross_their_7():
    rng = np.random.default_rng(1)
    hands = [pen.Style.of_anyone(rng) for _ in range(600)]
    flagged = np.array([np.ptp([x for stroke in hand.forms["1"] for x, _ in stroke]) > 0.3 for hand in hands])
    crossed = np.array([all(0.3 < y < 0.85 for _, y in hand.forms["7"][-1]) for hand in hands])
    assert flagged.mean() == pytest.approx(pen.FLAGGED, abs=0.07)
    assert crossed[flagged].mean() - crossed[~flagged].mean() > 0.25


@pytest.mark.parametrize("count", [2, 3, 4])
def test_zeros_in_one_stroke_hang_together(count):
    rng = np.random.default_rng(count)
    drawn = [pen.zeros(count, pen.Style.of_anyone(rng), rng, height=48, pen=2) for _ in range(20)]
    assert all(cv2.connectedComponents((sheet > 0.3).astype(np.uint8), connectivity=8)[0] == 2 for sheet in drawn)
    assert sum(map(holes, drawn)) > 0.75 * count * len(drawn)  # now and then one is not closed
