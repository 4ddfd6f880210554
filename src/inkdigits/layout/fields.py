"""Maps of a page -> the handwritten numbers on it, as boxes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Float, Mask
from .maps import CORE

SURE = 0.5
"""A pixel of the maps belongs to a core where that is likelier than all else together."""
SMALLEST_CORE, FAINTEST_CORE = 3, 0.65
"""Pixels of the maps: what has fewer is no core; nor is what has a lower probability, on average over its pixels."""


@dataclass(frozen=True, slots=True)
class Field:
    """A number that was found. box: x, y, width, height, upright. score: probability of its
    core, in [0, 1]. sides, degrees: of the smallest turned box around it, the side along the direction of these degrees, clockwise from
    the right, in (-90, 90], and the other one. In pixels of what the maps' scale refers to."""

    box: tuple[float, float, float, float]
    score: float
    sides: tuple[float, float]
    degrees: float


def fields(maps: Float, scale: float) -> list[Field]:
    """The numbers that the maps show, in no order. maps: float32 (h, w, K). scale: pixels of the boxes for one of the maps."""
    core = maps[..., CORE]
    count, cores, stats, _ = cv2.connectedComponentsWithStats((core > SURE).astype(np.uint8), connectivity=8)
    score = np.bincount(cores.ravel(), core.ravel(), count) / stats[:, 4]
    kept = np.flatnonzero((stats[:, 4] >= SMALLEST_CORE) & (score >= FAINTEST_CORE))
    return [_field(cores == i, stats[i], float(score[i]), scale) for i in kept.tolist() if i]


def _field(own: Mask, stats: NDArray[np.int32], score: float, scale: float) -> Field:
    """A field from its core: bool (h, w), and x, y, width, height of it; a quarter of the field's shorter side is missing at each edge."""
    x, y, w, h = (int(side) for side in stats[:4])
    window = (slice(y, y + h), slice(x, x + w))
    out = min(w, h) / 2
    box = ((x - out) * scale, (y - out) * scale, (w + 2 * out) * scale, (h + 2 * out) * scale)
    points = np.argwhere(own[window])[:, ::-1].astype(np.float32)
    (_, _), (first, second), angle = cv2.minAreaRect(points)
    long, short, degrees = (first, second, angle) if first >= second else (second, first, angle + 90)
    long, short = long + 1 + short + 1, 2 * (short + 1)  # from pixel to pixel is one less than both of them cover
    degrees = float(degrees - 180 if degrees > 90 else degrees)
    return Field(box, score, (long * scale, short * scale), degrees)
