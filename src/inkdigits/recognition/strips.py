"""A field -> strip: float32 (40, W) in [0, 1], 1 = the ink: the field in grey at a fixed height, without a threshold or a mask."""

from __future__ import annotations

import cv2
import numpy as np

from ..arrays import Bytes, Float

HEIGHT = 40
"""Height of a strip in pixels."""
STEP = 4
"""The width of a strip is a multiple of so many pixels."""
ENDS = 0.5, 99.5
"""Percentiles of the grey levels of a field that become 0 and 1."""
CONTRACT: dict[str, int | float | str] = {"version": 4, "height": HEIGHT, "step": STEP, "low": ENDS[0], "high": ENDS[1]}
"""How a strip is made; a number model's card carries a copy."""


def strip(field: Bytes, width: int) -> Float:
    """Scale a field to the size of a strip and stretch its grey levels, so that paper is near 0 and ink near 1 whichever is the darker.

    field: uint8 (h, w), grey, upright. width: of the strip in pixels, before it is rounded up to a multiple of STEP.
    Returns float32 (40, W) in [0, 1].
    """
    width = max(-(-width // STEP) * STEP, STEP)
    smaller = field.shape[0] >= HEIGHT and field.shape[1] >= width
    small = cv2.resize(field, (width, HEIGHT), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    up_to = np.bincount(small.ravel(), minlength=256).cumsum()  # how many pixels are as dark as each level or darker
    shares = np.array([ENDS[0], 50, ENDS[1]]) / 100
    low, middle, high = (float(level) for level in np.searchsorted(up_to, shares * small.size, side="right"))
    light_ink = high - middle > middle - low  # the paper is what most pixels are
    ink = (small - low) if light_ink else (high - small)
    found: Float = np.clip(ink.astype(np.float32) / np.float32(max(high - low, 1.0)), 0, 1)
    return found
