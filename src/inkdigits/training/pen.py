"""A pen that writes digits from a model of its strokes: for examples, tests and styles that MNIST lacks.

A glyph is a list of strokes, a stroke a list of points in a box of 1 x 1 (x to the right, y down), joined by a Catmull-Rom spline.
Each digit has the forms that hands really use: a 1 with and without flag, a crossed 7, an open and a closed 4.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Rng = np.random.Generator
Stroke = list[tuple[float, float]]

# fmt: off
# ruff: noqa: E501
GLYPHS: dict[str, list[list[Stroke]]] = {
    "0": [
        [[(0.55, 0.0), (0.18, 0.22), (0.1, 0.62), (0.38, 0.99), (0.78, 0.74), (0.84, 0.3), (0.6, 0.02), (0.42, 0.04)]],
        [[(0.5, 0.1), (0.2, 0.3), (0.12, 0.65), (0.4, 0.98), (0.75, 0.7), (0.72, 0.3), (0.5, 0.12), (0.55, 0.2), (0.9, 0.05)]],
        [[(0.55, 0.05), (0.18, 0.25), (0.1, 0.62), (0.38, 0.95), (0.78, 0.74), (0.84, 0.3), (0.6, 0.05)], [(0.98, 0.0), (0.5, 0.5), (0.0, 1.0)]],
    ],
    "1": [
        [[(0.5, 0.0), (0.48, 0.5), (0.46, 1.0)]],
        [[(0.2, 0.32), (0.4, 0.16), (0.6, 0.0)], [(0.6, 0.0), (0.58, 0.5), (0.55, 1.0)]],
        [[(0.0, 0.55), (0.35, 0.3), (0.62, 0.0)], [(0.62, 0.0), (0.56, 0.5), (0.5, 1.0)]],
        [[(-0.05, 0.3), (0.3, 0.2), (0.62, 0.02)], [(0.62, 0.02), (0.58, 0.5), (0.5, 1.0)]],
        [[(0.15, 0.3), (0.38, 0.16), (0.55, 0.0)], [(0.55, 0.0), (0.53, 0.5), (0.5, 0.98)], [(0.2, 0.98), (0.5, 0.98), (0.85, 0.97)]],
    ],
    "2": [
        [[(0.12, 0.24), (0.38, 0.0), (0.76, 0.16), (0.68, 0.46), (0.36, 0.76), (0.08, 0.98)], [(0.08, 0.98), (0.45, 0.95), (0.9, 0.97)]],
        [[(0.15, 0.2), (0.45, 0.0), (0.75, 0.2), (0.6, 0.55), (0.25, 0.92), (0.14, 0.84), (0.36, 0.8), (0.62, 0.95), (0.92, 0.9)]],
    ],
    "3": [
        [[(0.16, 0.12), (0.48, 0.0), (0.76, 0.16), (0.66, 0.38), (0.38, 0.47)], [(0.38, 0.47), (0.76, 0.56), (0.8, 0.82), (0.48, 1.0), (0.12, 0.88)]],
        [[(0.14, 0.03), (0.45, 0.02), (0.78, 0.02)], [(0.78, 0.02), (0.42, 0.4)], [(0.42, 0.4), (0.78, 0.52), (0.8, 0.8), (0.48, 1.0), (0.12, 0.9)]],
        [[(0.2, 0.08), (0.5, 0.0), (0.72, 0.12), (0.6, 0.3), (0.42, 0.4), (0.5, 0.42), (0.75, 0.6), (0.6, 0.92), (0.2, 1.0), (0.02, 0.9)]],
    ],
    "4": [
        [[(0.52, 0.0), (0.3, 0.35), (0.06, 0.64)], [(0.06, 0.64), (0.5, 0.63), (0.94, 0.62)], [(0.64, 0.3), (0.63, 0.65), (0.62, 1.0)]],
        [[(0.2, 0.02), (0.14, 0.28), (0.12, 0.5)], [(0.12, 0.5), (0.45, 0.5), (0.8, 0.48)], [(0.76, 0.0), (0.74, 0.5), (0.72, 1.0)]],
        [[(0.55, 0.0), (0.3, 0.35), (0.08, 0.62)], [(0.08, 0.62), (0.4, 0.58), (0.78, 0.56)], [(0.72, 0.36), (0.62, 0.7), (0.5, 1.0)]],
        [[(0.15, 0.05), (0.08, 0.35), (0.3, 0.54), (0.8, 0.38)], [(0.86, 0.05), (0.76, 0.5), (0.62, 1.0)]],
        [[(0.5, 0.0), (0.22, 0.4), (0.1, 0.66), (0.4, 0.6), (0.8, 0.4), (0.72, 0.7), (0.6, 1.0)]],
    ],
    "5": [
        [[(0.22, 0.03), (0.2, 0.22), (0.17, 0.42)], [(0.17, 0.42), (0.5, 0.34), (0.82, 0.56), (0.7, 0.9), (0.36, 1.0), (0.08, 0.88)], [(0.22, 0.03), (0.5, 0.03), (0.82, 0.0)]],
        [[(0.9, 0.0), (0.6, 0.04), (0.3, 0.05), (0.24, 0.2), (0.2, 0.4), (0.5, 0.4), (0.74, 0.62), (0.6, 0.92), (0.3, 1.0), (0.02, 0.92)]],
        [[(0.3, 0.1), (0.26, 0.25), (0.22, 0.42)], [(0.22, 0.42), (0.6, 0.42), (0.72, 0.7), (0.5, 0.98), (0.1, 0.98)], [(0.25, 0.05), (0.6, 0.02), (1.0, 0.0)]],
    ],
    "6": [
        [[(0.7, 0.0), (0.38, 0.24), (0.16, 0.62), (0.3, 0.96), (0.64, 0.96), (0.8, 0.72), (0.56, 0.52), (0.2, 0.7)]],
        [[(0.5, 0.0), (0.3, 0.35), (0.2, 0.75), (0.35, 1.0), (0.55, 0.95), (0.6, 0.78), (0.42, 0.66), (0.22, 0.8)]],
    ],
    "7": [
        [[(0.1, 0.05), (0.5, 0.04), (0.88, 0.02)], [(0.88, 0.02), (0.62, 0.45), (0.42, 1.0)]],
        [[(0.1, 0.06), (0.5, 0.05), (0.88, 0.03)], [(0.88, 0.03), (0.6, 0.5), (0.45, 1.0)], [(0.3, 0.52), (0.55, 0.5), (0.82, 0.48)]],
        [[(0.08, 0.18), (0.14, 0.05)], [(0.12, 0.06), (0.5, 0.08), (0.85, 0.02)], [(0.85, 0.02), (0.6, 0.4), (0.5, 1.0)], [(0.25, 0.5), (0.9, 0.46)]],
        [[(0.15, 0.2), (0.3, 0.05), (0.55, 0.1), (0.8, 0.05), (0.66, 0.4), (0.5, 1.0)], [(0.2, 0.55), (0.55, 0.5), (0.9, 0.5)]],
    ],
    "8": [
        [[(0.68, 0.14), (0.42, 0.0), (0.2, 0.18), (0.42, 0.42), (0.74, 0.64), (0.74, 0.9), (0.44, 1.0), (0.16, 0.86), (0.3, 0.58), (0.62, 0.36), (0.7, 0.14)]],
        [[(0.8, 0.05), (0.5, 0.0), (0.25, 0.2), (0.5, 0.45), (0.65, 0.7), (0.5, 0.98), (0.25, 0.9), (0.3, 0.65), (0.6, 0.4), (0.9, 0.1)]],
    ],
    "9": [
        [[(0.76, 0.16), (0.46, 0.0), (0.18, 0.22), (0.32, 0.48), (0.6, 0.44), (0.76, 0.16)], [(0.76, 0.16), (0.74, 0.55), (0.66, 1.0)]],
        [[(0.76, 0.16), (0.46, 0.0), (0.18, 0.22), (0.32, 0.48), (0.6, 0.44), (0.76, 0.16)], [(0.76, 0.16), (0.78, 0.6), (0.62, 0.96), (0.3, 0.98), (0.18, 0.86)]],
    ],
}
# fmt: on


def write(text: str, rng: Rng, *, height: int = 48, pen: float = 4.0, gap: float = 0.25) -> Float:
    """Write digits in one line: float32 (h, w) in [0, 1], 1 = ink, cropped to the ink. `height` and `pen` in pixels, `gap` in heights.

    The hand (slant, proportion, pen) is one for the whole line; every sign wobbles by itself. A space leaves half a height free.
    """
    slant, wide, lean = rng.normal(0.08, 0.1), float(np.exp(rng.normal(-0.35, 0.12))), rng.normal(0, 0.015)
    forms = {sign: int(rng.integers(len(GLYPHS[sign]))) for sign in set(text) - {" "}}
    curves: list[NDArray[np.float64]] = []
    x = 0.0
    for sign in text:
        if sign == " ":
            x += 0.5
            continue
        size = float(np.exp(rng.normal(0, 0.05)))
        # One shaky movement for the whole sign, so that strokes that meet still meet.
        shake = rng.normal(0, 0.022, (2, 3))
        placed = []
        for stroke in GLYPHS[sign][forms[sign]]:
            points = _spline(np.array(stroke, float))  # (n, 2) in the unit box
            wave = np.column_stack([np.sin(np.pi * (1 + k) * points[:, 1 - k % 2] + k) for k in range(3)])  # (n, 3)
            points = points + wave @ shake.T
            placed.append(np.column_stack([points[:, 0] * wide * size - slant * (points[:, 1] - 1), points[:, 1] * size]))
        left, right = min(p[:, 0].min() for p in placed), max(p[:, 0].max() for p in placed)
        drop = rng.normal(0, 0.03)
        offset = np.array([x - left, drop + lean * x])
        curves += [p + offset for p in placed]
        x += right - left + max(0.08, rng.normal(gap, 0.05))
    return _ink(curves, height, pen, rng)


def digits(count: int, seed: tuple[int, ...]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Single digits by as many hands: uint8 (count, 64, 64), white on black, and their values int64 (count,)."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 10, count)
    sheets = np.zeros((count, 64, 64), np.uint8)
    for sheet, value in zip(sheets, values, strict=True):
        sign = write(str(value), rng, height=48, pen=rng.uniform(2.5, 7))[:64, :64]
        top, left = (64 - sign.shape[0]) // 2, (64 - sign.shape[1]) // 2
        sheet[top : top + sign.shape[0], left : left + sign.shape[1]] = np.round(sign * 255)
    return sheets, values


def _spline(points: NDArray[np.float64], steps: int = 12) -> NDArray[np.float64]:
    """Catmull-Rom through the points: (n, 2) -> (m, 2)."""
    ends = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    parts = []
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        parts.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.vstack([*parts, points[-1:]])


def _ink(curves: list[NDArray[np.float64]], height: int, pen: float, rng: Rng) -> Float:
    """Draw curves given in units of `height`, at four times the size for smooth edges and a pen whose pressure changes."""
    fine = 4
    low = np.min([c.min(axis=0) for c in curves], axis=0)
    high = np.max([c.max(axis=0) for c in curves], axis=0)
    border = pen * 1.5 + 2
    w, h = ((high - low) * height + 2 * border).astype(int) + 1
    sheet = np.zeros((h * fine, w * fine), np.uint8)
    for curve in curves:
        points = ((curve - low) * height + border) * fine
        pressure = 1 + 0.18 * np.sin(np.linspace(0, rng.uniform(2, 6), len(points)) + rng.uniform(0, 6))
        for (x1, y1), (x2, y2), press in zip(points, points[1:], pressure, strict=False):
            ends = (round(x1 * 16), round(y1 * 16)), (round(x2 * 16), round(y2 * 16))
            cv2.line(sheet, *ends, 255, max(1, round(pen * fine * press)), cv2.LINE_AA, 4)
    small = cv2.resize(sheet, (w, h), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    ys, xs = np.nonzero(small > 0.05)
    return np.ascontiguousarray(small[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1])
