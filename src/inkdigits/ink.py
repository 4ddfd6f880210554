"""image -> Ink: how strongly each pixel was written on, whatever the paper, the light and the colour of the pen.

The steps, each a function below: `shrink` to a working size, `ink_is_light` finds the polarity, `strength` divides the image by its
own paper (a grey-level closing, which no stroke survives), `strokes` keeps what stands out of the paper's noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

PAPER_SIDE = 160
"""Long side, in pixels, at which the paper under the writing is estimated: light changes slowly, strokes are small."""
FAINTEST = 0.035
"""Strokes that take less than this share of the paper's light are not seen. Raising it loses pencil, lowering it finds paper grain."""

SAME_INK = 0.7
"""What a wider window adds is ink, not shadow, if it is at least this dark beside what was found already."""


@dataclass(frozen=True, slots=True)
class Ink:
    """Ink at the working size.

    strength: float32 (h, w) in [0, 1], the share of the paper's light that the pen takes away; 0 = paper.
    mask: bool (h, w), True on strokes. stroke: width of the strokes in pixels of this array, 0 where there are none.
    scale: pixels of the source image for one pixel of this array.
    """

    strength: Float
    mask: Mask
    stroke: float
    scale: float


def find_ink(image: Bytes, *, side: int) -> Ink:
    """Find the writing in an image.

    image: uint8 (H, W) or (H, W, 3). side: the longest side to work at, in pixels; a smaller image is never blown up.
    """
    small, scale = shrink(image, side)
    levelled = 255 - small if ink_is_light(small) else small
    ink = strength(levelled)
    mask = strokes(ink)
    return Ink(ink, mask, stroke_width(mask), scale)


def shrink(image: Bytes, side: int) -> tuple[Bytes, float]:
    """Scale down by area averaging so that the long side is at most `side` pixels; returns the image and the factor, at least 1."""
    height, width = image.shape[:2]
    scale = max(height, width) / side
    if scale <= 1:
        return image, 1.0
    size = (max(1, round(width / scale)), max(1, round(height / scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), scale


def ink_is_light(image: Bytes) -> bool:
    """True for chalk on board and white on black.

    Strokes are the rare grey levels: they skew what is left when the slow changes of light are taken away. The border, mostly paper,
    has a vote beside it (alone it fails under vignetting), and dark ink is the default.
    """
    grey = _grey(shrink(image, 128)[0]).astype(np.float32)
    detail = grey - cv2.GaussianBlur(grey, (0, 0), max(2.0, max(grey.shape) / 12))
    spread = float(detail.std())
    if spread < 1:
        return False
    skew = float(np.clip(np.mean(detail**3) / spread**3, -2, 2))
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    level, _ = cv2.threshold(grey.astype(np.uint8), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    vote = 1 - 2 * float(np.mean(border > level))
    return skew + vote > 0.3


def strength(image: Bytes) -> Float:
    """The share of the paper's light taken away, the strongest of the colour channels: uint8 (H, W[, 3]) -> float32 (H, W) in [0, 1].

    The paper is a grey-level closing at low resolution. Its window must be wider than a stroke: it grows as long as the next larger one
    finds clearly more ink of the same darkness (the inside of a felt-tip's stroke; a shadow is paler), so thin pens keep a close-fitting
    paper and felt-tips are not taken for paper.
    """
    small, scale = shrink(image, PAPER_SIDE)
    long, short = max(small.shape[:2]), min(small.shape[:2])
    window, widest = max(5, round(min(long / 8, short / 3))), max(5, short)
    paper = _paper(small, window)
    ink = _taken(small, paper)
    mask = strokes(ink)
    while window < widest and mask.any():
        window = min(widest, round(window * 1.6) + 1)
        wider = _paper(small, window)
        more = _taken(small, wider)
        found = strokes(more)
        added = found & ~mask
        same = added.any() and np.median(more[added]) > SAME_INK * np.median(more[mask])
        if not same or added.sum() < 0.12 * mask.sum():
            break
        paper, mask = wider, found
    if scale > 1:
        paper = cv2.resize(paper, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_LINEAR)
    return _taken(image, paper)


def _paper(small: Bytes, window: int) -> Bytes:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (window | 1, window | 1))
    clean = cv2.medianBlur(small, 3).astype(np.float32)
    # At the frame a closing sees one side only and takes the dark end of a gradient for ink: a plane through the paper goes out before it.
    slope = _plane(cv2.morphologyEx(clean, cv2.MORPH_CLOSE, kernel))
    closed = cv2.morphologyEx(clean - slope, cv2.MORPH_CLOSE, kernel)
    smooth = cv2.blur(closed, (window | 1, window | 1)) + slope
    paper: Bytes = np.clip(smooth, 0, 255).astype(np.uint8)
    return paper


def _plane(image: Float) -> Float:
    """The plane of least squares through each channel, less its mean: float32 (H, W[, 3]) -> the same shape."""
    height, width = image.shape[:2]
    ys = np.linspace(-1, 1, height, dtype=np.float32).reshape(-1, *[1] * (image.ndim - 1))
    xs = np.linspace(-1, 1, width, dtype=np.float32).reshape(1, -1, *[1] * (image.ndim - 2))
    lean = (image * ys).mean(axis=(0, 1)) / max((ys**2).mean(), 1e-6), (image * xs).mean(axis=(0, 1)) / max((xs**2).mean(), 1e-6)
    plane: Float = lean[0] * ys + lean[1] * xs
    return plane


def _taken(image: Bytes, paper: Bytes) -> Float:
    light = np.maximum(paper, 24).astype(np.float32)  # in deep shadow a division by next to nothing would make grain into strokes
    taken = np.clip((paper.astype(np.float32) - image) / light, 0, 1)
    return np.ascontiguousarray(taken if taken.ndim == 2 else taken.max(axis=2))  # (H, W, 3) -> (H, W)


def strokes(ink: Float) -> Mask:
    """The pixels that belong to strokes: float32 (H, W) -> bool (H, W), by hysteresis over the paper's noise (median + 4 MAD)."""
    middle = float(np.median(ink))
    noise = middle + 4 * 1.4826 * float(np.median(np.abs(ink - middle)))
    floor = max(FAINTEST, min(noise, 0.5))
    above = ink[ink > floor]
    if above.size == 0:
        return np.zeros(ink.shape, bool)
    full = float(np.quantile(above, 0.9))
    low, high = max(floor, 0.2 * full), max(1.25 * floor, 0.45 * full)
    weak = ink > low
    count, labels = cv2.connectedComponents(weak.astype(np.uint8), connectivity=8)
    strong = np.zeros(count, bool)
    strong[labels[ink > high]] = True
    strong[0] = False
    mask: Mask = strong[labels]
    return mask


def stroke_width(mask: Mask) -> float:
    """Width of the strokes in pixels: twice the median distance to the paper along the strokes' ridges; 0 without ink."""
    if not mask.any():
        return 0.0
    distance = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    ridge = mask & (distance >= cv2.dilate(distance, np.ones((3, 3), np.uint8)) - 1e-3)
    return float(2 * np.median(distance[ridge]) - 1)


def _grey(image: Bytes) -> Bytes:
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
