"""Boxes of fields -> the tilt of their page and the lines that they stand on. What lines form is in `tables.py`.

Boxes are quads, float32 (n, 4, 2), of the flat sheet: corners (x, y) in pixels, top-left, top-right, bottom-right, bottom-left as one
reads.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..arrays import Double, Float

TILT = 10.0
"""How far a page may be tilted beyond what its boxes say, in degrees."""
LEVEL = 0.5
"""Two fields stand on one line if the middle of one is off the line of the other by no more than this share of the lower one's height."""
FAR = 3.0
"""What is so many heights higher or lower is on another line, however that climbs."""
OVER = 0.3
"""Two fields of one line share no more than this part of the narrower one's width."""
REACH = 12.0
"""Fields further apart than so many heights say nothing of the tilt of a page."""
# Chosen on composed tables of seeds that tests/layout/test_tables.py does not count.


def tilt(boxes: Float) -> float:
    """By how much the lines of a page fall to the right, in radians: of the directions near that of the boxes themselves the one in which
    most neighbours stand level. boxes: float32 (n, 4, 2), n at least 1."""
    along = (boxes[:, 1] - boxes[:, 0] + boxes[:, 2] - boxes[:, 3]).astype(np.float64)
    first = along.sum(axis=0)  # long boxes count more
    start = float(np.arctan2(first[1], first[0]))
    turned = UprightFields.of(boxes, start)
    dx, dy = (values[None, :] - values[:, None] for values in (turned.x, turned.y))
    low = np.minimum(turned.high[None, :], turned.high[:, None])
    near = (dx > 0.5 * low) & (dx < REACH * low) & (np.abs(dy) < 3 * low)
    if not near.any():
        return start
    dx, dy, low = dx[near], dy[near], low[near]
    angles = np.deg2rad(np.arange(-TILT, TILT + 0.01, 0.25))
    off = (dy[None] - np.tan(angles)[:, None] * dx[None]) / (0.2 * low[None])
    level = np.exp(-(off**2)).sum(axis=1) * (1 - 0.02 * np.abs(np.rad2deg(angles)))
    return start + float(angles[int(np.argmax(level))])


class UprightFields(NamedTuple):
    """Fields on a page turned upright. x, y: middles; wide, high: sizes; all float64 (n,), in pixels."""

    x: Double
    y: Double
    wide: Double
    high: Double

    @classmethod
    def of(cls, boxes: Float, turn: float) -> UprightFields:
        """The fields of boxes, float32 (n, 4, 2), on a page whose lines fall by `turn` radians to the right."""
        cos, sin = np.cos(turn), np.sin(turn)
        points = boxes.astype(np.float64) @ np.array([[cos, -sin], [sin, cos]])
        middle, size = (
            points.mean(axis=1),
            [
                (np.linalg.norm(points[:, b] - points[:, a], axis=1) + np.linalg.norm(points[:, c] - points[:, d], axis=1)) / 2
                for a, b, c, d in ((0, 1, 2, 3), (0, 3, 2, 1))
            ],
        )
        return cls(middle[:, 0], middle[:, 1], np.maximum(size[0], 1), np.maximum(size[1], 1))

    @property
    def left(self) -> Double:
        """Their left ends."""
        return self.x - self.wide / 2

    @property
    def right(self) -> Double:
        """Their right ends."""
        return self.x + self.wide / 2


def lines_of(fields: UprightFields) -> list[list[int]]:
    """Fields that stand on one line, left to right, lines from top to bottom: neighbours that choose each other are linked to chains, and
    chains on one line are joined."""
    chains = _chains(fields)
    usual = _slope_of(chains, fields)
    while True:
        joins = sorted(
            (off, i, j)
            for i, one in enumerate(chains)
            for j, other in enumerate(chains[:i])
            if (off := _off(one, other, fields, usual)) is not None
        )
        if not joins:
            break
        _, i, j = joins[0]
        chains[j] = sorted(chains[i] + chains[j], key=lambda field: fields.x[field])
        del chains[i]
    return sorted(chains, key=lambda chain: float(np.mean(fields.y[chain])))


def _chains(fields: UprightFields) -> list[list[int]]:
    n = len(fields.x)
    low = np.minimum(fields.high[None, :], fields.high[:, None])
    gap = fields.left[None, :] - fields.right[:, None]  # from the row's field to the column's
    off = np.abs(fields.y[None, :] - fields.y[:, None])
    may = (
        (gap > -OVER * np.minimum(fields.wide[None, :], fields.wide[:, None]))
        & (fields.x[None, :] > fields.x[:, None])
        & (off < LEVEL * low)
    )
    cost = np.where(may, gap + 3 * off, np.inf)
    after, before = cost.argmin(axis=1), cost.argmin(axis=0)
    follows = {i: int(after[i]) for i in range(n) if np.isfinite(cost[i, after[i]]) and before[after[i]] == i}
    chains = []
    for first in sorted(set(range(n)) - set(follows.values())):
        chain = [first]
        while chain[-1] in follows:
            chain.append(follows[chain[-1]])
        chains.append(chain)
    return chains


def _slope_of(chains: list[list[int]], fields: UprightFields) -> float:
    """The usual slope of chains of three fields and more: how far they fall by pixel to the right."""
    slopes = [float(np.polyfit(fields.x[chain], fields.y[chain], 1)[0]) for chain in chains if len(chain) >= 3]
    return float(np.median(slopes)) if slopes else 0.0


def _off(one: list[int], other: list[int], fields: UprightFields, usual: float) -> float | None:
    """By what share of their height two chains are off one line; None where they are on two: too far off, or one above the other."""
    a, b = (one, other) if len(one) >= len(other) else (other, one)
    apart = max(fields.y[a].min() - fields.y[b].max(), fields.y[b].min() - fields.y[a].max())
    if apart > FAR * min(fields.high[a[0]], fields.high[b[0]]):
        return None
    high = float(np.minimum(np.median(fields.high[a]), np.median(fields.high[b])))
    for field in b:
        shared = np.minimum(fields.right[a], fields.right[field]) - np.maximum(fields.left[a], fields.left[field])
        if (shared > OVER * np.minimum(fields.wide[a], fields.wide[field])).any():
            return None
    offs, slope = [], _own_slope(a, fields, usual)
    for field in b:
        nearest = a[int(np.argmin(np.abs(fields.x[a] - fields.x[field])))]
        offs.append(abs(fields.y[field] - fields.y[nearest] - slope * (fields.x[field] - fields.x[nearest])) / high)
    off = float(np.mean(offs))
    return off if off < LEVEL else None


def _own_slope(chain: list[int], fields: UprightFields, usual: float) -> float:
    """The slope of a chain, drawn to the usual one as much as it is short."""
    if len(chain) < 3:
        return usual
    trust = len(chain) / (len(chain) + 3)
    return trust * float(np.polyfit(fields.x[chain], fields.y[chain], 1)[0]) + (1 - trust) * usual
