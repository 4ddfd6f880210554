"""The crop of a field -> whether its writing stands upright, or is turned by a quarter or a half."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..arrays import Bytes, Float
from .fields import strip_width
from .strips import HEIGHT, strip

WIDTH = 120
"""Columns of the windows of a strip that the network looks at: about three digits."""
MOST = 3
"""Windows that are looked at along one strip."""
CLASSES = ("turned", "upright")

Classify = Callable[[Float], Float]
"""Windows float32 (n, 40, 120) in [0, 1] -> the probabilities of CLASSES, float32 (n, 2)."""


def upright(crop: Bytes, classify: Classify) -> float:
    """How much likelier than not a grey crop, uint8 (h, w), shows writing that stands upright: the mean of the log odds of its windows."""
    turned, stands = np.clip(classify(windows(strip(crop, strip_width(crop, 1.0)))), 1e-6, 1).T
    return float(np.mean(np.log(stands / turned)))


def windows(found: Float) -> Float:
    """The windows of a strip, float32 (40, W), spread over it: float32 (n, 40, 120), n from 1 to MOST; paper beside what is narrower."""
    missing = WIDTH - found.shape[1]
    if missing >= 0:
        return np.pad(found, ((0, 0), (missing // 2, missing - missing // 2)))[None]
    count = min(-(-found.shape[1] // WIDTH), MOST)
    starts = np.linspace(0, -missing, count).round().astype(int)
    return np.stack([found[:HEIGHT, start : start + WIDTH] for start in starts])
