"""A scanned page -> which layout of the form it is, and where each of its points lies: by the blank's own print.

Features of the blank (SIFT: Lowe, Distinctive Image Features from Scale-Invariant Keypoints, 2004) are found again in the page, in any
order, tilt, side and scale; a homography is fitted to them (MAGSAC++: Barath et al. 2020) and refined: the page is warped onto the blank,
and small windows of print are found again in it, by normalized cross-correlation to a fraction of a pixel. ArUco marks, where the blank
has any, are features that cannot be mistaken. How much of the blank's print is there decides between layouts, and whether it is any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Bytes, Double, Float, Mask
from ..images.conversions import grey_of

SIDE = 1200
"""The longest side, in pixels, at which a blank and a page are compared: that of A4 at 100 dpi."""
FEATURES = 2500
"""Features of a page, at most, the most distinct ones."""
RATIO = 0.8
"""A feature is matched where the second nearest one is further away by this factor (Lowe 2004, section 7.1)."""
NEAR = 4.0
"""Pixels, at SIDE, that a feature may be from where the homography puts it: paper is not quite flat."""
FEWEST = 12
"""Matches that agree, or there is no homography."""
TRIED = 2
"""Layouts that are compared in full, those with the most matches that agree."""
WINDOW, REACH = 17, 7
"""Half the side of a window of print, and how far from its place it is looked for, in pixels at SIDE."""
WINDOWS = 160
"""Windows of print that a blank has, at most, spread over the page."""
CORRELATED = 0.6
"""A window is found where it correlates so well. Writing over it lowers this; other print is below."""
ROUNDS = 2
"""Refinements, each of the page as the one before has it."""
THERE = 0.55
"""The share of a blank's print that is there on a page of its layout, at least. Set by eye on composed stacks of seed 7."""
DARK = 0.12
"""Print takes away more than this share of the paper's light."""
DICTIONARIES = ("DICT_4X4_50", "DICT_5X5_50", "DICT_6X6_50", "DICT_APRILTAG_36h11")
"""Sets of ArUco marks that are looked for in blanks."""


@dataclass(frozen=True, slots=True)
class Blank:
    """A layout as pages are compared with it. grey: uint8 (h, w), the blank at the size it is compared at; scale: pixels of its image for
    one of these. points: float32 (N, 2), descriptors: float32 (N, 128), of its features; windows: int (K, 2), the middles of windows of
    print; marks: the corners of its ArUco marks, float32 (4, 2) each, by dictionary and number."""

    grey: Bytes
    scale: float
    points: Float
    descriptors: Float
    windows: NDArray[np.intp]
    marks: Mapping[tuple[str, int], Float]
    ink: Mask


@dataclass(frozen=True, slots=True)
class Registered:
    """Where a page was found to be. layout: its place among the blanks. way: from the blank's image to the page's. there: the share of the
    blank's print that is in the page. off: how far, in pixels at SIDE, the windows of print are from where `way` puts them, on average."""

    layout: int
    way: Double
    there: float
    off: float


def blank_of(image: Bytes) -> Blank:
    """Prepare a blank: uint8 (H, W) or (H, W, 3). Raises ValueError where it has too little print to be found by."""
    grey, scale = _smaller(grey_of(image))
    points, descriptors = _features(grey, FEATURES)
    marks = _marks(grey_of(image), DICTIONARIES)
    if len(points) < FEWEST and not marks:
        raise ValueError("there is too little print on it to find a page by")
    taken = _taken(grey)
    return Blank(grey, scale, points, descriptors, _windows(taken), {key: own / scale for key, own in marks.items()}, taken > DARK)


def register(image: Bytes, blanks: Sequence[Blank]) -> Registered | None:
    """Find which of some blanks a page is, and where: uint8 (H, W) or (H, W, 3); None where it is none of them."""
    grey, scale = _smaller(grey_of(image))
    points, descriptors = _features(grey, FEATURES)
    dictionaries = sorted({key[0] for blank in blanks for key in blank.marks})
    marks = {key: own / scale for key, own in _marks(grey_of(image), dictionaries).items()} if dictionaries else {}
    taken = _taken(grey)
    first = []
    for number, blank in enumerate(blanks):
        found = _matched(blank, points, descriptors, marks)
        if found is not None:
            first.append((found[1], number, found[0]))
    best: Registered | None = None
    for _, number, way in sorted(first, key=lambda one: -one[0])[:TRIED]:
        refined, off = _refined(blanks[number], grey, way)
        there = _there(blanks[number], taken, refined)
        if there >= THERE and (best is None or there > best.there):
            best = Registered(number, _larger(scale) @ refined @ np.linalg.inv(_larger(blanks[number].scale)), there, off)
    return best


