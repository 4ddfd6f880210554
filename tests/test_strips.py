"""Strips: a line comes out upright, level, of one height, without gaps and without what is not its own."""

import cv2
import numpy as np
import pytest

from inkdigits.ink import Ink
from inkdigits.layout import lines
from inkdigits.strips import CONTRACT, DIGIT, EDGE, GAP, HEIGHT, digit_height, lean, strip


def sheet(scale=1.0, slant=0.0, slope=0.0, gaps=(20, 20, 20), thick=10, size=(400, 900)):
    """Four upright bars of 60 pixels in a row, then scaled, slanted and sloped."""
    image = np.zeros(size, np.uint8)
    x = 100
    for gap in (*gaps, 0):
        cv2.rectangle(image, (x, 170), (x + thick - 1, 229), 255, -1)
        x += thick + gap
    shear = np.array([[1, -slant, slant * 200], [slope, 1, -slope * 200]]) @ np.vstack([np.eye(3)[:2] * scale, [0, 0, 1]])
    moved = cv2.warpAffine(image, shear, (int(size[1] * max(scale, 1)), int(size[0] * max(scale, 1))), flags=cv2.INTER_AREA)
    return Ink(moved, moved > 100, thick * scale, 1.0)


def strip_of(ink):
    (row,) = lines(ink)
    return strip(ink, row, lean(row), ink.mask)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({}, id="as it is"),
        pytest.param({"scale": 0.5}, id="small"),
        pytest.param({"scale": 2.0}, id="large"),
        pytest.param({"slant": 0.4}, id="slanted"),
        pytest.param({"slope": 0.15, "gaps": (90, 90, 90)}, id="going down"),
        pytest.param({"slope": -0.15, "gaps": (90, 90, 90)}, id="going up"),
    ],
)
def test_upright_level_and_of_one_height(change):
    made = strip_of(sheet(**change))
    assert made.image.shape[0] == HEIGHT
    assert made.image.shape[1] % 4 == 0
    assert made.image.dtype == np.float32
    assert 0 <= made.image.min() <= made.image.max() <= 1
    ys, _ = np.nonzero(made.image > 0.5)
    assert abs(np.ptp(ys) + 1 - DIGIT) <= 3
    assert abs(ys.mean() - (HEIGHT - 1) / 2) <= 1.2
    for first, last in made.spans:
        bar = made.image[:, max(int(first), 0) : int(np.ceil(last))]
        tops = [np.flatnonzero(row > 0.5).mean() for row in bar if (row > 0.5).any()]
        assert np.ptp(tops) <= 2.5, "the bar is upright"


def test_wide_gaps_are_closed_and_spans_follow():
    made = strip_of(sheet(gaps=(20, 300, 20)))
    inked = np.flatnonzero(made.image.max(axis=0) > 0.3)
    assert max(np.diff(inked)) <= GAP + 3
    assert len(made.spans) == 4
    assert sorted(made.spans) == made.spans
    for first, last in made.spans:
        assert made.image[:, int(first) : int(np.ceil(last))].max() > 0.9
    assert inked[0] >= EDGE - 2


def test_what_is_not_of_the_line_is_not_on_its_strip():
    plain, ruled = sheet(), sheet()
    ruled.mask[226:232, 50:300] = True
    ruled.strength[226:232, 50:300] = 255
    (row,) = lines(plain)
    bars = np.zeros_like(plain.mask)
    for r in row:
        bars[r.y : r.bottom, r.x : r.right] |= r.mask
    made = strip(ruled, row, lean(row), ruled.mask)
    between = made.image[:, int(made.spans[0][1]) + 1 : int(made.spans[1][0]) - 1]
    assert between.max() < 0.5


def test_height_and_lean_are_the_lines():
    (row,) = lines(sheet(slant=0.4))
    assert abs(digit_height(row) - 60) <= 2
    assert abs(lean(row) - 0.4) <= 0.1


def test_the_contract_is_what_models_are_checked_against():
    assert CONTRACT == {"version": 1, "height": 32, "digit": 20, "gap": 8, "level": 0.85}
