"""The print goes, and the writing stays, also where it crosses the print."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from forms_drawn import FIELDS, blank_page, filled_page

from inkdigits.forms.field_ink import FieldInk, in_cells, ink_in, share_inked, without_print
from inkdigits.layout.ink import Ink

BOX = {own["name"]: tuple(own["box"]) for own in FIELDS}


def test_nothing_is_left_of_the_print_of_an_empty_field(blank):
    grey = np.clip(blank * 0.9 + np.random.default_rng(1).normal(0, 4, blank.shape), 0, 255).astype(np.uint8)
    for box in BOX.values():
        assert not ink_in(grey, np.eye(3), blank, box).ink.mask.any()


def test_a_stroke_that_crosses_a_printed_line_stays_whole():
    printed = np.zeros((40, 60), np.float32)
    printed[19:22] = 0.7
    stroke = np.zeros_like(printed)
    cv2.line(stroke, (10, 2), (45, 38), 0.9, 3)
    both = np.maximum(printed, 0.8 * stroke)
    clean = without_print(both, printed)
    assert clean[19:22][stroke[19:22] > 0.8].min() > 0.3
    assert clean[19:22, 50:].max() == 0
    assert clean[19:22, :10].max() == 0


def test_print_that_is_a_little_off_is_still_taken_away(blank):
    moved = np.eye(3)
    moved[:2, 2] = 2, -2
    page = cv2.warpPerspective(blank, moved, blank.shape[::-1], borderValue=255)
    assert not ink_in(page, np.eye(3), blank, BOX["id"]).ink.mask.any()


def test_every_cell_of_a_comb_has_its_own_strokes():
    blank = blank_page()
    written = ink_in(filled_page(blank, id="1234567"), np.eye(3), blank, BOX["id"])
    cells = in_cells(written, 9)
    assert [cell is not None for cell in cells] == [True] * 7 + [False] * 2
    assert all(before.x < after.x for before, after in pairwise(cells[:7]))


def test_what_is_written_beside_a_box_is_not_of_it(blank):
    page = filled_page(blank, second="123")
    assert not ink_in(page, np.eye(3), blank, BOX["first"]).ink.mask.any()
    assert ink_in(page, np.eye(3), blank, BOX["second"]).ink.mask.any()


def test_a_ticked_box_is_inked_and_an_empty_one_is_not(blank):
    assert share_inked(ink_in(blank, np.eye(3), blank, BOX["agreed"])) == 0
    assert share_inked(ink_in(filled_page(blank, agreed="x"), np.eye(3), blank, BOX["agreed"])) > 0.15


@pytest.mark.parametrize(
    ("down", "name", "scale"),
    [
        pytest.param(0.0, "id", 1.0, id="seen from above"),
        pytest.param(-0.0005, "id", (1 - 0.0005 * 142) ** -1.5, id="from below: larger, by what its middle is"),
        pytest.param(0.0005, "id", 40 / 44, id="from above: smaller, but no lower than 40 pixels"),
        pytest.param(-0.0016, "total", 110 / 54, id="from very near: no higher than 110"),
    ],
)
def test_a_field_is_seen_as_large_as_it_is_on_the_page(blank, down, name, scale):
    """Where the page's row y is divided by 1 + down * y, an area is by the third power of that, and a length by its 1.5th."""
    way = np.array([[1, 0, 0], [0, 1, 0], [0, down, 1]])
    assert ink_in(blank, way, blank, BOX[name]).scale == pytest.approx(scale, rel=1e-6)


def field_ink(box, *strokes):
    """The ink of a field with this box in a crop of 60 x 140, and strokes that fill boxes x, y, w, h."""
    mask = np.zeros((60, 140), bool)
    for x, y, w, h in strokes:
        mask[y : y + h, x : x + w] = True
    return FieldInk(Ink(np.where(mask, 255, 0).astype(np.uint8), mask, 3.0, 1.0), box, 0.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("stroke", "share"),
    [
        pytest.param((10, 10, 20, 20), 1.0, id="all of it"),
        pytest.param((10, 10, 4, 20), 0.125, id="two of the 16 columns inside of its edge"),
        pytest.param((10, 26, 20, 4), 0.125, id="two of the 16 rows"),
        pytest.param((10, 10, 2, 20), 0.0, id="the edge alone"),
        pytest.param((40, 10, 20, 20), 0.0, id="beside it"),
    ],
)
def test_the_share_of_a_small_box_that_is_inked(stroke, share):
    assert share_inked(field_ink((10, 10, 20, 20), stroke)) == share


def test_a_small_box_outside_of_the_crop_is_not_inked():
    assert share_inked(field_ink((200, 10, 20, 20), (0, 0, 140, 60))) == 0


@pytest.mark.parametrize(
    ("stroke", "columns"),
    [
        pytest.param((15, 10, 20, 30), [(15, 35), None, None], id="in one"),
        pytest.param((31, 10, 20, 30), [None, (31, 51), None], id="over the wall, and no wider than a digit"),
        pytest.param((12, 10, 46, 30), [(12, 40), (40, 58), None], id="over the wall, and wider than a cell: cut there"),
        pytest.param((12, 10, 36, 30), [(12, 48), None, None], id="seven tenths and more in one"),
        pytest.param((16, 10, 82, 30), [(16, 40), (40, 70), (70, 98)], id="over both"),
        pytest.param((20, 20, 9, 9), [None, None, None], id="a speck"),
        pytest.param((20, 20, 4, 10), [(20, 24), None, None], id="higher than a speck"),
    ],
)
def test_strokes_are_of_the_cell_that_has_most_of_them(stroke, columns):
    """A comb of three cells 30 pixels wide and 40 high from column 10 on: what is no larger than 9.6 pixels is a speck."""
    found = in_cells(field_ink((10, 5, 90, 40), stroke), 3)
    assert [cell and (cell.x, cell.right) for cell in found] == columns
