"""Decision: an answer, or "?"."""

import cv2
import numpy as np
import pytest

from inkdigits.layout.grouping import one
from inkdigits.layout.ink import find_ink
from inkdigits.layout.regions import Region
from inkdigits.lines import Digit, Line
from inkdigits.models import NOT_A_DIGIT
from inkdigits.recognition.decide import blame, decide, doubts, refusal
from inkdigits.recognition.leftout import Mark

CLASSES = tuple("0123456789")
TILE = np.zeros((28, 28), np.float32)


def ranked(**most: float) -> list[tuple[str, float]]:
    """The ten digits and, where `none` is given, "not a digit", likeliest first; what is left is shared by the other digits."""
    given = {NOT_A_DIGIT if name == "none" else name[1:]: p for name, p in most.items()}
    others = [name for name in CLASSES if name not in given]
    odds = given | dict.fromkeys(others, (1 - sum(given.values())) / len(others))
    return sorted(odds.items(), key=lambda pair: -pair[1])


@pytest.mark.parametrize(
    ("threshold", "label"),
    [
        pytest.param(0.0, "3", id="always answers"),
        pytest.param(0.7, "3", id="sure enough"),
        pytest.param(0.9, "?", id="not sure"),
    ],
)
def test_the_threshold_decides(threshold, label):
    digit = decide(ranked(d3=0.8, d8=0.15), threshold, (1, 2, 3, 4), TILE, every=CLASSES)
    assert digit.label == label
    assert digit.confidence == pytest.approx(0.8)
    assert (digit.refused is None) == (label != "?")
    assert ("8", pytest.approx(0.15)) in [(name, p) for name, p in digit.alternatives]
    assert digit.box == (1, 2, 3, 4)
    assert [name for name, _ in digit.probabilities] == list(CLASSES)
    assert sum(p for _, p in digit.probabilities) == pytest.approx(1, abs=1e-5)
    assert digit.tile is TILE


def test_only_the_probabilities_that_are_asked_for_are_carried():
    assert decide(ranked(d3=0.8), 0.5, (0, 0, 1, 1), None).probabilities == ()
    digit = decide([("3", 0.8), (",", 0.2)], 0.5, (0, 0, 1, 1), None, every=("3", "7"))
    assert digit.probabilities == (("3", 0.8), ("7", 0.0)), "0 for a label that nobody thought of"
    assert digit.alternatives == ((",", 0.2),)


def test_a_refused_position_still_names_the_best_guess():
    digit = decide(ranked(d3=0.4, d8=0.35), 0.9, (0, 0, 1, 1), TILE)
    assert digit.alternatives[0][0] == "3"


@pytest.mark.parametrize(
    ("threshold", "label", "reason"),
    [
        pytest.param(0.0, "3", None, id="always answers"),
        pytest.param(0.2, "?", "not a digit", id="likelier no digit than a 3"),
        pytest.param(0.9, "?", "not a digit", id="that is said first"),
    ],
)
def test_what_is_likelier_no_digit_is_refused_as_such(threshold, label, reason):
    digit = decide(ranked(d3=0.36, none=0.6), threshold, (0, 0, 1, 1), TILE)
    assert digit.label == label
    assert digit.confidence == pytest.approx(0.36)
    assert digit.refused is None if reason is None else digit.refused.startswith(reason)
    assert (NOT_A_DIGIT, pytest.approx(0.6)) in list(digit.alternatives)


@pytest.mark.parametrize("threshold", [0.0, 0.9])
def test_what_is_nothing_but_no_digit_is_never_answered(threshold):
    digit = decide([(NOT_A_DIGIT, 1.0)], threshold, (0, 0, 1, 1), TILE)
    assert (digit.label, digit.confidence) == ("?", 0.0)
    assert digit.refused.startswith("not a digit")


def test_the_reason_names_what_it_may_be():
    assert "3 (50%) or 8 (40%)" in decide(ranked(d3=0.5, d8=0.4), 0.9, (0, 0, 1, 1), TILE).refused
    assert "may be 3 (80%)" in decide(ranked(d3=0.8), 0.9, (0, 0, 1, 1), TILE).refused
    assert ". (50%) or , (40%)" in decide([(".", 0.5), (",", 0.4), ("1", 0.1)], 0.9, (0, 0, 1, 1), TILE).refused


