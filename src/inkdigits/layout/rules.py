"""mask -> mask without ruled lines, form boxes and table grids; the strokes that cross them stay whole."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Bytes, Mask
from ..lines import Box
from .ink import inked

Labels = NDArray[np.int32]
Ints = NDArray[np.integer]
Floats = NDArray[np.floating]

LONG, CUT_OFF, BOTH = 2.2, 1.6, 1.4
"""A rule is at least this many digit heights long; one that the frame cuts off at one end, and at both. Tuned on photos_multi: below 2 it
eats the stems of 1, 7 and 9."""
LEAN = 0.12
"""Short lines, the walls of boxes, lean no more than this; stems do."""
THICK_WALL = 1.5
"""A wall is at most this many times as thick as the thickest rule that it ends at; a 1 between two rules is not."""
SURE = (0.4, 0.5)
"""What is straight for this share of the width, or down for this share of the longer side, may be a rule: the height of the digits is
measured without it."""
STRAY = 0.04
"""A rule strays by this share of its length from where its ends point, over as much again."""
NEAR = 0.8
"""What lies near a rule with this share of its ink is a shred of it."""
FREE, FREE_INSIDE, COVERED, EVEN = 0.55, 0.65, 0.9, 0.78
"""A rule has paper on both sides for this share of its length: the first, if the frame cuts it off or it is longer than EVEN of the frame,
else the second, and then it has no gaps either. Bows and bars of digits in a row do not do so."""
ROUGH = 0.05, 0.0025
"""It strays from such a bend by no more than these shares of its thickness and of its length, root mean square; bows of digits do."""
DOTS = 0.8
"""The gaps of a dotted rule, in widths of a stroke, twice, less some pixels: where strokes are thin, digits are as close."""
BEND = 0.05
"""A rule bends by no more than this share of its length, on a page that is not flat; a stroke does."""


def without_rules(mask: Mask, stroke: float) -> Mask:
    """Take straight horizontal and vertical lines out.

    mask: bool (h, w). stroke: width of the strokes in pixels. A line is a chain of straight runs, so it may lean by some degrees or bend
    with the page. Lines that are no longer than writing is tall go too where both their ends lie on longer ones: the walls of boxes.
    """
    gap = int(2 * stroke + 3) | 1
    box = inked(mask, gap + 2)
    if not box:
        return mask
    out = np.zeros_like(mask)
    out[box] = _without(mask[box], stroke, gap, mask.shape)
    return out


def _without(mask: Mask, stroke: float, gap: int, page: tuple[int, ...]) -> Mask:
    """`without_rules` of a window of a page of this height and width. gap: pixels over which runs are one line."""
    plain = mask.astype(np.uint8)
    height = _height_between(plain, stroke, gap, page)
    chains = [_chains(plain, height, stroke, gap, vertical) for vertical in (False, True)]
    found = np.zeros((2, *plain.shape), np.uint8)  # horizontal and vertical rules
    near = np.zeros_like(plain)
    for vertical, (labels, boxes) in enumerate(chains):
        frame = mask.shape[1 - vertical]
        long = [_long(box[vertical], box[2 + vertical], frame, height) for box in boxes]
        _mark(plain, found[vertical], near, labels, boxes, long, bool(vertical), 1.0)
    if not found.any():
        return mask
    reach = int(stroke) + 2  # a wall ends on a rule; a 1 between two rules mostly does not
    crossed = [cv2.dilate(rules, np.ones((reach, reach), np.uint8)) for rules in found]
    for vertical, (labels, boxes) in enumerate(chains):
        thickest = THICK_WALL * 2 * float(cv2.distanceTransform(found[1 - vertical] & plain, cv2.DIST_C, 3).max())
        areas = np.bincount(labels[plain > 0], minlength=len(boxes) + 1)[1:].tolist()
        walls = [
            area <= thickest * box[2 + vertical] and _between(box, stroke, bool(vertical), crossed[1 - vertical])
            for box, area in zip(boxes, areas, strict=True)
        ]
        _mark(plain, found[vertical], near, labels, boxes, walls, bool(vertical), 0.0)
    return _without_crumbs(_bridged(plain, found, near), found[0] | found[1], height)


def _bridged(plain: Bytes, found: Bytes, near: Bytes) -> Mask:
    """Take rules out, uint8 (2, h, w): level, upright. A stroke that crosses one lies on both sides of it: the crossing stays.

    near: uint8 (h, w), not 0 close to a rule and where it would go on. What is left there and nowhere else is of the rule.
    """
    found &= plain
    left = plain & ~(found[0] | found[1])
    _, labels, stats, _ = cv2.connectedComponentsWithStats(left, connectivity=8)
    inside = np.bincount(labels[near > 0], minlength=len(stats))
    left[(inside >= NEAR * stats[:, 4])[labels]] = 0
    whole: Mask = left.astype(bool)
    for rules, along in zip(found, (0, 1), strict=True):
        if rules.any():
            thickest = 2 * int(cv2.distanceTransform(rules, cv2.DIST_C, 3).max()) + 3
            window = np.ones((thickest, 1) if along == 0 else (1, thickest), np.uint8)
            whole |= (cv2.morphologyEx(left, cv2.MORPH_CLOSE, window) & rules).astype(bool)
    return whole


def _height_between(plain: Bytes, stroke: float, gap: int, page: tuple[int, ...]) -> float:
    """The height of the digits, measured between all that may be rules. page: height and width of the whole image."""
    found, near = np.zeros((2, *plain.shape), np.uint8), np.zeros_like(plain)
    for vertical, long in enumerate((SURE[0] * page[1], SURE[1] * max(page))):
        labels, boxes = _chains(plain, long / 4, stroke, gap, bool(vertical))
        _mark(plain, found[vertical], near, labels, boxes, [box[2 + vertical] >= long for box in boxes], bool(vertical), 0.0)
    left = _bridged(plain, found, near) if found.any() else plain.view(bool)
    return mask_height(left if left.any() else plain.view(bool), stroke, page)


def _long(start: int, length: int, frame: int, height: float) -> bool:
    ends = (start == 0) + (start + length == frame)
    return length >= (LONG, CUT_OFF, BOTH)[ends] * height


def mask_height(mask: Mask, stroke: float, page: tuple[int, ...]) -> float:
    """`digit_height` of the components of a mask."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    return digit_height(stats[1:, 2:].T, stroke, page)


