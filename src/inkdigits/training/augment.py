"""Small random movements of images: the same seed and epoch give the same images on every backend."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

STRENGTH = {"none": 0.0, "light": 1.0, "strong": 2.0}


def moved(images: NDArray[np.uint8], amount: str, rng: np.random.Generator) -> NDArray[np.float32]:
    """Turn, slant, stretch and shift every image a little: uint8 (N, H, W) -> float32 (N, H, W) in [0, 1].

    amount: none leaves them as they are; light moves by about 3 degrees, 6 % and 0.7 pixels (of 28), strong by twice as much.
    """
    if amount == "none":
        return images.astype(np.float32) / np.float32(255)
    height, width = images.shape[1:]
    spread = STRENGTH[amount]
    middle = np.array([width - 1, height - 1]) / 2
    turns = np.eye(2) + rng.normal(0, 0.06 * spread, (len(images), 2, 2))
    shifts = middle - turns @ middle + rng.normal(0, 0.7 * spread / 28, (len(images), 2)) * [width, height]
    out = np.empty(images.shape, np.float32)
    for i, (turn, shift) in enumerate(zip(turns, shifts, strict=True)):
        out[i] = cv2.warpAffine(images[i], np.column_stack([turn, shift]), (width, height), flags=cv2.INTER_LINEAR)
    out /= 255
    return out
