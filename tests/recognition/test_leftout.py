"""All ink is accounted for: what is no digit is named with a box and a reason, and an answer that leaves writing out is never sure."""

import cv2
import numpy as np
import pytest

from inkdigits import Reader
from inkdigits.ink import Ink
from inkdigits.models import SHIPPED
from inkdigits.reading import LEFT_OUT
from inkdigits.recognition.leftout import left_out
from inkdigits.regions import Region
from inkdigits.training.pen import write

TALL, PEN = 48, 4
# Strokes in a box of 1 x 1, x to the right and y down, one unit a digit's height.
SIGNS = {
    "A": [[(0, 1), (0.3, 0), (0.6, 1)], [(0.1, 0.65), (0.5, 0.65)]],
    "e": [[(0.05, 0.7), (0.45, 0.68), (0.4, 0.45), (0.2, 0.4), (0.02, 0.6), (0.05, 0.9), (0.25, 1), (0.48, 0.92)]],
    ".": [[(0.02, 0.97), (0.06, 0.97)], [(0.02, 1.0), (0.06, 1.0)]],
    "-": [[(0, 0.55), (0.4, 0.53)]],
    "/": [[(0, 1.05), (0.55, -0.05)]],
    "%": [
        [(0.0, 1.0), (0.7, 0.0)],
        [(0.1, 0.0), (0.22, 0.12), (0.1, 0.25), (0.0, 0.12), (0.1, 0.0)],
        [(0.6, 0.75), (0.72, 0.87), (0.6, 1), (0.5, 0.87), (0.6, 0.75)],
    ],
}  # fmt: skip
pytestmark = pytest.mark.skipif(not (SHIPPED / "digit" / "model.onnx").exists(), reason="no model ships yet")


@pytest.fixture(scope="module")
def reader():
    return Reader()


def sign(name: str) -> np.ndarray:
    """float32 (h, w) in [0, 1], 1 = ink; as high as a digit and a little more."""
    sheet = np.zeros((round(1.3 * TALL), round(0.8 * TALL) + 2 * PEN), np.uint8)
    for stroke in SIGNS[name]:
        points = np.round((np.array(stroke) * TALL + (PEN, 0.1 * TALL)) * 16).astype(np.int32)
        cv2.polylines(sheet, [points.reshape(-1, 1, 2)], False, 255, PEN, cv2.LINE_AA, shift=4)
    columns = np.flatnonzero(sheet.any(axis=0))
    return sheet[:, columns[0] : columns[-1] + 1].astype(np.float32) / 255


def field(text: str, seed: int) -> np.ndarray:
    """Digits and signs side by side on paper: uint8 (h, w)."""
    rng = np.random.default_rng(seed)
    parts = []
    for character in text:
        if character in SIGNS:
            parts.append(sign(character))
            continue
        ink = write(character, rng, height=TALL, pen=PEN, loose=0.6)[: round(1.25 * TALL)]
        top = round(1.1 * TALL) - len(ink)
        parts.append(np.pad(ink, ((max(top, 0), 0), (0, 0)))[: round(1.3 * TALL)])
    parts = [np.pad(part, ((0, round(1.3 * TALL) - len(part)), (0, 10))) for part in parts]
    return paper(np.pad(np.hstack(parts), 40))


def paper(ink: np.ndarray) -> np.ndarray:
    return np.round(235 * (1 - 0.8 * ink)).astype(np.uint8)


@pytest.mark.parametrize("text", ["42A", "3.14", "-42", "1/2", "1e5", "42%"])
@pytest.mark.parametrize("seed", range(4))
def test_what_has_more_than_digits_in_it_is_never_a_sure_answer(reader, text, seed):
    reading = reader.read(field(text, seed))
    assert reading.needs_review
    assert reading.review_reasons


@pytest.mark.parametrize("seed", range(4))
def test_digits_alone_are_all_read(reader, seed):
    reading = reader.read(field("4270", seed))
    assert not {mark.reason for mark in reading.left_out}
    assert "unread" not in reading.review_reasons


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("42A", "letter", id="letter"),
        pytest.param("3.14", "dot or comma", id="point"),
        pytest.param("-42", "dash", id="minus"),
    ],
)
def test_what_was_left_out_is_named_where_it_is(reader, text, reason):
    image = field(text, 1)
    reading = reader.read(image)
    assert "unread" in reading.review_reasons
    (left,) = reading.left_out
    assert left.reason == reason
    assert left.reason in LEFT_OUT
    x, y, w, h = left.box
    assert (image[y : y + h, x : x + w] < 150).any()
    before = sum(field(part, 1).shape[1] - 80 for part in text.split(text.strip("0123456789")[:1] or ".")[:1] if part)
    assert x >= before + 30 or reason == "dash"