def digit_height(boxes: Ints, stroke: float, page: tuple[int, ...]) -> float:
    """The usual height of a written sign, in pixels: the median over components that are neither specks nor lines nor patches of shadow.

    boxes: int (3, N): width, height and ink of the components. page: height and width of the image.
    """
    w, h, area = boxes
    signs = (h > max(3 * stroke, 6)) & (w < 4 * h) & (h < 8 * w) & (area > 0.08 * w * h)
    signs &= (h < 0.95 * page[0]) | ((w < 0.8 * page[1]) & (w > 0.25 * h))  # neither a frame nor its side
    signs &= area < 8 * max(stroke, 1) * np.maximum(w, h)
    if not signs.any():
        return float(0.6 * min(page[:2]))
    heights = np.sort(h[signs])
    weights = np.cumsum(heights)  # grain is frequent and small: weigh by height
    return float(heights[int(np.searchsorted(weights, weights[-1] / 2))])


def _chains(plain: Bytes, height: float, stroke: float, gap: int, vertical: bool) -> tuple[Labels, list[Box]]:
    """Straight thin runs along one axis, chained where a crossing stroke or a little lean parts them.

    Returns int32 (h, w) labels and, for labels from 1, the box (x, y, w, h) of each chain; a chain that is no thin line has an empty box.
    """
    length = max(12, int(0.75 * height))

    def window(across: int, along: int) -> Bytes:
        return np.ones((along, across) if vertical else (across, along), np.uint8)

    whole = cv2.morphologyEx(cv2.dilate(plain, window(3, 1)), cv2.MORPH_CLOSE, window(1, 2 * int(max(DOTS * stroke - 2, 0)) + 1))
    runs = cv2.morphologyEx(whole, cv2.MORPH_OPEN, window(1, length))
    if not runs.any():
        return np.zeros(plain.shape, np.int32), []
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


