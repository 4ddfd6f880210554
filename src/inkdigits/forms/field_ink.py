"""A field of a registered page -> its ink alone: cropped straight, the blank's print taken away from under it.

Where the blank has print, what is under it is not seen; ink that stands on both sides of a line is taken to go through it (grey-level
closings along four directions: Serra, Image Analysis and Mathematical Morphology, 1982), and what is darker than the print alone is ink.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ..arrays import Bytes, Double, Float, Mask
from ..layout.ink import Ink, stroke_width
from ..layout.regions import Region, join, regions
from ..lines import Box

TALL = 40.0, 110.0
"""The height of a field's box in its crop, in pixels: no less and no more."""
AROUND = 0.35
"""Room around a box, in its heights, at most MOST_AROUND pixels of the crop: people write over the edges."""
MOST_AROUND = 36
PRINTED = 0.08
"""Where the blank takes away more than this share of the light there is print."""
DARKER = 0.2
"""What takes away so much more than the print does alone is ink on it."""
BRIDGED = 4
"""Ink goes through print that is no wider than so many pixels more than its lines."""
INKED = 0.16
"""Ink takes away more than this share of the light. Set by eye on composed stacks of seed 7."""
MANY, PALE = 20, 0.4
"""Where a box has more than MANY pixels of ink, what is less than PALE times as dark as the darkest of it is none."""
SHIFT = 0.08
"""How far print is looked for from where the registration puts it, in heights of the box: paper bends."""
ALIKE = 0.5
"""Print is found where it correlates so well."""
INSIDE = 0.5
"""A stroke is of this field where such a share of it is in the box."""
DOT = 0.03
"""A decimal point is larger than this share of the box's height; grain is smaller."""
SPECK = 0.12
"""What is smaller than this share of the box's height is a speck."""


@dataclass(frozen=True, slots=True)
class FieldInk:
    """The ink of a field. ink: its strength and mask in the crop; box: the field's box in it; left, top: of the crop in the blank's
    image, and scale: pixels of the crop for one of the blank's image."""

    ink: Ink
    box: tuple[float, float, float, float]
    left: float
    top: float
    scale: float


def crop(page: Bytes, way: Double, box: Box) -> Bytes:
    """A field as a person is shown it, straight, with room around it, print and all: uint8 (h, w). page, way, box: as for `ink_in`."""
    left, top, scale, size = _window(way, box)
    return _cropped(page, way, left, top, scale, size)


def ink_in(page: Bytes, way: Double, blank: Bytes, box: Box) -> FieldInk:
    """Take the ink of a field from a page.

    page, blank: uint8 (H, W), grey. way: float64 (3, 3), a homography from the blank's pixels to the page's. box: in the blank.
    """
    x, y, w, h = box
    left, top, scale, size = _window(way, box)
    printed = _taken(_cropped(blank, np.eye(3), left, top, scale, size))
    own = _taken(_cropped(page, way, left, top, scale, size))
    dx, dy = _shift(printed, own, max(2, round(SHIFT * h * scale)))
    if dx or dy:
        moved = way @ np.array([[1, 0, dx / scale], [0, 1, dy / scale], [0, 0, 1.0]])
        own = _taken(_cropped(page, moved, left, top, scale, size))
    clean = without_print(own, printed)
    inner = ((x - left) * scale, (y - top) * scale, w * scale, h * scale)
    strength, mask = _of_field(clean, inner)
    return FieldInk(Ink(strength, mask, stroke_width(mask), 1.0), inner, left, top, scale)


def without_print(taken: Float, printed: Float) -> Float:
    """Take the print away: the light that writing and print take, and that print alone takes, float32 (h, w) in [0, 1] each -> what the
    writing takes, the same."""
    strong = printed > 0.3
    if not (printed > PRINTED).any():
        return taken
    near = cv2.dilate(printed, np.ones((3, 3), np.uint8))
    hidden = cv2.dilate((printed > PRINTED).view(np.uint8), np.ones((3, 3), np.uint8)).view(bool)
    gain = float(np.clip(np.median(taken[strong] / printed[strong]), 0.3, 1.3)) if strong.any() else 1.0
    seen = np.where(hidden, 0, taken).astype(np.float32)
    width = 2 * (round(_thick(hidden)) + BRIDGED) // 2 + 1
    through = np.zeros_like(seen)
    for line in _lines(width):
        np.maximum(through, cv2.morphologyEx(seen, cv2.MORPH_CLOSE, line), out=through)
    on_top = np.clip(taken - gain * near - DARKER, 0, 1) * (1 + DARKER)
    found: Float = np.where(hidden, np.maximum(through, on_top), taken).astype(np.float32)
    return found


def in_cells(written: FieldInk, cells: int) -> list[Region | None]:
    """The strokes of each cell of a comb, left to right; None where a cell is empty. A stroke is of the cell that has most of it; one that
    lies in several is cut at the walls between them."""
    left, _, wide, tall = written.box
    cell, mask = wide / cells, written.ink.mask
    parts: list[list[Region]] = [[] for _ in range(cells)]
    for region in regions(mask):
        columns = (region.x + np.arange(region.width) + 0.5 - left) / cell
        shares = np.bincount(np.clip(columns.astype(int), 0, cells - 1), weights=np.count_nonzero(region.mask, axis=0), minlength=cells)
        home = int(shares.argmax())
        if shares[home] >= 0.7 * shares.sum() or region.width < 1.15 * cell:
            parts[home].append(region)
            continue
        for number in np.flatnonzero(shares > 0.1 * shares.sum()).tolist():
            first, last = round(left + number * cell), round(left + (number + 1) * cell)
            inside = np.zeros_like(mask)
            inside[region.y : region.bottom, region.x : region.right] = region.mask
            inside[:, : max(first, 0)] = inside[:, max(last, 0) :] = False
            if inside.any():
                parts[number].append(join(regions(inside)))
    return [join(own) if own and max(max(r.width, r.height) for r in own) > 2 * SPECK * tall else None for own in parts]


