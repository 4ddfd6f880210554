"""Pen strokes of a canvas -> an image that the reader can read, as the bytes of a PGM file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from inkdigits.arrays import Bytes
from inkdigits.errors import InputError
from inkdigits.reading import Reading

SIDE = 1200
"""Longest side, in pixels, that strokes are drawn at: no more than a page is looked at."""
MARGIN = 0.15
"""Paper around the strokes, as a share of their shorter side, where the canvas is not given."""
PEN = 0.07
"""Width of the pen as a share of the height of the strokes, where it is not given."""
FINE = 4
"""Fractions of a pixel, in bits, that points are drawn at."""
WIDEST = 255
"""Pixels: OpenCV draws no wider lines."""
Points = Sequence[Sequence[float]]


def drawn(
    strokes: Sequence[Points], width: float | None = None, height: float | None = None, pen: float | None = None
) -> tuple[bytes, float]:
    """Draw strokes, each of points (x, y) or (x, y, time), black on white.

    width, height: of the canvas, in the units of the points; by default what holds the strokes. pen: its width in the same units.
    Returns the bytes of a PGM file and the units of the points for one of its pixels. Raises InputError where there is nothing to draw.
    """
    curves = [np.array([point[:2] for point in stroke], np.float64) for stroke in strokes if len(stroke)]
    if not curves:
        raise InputError("strokes", "there are none", "send the points of at least one stroke")
    every = np.concatenate(curves)
    low, high = every.min(axis=0), every.max(axis=0)
    size = np.maximum(high - low, 1.0)
    pen = pen or max(PEN * float(size[1]), 0.02 * float(size.max()))
    origin = np.zeros(2)
    if width is None or height is None:
        border = MARGIN * float(size.min()) + 2 * pen
        origin, (width, height) = low - border, high - low + 2 * border
    unit = max(max(width, height) / SIDE, min(1.0, max(width, height) / 200))  # small canvases are drawn larger
    shape = max(2, round(height / unit)), max(2, round(width / unit))
    sheet = np.full(shape, 255, np.uint8)
    for curve in curves:
        points = np.round((curve - origin) / unit * (1 << FINE)).clip(-(1 << 24), 1 << 24).astype(np.int32)
        if len(points) == 1:
            points = np.repeat(points, 2, axis=0)  # a dot
        cv2.polylines(sheet, [points], False, 0, min(max(1, round(pen / unit)), WIDEST), cv2.LINE_AA, FINE)
    return pgm(sheet), unit


def enlarged(reading: Reading, unit: float) -> Reading:
    """A Reading whose boxes, in pixels of what was drawn, are in the units of the points."""

    def box(of: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        x, y, w, h = (round(v * unit) for v in of)
        return x, y, w, h

    lines = tuple(line.moved(box) for line in reading.lines)
    return replace(reading, lines=lines, left_out=tuple(replace(left, box=box(left.box)) for left in reading.left_out))


def pgm(image: Bytes) -> bytes:
    """A grey image, uint8 (H, W), as the bytes of a file that takes no time to write or to read."""
    return b"P5 %d %d 255\n" % (image.shape[1], image.shape[0]) + image.tobytes()
