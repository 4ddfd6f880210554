"""Rules and boxes go, strokes that cross them stay."""

import cv2
import numpy as np
import pytest

from inkdigits.layout.rules import without_rules


def written(text: str = "40717") -> np.ndarray:
    """Signs about 40 px high on 120 x 300: uint8."""
    sheet = np.zeros((120, 300), np.uint8)
    cv2.putText(sheet, text, (30, 80), cv2.FONT_HERSHEY_SIMPLEX, 1.8, 1, 4)
    return sheet


def ruled(sheet: np.ndarray, *ends: tuple[int, int, int, int]) -> np.ndarray:
    out = sheet.copy()
    for x1, y1, x2, y2 in ends:
        cv2.line(out, (x1, y1), (x2, y2), 1, 2)
    return out.astype(bool)


@pytest.mark.parametrize(
    "ends",
    [
        pytest.param([(0, 100, 299, 100)], id="a rule below"),
        pytest.param([(0, 80, 299, 80)], id="a rule along the base line"),
        pytest.param([(0, 62, 299, 62)], id="a rule through the middle"),
        pytest.param([(0, 100, 299, 108)], id="a rule that leans"),
        pytest.param([(5, 20, 295, 20), (5, 105, 295, 105), (5, 20, 5, 105), (295, 20, 295, 105)], id="a box"),
    ],
)
def test_rules_go_and_strokes_stay(ends):
    plain = written().astype(bool)
    cleaned = without_rules(ruled(written(), *ends), 4)
    rule = ruled(np.zeros_like(written()), *ends) & ~cv2.dilate(written(), np.ones((5, 5))).astype(bool)
    assert (cleaned & rule).sum() < 0.15 * rule.sum()
    assert (cleaned & plain).sum() > 0.9 * plain.sum()


def test_a_bar_that_lies_on_a_rule_stays():
    sheet = written("44")
    bar = int(np.argmax(sheet.sum(axis=1)))
    cleaned = without_rules(ruled(sheet, (0, bar + 5, 299, bar + 5)), 4)
    assert (cleaned & sheet.astype(bool)).sum() > 0.8 * sheet.sum()


def test_bows_of_round_digits_in_a_row_are_no_rule():
    sheet = np.zeros((120, 400), np.uint8)
    for x in range(60, 350, 52):
        cv2.ellipse(sheet, (x, 60), (27, 22), 0, 0, 360, 1, 4)
    plain = sheet.astype(bool)
    assert (without_rules(plain, 4) & plain).sum() > 0.97 * plain.sum()


def test_the_rest_of_a_broken_rule_goes_with_it():
    sheet = written("717")
    broken = ruled(sheet, (0, 100, 200, 100), (215, 100, 230, 100), (250, 100, 275, 100))
    assert not without_rules(broken, 4)[97:104].any()


def test_dashes_and_walls_that_the_frame_cuts_off_go():
    sheet = written("717")
    cleaned = without_rules(ruled(sheet, (0, 60, 28, 60), (280, 0, 280, 119), (150, 0, 150, 119)), 4)
    assert not cleaned[:, 275:].any()
    assert cleaned[:, 148:153].sum() < 20
    assert (cleaned & sheet.astype(bool)).sum() > 0.95 * sheet.sum()


@pytest.mark.parametrize("text", ["1 1 1", "777", "5", "1", "40", "000000"])
def test_straight_strokes_of_digits_are_no_rules(text):
    plain = written(text).astype(bool)
    assert (without_rules(plain, 4) == plain).mean() > 0.995


def test_no_ink_no_rules():
    assert not without_rules(np.zeros((30, 30), bool), 0).any()


def test_a_thick_one_between_two_rules_is_no_wall():
    sheet = np.zeros((200, 300), np.uint8)
    cv2.line(sheet, (60, 54), (58, 136), 1, 8)
    cv2.putText(sheet, "302", (90, 130), cv2.FONT_HERSHEY_SIMPLEX, 3, 1, 8)
    rules = (0, 50, 299, 50), (0, 140, 299, 140)
    cleaned = without_rules(ruled(sheet, *rules), 8)
    assert cleaned[60:130, 50:70].sum() > 0.9 * sheet[60:130, 50:70].sum()
    walled = without_rules(ruled(sheet, *rules, (20, 50, 20, 140)), 8)
    assert walled[60:130, 15:25].sum() == 0, "a thin one is"


def test_the_bottoms_of_small_zeros_up_to_the_frame_are_no_rule():
    sheet = np.zeros((60, 122), np.uint8)
    for x in range(10, 122, 21):
        cv2.ellipse(sheet, (x, 32), (10, 8), 0, 0, 360, 1, 3)
    plain = sheet.astype(bool)
    assert (without_rules(plain, 3) & plain).sum() > 0.97 * plain.sum()


def test_a_dotted_rule_goes():
    sheet = cv2.resize(written(), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    ruled_sheet = sheet.copy()
    for x in range(0, 600, 18):
        cv2.line(ruled_sheet, (x, 200), (x + 10, 200), 1, 3)
    cleaned = without_rules(ruled_sheet.astype(bool), 8)
    assert not cleaned[196:205].any()
    assert (cleaned & sheet.astype(bool)).sum() > 0.97 * sheet.sum()


def test_a_one_that_stands_between_two_rules_without_touching_them_is_no_wall():
    sheet = ruled(written("717"), (0, 20, 299, 20), (0, 105, 299, 105)).astype(np.uint8)
    one = np.zeros_like(sheet)
    cv2.line(one, (250, 27), (250, 98), 1, 3)
    cleaned = without_rules((sheet | one).astype(bool), 4)
    assert (cleaned & one.astype(bool)).sum() > 0.9 * one.sum()


def test_a_one_as_high_as_a_tight_crop_is_no_rule():
    sheet = written("213")[38:88]
    one = np.zeros_like(sheet)
    cv2.line(one, (250, 0), (250, 49), 1, 4)
    cleaned = without_rules((sheet | one).astype(bool), 4)
    assert (cleaned & one.astype(bool)).sum() > 0.9 * one.sum()
