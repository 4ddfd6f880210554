"""Pen strokes -> ink, as pens write: a line whose width follows the pressure, freed of the steps of a coarse tablet."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Double, Float

Rng = np.random.Generator

FINE = 2
"""Strokes are drawn so many times as large and averaged down, for smooth edges."""
SPACING = 6.0
"""Units between two points of a stroke after it was resampled; a digit is 200 units high."""
PIECE = 8
"""Points of a stroke that are drawn with one width."""
WIDTHS = 4
"""Widths that the pieces of a sign are drawn with."""


def pieces(strokes: Sequence[NDArray[np.floating]]) -> list[Float]:
    """Strokes, each (points, 2) in units, resampled at even distances, averaged with their neighbours, and cut into short pieces that begin
    where the one before ends: float32 (up to PIECE + 1, 2) each."""
    found = []
    for stroke in strokes:
        points = _smooth(np.asarray(stroke, np.float64)).astype(np.float32)
        found += [points[i : i + PIECE + 1] for i in range(0, max(len(points) - 1, 1), PIECE)]
    return found


def matrix_of(scale: float, slant: float, stretch: float, turn: float) -> Double:
    """Scale, slant (pixels to the right per pixel upwards), stretch sideways and turn (radians), as a matrix for points: float64 (2, 2)."""
    cos, sin = np.cos(turn), np.sin(turn)
    matrix: Double = np.array([[cos, -sin], [sin, cos]]) @ np.array([[stretch, -slant], [0, 1]]) * scale
    return matrix


def inked(parts: Sequence[Float], matrix: Double, pen: float, rng: Rng, *, pressure: float = 0.22) -> Float:
    """Draw pieces of strokes with a pen, cropped to the ink: float32 (h, w) in [0, 1], 1 = ink.

    parts: of `pieces`. matrix: from their units to pixels. pen: width of the line in pixels. pressure: by what share it changes.
    """
    lengths = np.cumsum([len(part) for part in parts])[:-1]
    points = np.concatenate(parts) @ matrix.T
    border = 0.5 * pen * (1 + pressure) + 1
    low = np.floor(points.min(axis=0) - border)
    wide, high = np.ceil(points.max(axis=0) + border - low).astype(int).tolist()
    canvas = np.zeros((high * FINE, wide * FINE), np.uint8)
    drawn = np.split(np.round((points - low) * (8 * FINE)).astype(np.int32), lengths)
    level = np.round((WIDTHS - 1) * (0.5 + 0.5 * np.sin(rng.uniform(0, 6) + rng.uniform(0.3, 1.2) * np.arange(len(drawn))))).astype(int)
    for step in set(level.tolist()):
        width = pen * FINE * (1 + pressure * (2 * step / (WIDTHS - 1) - 1))
        some = [part for part, own in zip(drawn, level.tolist(), strict=True) if own == step]
        cv2.polylines(canvas, some, False, 255, max(1, round(width)), cv2.LINE_AA, 3)
    ink: Float = cv2.resize(canvas, (wide, high), interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)
    return ink


def _smooth(stroke: Double) -> Double:
    """Points at even distances along a stroke, averaged with their neighbours: (points, 2) -> (more or fewer, 2)."""
    steps = np.hypot(*np.diff(stroke, axis=0).T) if len(stroke) > 1 else np.zeros(0)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    count = int(along[-1] / SPACING) + 1
    if count < 3:
        return stroke[[0, -1]]
    even = np.linspace(0, along[-1], count)
    points = np.column_stack([np.interp(even, along, stroke[:, axis]) for axis in (0, 1)])
    padded = np.concatenate([points[:1], points, points[-1:]])
    averaged: Double = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    return averaged
