"""All ink is accounted for: what was not read is named with a box and a reason, and an answer that leaves writing out is never sure."""

import cv2
import numpy as np
import pytest

from inkdigits import Reader
from inkdigits.layout.grouping import page_ink
from inkdigits.layout.ink import Ink
from inkdigits.layout.regions import Region, join, regions
from inkdigits.lines import LEFT_OUT
from inkdigits.models import SHIPPED
from inkdigits.recognition.leftout import PrintRow, ReadLine, left_out
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
pytestmark = pytest.mark.skipif(not (SHIPPED / "number" / "model.onnx").exists(), reason="no number model ships yet")


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


@pytest.mark.parametrize("text", ["42A", "1e5"])
@pytest.mark.parametrize("seed", range(4))
def test_what_has_more_than_numbers_in_it_is_never_a_sure_answer(reader, text, seed):
    reading = reader.read(field(text, seed))
    assert reading.needs_review
    assert reading.review_reasons


@pytest.mark.parametrize("text", ["3.14", "-42", "1/2", "42%"])
@pytest.mark.parametrize("seed", range(4))
def test_signs_are_read_or_the_answer_is_never_sure(reader, text, seed):
    reading = reader.read(field(text, seed))
    assert reading.text == text or reading.needs_review


@pytest.mark.parametrize("seed", range(4))
def test_digits_alone_are_all_read(reader, seed):
    reading = reader.read(field("4270", seed))
    assert not {mark.reason for mark in reading.left_out}
    assert "unread" not in reading.review_reasons


def parted(text: str, seed: int) -> tuple[Ink, list[Region]]:
    """The ink of a field, and a region for each of its characters, left to right."""
    ink, _ = page_ink(field(text, seed), 1200)
    found = sorted(regions(ink.mask), key=lambda region: region.x)
    assert len(found) == len(text), "each is one piece"
    return ink, found


NAMED = [
    pytest.param("42A", "letter", id="letter"),
    pytest.param("3.14", "dot or comma", id="point"),
    pytest.param("-42", "dash", id="minus"),
    pytest.param("4/2", "slash", id="slash"),
]


@pytest.mark.parametrize(("text", "reason"), NAMED)
def test_what_was_not_read_is_named_where_it_is(text, reason):
    ink, found = parted(text, 1)
    rest = next(region for region, character in zip(found, text, strict=True) if not character.isdigit())
    (mark,) = left_out(ink, [ReadLine([region for region in found if region is not rest])])
    assert (mark.reason, mark.line) == (reason, 0)
    assert mark.reason in LEFT_OUT
    box = (rest.x, rest.y, rest.width, rest.height)
    assert (mark.region.x, mark.region.y, mark.region.width, mark.region.height) == box


@pytest.mark.parametrize(("text", "reason"), NAMED)
def test_what_was_read_without_a_region_is_not_left_out(text, reason):
    """A point, for one, is none of the regions of its line: the network says in which columns it is."""
    ink, found = parted(text, 1)
    rest = next(region for region, character in zip(found, text, strict=True) if not character.isdigit())
    read = [region for region in found if region is not rest]
    assert left_out(ink, [ReadLine(read, columns=[(rest.x - 3, rest.right + 3)])]) == []
    elsewhere = ReadLine(read, columns=[(rest.right + 3, rest.right + 9)])
    assert [mark.reason for mark in left_out(ink, [elsewhere])] == [reason]


def test_what_was_seen_to_be_no_number_is_left_out_once():
    ink, (four, two, letter) = parted("42A", 1)
    (mark,) = left_out(ink, [ReadLine([four, two], [letter])])
    assert (mark.region, mark.reason, mark.line) == (letter, "letter", 0)


def test_each_mark_is_of_the_line_that_it_is_beside():
    ink, (four, two, letter) = parted("42A", 1)
    low = Ink(np.vstack([ink.strength] * 2), np.vstack([ink.mask] * 2), ink.stroke, ink.scale)
    down = [Region(r.x, r.y + len(ink.mask), r.width, r.height, r.mask) for r in (four, two, letter)]
    lines = [ReadLine([four, two, letter]), ReadLine(down[:2])]
    assert [(mark.line, mark.region.y) for mark in left_out(low, lines)] == [(1, down[2].y)]


def test_a_letter_is_named_where_it_is_by_the_reader(reader):
    image = field("42A", 1)
    reading = reader.read(image)
    assert "unread" in reading.review_reasons
    (left,) = reading.left_out
    assert left.reason == "letter"
    x, y, w, h = left.box
    assert (image[y : y + h, x : x + w] < 150).any()
    assert x >= field("42", 1).shape[1] - 80 + 30


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
    assert "".join(character for character in reading.text if character.isdigit()) == "1250"
    assert reading.text == "12.50" or reading.needs_review


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
    assert left_out(ink, [ReadLine([digit])]) == []


def ink_of(*boxes):
    """Ink that fills boxes x, y, width, height on a page of 100 x 300, and a region for each of them."""
    mask = np.zeros((100, 300), bool)
    for x, y, w, h in boxes:
        mask[y : y + h, x : x + w] = True
    return Ink(np.where(mask, 200, 0).astype(np.uint8), mask, 4.0, 1.0), [Region(x, y, w, h, np.ones((h, w), bool)) for x, y, w, h in boxes]