def test_a_crossed_out_seven_is_never_a_sure_answer(reader):
    for seed in range(6):
        ink = np.pad(write("427", np.random.default_rng(seed), height=TALL, pen=PEN, loose=0.5), 40)
        columns = np.flatnonzero(ink[40:-40].any(axis=0))
        left = round(columns[-1] - 0.75 * TALL)
        for row in (0.4, 0.6):
            cv2.line(ink, (left, 40 + round((row + 0.1) * TALL)), (columns[-1] + 10, 40 + round((row - 0.1) * TALL)), 1.0, PEN)
        assert reader.read(paper(ink)).needs_review, seed


def test_a_dot_in_a_box_does_not_swallow_the_number(reader):
    image = field("12.50", 3)
    cv2.rectangle(image, (12, 12), (image.shape[1] - 12, image.shape[0] - 12), 90, 2)
    reading = reader.read(image)
    assert reading.text == "1250"
    assert "unread" in reading.review_reasons
    assert "dot or comma" in {left.reason for left in reading.left_out}


def test_a_dropped_digit_is_a_doubt():
    """A 1 that nobody read, beside a digit that is sure: what the digit model makes of it is in the confidence of the line."""

    class Dropping(Reader):
        def _strings(self, image, clock):
            ink, pieces, tilt = yield from super()._strings(image, clock)
            return ink, [row[1:] for row in pieces], tilt

    image = field("142", 1)
    whole, dropped = Reader(threshold=0).read(image), Dropping(threshold=0).read(image)
    assert (whole.text, dropped.text) == ("142", "42")
    assert "unread" in dropped.review_reasons
    assert dropped.confidence < 0.5 < whole.confidence


def test_the_black_edge_of_a_scan_is_no_digit_and_nothing_to_read(reader):
    image = field("427", 1)
    edged = np.hstack([np.full((len(image), 12), 20, np.uint8), image])
    reading = reader.read(edged)
    assert reading.text == reader.read(image).text == "427"
    assert "unread" not in reading.review_reasons
    assert [left.reason for left in reading.left_out] in (["at the edge"], [])


@pytest.mark.parametrize(
    "dark",
    [
        pytest.param((slice(None), slice(0, 30)), id="the black edge of a scan"),
        pytest.param((slice(0, 40), slice(None)), id="a binding"),
        pytest.param((slice(None), slice(140, None)), id="a desk beside the sheet"),
    ],
)
def test_a_page_whose_marks_all_lie_along_the_edge_says_so(reader, dark):
    image = np.full((300, 300), 225, np.uint8)
    image[dark] = 40
    reading = reader.read(image)
    assert reading.text == ""
    assert reading.refused


def test_specks_and_rules_are_not_left_out():
    digit = Region(40, 20, 20, 40, np.ones((40, 20), bool))
    mask = np.zeros((80, 200), bool)
    mask[20:60, 40:60] = True
    mask[30:32, 90:92] = True  # a speck
    mask[70:72, 5:190] = True  # a rule that was not taken out
    ink = Ink(np.where(mask, 200, 0).astype(np.uint8), mask, 4.0, 1.0)
    assert left_out(ink, [[digit]], ["8"]) == []


def at_the_left(height):
    """A 1 that was read, and a stroke that touches the left edge and is so high: the ink, and what was read."""
    mask = np.zeros((70, 70), bool)
    mask[15:60, 30:34] = True
    mask[60 - height : 60, :4] = True
    read = [[Region(30, 15, 4, 45, np.ones((45, 4), bool))]]
    return Ink(np.where(mask, 200, 0).astype(np.uint8), mask, 4.0, 1.0), read


def test_what_may_be_the_first_digit_of_a_tight_crop_is_a_doubt():
    (mark,) = left_out(*at_the_left(45), [["1"]])
    assert mark.line == 0


def test_a_rule_at_the_edge_is_none():
    ink, read = at_the_left(45)
    ink.mask[:, :4] = True
    (mark,) = left_out(ink, read, [["1"]])
    assert (mark.reason, mark.line) == ("at the edge", None)


def test_what_lies_along_the_edge_is_no_doubt_where_one_digit_is_asked_for():
    (mark,) = left_out(*at_the_left(45), [["1"]], single=True)
    assert (mark.reason, mark.line) == ("at the edge", None)
