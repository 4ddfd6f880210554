"""Layout: which strokes belong together, and in which order they are read."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from inkdigits.layout.grouping import lines, one, parted, without_shadows
from inkdigits.layout.ink import Ink


def ink_of(sheet: np.ndarray, stroke: float = 3) -> Ink:
    return Ink(sheet * np.uint8(255), sheet.astype(bool), stroke, 1.0)


def page(*texts: tuple[str, int, int], size: tuple[int, int] = (200, 300)) -> np.ndarray:
    sheet = np.zeros(size, np.uint8)
    for text, x, y in texts:
        cv2.putText(sheet, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 1.4, 1, 3)
    return sheet


@pytest.mark.parametrize(
    ("sheet", "expected"),
    [
        pytest.param(page(("123", 20, 80)), [3], id="one line"),
        pytest.param(page(("123", 20, 60), ("45", 30, 150)), [3, 2], id="two lines"),
        pytest.param(page(("1", 20, 60), ("2", 90, 72), ("3", 160, 84), ("4", 230, 96)), [4], id="a line that climbs down"),
        pytest.param(page(("12", 20, 60), ("34", 180, 60)), [4], id="a gap in a line"),
        pytest.param(np.zeros((50, 50), np.uint8), [], id="nothing"),
    ],
)
def test_lines_from_top_to_bottom(sheet, expected):
    assert [len(row) for row in lines(ink_of(sheet))] == expected


def test_a_line_is_parted_at_its_wide_gaps():
    apart, near = page(("12", 20, 60), ("34", 180, 60)), page(("12", 20, 60), ("34", 90, 60))
    rows = lines(ink_of(apart))
    assert [[len(part) for part in row] for row in parted(rows, apart > 0)] == [[2, 2]]
    assert [[len(part) for part in row] for row in parted([rows[0][:1]], apart > 0)] == [[1]]
    assert [[len(part) for part in row] for row in parted(lines(ink_of(near)), near > 0)] == [[4]]


def test_no_line_is_parted_at_a_dash():
    sheet = page(("12", 20, 60), ("34", 180, 60))
    rows = lines(ink_of(sheet))
    sheet[44:47, 105:150] = 1
    assert [[len(part) for part in row] for row in parted(rows, sheet > 0)] == [[4]]


def test_specks_and_commas_are_left_out():
    sheet = page(("12", 20, 80))
    sheet[75:79, 150:153] = 1
    sheet[20:22, 200:202] = 1
    assert [len(row) for row in lines(ink_of(sheet))] == [2]


def test_the_bar_of_a_five_is_joined():
    sheet = np.zeros((100, 80), np.uint8)
    cv2.ellipse(sheet, (38, 62), (18, 20), 0, -110, 130, 1, 4)
    cv2.line(sheet, (32, 22), (30, 42), 1, 4)
    cv2.line(sheet, (36, 14), (62, 14), 1, 4)
    region = one(ink_of(sheet, 4))
    assert region is not None
    assert region.mask.sum() == sheet.sum()


def test_the_line_at_the_edge_of_the_frame_is_not_the_digit():
    sheet = page(("7", 30, 70), size=(90, 90))
    digit = one(ink_of(sheet))
    sheet[:, :4] = 1
    assert digit is not None
    assert one(ink_of(sheet)) is not None
    found = one(ink_of(sheet))
    assert found is not None
    assert (found.x, found.y, found.width, found.height) == (digit.x, digit.y, digit.width, digit.height)


def test_no_ink_no_digit():
    assert one(ink_of(np.zeros((30, 30), np.uint8))) is None


def test_a_small_digit_in_the_middle_of_a_line_belongs_to_it_and_a_comma_does_not():
    sheet = page(("17", 20, 80))
    cv2.ellipse(sheet, (110, 66), (5, 6), 0, 0, 360, 1, 2)  # a small 0
    cv2.line(sheet, (150, 78), (147, 85), 1, 3)
    assert [len(row) for row in lines(ink_of(sheet))] == [3]


def test_digits_cut_off_by_the_frame_stay():
    sheet = page(("123", 20, 195))
    assert [len(row) for row in lines(ink_of(sheet))] == [3]


def test_a_thin_pen_on_a_large_sheet():
    sheet = np.zeros((500, 900), np.uint8)
    cv2.putText(sheet, "607", (40, 400), cv2.FONT_HERSHEY_SIMPLEX, 12, 1, 1)
    assert [len(row) for row in lines(ink_of(sheet, 1))] == [3]


def test_a_long_line_that_leans_is_no_digit():
    sheet = page(("12", 20, 80))
    cv2.line(sheet, (5, 150), (290, 175), 1, 3)
    assert [len(row) for row in lines(ink_of(sheet))] == [2]


def test_small_zeros_in_a_row_stand_on_the_line():
    sheet = page(("17", 20, 80))
    for x in (100, 118, 136):
        cv2.ellipse(sheet, (x, 71), (9, 7), 0, 0, 360, 1, 2)
    assert [region.width > 40 for region in lines(ink_of(sheet))[0]] == [False, False, True]


def test_a_mark_that_comes_in_from_the_frame_is_no_line():
    sheet = page(("123", 20, 120))
    cv2.line(sheet, (280, 0), (270, 20), 1, 3)
    cv2.line(sheet, (270, 20), (290, 18), 1, 3)
    assert [len(row) for row in lines(ink_of(sheet))] == [3]


def test_a_shadow_at_the_frame_is_taken_out_and_does_not_count_as_a_stroke():
    sheet = page(("123", 80, 120))
    plain = without_shadows(ink_of(sheet))
    cv2.ellipse(sheet, (0, 150), (30, 34), 0, 0, 360, 1, -1)
    found = without_shadows(ink_of(sheet, stroke=20))
    np.testing.assert_array_equal(found.mask, plain.mask)
    assert found.stroke == pytest.approx(4, abs=1)


def test_the_halves_of_a_broken_digit_are_one():
    sheet = page(("47", 20, 80), ("9", 140, 80))
    cv2.line(sheet, (98, 48), (98, 58), 1, 3)  # a 5 in two: stem and bar, and the bow under it
    cv2.line(sheet, (98, 48), (118, 48), 1, 3)
    cv2.ellipse(sheet, (107, 72), (11, 9), 0, -150, 130, 1, 3)
    assert [len(row) for row in lines(ink_of(sheet))] == [4]


def test_a_high_digit_and_the_low_ones_beside_it_are_one_line():
    sheet = page(("310", 90, 150))
    cv2.putText(sheet, "2", (10, 152), cv2.FONT_HERSHEY_SIMPLEX, 3.2, 1, 3)
    assert [len(row) for row in lines(ink_of(sheet))] == [4]


def test_digits_of_two_lines_that_touch_are_parted():
    sheet = page(("2171", 20, 70), ("3020", 20, 116))
    cv2.line(sheet, (84, 66), (84, 92), 1, 3)  # the 7's tail runs into the 2 below it
    assert [len(row) for row in lines(ink_of(sheet))] == [4, 4]


def test_a_long_tail_is_not_parted():
    sheet = page(("2171", 20, 70), ("3020", 130, 116))
    cv2.line(sheet, (84, 66), (80, 104), 1, 3)
    assert [len(row) for row in lines(ink_of(sheet))] == [4, 4]


def test_what_is_far_fainter_than_the_rest_is_left_out():
    ink = ink_of(page(("1234", 20, 80)))
    strength = ink.strength.copy()
    strength[:, 20:45] //= 3
    assert [len(row) for row in lines(replace(ink, strength=strength))] == [3]
    assert [len(row) for row in lines(replace(ink, strength=ink.strength // 3))] == [4]


def test_a_digit_that_slipped_down_at_the_end_of_a_line_belongs_to_it():
    sheet = page(("92", 20, 80), ("1", 90, 102))
    assert [len(row) for row in lines(ink_of(sheet))] == [3]
    beside_both = page(("92", 20, 60), ("1", 90, 82), ("38", 20, 104))
    assert [len(row) for row in lines(ink_of(beside_both))] == [2, 1, 2]
