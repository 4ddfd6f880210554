"""The print goes, and the writing stays, also where it crosses the print."""

from itertools import pairwise

import cv2
import numpy as np
from forms_drawn import FIELDS, blank_page, filled_page

from inkdigits.forms.field_ink import in_cells, ink_in, share_inked, without_print

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
