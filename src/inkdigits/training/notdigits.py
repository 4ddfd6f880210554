"""What is not a digit, drawn: letters and signs of handwriting fonts, digits run together, pieces of digits, scribbles, walls and blots.

A network trained on digits alone calls every one of these some digit, with confidence; these teach it to say no.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from inkdigits.arrays import Bytes

from .fonts import SHEET, cropped, fitted, typed

Rng = np.random.Generator

LETTERS = "AABCEEFHKKMMNNQRRTUVWWXYaaacddfkkmmnuvwwxxß"
SIGNS = "##$$%%&&**++==--??!<>{}@€£~:;"
# Not drawn: what is also how somebody writes a digit: O o D I l i | / J L S s Z z B b G g q h r t y, brackets, λ; P p e, some hands' 9.


def not_digits(count: int, seed: tuple[int, ...], digits: Bytes) -> Bytes:
    """Draw things that are not digits: uint8 (count, 64, 64), white on black. `digits` uint8 (N, H, W) are what pieces are made of."""
    rng = np.random.default_rng(seed)
    kinds: list[tuple[float, Callable[[Bytes, Rng], Bytes]]] = [
        (0.40, lambda _, r: _letters(r)),
        (0.24, _together),
        (0.16, _piece),
        (0.10, lambda _, r: _scribble(r)),
        (0.10, lambda _, r: _walls(r)),
    ]
    choice = rng.choice(len(kinds), count, p=[share for share, _ in kinds])
    sheets = np.zeros((count, SHEET, SHEET), np.uint8)
    for i, kind in enumerate(choice):
        while (sheets[i] > 60).sum() < 12:  # again where nothing was left of it
            sheets[i] = fitted(kinds[kind][1](digits, rng))
    return sheets


def _letters(rng: Rng) -> Bytes:
    """One letter or sign; now and then a few in a row."""
    pool = SIGNS if rng.random() < 0.22 else LETTERS
    length = 1 if rng.random() < 0.8 else int(rng.integers(2, 4))
    return typed("".join(rng.choice(list(pool), length)), rng)


def _together(digits: Bytes, rng: Rng) -> Bytes:
    """Two or three digits that touch."""
    parts = [cropped(digits[rng.integers(len(digits))]) for _ in range(2 if rng.random() < 0.85 else 3)]
    sheet = parts[0]
    for part in parts[1:]:
        tall = max(len(sheet), len(part))
        left, right = (np.pad(p, (((tall - len(p)) // 2, (tall - len(p) + 1) // 2), (0, 0))) for p in (sheet, part))
        lap = min(int(rng.integers(-1, 4)), left.shape[1])
        joined = np.zeros((tall, left.shape[1] + max(right.shape[1] - lap, 1)), np.uint8)
        joined[:, : left.shape[1]] = left
        joined[:, -right.shape[1] :] = np.maximum(joined[:, -right.shape[1] :], right)
        sheet = joined
    return sheet


def _piece(digits: Bytes, rng: Rng) -> Bytes:
    """A part of a digit, as a wrong cut leaves it, or a digit with a part of its neighbour."""
    digit = cropped(digits[rng.integers(len(digits))])
    height, width = digit.shape
    if width < 0.45 * height:
        return np.zeros((1, 1), np.uint8)  # a part of a 1 is a 1
    if rng.random() < 0.5:
        other = cropped(digits[rng.integers(len(digits))])
        share = other[:, : max(3, int(rng.uniform(0.3, 0.6) * other.shape[1]))]
        if rng.random() < 0.5:
            share = other[:, -share.shape[1] :]
        tall = max(height, len(share))
        pair = [np.pad(p, ((0, tall - len(p)), (0, 0))) for p in (digit, share)]
        return np.hstack(pair if rng.random() < 0.5 else pair[::-1])
    if rng.random() < 0.7:
        cut = int(rng.uniform(0.35, 0.6) * width)
        return cropped(digit[:, :cut] if rng.random() < 0.5 else digit[:, cut:])
    cut = int(rng.uniform(0.3, 0.5) * height)
    return cropped(digit[:cut])


def _scribble(rng: Rng) -> Bytes:
    """A pen going to and fro, a dash, or a blot."""
    sheet = np.zeros((SHEET, SHEET), np.uint8)
    kind = rng.random()
    if kind < 0.3:
        long = int(rng.integers(5, 22))
        axes = (long, int(rng.uniform(0.6, 1) * long))
        cv2.ellipse(sheet, (32, 32), axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
    elif kind < 0.5:
        y = 32 + rng.normal(0, 4, 4)
        points = np.column_stack([np.linspace(6, 58, 4), y]).astype(np.int32)
        cv2.polylines(sheet, [points], False, 255, int(rng.integers(2, 7)), cv2.LINE_AA)
    else:
        count = int(rng.integers(7, 20))
        knots = rng.normal(32, 13, (count, 2))
        for i in range(1, count):
            knots[i] = 0.45 * knots[i - 1] + 0.55 * knots[i]
        fine = np.clip(cv2.resize(knots.astype(np.float32), (2, 8 * count), interpolation=cv2.INTER_CUBIC), 1, 62).astype(np.int32)
        cv2.polylines(sheet, [fine], False, 255, int(rng.integers(1, 5)), cv2.LINE_AA)
    return cropped(sheet)


def _walls(rng: Rng) -> Bytes:
    """Corners and crossings of ruled lines, empty boxes, combs."""
    sheet = np.zeros((SHEET, SHEET), np.uint8)
    pen = int(rng.integers(1, 5))
    xs, ys = rng.integers(4, 60, int(rng.integers(1, 4))), rng.integers(4, 60, int(rng.integers(1, 4)))
    for x in xs:
        cv2.line(sheet, (int(x), int(ys.min())), (int(x), 61), 255, pen)
    for y in ys:
        cv2.line(sheet, (int(xs.min()) if rng.random() < 0.5 else 3, int(y)), (61, int(y)), 255, pen)
    return cropped(sheet)
