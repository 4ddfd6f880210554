"""What stands where on a page: an image -> maps: float32 (H/4, W/4, 7), the probability of each class at every fourth pixel."""

from __future__ import annotations

import cv2
import numpy as np

from ..arrays import Bytes, Float

CLASSES = ("paper", "core", "margin", "writing", "rule", "desk", "print")
"""The core of a handwritten number, without the quarter of its shorter side at each of its edges; the margin around the core; other
handwriting; rules and walls; what is no paper: a desk, the black edge of a scan; print. All else is paper."""
PAPER, CORE, MARGIN, WRITING, RULE, DESK, PRINT = range(7)
SIDE = 640
"""The longest side, in pixels, at which a page is looked at."""
WHOLE_SIDE = 320
"""That at which the sheet is looked for on whatever it lies on: pages of this size the network learned from."""
SMALLEST = 64
"""The shorter side, in pixels, that a smaller image is blown up to, so that its digits are no smaller than those of pages."""
STEP = 4
"""Pixels of the page for one of its maps."""
MULTIPLE = 32
"""Height and width of what the network sees are a multiple of so many pixels."""
CONTRACT: dict[str, int | float | str] = {"version": 1, "side": SIDE, "smallest": SMALLEST, "step": STEP, "multiple": MULTIPLE}
"""How a page is made ready; a fields model's card carries a copy."""


def page_of(grey: Bytes, side: int = SIDE) -> tuple[Float, float]:
    """Make an image ready for the network: no longer than `side` pixels, no smaller than SMALLEST if it can, grey levels in [0, 1], black
    beyond its right and lower edge.

    grey: uint8 (H, W). Returns float32 (h, w), both a multiple of MULTIPLE, and how many pixels of the image one of the page is.
    """
    scale = max(max(grey.shape) / side, min(min(grey.shape) / SMALLEST, 1.0))
    small = grey
    if scale != 1:
        size = (max(round(grey.shape[1] / scale), 1), max(round(grey.shape[0] / scale), 1))
        small = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR), np.uint8)
    shape = tuple(-(-side // MULTIPLE) * MULTIPLE for side in small.shape)
    page = np.zeros(shape, np.float32)
    page[: small.shape[0], : small.shape[1]] = small
    page /= np.float32(255)
    return page, scale
