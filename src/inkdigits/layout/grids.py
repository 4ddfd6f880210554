"""Rules that go across each other -> the tables whose cells they are."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from ..arrays import Bytes, Double, Float
from ..tables import Cell, Table
from .field_lines import LEVEL, UprightFields

RULE = 0.4
"""What is more likely a rule than this is one."""
LONG = 0.08
"""A rule of a grid is at least as long as this share of the map's longer side."""
FULL = 0.5
"""A rule goes through at least this share of its grid."""
LEAN = 0.006
"""By how much a rule may still lean, as a share of its length, to either side."""
CELL = 0.8
"""In a grid of rules that is a table most fields are no wider and no higher than this share more than their cells."""
# Chosen on composed tables of seeds that tests/layout/test_tables.py does not count.


def grids(rules: Float, fields: UprightFields, turn: float) -> list[Table]:
    """The tables whose cells are printed: grids of rules that go across each other."""
    cos, sin = float(np.cos(turn)), float(np.sin(turn))
    height, width = rules.shape
    corners = np.array([(0, 0), (width, 0), (0, height), (width, height)]) @ np.array([[cos, -sin], [sin, cos]])
    low = corners.min(axis=0)
    size = np.ceil(corners.max(axis=0) - low).astype(int)
    matrix = np.array([[cos, sin, -low[0]], [-sin, cos, -low[1]]])
    upright = cv2.warpAffine(rules, matrix, (int(size[0]), int(size[1])), flags=cv2.INTER_LINEAR)
    mask = (upright > RULE).astype(np.uint8)
    mask = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    length = max(5, round(LONG * max(mask.shape)))
    across = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    down = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((length, 1), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(across | down, connectivity=8)
    found = []
    for k in range(1, count):
        x, y, w, h, _ = stats[k].tolist()
        own = np.asarray(labels[y : y + h, x : x + w] == k, np.uint8)
        rows = _separators(_thick(across[y : y + h, x : x + w] & own, 0).mean(axis=1))
        columns = _separators(_thick(down[y : y + h, x : x + w] & own, 1).mean(axis=0))
        tall = float(np.median(fields.high))
        table = _ruled(_closed(rows, h, tall) + low[1] + y, _closed(columns, w, tall) + low[0] + x, fields)
        if table:
            found.append(table)
    return found


def _separators(share: Double) -> list[float]:
    """Where rules run: the middles of runs in which more than FULL of a row or column of pixels is a rule."""
    ends = np.flatnonzero(np.diff(np.concatenate([[0], share > FULL, [0]])))
    return [(float(a) + float(b) - 1) / 2 for a, b in zip(ends[::2], ends[1::2], strict=True)]


def _thick(mask: Bytes, axis: int) -> Bytes:
    """Rules made thicker, so that one that leans a little stays on the same rows (axis 0) or columns (1) of pixels from end to end."""
    width = 1 + 2 * max(1, round(LEAN * mask.shape[1 - axis]))
    return np.asarray(cv2.dilate(mask, np.ones((width, 1) if axis == 0 else (1, width), np.uint8)), np.uint8)


def _closed(places: list[float], size: int, tall: float) -> Double:
    """Where rules run, and the ends of a grid that has no rule there: one that is open at its sides, or cut off."""
    if not places:
        return np.zeros(0)
    first = [0.0] if places[0] > tall else []
    last = [float(size)] if places[-1] < size - tall else []
    return np.array([*first, *places, *last])


def _ruled(rows: Double, columns: Double, fields: UprightFields) -> Table | None:
    """The table of a grid: where its rules run, from top to bottom and from left to right; None where it has fewer than two rows or
    columns, no field, or where its cells are not those of the fields, as on squared paper."""
    if len(rows) < 3 or len(columns) < 3:
        return None
    r, c = np.searchsorted(rows, fields.y) - 1, np.searchsorted(columns, fields.x) - 1
    inside = np.flatnonzero((r >= 0) & (r < len(rows) - 1) & (c >= 0) & (c < len(columns) - 1))
    if not len(inside):
        return None
    wide, high = np.diff(columns)[c[inside]], np.diff(rows)[r[inside]]
    fit = (fields.wide[inside] < (1 + CELL / 4) * wide) & (fields.high[inside] < (1 + CELL) * high)
    if fit.mean() < CELL:
        return None
    cells: dict[tuple[int, int], list[int]] = {}
    for field in inside.tolist():
        cells.setdefault((int(r[field]), int(c[field])), []).append(field)
    return Table(
        tuple(tuple(Cell(_in_order(cells.get((i, j), ()), fields)) for j in range(len(columns) - 1)) for i in range(len(rows) - 1)),
        ruled=True,
    )


def _in_order(some: Iterable[int], fields: UprightFields) -> tuple[int, ...]:
    """Fields of one cell in reading order: by line, then from left to right."""
    lines: list[list[int]] = []
    for field in sorted(some, key=lambda field: fields.y[field]):
        if lines and fields.y[field] - float(np.mean(fields.y[lines[-1]])) < LEVEL * fields.high[field]:
            lines[-1].append(field)
        else:
            lines.append([field])
    return tuple(field for line in lines for field in sorted(line, key=lambda field: fields.x[field]))
