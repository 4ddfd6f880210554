"""image -> Ink: how strongly each pixel was written on, whatever the paper, the light and the colour of the pen.

The steps, each a function below: `shrink` to a working size, `ink_is_light` finds the polarity, `strength` divides the image by its
own paper (a grey-level closing, which no stroke survives), `strokes` keeps what stands out of the paper's noise. Strengths are bytes, so
that each step is one pass of OpenCV and every quantile is read off a histogram.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Bytes, Double, Float, Mask
from ..images.conversions import grey_of

PAPER_SIDE = 160
"""Long side, in pixels, at which the paper under the writing is estimated: light changes slowly, strokes are small."""
FAINTEST = 3
"""Strokes that take less than this many 255ths of the paper's light are not seen. Higher loses pencil, lower finds paper grain."""
PRINT = 38
"""A security pattern fills the page and looks like noise, but what stands out of it by this many 255ths is ink."""
FINE, PATTERN = 1.5, 0.1
"""Strokes thinner than this many pixels that cover more than this share of a page are print: it is what is thicker that was written."""
SAME_INK = 0.7
"""What a wider window adds is ink, not shadow, if it is at least this dark beside what was found already."""
CLOSEST = 9
"""Pixels: the smallest window that the paper is estimated in. Of 28-pixel crops some have strokes of 9, blurred ones."""
HOLLOW = 0.6
"""Ink that a wider window finds to be darker by more than this factor had been taken for paper: the inside of a broad stroke."""
THICK = 3.5
"""Strokes of this width in pixels have all that tells one digit from another."""
LIGHT = 0.4
"""Where skewness and vote of the border, each in -1 to 2 or so, add up to more, the ink is light. Of the real images none is near it."""
COLOURLESS, SAMPLED = 16, 4
"""Channels that differ by no more than this are one grey image, as the means of so many pixels each way show it."""
DEEP = 24
"""In deeper shadow than this a division by the paper's light would make grain into strokes, or into colour."""
LEVELS = np.arange(256, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Ink:
    """Ink at the working size.

    strength: uint8 (h, w), the share of the paper's light that the pen takes away, in 255ths; 0 = paper.
    mask: bool (h, w), True on strokes. stroke: width of the strokes in pixels of this array, 0 where there are none.
    scale: pixels of the source image for one pixel of this array.
    """

    strength: Bytes
    mask: Mask
    stroke: float
    scale: float


def find_ink(image: Bytes, *, side: int) -> Ink:
    """Find the writing in an image.

    image: uint8 (H, W) or (H, W, 3). side: the longest side to work at, in pixels; a smaller image is never blown up. Where the strokes are
    thick enough on a smaller one, that one is taken: what follows is as good there, and faster.
    """
    small, scale = shrink(_grey_where_colourless(image), side)
    fewer = side // 3
    if PAPER_SIDE <= fewer < 0.7 * max(small.shape[:2]):
        fewest, more = shrink(small, fewer)
        ink, ridges = _find(fewest, scale * more)
        if len(ridges) and 2 * quantile(ridges, 0.5) - 1 >= THICK:
            return ink
    return _find(small, scale)[0]


def without_print(ink: Ink) -> Ink:
    """The ink of a page without the fine lines of a security pattern, where most strokes are as thin and cover much of it."""
    if not 0 < ink.stroke < FINE or ink.mask.mean() < PATTERN:
        return ink
    smooth = cv2.medianBlur(ink.strength, 3)
    mask = strokes(smooth)
    if not mask.any():
        return ink
    strength = np.where(mask & (ink.strength == 0), smooth, ink.strength)  # a stroke is ink everywhere
    return replace(ink, strength=strength, mask=mask, stroke=stroke_width(mask))


def _find(image: Bytes, scale: float) -> tuple[Ink, Float]:
    """The ink of an image that `scale` pixels of the source were shrunk to one for, and its `_ridges`."""
    coarse = shrink(image, PAPER_SIDE)[0]
    channels = [image] if image.ndim == 2 else list(cv2.split(image))
    if ink_is_light(coarse):
        channels = [cv2.bitwise_not(channel) for channel in channels]
        coarse = cv2.bitwise_not(coarse)
    ink, mask = strength(channels, [grey_of(coarse)] if len(channels) == 1 else list(cv2.split(coarse)))
    ridges = _ridges(mask)
    return Ink(ink, mask, _width(ridges), scale), ridges


def shrink(image: Bytes, side: int) -> tuple[Bytes, float]:
    """Scale down by area averaging so that the long side is at most `side` pixels; returns the image and the factor, at least 1."""
    height, width = image.shape[:2]
    scale = max(height, width) / side
    if scale <= 1:
        return image, 1.0
    size = (max(1, round(width / scale)), max(1, round(height / scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), scale


def _grey_where_colourless(image: Bytes) -> Bytes:
    """An image without colour as one grey channel; the light's own colour does not count, nor do a few pixels."""
    if image.ndim == 2:
        return image
    some = max(1, max(image.shape[:2]) // (SAMPLED * PAPER_SIDE))  # of so many rows and columns one is looked at
    coarse = shrink(np.ascontiguousarray(image[::some, ::some]), PAPER_SIDE)[0]
    white = np.array([max(quantile(channel.ravel(), 0.5), DEEP) for channel in cv2.split(coarse)])  # the paper's
    even = cv2.multiply(coarse, (*(white.max() / white), 0.0))
    spread = cv2.subtract(even.max(axis=2), even.min(axis=2))
    return grey_of(image) if np.mean(spread > COLOURLESS) < 0.002 else image


def ink_is_light(image: Bytes) -> bool:
    """True for chalk on board and white on black: uint8 (h, w) or (h, w, 3).

    Strokes are the rare grey levels: they skew what is left when the slow changes of light are taken away. The border, mostly paper,
    has a vote beside it (alone it fails under vignetting), and dark ink is the default.
    """
    grey = grey_of(shrink(image, PAPER_SIDE)[0])
    light = grey.astype(np.float32)
    around = round(0.3 * max(grey.shape)) | 1  # as wide as a Gaussian of a twelfth of the image
    detail = light - cv2.blur(light, (around, around))
    square = detail * detail
    spread = (_mean(square) - _mean(detail) ** 2) ** 0.5
    if spread < 1:
        return False
    skew = min(max(_mean(square * detail) / spread**3, -2.0), 2.0)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    vote = 1 - 2 * np.count_nonzero(border > _otsu(_cumulative(grey))) / len(border)
    return bool(skew + vote > LIGHT)


def strength(channels: list[Bytes], raw: list[Bytes]) -> tuple[Bytes, Mask]:
    """The share of the paper's light taken away, the strongest of the colour channels: each uint8 (h, w) -> uint8 (h, w), and the `strokes`
    in it. raw: the channels at PAPER_SIDE.

    The paper is a grey-level closing at low resolution. Its window must be wider than a stroke: it grows as long as the next larger one
    finds clearly more ink of the same darkness (the inside of a felt-tip's stroke; a shadow is paler), so thin pens keep a close-fitting
    paper and felt-tips are not taken for paper.
    """
    small = [cv2.medianBlur(channel, 3) for channel in raw]
    long, short = max(raw[0].shape), min(raw[0].shape)
    window, widest = max(CLOSEST, round(min(long / 8, short / 3))), max(CLOSEST, short)
    papers = [_paper(channel, window) for channel in small]
    ink = _taken(raw, papers)
    mask = strokes(ink)
    while window < widest and mask.any():
        window = min(widest, round(window * 1.6) + 1)
        wider = [_paper(channel, window) for channel in small]
        more = _taken(raw, wider)
        found = strokes(more)
        added = found & (ink < HOLLOW * more)
        if np.count_nonzero(added) < 0.12 * np.count_nonzero(mask) or quantile(more[added], 0.5) <= SAME_INK * quantile(more[mask], 0.5):
            break
        if stroke_width(found) <= 1.1 * stroke_width(mask & ~added):
            break
        papers, mask, ink = wider, found, more
    if raw[0].shape != channels[0].shape:
        size = channels[0].shape[::-1]
        ink = _taken(channels, [cv2.resize(paper, size, interpolation=cv2.INTER_LINEAR) for paper in papers])
        mask = strokes(ink)
    return ink, mask


def _paper(small: Bytes, window: int) -> Bytes:
    """The paper under the writing: uint8 (h, w), freed of specks -> uint8 (h, w)."""
    window |= 1
    kernel = np.ones((window, window), np.uint8)
    # At the frame a closing sees one side only and takes the dark end of a gradient for ink: the slow part of the light goes out before it.
    slope = _bowl(cv2.morphologyEx(small, cv2.MORPH_CLOSE, kernel))
    closed = cv2.morphologyEx(small - slope, cv2.MORPH_CLOSE, kernel)
    paper: Bytes = cv2.add(cv2.blur(closed, (window, window)), slope, dtype=cv2.CV_8U)
    return paper


def _bowl(image: Bytes) -> NDArray[np.int16]:
    """The separable parabola of least squares, less its mean, rounded: uint8 (h, w) -> int16 (h, w). Light falls off like one."""
    sides: list[Float] = []
    for axis in (1, 0):
        mean = cv2.reduce(image, axis, cv2.REDUCE_AVG, dtype=cv2.CV_32F).ravel()  # of each row, then of each column
        slope, bow = _parabola(len(mean))
        sides.append(mean @ slope * slope + mean @ bow * bow)
    bowl: NDArray[np.int16] = np.add.outer(*sides).astype(np.int16)
    return bowl


@lru_cache
def _parabola(length: int) -> tuple[Float, Float]:
    """A slope and a bow over so many pixels: float32 (length,) of length 1, at right angles to each other and to what is level."""
    slope: Float = np.linspace(-1, 1, length, dtype=np.float32)
    bow: Float = slope * slope - np.mean(slope * slope)
    return slope / max(float(np.linalg.norm(slope)), 1e-3), bow / max(float(np.linalg.norm(bow)), 1e-3)


def _taken(channels: list[Bytes], papers: list[Bytes]) -> Bytes:
    strongest: Bytes | None = None
    for channel, paper in zip(channels, papers, strict=True):
        taken = cv2.divide(cv2.subtract(paper, channel), cv2.max(paper, DEEP), scale=255)
        strongest = taken if strongest is None else cv2.max(strongest, taken)
    assert strongest is not None
    return strongest


def strokes(ink: Bytes) -> Mask:
    """The pixels that belong to strokes: uint8 (h, w) -> bool (h, w), by hysteresis over the paper's noise (median + 4 MAD)."""
    upto = _cumulative(ink)
    counts: list[float] = upto.tolist()
    pixels = counts[-1]
    middle = bisect_left(counts, 0.5 * pixels)
    away = 0  # the median distance to the median
    while away < 255 and counts[min(middle + away, 255)] - (counts[middle - away - 1] if away < middle else 0) < 0.5 * pixels:
        away += 1
    noise = middle + 4 * 1.4826 * away
    split = _otsu(upto)
    floor = max(FAINTEST, round(min(noise, split)) if split >= PRINT else min(round(noise), 127))
    if counts[floor] == pixels:
        return np.zeros(ink.shape, bool)
    full = bisect_left(counts, counts[floor] + 0.9 * (pixels - counts[floor]))
    low, high = max(floor, 0.2 * full), max(1.25 * floor, 0.45 * full)
    mask: Mask = ink > low
    window = inked(mask)
    if window:
        count, labels = cv2.connectedComponents(mask[window].view(np.uint8), connectivity=8)
        strong = np.zeros(count, bool)
        strong[labels[ink[window] > high]] = True
        strong[0] = False
        if not strong[1:].all():
            mask[window] = strong[labels]
    return mask


def inked(mask: Mask, rim: int = 0) -> tuple[slice, slice] | None:
    """The window that holds all of the ink and `rim` pixels around it, as far as there are; None where there is no ink."""
    x, y, w, h = cv2.boundingRect(mask.view(np.uint8))
    return (slice(max(y - rim, 0), y + h + rim), slice(max(x - rim, 0), x + w + rim)) if w else None


def stroke_width(mask: Mask) -> float:
    """Width of the strokes in pixels: twice the distance to the paper along the ridges of half of the ink; 0 without ink."""
    return _width(_ridges(mask))


def _width(ridges: Float) -> float:
    widths = np.sort(ridges)
    area = np.cumsum(widths)  # a ridge's point stands for as much ink as the stroke is wide there: grain does not count for much
    return float(2 * widths[int(np.searchsorted(area, area[-1] / 2))] - 1) if len(widths) else 0.0


def _ridges(mask: Mask) -> Float:
    """The distances to the paper, in pixels, along the middle of the strokes: float32 (points,)."""
    window = inked(mask)
    if not window:
        return np.zeros(0, np.float32)
    framed = cv2.copyMakeBorder(mask[window].view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    distance = cv2.distanceTransform(framed, cv2.DIST_L2, 3)
    ridge = (distance > 0) & (distance >= cv2.dilate(distance, np.ones((3, 3), np.uint8)) - 1e-3)
    found: Float = distance[ridge]
    return found


def _mean(image: Float) -> float:
    return float(cv2.mean(image)[0])


def _cumulative(image: Bytes) -> Double:
    """How many pixels have each byte or a lower one: float64 (256,)."""
    counts: Double = cv2.calcHist([image], [0], None, [256], [0, 256]).ravel().cumsum(dtype=np.float64)
    return counts


def _otsu(upto: Double) -> float:
    """The byte that parts the pixels best (Otsu, 1979): the last one of the lower part. upto: of `_cumulative`."""
    pixels = upto[-1]
    moment = LEVELS * upto - (upto.cumsum() - upto)  # of the lower part: by parts, the sum of byte times count
    between = (moment[-1] * upto - pixels * moment) ** 2 / np.maximum(upto * (pixels - upto), 1)
    return float(between.argmax())


def quantile(values: NDArray[Any], share: float) -> float:
    """The value at which a share in [0, 1] of some values ends. NumPy's own imports masked arrays, which is slower than reading a digit."""
    at = min(int(share * len(values)), len(values) - 1)
    return float(np.partition(values, at)[at])
