"""A map of what is paper -> the outline of the sheet. It is laid flat in `perspective.py`.

Points are (x, y) in pixels, the middle of the first pixel at (0, 0), as OpenCV counts them. A quad is float32 (4, 2): the corners top-left,
top-right, bottom-right, bottom-left.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from ..arrays import Bytes, Double, Float, Mask
from .perspective import upright

PAPER = 0.5
"""What is more likely paper than this is paper."""
MINIMUM = 0.06
"""The smallest sheet, as a share of the image."""
WHOLE = 0.92
"""What fills more than this share of the image is no sheet on something else, but the image itself."""
FRAMED = 0.6
"""Of the frame of the image: where more than this share is paper, there is too little desk in view for an outline."""
OVERLAP = 0.85
"""Intersection over union of the sheet and its four-sided outline, at least. A disc has 0.79."""
NOISE = 0.02
"""How much worse an outline drawn to the edge of the paper may overlap than one around all of it: what stands out may be noise."""
SUPPORT = 0.7
"""The share of the outline, where it is inside the image, that runs along the edge of the paper, at least. A disc has 0.3."""
WITHIN = 0.7
"""The mean probability of paper in an outline, at least."""
NEAR = 0.015
"""What runs along the outline is no further from it than this share of the diagonal of the image."""
PIECES = 3
"""Pieces of paper that are tried, from the largest on."""
NARROW = 0.06, 0.25
"""What is narrower than this share of the shorter side of the image (a finger, a strap, a bridge to glare beside the sheet) is taken off:
both are tried, and the outline that fits better is taken."""
ALIKE = 0.88
"""An outline whose overlap times support is more than this is not looked for again."""
CORNERS = 1.45
"""How much wider than what took something off is what puts corners on again."""
STEPS = 65
"""Places along a side where it is compared with the edge of the paper."""
LEAST = 0.15
"""A side of which less than this share is in view says nothing."""
SHARPEST = 35.0
"""The sharpest corner of an outline, in degrees."""
UNLIKE = 0.3
"""The shorter of two opposite sides, as a share of the longer one, at least. At 30 degrees and close by it is 0.5."""
# Chosen on the composed maps of tests/layout/test_sheet.py and on the brightness of 23 photographs of sheets as a map of paper.


def outline(paper: Float) -> Float | None:
    """The outline of the sheet in an image, None where there is no sheet on something else: where paper fills the image or most of its
    frame, where there is too little of it, and where it is not four-sided.

    paper: float32 (h, w) in [0, 1], the probability of paper. Returns float32 (4, 2) in pixels of the map; corners may lie outside of it,
    where the frame cuts the sheet off: a side that is cut off runs parallel to the one opposite, and all that is in view lies within.
    """
    best, likeness = None, 0.0
    for narrow in NARROW:
        for sheet in _pieces(paper, narrow):
            if MINIMUM <= sheet.mean() <= WHOLE and _frame(sheet).mean() <= FRAMED:
                quad, alike = _four_sided(sheet, paper)
                if alike > likeness:
                    best, likeness = quad, alike
        if likeness > ALIKE:
            break
    return best


def _pieces(paper: Float, narrow: float) -> list[Bytes]:
    """The largest pieces of paper, their holes filled, parted where they hang together by what is narrower than a share of the shorter
    side: uint8 (h, w) of 0 and 1 each, the largest first."""
    width = max(3, round(narrow * min(paper.shape))) | 1
    room = width  # what lies at the frame goes on behind it
    mask = _filled((cv2.blur(paper, (3, 3)) > PAPER).astype(np.uint8))
    around = cv2.copyMakeBorder(mask, room, room, room, room, cv2.BORDER_REPLICATE)
    cores = np.ascontiguousarray(cv2.erode(around, _disc(width))[room:-room, room:-room])
    _, labels, stats, _ = cv2.connectedComponentsWithStats(cores, connectivity=4)
    order = 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")[:PIECES]
    return [_main(mask & cv2.dilate(np.asarray(labels == k, np.uint8), _disc(round(CORNERS * width) | 1))) for k in order]


def _main(mask: Bytes) -> Bytes:
    """The largest component of a mask that has some."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    return np.asarray(labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])), np.uint8)


def _disc(width: int) -> Bytes:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)), np.uint8)


