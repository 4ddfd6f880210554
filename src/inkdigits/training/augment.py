"""Small random movements of images: the same seed and epoch give the same images on every backend."""

from __future__ import annotations

import cv2
import numpy as np

from inkdigits.arrays import Bytes

STRENGTH = {"none": 0.0, "light": 1.0, "strong": 2.0, "elastic": 1.2}
GRID, BEND = 5, 0.02
"""elastic: displacements are drawn at GRID x GRID points of the image, with a standard deviation of BEND of its size."""


def moved(images: Bytes, amount: str, rng: np.random.Generator) -> Bytes:
    """Turn, slant, stretch and shift every image a little: uint8 (N, H, W) -> uint8 (N, H, W).

    amount: none leaves them as they are; light moves by about 3 degrees, 6 % and 0.7 pixels (of 28), strong by twice as much; elastic by a
    fifth more than light, and bends the strokes as well (Simard, Steinkraus, Platt 2003, section 2).
    """
    if amount == "none":
        return images
    height, width = images.shape[1:]
    spread = STRENGTH[amount]
    middle = np.array([width - 1, height - 1]) / 2
    turns = np.eye(2) + rng.normal(0, 0.06 * spread, (len(images), 2, 2))
    shifts = middle - turns @ middle + rng.normal(0, 0.7 * spread / 28, (len(images), 2)) * [width, height]
    out = np.empty_like(images)
    if amount == "elastic":
        size = np.array([width, height], np.float32)
        places = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)  # (H, W, 2): x, y
        for i, (turn, shift) in enumerate(zip(turns.astype(np.float32), shifts.astype(np.float32), strict=True)):
            bend = rng.normal(0, BEND, (GRID, GRID, 2)).astype(np.float32) * size
            source = places @ turn.T + shift + cv2.resize(bend, (width, height), interpolation=cv2.INTER_CUBIC)
            out[i] = cv2.remap(images[i], source, None, cv2.INTER_LINEAR)
    else:
        for i, (turn, shift) in enumerate(zip(turns, shifts, strict=True)):
            out[i] = cv2.warpAffine(images[i], np.column_stack([turn, shift]), (width, height), flags=cv2.INTER_LINEAR)
    return out
