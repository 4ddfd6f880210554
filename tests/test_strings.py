"""Strings: a line of regions becomes digits, whatever touches; what is no digit is left out. The classifier is a stand-in."""

import cv2
import numpy as np
import pytest

from inkdigits.ink import Ink
from inkdigits.layout import lines
from inkdigits.strings import digits

NONE = 10


def ink_of(*boxes):
    """Filled boxes (x, y, width, height) on an empty sheet."""
    strength = np.zeros((100, 400), np.uint8)
    for x, y, w, h in boxes:
        cv2.rectangle(strength, (x, y), (x + w - 1, y + h - 1), 255, -1)
    return Ink(strength, strength > 0, 8.0, 1.0)


def narrow_is_a_digit(tiles):
    """A 1 if the ink is clearly taller than wide, else no digit."""
    out = np.full((len(tiles), 11), 0.001)
    for row, tile in zip(out, tiles, strict=True):
        ys, xs = np.nonzero(tile > 0.5)
        row[1 if np.ptp(ys) > 1.3 * np.ptp(xs) else NONE] = 0.99
    return (out / out.sum(axis=1, keepdims=True)).astype(np.float32)


def read(ink, lines, classify, none):
    """Answer what `digits` asks."""
    steps = digits(ink, lines, none)
    try:
        tiles = next(steps)
        while True:
            tiles = steps.send(classify(tiles))
    except StopIteration as end:
        return end.value


def labels(rows):
    return [[int(np.argmax(piece.probabilities)) for piece in row] for row in rows]


@pytest.mark.parametrize(
    ("boxes", "found"),
    [
        pytest.param([(20, 20, 24, 50), (80, 20, 24, 50)], [[1, 1]], id="two apart"),
        pytest.param([(20, 20, 24, 50), (80, 22, 44, 46)], [[1]], id="one of them is no digit"),
        pytest.param([(20, 20, 44, 46), (80, 22, 44, 46)], [], id="none is a digit"),
        pytest.param([(20, 20, 24, 50), (42, 40, 20, 8), (60, 20, 24, 50)], [[1, 1]], id="tied together"),
    ],
)
def test_digits_of_a_line(boxes, found):
    ink = ink_of(*boxes)
    assert labels(read(ink, lines(ink), narrow_is_a_digit, NONE)) == found


def test_pieces_lie_where_the_strokes_are():
    ink = ink_of((20, 20, 24, 50), (42, 40, 20, 8), (60, 20, 24, 50))
    first, second = read(ink, lines(ink), narrow_is_a_digit, NONE)[0]
    assert first.region.x == 20
    assert second.region.right == 84
    assert abs(first.region.right - second.region.x) <= 1


def test_without_a_class_for_it_everything_is_some_digit():
    ink = ink_of((20, 20, 24, 50), (80, 22, 44, 46))
    rows = read(ink, lines(ink), lambda tiles: narrow_is_a_digit(tiles)[:, :10], None)
    assert len(rows[0]) == 2