def _four_sided(sheet: Bytes, paper: Float) -> tuple[Float | None, float]:
    """The outline of one piece of paper, as `outline` gives it, and how alike they are, from 0 to 1; None, 0 where it is not four-sided."""
    contours, _ = cv2.findContours(sheet, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    edge = np.asarray(contours[0][:, 0], np.float64)
    around = _around(cv2.convexHull(contours[0])[:, 0].astype(np.float64))
    if around is None or not _is_sheetlike(around):
        return None, 0.0
    fitted = _drawn_to(around, cv2.blur(paper, (3, 3)))
    overlap, quad = _overlap(around, sheet), around
    if fitted is not None and _is_sheetlike(fitted) and _overlap(fitted, sheet) >= overlap - NOISE:
        overlap, quad = _overlap(fitted, sheet), fitted
    support = _support(quad, edge, sheet.shape)
    if overlap < OVERLAP or support < SUPPORT or float(paper[_area(quad, sheet.shape) > 0].mean()) < WITHIN:
        return None, 0.0
    return upright(_grown(_uncut(quad, edge, sheet.shape), 0.5)), overlap * support


def _filled(mask: Bytes) -> Bytes:
    """A mask with its holes filled."""
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(np.zeros_like(mask), contours, -1, 1, cv2.FILLED), np.uint8)


def _frame(mask: Bytes) -> Bytes:
    """The pixels along the frame of a mask, uint8 (n,)."""
    return np.concatenate([mask[0], mask[-1], mask[1:-1, 0], mask[1:-1, -1]])


def _around(hull: Double) -> Double | None:
    """A small quad around a convex hull: of its sides the one is left out again and again that adds the least area when its neighbours are
    lengthened until they meet. float64 (n, 2) -> float64 (4, 2); None where that ends with fewer than four sides."""
    points = cv2.approxPolyDP(hull.astype(np.float32)[:, None], 0.5, True)[:, 0].astype(np.float64)
    while len(points) > 4:
        options = [(added, k, corner) for k in range(len(points)) for added, corner in _lengthened(points, k)]
        if not options:
            return None
        _, k, corner = min(options, key=lambda option: option[0])
        points = np.delete(points, (k + 1) % len(points), axis=0)
        points[k if k < len(points) else -1] = corner
    return points if len(points) == 4 else None


def _lengthened(points: Double, k: int) -> list[tuple[float, Double]]:
    """Where the sides before and after side k of a polygon meet beyond it, with the area of the triangle that this adds; [] if they do
    not."""
    n = len(points)
    a, b = points[k], points[(k + 1) % n]
    corner = _meeting(points[k - 1], a, b, points[(k + 2) % n])
    if corner is None or (corner - a) @ (a - points[k - 1]) < 0 or (corner - b) @ (b - points[(k + 2) % n]) < 0:
        return []
    return [(abs(_cross(b - a, corner - a)) / 2, corner)]


def _meeting(a: Double, b: Double, c: Double, d: Double) -> Double | None:
    """Where the line through a and b meets the one through c and d; None where they are parallel."""
    along, other = b - a, d - c
    turn = _cross(along, other)
    if abs(turn) < 1e-6 * np.linalg.norm(along) * np.linalg.norm(other):
        return None
    met: Double = a + along * (_cross(c - a, other) / turn)
    return met


def _cross(a: Double, b: Double) -> float:
    return float(a[0] * b[1] - a[1] * b[0])


def _drawn_to(quad: Double, paper: Float) -> Double | None:
    """The quad whose sides are fitted to where paper ends near them: noise that stands out moves a hull, but not these. None where sides do
    not meet."""
    fitted = [_fitted(a, b, paper) for a, b in _sides(quad)]
    corners = [_meeting(*fitted[k - 1], *fitted[k]) for k in range(4)]
    found = [corner for corner in corners if corner is not None]
    return np.array(found) if len(found) == 4 else None


