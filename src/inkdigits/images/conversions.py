"""Arrays of any numbers -> uint8, without transparency, upright: what of pixels is no matter of a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Bytes
from ..errors import InputError

TURNED = (5, 6, 7, 8)
"""EXIF orientations that swap height and width."""


def eight_bits(image: NDArray[Any], name: str = "array") -> Bytes:
    """Scale numbers of any kind to uint8 0..255. uint8 stays as it is, False and True are 0 and 255.

    Other numbers are divided by the smallest 1, 3, 7, ... 2^n - 1 that holds the largest: so floats up to 1, 12 bits stored in 16, and
    0..16 all end near full range, 0 stays black, and a picture with little contrast is not stretched into noise. With negative numbers
    among them, the smallest becomes 0 and the largest 255. Raises InputError for NaN, infinity, and numbers that are none of these.
    """
    if image.dtype == np.uint8:
        return image
    if image.dtype == np.bool_:
        return image.astype(np.uint8) * np.uint8(255)
    if image.dtype.kind not in "iuf":
        raise InputError(name, f"an array of {image.dtype} is not an image", "give uint8, uint16 or floats in [0, 1]")
    low, high = float(image.min()), float(image.max())
    if not max(abs(low), abs(high)) < 1e38:  # nor is it for NaN
        raise InputError(name, "it has NaN or infinite pixels", "replace them first")
    if low < 0:
        black, full = low, high - low
    else:
        black, full = 0.0, 2.0 ** int(np.ceil(np.log2(high + 1))) - 1 if high > 1 else 1.0
    scaled = np.empty(image.shape, np.uint8)
    for rows in bands(image):
        scaled[rows] = np.rint((image[rows].astype(np.float32) - np.float32(black)) * np.float32(255 / max(full, 1e-12)))
    return scaled


def grey_of(image: Bytes) -> Bytes:
    """An image in grey: uint8 (H, W, 3) RGB -> uint8 (H, W); one that is grey stays as it is."""
    return image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def opaque(image: Bytes) -> Bytes:
    """Lay an image with transparency on paper: uint8 (H, W, 4) RGBA -> (H, W, 3) RGB; others stay as they are.

    The paper is white, or black where everything visible is light: chalk-white strokes drawn on nothing.
    """
    if image.ndim == 2 or image.shape[2] == 3:
        return image
    colour, alpha = image[..., :3], image[..., 3]
    if alpha.min() == 255:
        return np.ascontiguousarray(colour)
    visible = alpha > 127
    dark = visible & (cv2.cvtColor(image, cv2.COLOR_RGBA2GRAY) <= 127)
    # The darkest of what is visible, not the mean: a cut-out piece of white paper with dark writing belongs on white.
    light = visible.any() and np.count_nonzero(dark) <= 0.02 * np.count_nonzero(visible)
    paper = np.float32(0 if light else 255)
    out = np.empty(colour.shape, np.uint8)
    for rows in bands(image):
        cover = alpha[rows][..., None].astype(np.float32) / 255  # (h, W) -> (h, W, 1)
        out[rows] = np.rint(colour[rows] * cover + paper * (1 - cover))
    return out


def upright(image: Bytes, orientation: int) -> Bytes:
    """Turn and mirror an image as its EXIF orientation, 1 to 8, asks."""
    if orientation in TURNED:
        image = image.swapaxes(0, 1)  # (H, W[, 3]) -> (W, H[, 3])
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    return np.ascontiguousarray(image)


def bands(image: NDArray[Any]) -> Iterator[slice]:
    """The rows of an image, some at a time: numbers in between that are wider than its own stay few."""
    step = max(1, (1 << 20) // max(image[0].size, 1))
    return (slice(top, top + step) for top in range(0, len(image), step))
