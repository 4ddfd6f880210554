"""mask -> mask without ruled lines, form boxes and table grids; the strokes that cross them stay whole."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Bytes = NDArray[np.uint8]
Labels = NDArray[np.int32]
Box = tuple[int, int, int, int]

LONG = 2.2
"""A rule is at least this many digit heights long. Tuned on photos_multi: below 2 it eats the stems of 1, 7 and 9."""


def without_rules(mask: Mask, stroke: float) -> Mask:
    """Take straight horizontal and vertical lines out.

    mask: bool (h, w). stroke: width of the strokes in pixels. A line is a chain of straight runs, so it may lean by some degrees or bend
    with the page. Lines that are no longer than writing is tall go too where both their ends lie on longer ones: the walls of boxes.
    """
    if not mask.any():
        return mask
    height = digit_height(mask, stroke)
    plain = mask.astype(np.uint8)
    rules = np.zeros_like(plain)
    gap = int(2 * stroke + 3) | 1
    chains = [_chains(plain, height, stroke, gap, vertical) for vertical in (False, True)]
    for vertical, (labels, boxes) in enumerate(chains):
        rules |= np.array([False, *(box[2 + vertical] >= LONG * height for box in boxes)])[labels]
    if not rules.any():
        return mask
    for vertical, (labels, boxes) in enumerate(chains):
        crossed = cv2.dilate(rules, np.ones((gap + 2, gap + 2), np.uint8))
        rules |= np.array([False, *(_between(box, bool(vertical), crossed) for box in boxes)])[labels]
    rules &= plain
    left = plain & (1 - rules)
    # Where a stroke crosses a rule, both its ends are close by: closing the gap brings the crossing back, not the rule.
    bridged = cv2.morphologyEx(left, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (gap, gap)))
    whole = (left | (bridged & rules)).astype(bool)
    return _without_crumbs(whole, rules, height)


def digit_height(mask: Mask, stroke: float) -> float:
    """The usual height of a written sign, in pixels: the median over components that are neither specks nor lines."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    w, h, area = stats[1:, 2], stats[1:, 3], stats[1:, 4]
    signs = (h > max(3 * stroke, 6)) & (w < 4 * h) & (h < 8 * w) & (h < 0.95 * mask.shape[0]) & (area > 0.08 * w * h)
    if not signs.any():
        return float(0.6 * min(mask.shape))
    # Grain is frequent and small: weigh by height.
    order = np.argsort(h[signs])
    weights = np.cumsum(h[signs][order])
    typical = np.sort(h[signs])[int(np.searchsorted(weights, weights[-1] / 2))]
    return float(typical)


def _chains(plain: Bytes, height: float, stroke: float, gap: int, vertical: bool) -> tuple[Labels, list[Box]]:
    """Straight thin runs along one axis, chained where a crossing stroke or a little lean parts them.

    Returns int32 (h, w) labels and, for labels from 1, the box (x, y, w, h) of each chain; a chain that is no thin line has an empty box.
    """
    length = max(12, int(0.75 * height))

    def window(across: int, along: int) -> Bytes:
        return np.ones((along, across) if vertical else (across, along), np.uint8)

    runs = cv2.morphologyEx(cv2.dilate(plain, window(3, 1)), cv2.MORPH_OPEN, window(1, length))
    runs &= 1 - cv2.morphologyEx(runs, cv2.MORPH_OPEN, window(int(3 * stroke + 4), 1))
    joined = cv2.morphologyEx(runs, cv2.MORPH_CLOSE, window(1, gap))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    solid = np.bincount(labels[runs > 0], minlength=len(stats))[1:] > 0.85 * stats[1:, 4]  # serifs in a row are gaps and runs
    boxes: list[Box] = []
    for (x, y, w, h, area), whole in zip(stats[1:].tolist(), solid.tolist(), strict=True):
        long, across = (h, w) if vertical else (w, h)
        thin = whole and across <= max(3 * stroke + 6, 0.1 * long) and area <= long * (3 * stroke + 4)
        boxes.append((x, y, w, h) if thin else (x, y, 0, 0))
    return labels, boxes


def _between(box: Box, vertical: bool, crossed: Bytes) -> bool:
    x, y, w, h = box
    if not w:
        return False
    first = crossed[y, x : x + w] if vertical else crossed[y : y + h, x]
    last = crossed[y + h - 1, x : x + w] if vertical else crossed[y : y + h, x + w - 1]
    return bool(first.any() and last.any())


def _without_crumbs(mask: Mask, rules: Bytes, height: float) -> Mask:
    """Drop the small leftovers that touch what was taken out: shreds of rules, not writing."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    touching = np.zeros(count, bool)
    touching[np.unique(labels[cv2.dilate(rules, np.ones((3, 3), np.uint8)).astype(bool)])] = True
    small = (np.maximum(stats[:, 2], stats[:, 3]) < 0.45 * height) | (np.minimum(stats[:, 2], stats[:, 3]) < 0.08 * height)
    drop = touching & small
    drop[0] = True
    kept: Mask = ~drop[labels]
    return kept
