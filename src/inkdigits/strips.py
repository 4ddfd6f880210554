"""A line of regions -> strip: float32 (32, W), 1 = ink: the line upright and level, digits 20 pixels tall, wide gaps closed.

What the line model reads, for photos and for training alike. The strokes come with a narrow surrounding of their own, so that what is too
faint for the mask is still seen, and without what belongs to other lines, to ruled lines and to boxes.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from .ink import Ink, quantile
from .regions import Region
from .tiles import LEVEL

Float = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.intp]

HEIGHT, DIGIT, GAP, EDGE = 32, 20, 8, 6
"""Pixels: of the strip, of a digit in it, the widest gap left in it, and the white before and after the line."""
CONTRACT: dict[str, int | float | str] = {"version": 1, "height": HEIGHT, "digit": DIGIT, "gap": GAP, "level": LEVEL}
"""How a strip is made; a line model's card carries a copy."""


@dataclass(frozen=True, slots=True)
class Strip:
    """image: float32 (32, W) in [0, 1], W a multiple of 4. spans: first column of each region of the line, and the one after its last."""

    image: Float
    spans: list[tuple[float, float]]


def strip(ink: Ink, row: list[Region], slant: float, others: NDArray[np.bool_]) -> Strip:
    """Cut a line out of the ink.

    row: the regions of the line, left to right. slant: how it leans, see `lean`. others: bool (h, w) as ink.mask, all that was ever taken
    for strokes: rules too.
    """
    tall, (level, slope) = digit_height(row), _level(row)
    scale = DIGIT / tall
    rim = round(ink.stroke) + 1
    left, right = max(min(r.x for r in row) - rim, 0), min(max(r.right for r in row) + rim, ink.mask.shape[1])
    top, bottom = max(min(r.y for r in row) - rim, 0), min(max(r.bottom for r in row) + rim, ink.mask.shape[0])
    window = (slice(top, bottom), slice(left, right))
    own = np.zeros((bottom - top, right - left), np.uint8)
    for r in row:
        own[r.y - top : r.bottom - top, r.x - left : r.right - left] |= r.mask
    inside = own.astype(bool)
    near = cv2.dilate(own, np.ones((2 * rim - 1, 2 * rim - 1), np.uint8)).astype(bool) & ~(others[window] & ~inside)
    strength = ink.strength[window]
    full = max(quantile(strength[inside], LEVEL), 1.0)
    image = np.where(near, np.minimum(strength.astype(np.float32) / np.float32(full), 1), 0).astype(np.float32)

    # Area averaging to the size of the strip first, then one affine step: slope out, slant out.
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    start = level + slope * left - top  # the middle of the line at the first column, in pixels of the window
    # y' = y - slope * x - start + 16;  x' = x + slant * (y' - 16) + shift
    shift = abs(slant) * HEIGHT / 2 + EDGE
    matrix = np.array([[1 - slant * slope, slant, shift - slant * start * scale], [-slope, 1, HEIGHT / 2 - start * scale]])
    wide = int(np.ceil(size[0] + 2 * shift))
    upright = cv2.warpAffine(small, matrix, (wide, HEIGHT), flags=cv2.INTER_LINEAR)

    spans = []
    for r in row:
        ys, xs = np.nonzero(r.mask)
        x, y = (xs + r.x - left) * scale, (ys + r.y - top) * scale
        place = matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]
        spans.append((float(place.min()), float(place.max()) + 1))
    kept, at = _squeezed(spans, wide)
    width = -(-len(kept) // 4) * 4
    out = np.zeros((HEIGHT, width), np.float32)
    out[:, : len(kept)] = np.minimum(upright[:, kept], 1)
    return Strip(out, [(float(at[max(int(a), 0)]), float(at[min(int(np.ceil(b)), wide - 1)])) for a, b in spans])


def digit_height(row: list[Region]) -> float:
    """The usual height of a digit of the line: the median of the heights, weighed by themselves."""
    heights = sorted(r.height for r in row)
    half, total = sum(heights) / 2, 0
    for height in heights:
        total += height
        if total >= half:
            return float(height)
    raise ValueError("a line has at least one region")


def lean(row: list[Region]) -> float:
    """Shift to the right per pixel upwards: the shear under which the columns of the line are fullest and emptiest."""
    shears = np.linspace(-0.3, 0.9, 13)
    score = np.zeros(len(shears))
    step = max(1, round(digit_height(row) / 16))  # a coarse look will do
    for region in row:
        ys, xs = np.nonzero(region.mask[::step, ::step])
        wide = 2 * region.height + region.width  # room for every shear
        places = (xs + shears[:, None] * (ys + 1)).astype(np.intp) + region.height + wide * np.arange(len(shears))[:, None]
        columns = np.bincount(places.ravel(), minlength=wide * len(shears)).reshape(len(shears), wide)
        score += (columns * columns).sum(axis=1)
    return float(shears[np.argmax(score)])


def _level(row: list[Region]) -> tuple[float, float]:
    """The middle of the line as level + slope * x, by least squares over the regions."""
    x = np.array([r.x + r.width / 2 for r in row])
    y = np.array([r.y + r.height / 2 for r in row])
    weight = np.array([float(r.height) for r in row])
    weight /= weight.sum()
    dx = x - weight @ x
    spread = float(weight @ dx**2)
    tall = float(weight @ [r.height for r in row])
    # Few digits, or digits of several heights close together, say nothing of a slope.
    slope = float(np.clip(weight @ (dx * y) / spread, -0.3, 0.3)) if spread > (1.2 * tall) ** 2 else 0.0
    return float(weight @ y - slope * (weight @ x)), slope


def _squeezed(spans: list[tuple[float, float]], wide: int) -> tuple[Ints, Ints]:
    """The columns that stay when gaps are cut to GAP; and where each column of before is after that."""
    inked = np.zeros(wide, bool)
    for a, b in spans:
        inked[max(int(a), 0) : int(np.ceil(b))] = True
    columns = np.flatnonzero(inked)
    if columns.size == 0:
        return np.arange(wide), np.arange(wide)
    keep = np.zeros(wide, bool)
    keep[max(columns[0] - EDGE, 0) : columns[-1] + EDGE + 1] = True
    for before, after in pairwise(columns.tolist()):
        if after - before - 1 > GAP:
            keep[before + 1 + GAP // 2 : after - GAP // 2] = False
    return np.flatnonzero(keep), np.cumsum(keep) - 1