def _mark(
    plain: Bytes, rules: Bytes, near: Bytes, labels: Labels, boxes: list[Box], chosen: list[bool], vertical: bool, further: float
) -> None:
    """Mark the chosen chains that are straight in `rules`, as thick as they are between strokes: a 4's bar that lies on one stays.

    near: gets the chains with a rim, and as far beyond their ends as `further` times their length.
    """
    for label, ((x, y, w, h), wanted) in enumerate(zip(boxes, chosen, strict=True), start=1):
        if not wanted:
            continue
        chain, out, ink = labels[y : y + h, x : x + w] == label, rules[y : y + h, x : x + w], plain[:, x : x + w]
        if vertical:
            chain, out, ink = chain.T, out.T, plain[y : y + h].T  # views: (across, along)
        across, along = np.arange(len(chain), dtype=np.float32), np.arange(chain.shape[1], dtype=np.float32)
        thickness = chain.sum(axis=0)
        usual = float(np.sort(thickness[thickness > 0])[(thickness > 0).sum() // 2])
        clear = (thickness > 0) & (thickness <= 1.25 * usual + 0.5)
        if clear.sum() < max(0.3 * len(along), 8):
            continue
        middle = (across @ chain)[clear] / thickness[clear]
        place = 2 * along[clear] / len(along) - 1  # from -1 to 1
        bend, tilt, level = np.polyfit(place, middle, 2)
        rough = float(np.sqrt(np.mean((middle - ((bend * place + tilt) * place + level)) ** 2)))
        if abs(bend) > BEND * len(along) or rough > ROUGH[0] * usual + ROUGH[1] * len(along):
            continue
        course = np.interp(along, along[clear], middle)
        start, end, frame = (y, y + h, plain.shape[0]) if vertical else (x, x + w, plain.shape[1])
        inside = start > 0 and end < frame and end - start < EVEN * frame
        free, covered = _beside(ink, course + (x if vertical else y), usual / 2 + 1.2)
        if free < (FREE_INSIDE if inside else FREE) or (inside and covered < COVERED):
            continue
        out |= chain & (np.abs(across[:, None] - course) <= max(usual - 2, 1) / 2 + 0.75)
        beside = near.T if vertical else near  # a view
        rim, (first, begin) = usual / 2 + 2, (x, y) if vertical else (y, x)
        rows = np.arange(max(int(first + course.min() - rim), 0), min(int(first + course.max() + rim) + 2, len(beside)))
        band = (np.abs(rows[:, None] - first - course) <= rim) & clear  # where it is thicker a stroke lies on it
        beside[rows[0] : rows[-1] + 1, begin : begin + len(along)] |= band
        for end in (-1, 1):  # beyond its ends it goes on, more or less straight
            t = np.array([end, end * (1 + 2 * further), end * (1 + 2 * further), end])
            off = usual / 2 + 2 + np.array([0, 1, 1, 0]) * STRAY * further * len(along)
            height = bend + level + t * tilt + off * (1, 1, -1, -1)
            points = np.column_stack([(t + 1) / 2 * len(along) + begin, height + first])
            cv2.fillPoly(near, [np.round(points[:, ::-1] if vertical else points).astype(np.int32)], 1)


def _beside(ink: Bytes, course: Floats, away: float) -> tuple[float, float]:
    """The shares of a line's length where there is paper on both sides, `away` pixels from its middle, and where there is ink on it.

    course: float (along,), the middle of the line as rows of `ink`.
    """
    columns, last = np.arange(ink.shape[1]), len(ink) - 1
    rows = [np.round(course + side).astype(np.intp) for side in (-away, 0, away)]
    above, on, below = ((ink[np.clip(row, 0, last), columns] > 0) & (row >= 0) & (row <= last) for row in rows)
    return float(1 - np.mean(above | below)), float(np.mean(on))


def _between(box: Box, stroke: float, vertical: bool, crossed: Bytes) -> bool:
    """Whether both ends of an upright or level chain lie on rules of the other kind."""
    x, y, w, h = box
    long, across = (h, w) if vertical else (w, h)
    if not long or across > 2 * stroke + 3 + LEAN * long:
        return False
    first = crossed[y, x : x + w] if vertical else crossed[y : y + h, x]
    last = crossed[y + h - 1, x : x + w] if vertical else crossed[y : y + h, x + w - 1]
    return bool(first.any() and last.any())


def _without_crumbs(mask: Mask, rules: Bytes, height: float) -> Mask:
    """Drop the small leftovers that touch what was taken out: shreds of rules, not writing."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    touching = np.zeros(count, bool)
    touching[labels[cv2.dilate(rules, np.ones((3, 3), np.uint8)).astype(bool)]] = True
    small = (np.maximum(stats[:, 2], stats[:, 3]) < 0.45 * height) | (np.minimum(stats[:, 2], stats[:, 3]) < 0.08 * height)
    drop = touching & small
    drop[0] = True
    kept: Mask = ~drop[labels]
    return kept