def share_inked(written: FieldInk) -> float:
    """The share of a small box that is inked, its edge left out: in [0, 1]."""
    x, y, w, h = written.box
    rim = 0.1
    first, last = (round(x + rim * w), round(x + w - rim * w)), (round(y + rim * h), round(y + h - rim * h))
    inside = written.ink.mask[max(last[0], 0) : last[1], max(first[0], 0) : first[1]]
    return float(inside.mean()) if inside.size else 0.0


def _window(way: Double, box: Box) -> tuple[float, float, float, tuple[int, int]]:
    """The part of the blank's plane that a field is seen in: left and top, in pixels of the blank's image; pixels of the crop for one of
    these; the width and height of the crop."""
    x, y, w, h = box
    middle = np.array([x + w / 2, y + h / 2, 1.0])
    scale = float(np.clip(_magnified(way, middle), TALL[0] / h, max(TALL[1] / h, TALL[0] / h)))
    rim = min(AROUND * h, MOST_AROUND / scale)
    return x - rim, y - rim, scale, (max(2, round((w + 2 * rim) * scale)), max(2, round((h + 2 * rim) * scale)))


def _magnified(way: Double, point: Double) -> float:
    """How many pixels of the page stand for one of the blank at a point."""
    x, y, z = way @ point
    jacobian = (way[:2, :2] * z - np.outer((x, y), way[2, :2])) / z**2
    return float(np.sqrt(abs(np.linalg.det(jacobian))))


def _cropped(image: Bytes, way: Double, left: float, top: float, scale: float, size: tuple[int, int]) -> Bytes:
    """A part of the blank's plane as an image shows it: uint8 (h, w)."""
    half = (1 / scale - 1) / 2
    plane = way @ np.array([[1 / scale, 0, left + half], [0, 1 / scale, top + half], [0, 0, 1.0]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpPerspective(image, plane, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _taken(grey: Bytes) -> Float:
    """The share of the paper's light that is taken away: uint8 (h, w) -> float32 (h, w) in [0, 1]."""
    side = min(grey.shape) // 2 | 1
    paper = cv2.morphologyEx(cv2.medianBlur(grey, 3), cv2.MORPH_CLOSE, np.ones((side, side), np.uint8), borderType=cv2.BORDER_REPLICATE)
    smooth = cv2.blur(paper, (side, side)).astype(np.float32)
    found: Float = np.clip(1 - grey.astype(np.float32) / np.maximum(smooth, 16), 0, 1)
    return found


def _shift(printed: Float, own: Float, reach: int) -> tuple[float, float]:
    """By how many pixels of a crop the print is off, right and down: where it correlates best; 0, 0 where that is not clear."""
    high, wide = printed.shape
    if (printed > 0.3).mean() < 0.01 or high <= 4 * reach or wide <= 4 * reach:
        return 0.0, 0.0
    window = printed[reach : high - reach, reach : wide - reach]
    fit = cv2.matchTemplate(np.minimum(own, 0.8), np.minimum(window, 0.8), cv2.TM_CCOEFF_NORMED)
    row, column = divmod(int(fit.argmax()), fit.shape[1])
    if fit[row, column] < ALIKE or fit[row, column] < fit[reach, reach] + 0.02:
        return 0.0, 0.0
    return float(column - reach), float(row - reach)


def _thick(mask: Mask) -> float:
    """The width of the lines of a mask in pixels; of what is much wider, as printed words are, no more than 12."""
    return min(2 * float(np.quantile(cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, 3)[mask], 0.9)), 12.0)


def _lines(width: int) -> Sequence[Bytes]:
    """Lines of so many pixels, level, upright and both ways between."""
    level, upright = np.ones((1, width), np.uint8), np.ones((width, 1), np.uint8)
    leaning = np.eye(width, dtype=np.uint8)
    return level, upright, leaning, np.ascontiguousarray(leaning[::-1])


def _of_field(clean: Float, box: tuple[float, float, float, float]) -> tuple[Bytes, Mask]:
    """What of the ink of a crop belongs to its field: the strength, uint8 (h, w), and the mask, bool (h, w)."""
    x, y, w, h = box
    smooth = cv2.GaussianBlur(clean, (0, 0), 0.7)
    noise = float(np.median(smooth) + 5 * 1.4826 * np.median(np.abs(smooth - np.median(smooth))))
    level = max(INKED, min(noise, 0.4))
    inside = smooth[max(round(y), 0) : round(y + h), max(round(x), 0) : round(x + w)]
    dark = inside[inside > level]
    if dark.size > MANY:  # what is far paler than the strokes is a stain, or shines through
        level = max(level, PALE * float(np.quantile(dark, 0.95)))
    mask = smooth > level
    kept = np.zeros(mask.shape, bool)
    for region in regions(mask):
        window = (slice(region.y, region.bottom), slice(region.x, region.right))
        rows = slice(max(round(y - region.y), 0), max(round(y + h - region.y), 0))
        columns = slice(max(round(x - region.x), 0), max(round(x + w - region.x), 0))
        share = float(region.mask[rows, columns].sum()) / float(region.mask.sum())
        if share >= INSIDE and max(region.width, region.height) > DOT * h and np.count_nonzero(region.mask) > 4:
            kept[window] |= region.mask
    near = cv2.dilate(kept.view(np.uint8), np.ones((3, 3), np.uint8)).view(bool)
    strength = np.where(near, np.round(255 * np.clip(clean, 0, 1)), 0).astype(np.uint8)
    return strength, kept