def _fitted(a: Double, b: Double, paper: Float) -> tuple[Double, Double]:
    """The line along which paper ends near the side from a to b, as two points of it; the side itself where too little of it ends there."""
    reach = max(3, round(2 * NEAR * float(np.hypot(*paper.shape))))
    outward = np.array([(b - a)[1], (a - b)[0]]) / max(float(np.linalg.norm(b - a)), 1e-9)
    starts = a + np.linspace(0.06, 0.94, STEPS)[:, None] * (b - a)
    offsets = np.arange(-reach, reach + 1)
    points = starts[:, None] + offsets[None, :, None] * outward  # (STEPS, offsets, 2)
    values = cv2.remap(paper, points.astype(np.float32), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    ends = (values[:, :-1] > PAPER) & (values[:, 1:] <= PAPER)
    last = ends.shape[1] - 1 - np.argmax(ends[:, ::-1], axis=1)
    rows = np.flatnonzero(ends.any(axis=1))
    inner, outer = values[rows, last[rows]], values[rows, last[rows] + 1]
    own = starts[rows] + (offsets[last[rows]] + (inner - PAPER) / (inner - outer))[:, None] * outward
    own = own[~_at_frame(own, paper.shape)]
    if len(own) < 0.3 * STEPS:
        return a, b
    x, y, px, py = cv2.fitLine(own.astype(np.float32), cv2.DIST_WELSCH, 0, 0.01, 0.01).ravel().tolist()
    start = np.array([px, py])
    return start, start + np.array([x, y]) * (np.sign(np.array([x, y]) @ (b - a)) or 1.0)


def _at_frame(points: Double, shape: tuple[int, ...]) -> Mask:
    """Which points lie on the frame of a map of this height and width, or beyond it."""
    last = np.array(shape[1::-1]) - 1
    return np.asarray(((points < 1) | (points > last - 1)).any(axis=1), np.bool_)


def _area(quad: Double, shape: tuple[int, ...]) -> Bytes:
    """What lies in a quad, in a map of this height and width: uint8 of 0 and 1."""
    return np.asarray(cv2.fillPoly(np.zeros(shape[:2], np.uint8), [np.round(quad * 16).astype(np.int32)], 1, shift=4), np.uint8)


def _overlap(quad: Double, sheet: Bytes) -> float:
    """Intersection over union of a quad, where it is inside the map, with the sheet."""
    own = _area(quad, sheet.shape)
    return float((own & sheet).sum() / max(int((own | sheet).sum()), 1))


def _is_sheetlike(quad: Double) -> bool:
    """Whether a quad can be a sheet in a photograph: convex, no corner too sharp, opposite sides of like length."""
    before, after = np.roll(quad, 1, axis=0) - quad, np.roll(quad, -1, axis=0) - quad
    lengths = np.maximum(np.linalg.norm(after, axis=1), 1e-9)
    turns = [_cross(a, b) for a, b in zip(before, after, strict=True)]
    cosines = (before * after).sum(axis=1) / (lengths * np.roll(lengths, 1))
    alike = all(min(pair) >= UNLIKE * max(pair) for pair in zip(lengths[:2], lengths[2:], strict=True))
    return bool(alike and min(turns) * max(turns) > 0 and np.abs(cosines).max() < np.cos(np.deg2rad(SHARPEST)))


def _support(quad: Double, edge: Double, shape: tuple[int, ...]) -> float:
    """The share of a quad's sides, where they are inside the map, that the edge of the paper runs along; 0 where fewer than two are."""
    bare = np.ones(shape[:2], np.uint8)
    bare[tuple(edge[~_at_frame(edge, shape)].astype(int).T[::-1])] = 0
    close = cv2.distanceTransform(bare, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) <= NEAR * float(np.hypot(shape[0], shape[1]))
    shares, lengths = [], []
    for a, b in _sides(quad):
        steps = np.linspace(a, b, STEPS)
        columns, rows = np.round(steps[~_at_frame(steps, shape)]).astype(int).T
        if len(rows) >= LEAST * STEPS:
            shares.append(float(close[rows, columns].mean()))
            lengths.append(len(rows) / STEPS * float(np.linalg.norm(b - a)))
    return float(np.average(shares, weights=lengths)) if len(shares) >= 2 else 0.0


def _uncut(quad: Double, edge: Double, shape: tuple[int, ...]) -> Double:
    """The quad with the sides that are nothing but the frame of the image put where the sheet may go on: parallel to the side opposite, or
    square to its neighbours where that is cut off too, and so that all of the paper in view lies within."""
    sides = list(_sides(quad))
    cut = [bool(_at_frame(np.linspace(a, b, 9)[1:-1], shape).mean() > 0.7) for a, b in sides]
    if not any(cut):
        return quad
    middle, lines = quad.mean(axis=0), []
    for k, (a, b) in enumerate(sides):
        if not cut[k]:
            lines.append((a, b))
            continue
        along = sides[k - 2][0] - sides[k - 2][1]
        if cut[k - 2]:
            beside = _unit(sides[k - 1][1] - sides[k - 1][0]) + _unit(sides[(k + 1) % 4][0] - sides[(k + 1) % 4][1])
            along = np.array([-beside[1], beside[0]])
        outward = _unit(np.array([-along[1], along[0]]))
        outward = outward if outward @ ((a + b) / 2 - middle) > 0 else -outward
        far = edge[int(np.argmax(edge @ outward))]
        lines.append((far, far + along))
    corners = [_meeting(*lines[k - 1], *lines[k]) for k in range(4)]
    found = [corner for corner in corners if corner is not None]
    return np.array(found) if len(found) == 4 else quad


def _unit(vector: Double) -> Double:
    found: Double = vector / max(float(np.linalg.norm(vector)), 1e-9)
    return found


def _sides(quad: Double) -> list[tuple[Double, Double]]:
    return list(pairwise([*quad, quad[0]]))


def _grown(quad: Double, by: float) -> Double:
    """The quad with each side moved outward: an edge runs through the middle of the last pixels, the sheet ends half a pixel after."""
    middle, lines = quad.mean(axis=0), []
    for a, b in _sides(quad):
        outward = _unit(np.array([(b - a)[1], -(b - a)[0]]))
        outward = outward * (np.sign(outward @ (a - middle)) or 1.0) * by
        lines.append((a + outward, b + outward))
    corners = [_meeting(*lines[k - 1], *lines[k]) for k in range(4)]
    found = [corner for corner in corners if corner is not None]
    return np.array(found) if len(found) == 4 else quad