@pytest.mark.parametrize(
    ("sure", "unsure", "odds", "refused"),
    [
        pytest.param(5, 4, {"none": 0.6}, False, id="a page of digits, some crossed out"),
        pytest.param(3, 4, {"none": 0.6}, False, id="a short number, hardly legible"),
        pytest.param(3, 9, {"d3": 0.5, "none": 0.4}, False, id="a page of digits, badly written"),
        pytest.param(30, 33, {"d3": 0.4, "none": 0.6}, True, id="a drawing with a few marks like digits"),
    ],
)
def test_a_page_that_is_mostly_no_digits_is_refused(sure, unsure, odds, refused):
    answered = decide(ranked(d3=0.95), 0.9, (0, 0, 1, 1), TILE)
    doubtful = decide(ranked(**odds), 0.9, (0, 0, 1, 1), TILE)
    reason = refusal([answered] * sure + [doubtful] * unsure, [], True)
    assert (reason is not None) == refused
    assert not refused or f"{unsure} of {sure + unsure}" in reason


@pytest.mark.parametrize(
    ("confidence", "line", "said"),
    [
        pytest.param(0.95, None, (), id="sure"),
        pytest.param(0.85, None, ("unsure",), id="a line less likely than the threshold"),
        pytest.param(0.95, 0, ("unread",), id="writing was left out beside it"),
        pytest.param(0.85, 0, ("unread", "unsure"), id="both"),
    ],
)
def test_a_line_without_a_question_mark_may_need_review(confidence, line, said):
    alone = Line((Digit("3", (0, 0, 1, 1), confidence),), (0, 0, 1, 1))
    as_a_whole = Line((Digit("3", (0, 0, 1, 1), 0.99),), (0, 0, 1, 1), certainty=confidence)
    marks = [Mark(Region(5, 0, 4, 9, np.ones((9, 4), bool)), "letter", line)]
    for row in (alone, as_a_whole):
        assert doubts([row], marks, 0.9) == said


@pytest.mark.parametrize(
    ("marks", "inked", "reason"),
    [
        pytest.param([], False, "no ink", id="blank"),
        pytest.param(["at the edge", "at the edge"], True, "along its edge", id="only edges"),
        pytest.param(["at the edge", "letter"], True, "letters or signs", id="a letter too"),
    ],
)
def test_a_refusal_says_what_is_there_and_advises_only_on_a_cause_that_was_found(marks, inked, reason):
    region = Region(0, 0, 4, 9, np.ones((9, 4), bool))
    said = refusal([], [Mark(region, mark, None) for mark in marks], inked)
    assert reason in said
    assert (";" in said) == (set(marks) == {"at the edge"})


def photo(height=60, pen=6, dark=0.8, blur=0.0):
    """A 7 on light paper: uint8, grey."""
    sheet = np.zeros((3 * height, 3 * height), np.float32)
    corners = np.array([(1.2, 1), (1.7, 1), (1.35, 2)]) * height
    cv2.polylines(sheet, [corners.astype(np.int32)], False, 1, pen)
    if blur:
        sheet = cv2.GaussianBlur(sheet, (0, 0), blur)
    return np.round(230 * (1 - dark * sheet)).astype(np.uint8)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        pytest.param(photo(), None, id="nothing is wrong"),
        pytest.param(photo(height=10, pen=2), "too small", id="small"),
        pytest.param(photo(pen=1), "too thin", id="thin"),
        pytest.param(photo(dark=0.1), "too faint", id="faint"),
        pytest.param(photo(blur=9), "too blurred", id="blurred"),
    ],
)
def test_a_bad_image_is_blamed(image, reason):
    ink = find_ink(image, side=160)
    found = blame(ink, one(ink))
    assert found is None if reason is None else found.startswith(reason)
    assert reason is None or ";" in found, "it says what to do"