def moved(points: Any, way: Double) -> Double:
    """Points through a homography: (N, 2) -> float64 (N, 2)."""
    every = np.column_stack([np.asarray(points, np.float64).reshape(-1, 2), np.ones(len(points))]) @ way.T
    found: Double = every[:, :2] / every[:, 2:]
    return found


def _smaller(grey: Bytes) -> tuple[Bytes, float]:
    """At the size that is compared, and the pixels of the image for one of it; a small image is made larger."""
    scale = max(grey.shape) / SIDE
    size = (max(1, round(grey.shape[1] / scale)), max(1, round(grey.shape[0] / scale)))
    flags = cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, size, interpolation=flags), np.uint8), scale


def _larger(scale: float) -> Double:
    """From pixels of an image that was made smaller to its own. Pixels are squares, and numbers are of their middles."""
    return np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2], [0, 0, 1.0]])


def _taken(grey: Bytes) -> Float:
    """The share of the paper's light that is taken away: uint8 (h, w) -> float32 (h, w) in [0, 1]."""
    paper = cv2.GaussianBlur(cv2.morphologyEx(grey, cv2.MORPH_CLOSE, np.ones((25, 25), np.uint8)), (0, 0), 8).astype(np.float32)
    found: Float = np.clip(1 - grey.astype(np.float32) / np.maximum(paper, 16), 0, 1)
    return found


def _features(grey: Bytes, most: int) -> tuple[Float, Float]:
    """The features of an image: their places, float32 (N, 2), and descriptors, float32 (N, 128), as square roots of shares (RootSIFT:
    Arandjelovic and Zisserman 2012)."""
    found, descriptors = cv2.SIFT.create(nfeatures=most, contrastThreshold=0.03).detectAndCompute(grey, None)
    if descriptors is None:
        return np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32)
    shares = descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6)
    return np.array([point.pt for point in found], np.float32), np.sqrt(shares).astype(np.float32)


def _marks(grey: Bytes, dictionaries: Sequence[str]) -> dict[tuple[str, int], Float]:
    """The ArUco marks of an image (Garrido-Jurado et al. 2014): their corners in its pixels, float32 (4, 2), by dictionary and number; a
    number that is there twice is nobody's."""
    found: dict[tuple[str, int], list[Float]] = {}
    for name in dictionaries:
        detector = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, name)), cv2.aruco.DetectorParameters())
        corners, numbers, _ = detector.detectMarkers(grey)
        for own, number in zip(corners, [] if numbers is None else numbers.ravel().tolist(), strict=True):
            found.setdefault((name, number), []).append(np.asarray(own, np.float32).reshape(4, 2))
    return {key: own[0] for key, own in found.items() if len(own) == 1}


def _matched(blank: Blank, points: Float, descriptors: Float, marks: Mapping[tuple[str, int], Float]) -> tuple[Double, int] | None:
    """The homography from a blank to a page that most of their features agree on, and how many; None where there is none."""
    pairs = _pairs(blank.descriptors, descriptors)
    here, there = [blank.points[pairs[:, 0]]], [points[pairs[:, 1]]]
    for key in blank.marks.keys() & marks.keys():
        here.append(blank.marks[key])
        there.append(marks[key])
    one, other = np.concatenate(here), np.concatenate(there)
    known = len(one) - len(pairs)  # corners of marks, which cannot be mistaken
    if len(one) < (4 if known else FEWEST):
        return None
    cv2.setRNGSeed(1)
    way, agree = cv2.findHomography(one, other, cv2.USAC_MAGSAC, NEAR, maxIters=4000, confidence=0.9999)
    count = int(agree.sum()) if way is not None else 0
    if way is None or count < (4 if known else FEWEST) or not _is_sane(way, blank.grey.shape):
        return None
    return np.asarray(way, np.float64), count


def _pairs(one: Float, other: Float) -> NDArray[np.intp]:
    """Which features are each other's: int (N, 2)."""
    if len(one) < 2 or len(other) < 2:
        return np.zeros((0, 2), np.intp)
    like = one @ other.T  # (N, M); descriptors have length 1, so that the distance is sqrt(2 - 2 like)
    first = like.argmax(axis=1)
    rows = np.arange(len(one))
    near = like[rows, first]
    like[rows, first] = -1
    clear = 2 - 2 * near < RATIO**2 * (2 - 2 * like.max(axis=1))
    found: NDArray[np.intp] = np.column_stack([rows[clear], first[clear]])
    return found


