"""Rows of strips -> windows of them, upright and turned, for the network that tells which."""

from __future__ import annotations

import cv2
import numpy as np

from inkdigits.arrays import Bytes, Float, Labels
from inkdigits.recognition.strips import HEIGHT
from inkdigits.recognition.upright import CLASSES, WIDTH

Rng = np.random.Generator

WIDE = 24, 240
"""Columns of a row that a crop has, from, to: one digit to more than a window shows."""
LEAST = 12.0
"""A crop has at least so many pixels' worth of ink."""


def standing(rows: Bytes, each: int, rng: Rng) -> tuple[Bytes, Labels]:
    """Crops of rows, half of them upright, the others turned by a quarter or a half, as windows.

    rows: uint8 (N, 40, W), 255 = ink. each: crops of a row. Returns uint8 (N * each, 40, 120), and int64 (N * each,), places in CLASSES.
    """
    labels = rng.integers(0, 2, len(rows) * each)
    made = [_window(rows[i // each], CLASSES[label] == "upright", rng) for i, label in enumerate(labels.tolist())]
    return np.stack(made), labels


def _window(row: Bytes, is_upright: bool, rng: Rng) -> Bytes:
    crop = _crop(row, rng)
    if not is_upright:
        crop = np.rot90(crop, int(rng.choice([1, 2, 3], p=[0.2, 0.6, 0.2])))
    width = max(round(crop.shape[1] * HEIGHT / len(crop) * float(np.exp(rng.normal(0, 0.1)))), HEIGHT // 2)
    high = round(HEIGHT * rng.uniform(0.75, 1))  # some room above and below
    small = cv2.resize(np.ascontiguousarray(crop), (width, high), interpolation=cv2.INTER_AREA if len(crop) > high else cv2.INTER_LINEAR)
    strip = np.zeros((HEIGHT, max(width, WIDTH)), np.uint8)
    top, left = (HEIGHT - high) // 2, (strip.shape[1] - width) // 2
    strip[top : top + high, left : left + width] = small
    start = int(rng.integers(0, strip.shape[1] - WIDTH + 1))
    return strip[:, start : start + WIDTH]


def _crop(row: Bytes, rng: Rng) -> Bytes:
    """Some columns of a row with ink in them; all of the row where ten tries do not find any."""
    for _ in range(10):
        wide = int(np.exp(rng.uniform(*np.log(WIDE))))
        start = int(rng.integers(0, row.shape[1] - wide + 1))
        crop = row[:, start : start + wide]
        if crop.sum() > LEAST * 255:
            return crop
    return row


def lit(windows: Bytes, rng: Rng) -> Float:
    """Windows paler or stronger, each a little: uint8 (N, H, W) -> float32 (N, H, W) in [0, 1]."""
    gain = rng.uniform(0.8, 1.1, (len(windows), 1, 1)).astype(np.float32) / 255
    gamma = np.exp(rng.normal(0, 0.15, (len(windows), 1, 1))).astype(np.float32)
    return np.asarray(np.power(np.clip(windows * gain, 0, 1), gamma), np.float32)
