"""region -> tile: float32 (28, 28), 1 = ink, in the convention of MNIST; one function for photos, for training and for tests.

The convention (LeCun, Cortes, Burges, http://yann.lecun.com/exdb/mnist/): the digit is scaled, keeping its aspect ratio, to fit
a 20x20 box, and its centre of mass is put at pixel (14, 14) of 28x28 (the mean over MNIST's training digits is 13.99, 14.00).
"""

from __future__ import annotations

import cv2
import numpy as np

from ..arrays import Float, Mask
from ..layout.ink import Ink, quantile
from ..layout.regions import Region

SIZE, BOX, LEVEL = 28, 20, 0.85
AROUND, PLACES = np.ones((3, 3), np.uint8), np.arange(SIZE, dtype=np.float32)
CONTRACT: dict[str, int | float | str] = {"version": 2, "size": SIZE, "box": BOX, "centre": "mass", "level": LEVEL}
"""How a tile is made. A model's card carries a copy; a model trained on tiles made otherwise is refused."""


def tile(strength: Float, mask: Mask) -> Float:
    """Make a tile of one region.

    strength: float32 (h, w) in [0, 1], the ink of a crop that holds the region. mask: bool (h, w), the region's strokes; not empty.
    Returns float32 (28, 28) in [0, 1].
    """
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    window = (slice(top, top + height), slice(left, left + width))
    mask, strength = mask[window], strength[window]
    # Full ink is what the strongest strokes of this very region show: pencil and felt-tip end at the same 1.
    full = quantile(strength[mask], LEVEL)
    near = cv2.dilate(mask.view(np.uint8), AROUND)
    ink = np.minimum(strength / np.float32(full), 1) * near
    scale = BOX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    ink = cv2.resize(ink, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    peak = quantile(ink[ink > 0.1 * ink.max()], 0.9)
    # A hairline shrunk to a fraction of a pixel turns grey: give it back its full ink.
    return centre(np.minimum(ink / max(peak, 1e-3), 1) if peak < 0.9 else ink)


def centre(ink: Float) -> Float:
    """Put ink (h, w), at most 20x20, into (28, 28) with its centre of mass at pixel (14, 14), to the nearest pixel."""
    height, width = ink.shape
    rows, columns = ink.sum(axis=1), ink.sum(axis=0)
    y, x = rows @ PLACES[:height] / rows.sum(), columns @ PLACES[:width] / columns.sum()
    top = min(max(round(SIZE / 2 - float(y)), 0), SIZE - height)
    left = min(max(round(SIZE / 2 - float(x)), 0), SIZE - width)
    out = np.zeros((SIZE, SIZE), np.float32)
    out[top : top + height, left : left + width] = ink
    return out


def tile_of(ink: Ink, region: Region) -> Float:
    """The tile of a region of an image's ink: float32 (28, 28)."""
    window = (slice(region.y, region.bottom), slice(region.x, region.right))
    return tile(ink.strength[window].astype(np.float32) / np.float32(255), region.mask)