@pytest.mark.parametrize(
    ("box", "share", "reason"),
    [
        pytest.param((80, 22, 30, 36), 1.0, "crossed out", id="full of strokes"),
        pytest.param((80, 22, 20, 36), 1.0, "letter", id="as high as a digit"),
        pytest.param((80, 32, 18, 16), 1.0, "not a digit", id="lower than half a digit"),
        pytest.param((80, 38, 24, 5), 1.0, "dash", id="low and wide"),
        pytest.param((80, 22, 20, 36), 0.41, "faint", id="paler than 0.42 of the digit"),
        pytest.param((80, 22, 20, 36), 0.42, "letter", id="just that pale"),
        pytest.param((80, 48, 6, 6), 0.41, None, id="a pale dot"),
        pytest.param((80, 48, 6, 6), 1.0, "dot or comma", id="a dot as low as one stands"),
        pytest.param((80, 24, 6, 6), 1.0, None, id="a dot higher than one stands"),
    ],
)
def test_what_is_beside_a_digit_is_named_by_its_shape_and_its_strength(box, share, reason):
    """The digit is 40 pixels high, of strokes 4 pixels wide."""
    ink, (digit, part) = ink_of((40, 20, 20, 40), box)
    ink.strength[part.y : part.bottom, part.x : part.right] = round(200 * share)
    found = left_out(ink, [ReadLine([digit])])
    assert [(mark.reason, mark.line) for mark in found] == ([(reason, 0)] if reason else [])
    assert reason is None or reason in LEFT_OUT


@pytest.mark.parametrize(
    ("box", "line"),
    [
        pytest.param((140, 22, 20, 36), 0, id="two heights from the digit"),
        pytest.param((141, 22, 20, 36), None, id="a pixel more"),
        pytest.param((80, 58, 20, 36), 0, id="its middle as far below the digit as is level"),
        pytest.param((80, 59, 20, 36), None, id="a pixel lower"),
    ],
)
def test_a_mark_is_beside_a_line_up_to_two_heights_away_and_where_it_is_level(box, line):
    ink, (digit, _) = ink_of((40, 20, 20, 40), box)
    assert [(mark.reason, mark.line) for mark in left_out(ink, [ReadLine([digit])])] == [("letter", line)]


def test_a_row_of_print_is_one_mark_with_its_dots():
    """Letters, the dot of an i, a full stop; and a stroke that is none of the label's."""
    ink, (digit, first, second, *_) = ink_of(
        (20, 20, 20, 40), (130, 30, 12, 30), (160, 30, 12, 30), (148, 32, 6, 6), (178, 54, 6, 6), (240, 30, 12, 30)
    )
    printed, other = left_out(ink, [ReadLine([digit])], [PrintRow(join([first, second]), sure=True)])
    assert printed.reason == "print"
    assert (printed.region.x, printed.region.y, printed.region.right, printed.region.bottom) == (130, 30, 184, 60)
    assert (other.region.x, other.reason) == (240, "letter")


@pytest.mark.parametrize(
    ("sure", "left", "line"),
    [
        pytest.param(True, 60, None, id="print beyond doubt, beside a number"),
        pytest.param(False, 60, 0, id="it may be a number, beside one"),
        pytest.param(False, 200, None, id="it may be a number, far from any"),
    ],
)
def test_a_row_of_print_is_a_doubt_where_it_may_be_more_beside_a_number(sure, left, line):
    ink, (digit, row) = ink_of((20, 20, 20, 40), (left, 20, 60, 40))
    (printed,) = left_out(ink, [ReadLine([digit])], [PrintRow(row, sure)])
    assert (printed.region.x, printed.reason, printed.line) == (left, "print", line)


def test_what_is_around_a_row_of_print_and_beside_what_was_read_stays_a_doubt():
    """A dash between a label and a digit may be a minus."""
    ink, (label, _, digit) = ink_of((20, 20, 60, 40), (88, 38, 16, 5), (112, 20, 20, 40))
    printed, dash = left_out(ink, [ReadLine([digit])], [PrintRow(label, sure=True)])
    assert (printed.region.right, printed.line) == (80, None)
    assert (dash.reason, dash.line) == ("dash", 0)


def test_what_is_larger_than_a_row_of_print_is_none_of_it():
    """The wall of a box, for one, which is a rule."""
    ink, (digit, label, _) = ink_of((20, 20, 20, 40), (150, 40, 60, 20), (212, 5, 4, 90))
    (printed,) = left_out(ink, [ReadLine([digit])], [PrintRow(label, sure=True)])
    assert (printed.region.right, printed.region.height) == (210, 20)


def at_the_left(height):
    """A 1 that was read, and a stroke that touches the left edge and is so high: the ink, and what was read."""
    mask = np.zeros((70, 70), bool)
    mask[15:60, 30:34] = True
    mask[60 - height : 60, :4] = True
    read = [ReadLine([Region(30, 15, 4, 45, np.ones((45, 4), bool))])]
    return Ink(np.where(mask, 200, 0).astype(np.uint8), mask, 4.0, 1.0), read


def test_what_may_be_the_first_digit_of_a_tight_crop_is_a_doubt():
    (mark,) = left_out(*at_the_left(45))
    assert mark.line == 0


def test_a_rule_at_the_edge_is_none():
    ink, read = at_the_left(45)
    ink.mask[:, :4] = True
    (mark,) = left_out(ink, read)
    assert (mark.reason, mark.line) == ("at the edge", None)


def test_what_lies_along_the_edge_is_no_doubt_where_one_digit_is_asked_for():
    (mark,) = left_out(*at_the_left(45), single=True)
    assert (mark.reason, mark.line) == ("at the edge", None)
