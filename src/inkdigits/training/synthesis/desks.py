"""What lies around a sheet: wood, cloth, tiles, other paper, the black of a scanner's lid."""

from __future__ import annotations

import cv2
import numpy as np

from inkdigits.arrays import Float

from .paper import _noise as noise

Rng = np.random.Generator


def desk(shape: tuple[int, int], rng: Rng) -> Float:
    """Light that comes back from what lies around a sheet: float32 (h, w) in [0, 1]."""
    if rng.random() < 0.06:
        return lid(shape, rng)
    base, contrast = rng.uniform(0.06, 0.95), rng.uniform(0.03, 0.3)
    pattern = PATTERNS[int(rng.choice(len(PATTERNS), p=SHARES))]
    return np.asarray(np.clip(base + contrast * pattern(shape, rng), 0, 1), np.float32)


def lid(shape: tuple[int, int], rng: Rng) -> Float:
    """The lid of a scanner around a sheet, most often black: float32 (h, w) in [0, 1]."""
    level = rng.choice([rng.uniform(0, 0.12), rng.uniform(0.75, 1.0), rng.uniform(0.1, 0.8)], p=[0.75, 0.1, 0.15])
    return np.full(shape, level, np.float32)


def _plain(shape: tuple[int, int], rng: Rng) -> Float:
    """A smooth table under lamps, perhaps a little rough."""
    coarse = rng.normal(0, 1, (int(rng.integers(2, 6)), int(rng.integers(2, 6)))).astype(np.float32)
    pools = cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(rng.uniform(0, 1) * pools + rng.uniform(0, 0.4) * noise(shape, rng.uniform(0, 2), rng), np.float32)


def _grid(shape: tuple[int, int], rng: Rng) -> tuple[Float, Float]:
    """Coordinates along and across a direction: float32 (h, w) each, in pixels."""
    ys, xs = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    angle = rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)]) + rng.normal(0, 0.1)
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return xs * cos + ys * sin, ys * cos - xs * sin


def _wood(shape: tuple[int, int], rng: Rng) -> Float:
    along, across = _grid(shape, rng)
    bend = 6 * noise(shape, 3, rng) + across + rng.uniform(2, 14) * np.sin(along / rng.uniform(40, 200))
    grain = np.sin(bend / rng.uniform(1.2, 9)) + 0.6 * np.sin(bend / rng.uniform(3, 30) + 1)
    boards = np.float32(2) * (np.mod(across + rng.uniform(0, 90), rng.uniform(40, 220)) < rng.uniform(1, 4))
    return np.asarray(0.6 * grain + 0.4 * noise(shape, 0.6, rng) - boards * (rng.random() < 0.5), np.float32)


def _checks(shape: tuple[int, int], rng: Rng) -> Float:
    along, across = _grid(shape, rng)
    size = rng.uniform(6, 60)
    some = (np.sin(along * np.pi / size) * np.sin(across * np.pi / (size * rng.uniform(0.5, 2)))) * rng.uniform(1, 9)
    if rng.random() < 0.4:  # tiles with joints
        joint = rng.uniform(0.03, 0.12) * size
        some = np.where((np.mod(along, size) < joint) | (np.mod(across, size) < joint), 2.0, 0.3 * noise(shape, 2, rng)) * rng.choice(
            [-1, 1]
        )
    return np.asarray(np.clip(some, -2, 2), np.float32)


def _stripes(shape: tuple[int, int], rng: Rng) -> Float:
    _, across = _grid(shape, rng)
    return np.asarray(
        np.clip(np.sin(across / rng.uniform(2, 20) + 0.3 * noise(shape, 3, rng)) * rng.uniform(0.7, 5), -1.5, 1.5), np.float32
    )


def _cloth(shape: tuple[int, int], rng: Rng) -> Float:
    along, across = _grid(shape, rng)
    weave = np.sin(along * rng.uniform(0.6, 2.2)) + np.sin(across * rng.uniform(0.6, 2.2))
    return np.asarray(rng.uniform(0, 0.8) * weave + noise(shape, rng.uniform(0, 3), rng), np.float32)


def _clutter(shape: tuple[int, int], rng: Rng) -> Float:
    """Things on a table: pens, cards, cables, cups; their edges are hard, their shadows soft."""
    sheet = 0.3 * noise(shape, 3, rng)
    for _ in range(int(rng.integers(3, 14))):
        at = (int(rng.uniform(0, shape[1])), int(rng.uniform(0, shape[0])))
        level, size = float(rng.uniform(-3, 3)), rng.uniform(0.03, 0.35) * max(shape)
        if rng.random() < 0.5:
            box = cv2.boxPoints((at, (size, size * rng.uniform(0.05, 1)), float(rng.uniform(0, 180))))
            cv2.fillPoly(sheet, [box.astype(np.int32)], level, cv2.LINE_AA)
        else:
            cv2.ellipse(sheet, at, (int(size / 2) + 1, int(size * rng.uniform(0.1, 0.5)) + 1), float(rng.uniform(0, 180)), 0, 360, level,
                        -1 if rng.random() < 0.6 else max(1, int(0.1 * size)), cv2.LINE_AA)  # fmt: skip
    return np.asarray(sheet, np.float32)


PATTERNS = (_plain, _wood, _checks, _stripes, _cloth, _clutter)
SHARES = (0.2, 0.24, 0.16, 0.1, 0.14, 0.16)