def _is_sane(way: Double, size: Sequence[int]) -> bool:
    """Whether a homography leaves a page a page: convex, not mirrored, not a sliver, no side a multiple of the opposite one."""
    corners = moved([(0, 0), (size[1], 0), (size[1], size[0]), (0, size[0])], way)
    if not np.isfinite(corners).all() or (np.abs(corners) > 20 * SIDE).any():
        return False
    sides = np.roll(corners, -1, axis=0) - corners
    turns = sides[:, 0] * np.roll(sides[:, 1], -1) - sides[:, 1] * np.roll(sides[:, 0], -1)
    long = np.hypot(*sides.T)
    return bool((turns > 0).all() and long.min() > 0.1 * SIDE and long.max() < 4 * long.min())


def _windows(taken: Float) -> NDArray[np.intp]:
    """The middles (x, y) of windows with print that can be placed in both directions, spread over the page: int (K, 2)."""
    corners = cv2.goodFeaturesToTrack((255 * taken).astype(np.uint8), 4 * WINDOWS, 0.02, SIDE / 45, blockSize=2 * WINDOW // 3)
    if corners is None:
        return np.zeros((0, 2), np.intp)
    found = np.round(corners.reshape(-1, 2)).astype(np.intp)
    rim = WINDOW + 1
    high, wide = taken.shape
    inside = (found[:, 0] >= rim) & (found[:, 0] < wide - rim) & (found[:, 1] >= rim) & (found[:, 1] < high - rim)
    spread: NDArray[np.intp] = found[inside][:WINDOWS]
    return spread


def _refined(blank: Blank, page: Bytes, way: Double) -> tuple[Double, float]:
    """A homography by which the windows of print lie where they lie in the blank, and how far they are off on average, in pixels."""
    off, reach = float("inf"), REACH
    for _ in range(ROUNDS):
        high, wide = blank.grey.shape
        flat = np.asarray(cv2.warpPerspective(page, np.linalg.inv(way), (wide, high), borderMode=cv2.BORDER_REPLICATE), np.uint8)
        found = [(place, _found_again(blank.grey, flat, place, reach)) for place in blank.windows.tolist()]
        here = np.array([place for place, there in found if there is not None], np.float64)
        if len(here) < FEWEST:
            return way, off
        there = moved([place for _, place in found if place is not None], way)
        better, agree = cv2.findHomography(here, there, cv2.USAC_MAGSAC, NEAR / 2, maxIters=2000, confidence=0.999)
        if better is None or agree.sum() < FEWEST or not _is_sane(better, blank.grey.shape):
            return way, off
        inside = agree.ravel() > 0
        better, _ = cv2.findHomography(here[inside], there[inside], 0)
        off = float(np.mean(np.hypot(*(moved(here[inside], better) - there[inside]).T)))
        way, reach = np.asarray(better, np.float64), REACH // 2
    return way, off


def _found_again(blank: Bytes, page: Bytes, place: Sequence[int], reach: int) -> tuple[float, float] | None:
    """Where a window of the blank is in the page that was warped onto it, to a fraction of a pixel; None where it is not."""
    x, y = place
    high, wide = blank.shape
    window = blank[y - WINDOW : y + WINDOW + 1, x - WINDOW : x + WINDOW + 1]
    rim = WINDOW + reach
    if x < rim or y < rim or x + rim >= wide or y + rim >= high:
        return None
    around = page[y - rim : y + rim + 1, x - rim : x + rim + 1]
    fit = cv2.matchTemplate(around, window, cv2.TM_CCOEFF_NORMED)
    row, column = divmod(int(fit.argmax()), fit.shape[1])
    if fit[row, column] < CORRELATED or not (0 < row < fit.shape[0] - 1 and 0 < column < fit.shape[1] - 1):
        return None
    return x - reach + column + _peak(fit[row, column - 1 : column + 2]), y - reach + row + _peak(fit[row - 1 : row + 2, column])


def _peak(three: Any) -> float:
    """Where the parabola through three values has its top, from the middle one: in [-0.5, 0.5]."""
    left, middle, right = (float(value) for value in three)
    bend = left - 2 * middle + right
    return 0.0 if bend >= 0 else float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5))


def _there(blank: Blank, taken: Float, way: Double) -> float:
    """The share of a blank's print that a page has, a pixel from its place at most, beyond what of it would be there by chance."""
    high, wide = blank.grey.shape
    flat = cv2.warpPerspective(taken, np.linalg.inv(way), (wide, high), borderMode=cv2.BORDER_CONSTANT)
    near = cv2.dilate(flat, np.ones((3, 3), np.uint8)) > DARK
    chance = float(near[~cv2.dilate(blank.ink.view(np.uint8), np.ones((9, 9), np.uint8)).view(bool)].mean())
    found = float(near[blank.ink].mean()) if blank.ink.any() else 0.0
    return (found - chance) / max(1 - chance, 0.1)
