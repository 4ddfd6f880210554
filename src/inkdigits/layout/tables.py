"""Boxes of fields -> lines, reading order, and tables with their rows and columns, ruled or not; nothing here reads.

Boxes are quads, float32 (n, 4, 2), of the flat sheet: corners (x, y) in pixels, top-left, top-right, bottom-right, bottom-left as one
reads.
A page that is tilted and lines that climb are followed; the direction of reading comes from the boxes and from how they stand beside
each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np

from ..arrays import Bytes, Double, Float
from ..tables import Cell, Place, Table

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
PART, OTHER_PART = 2.2, 1.6
"""Two lines that are so many times as far apart as usual belong to two tables; the second, where their columns do not agree either."""
RIVER, WIDE_RIVER = 2.5, 4.0
"""Two columns that are so many times as far apart as usual belong to two tables side by side, where few lines go on across; the second,
in any case."""
ACROSS = 0.7
"""Where at least this share of all lines goes on across a river, it is one table."""
SPANS = 0.6
"""What covers this part of two fields of one line is over both of their columns."""
FILLED = 0.35
"""The share of a table's cells that is filled, at least; of a grid of rules every cell may be empty."""
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
# Chosen on composed tables of seeds that tests/page/test_tables.py does not count.


@dataclass(frozen=True, slots=True)
class Structure:
    """How the fields of a page stand together. lines: the numbers of the fields, line by line in reading order. tables: from top to bottom.
    places: of each field."""

    lines: tuple[tuple[int, ...], ...]
    tables: tuple[Table, ...]
    places: tuple[Place, ...]

    @property
    def order(self) -> tuple[int, ...]:
        """The numbers of all fields in reading order."""
        return tuple(field for line in self.lines for field in line)


def structured(boxes: Float, rules: Float | None = None) -> Structure:
    """How the fields of a page stand together.

    boxes: float32 (n, 4, 2). rules: float32 (h, w) in [0, 1], the probability of a printed rule, in the same pixels as the boxes; where
    rules form a grid, its cells are the cells of a table.
    """
    if not len(boxes):
        return Structure((), (), ())
    turn = tilt(boxes)
    fields = _Fields.of(boxes, turn)
    lines = _lines(fields)
    grids = [] if rules is None else _grids(rules, fields, turn)
    held = {field for grid in grids for row in grid.rows for cell in row for field in cell.fields}
    free = [kept for line in lines if (kept := [field for field in line if field not in held])]
    tables = [*grids, *(table for block in _blocks(free, fields) if (table := _table(block, fields)))]
    tables = _from_the_top(tables, fields)
    places = [Place(None, 0, 0)] * len(boxes)
    for number, line in enumerate(lines):
        for position, field in enumerate(line):
            places[field] = Place(None, number, position)
    for number, table in enumerate(tables):
        for r, row in enumerate(table.rows):
            for c, cell in enumerate(row):
                for field in cell.fields:
                    places[field] = Place(number, r, c)
    return Structure(tuple(map(tuple, lines)), tuple(tables), tuple(places))


def tilt(boxes: Float) -> float:
    """By how much the lines of a page fall to the right, in radians: of the directions near that of the boxes themselves the one in which
    most neighbours stand level. boxes: float32 (n, 4, 2), n at least 1."""
    along = (boxes[:, 1] - boxes[:, 0] + boxes[:, 2] - boxes[:, 3]).astype(np.float64)
    first = along.sum(axis=0)  # long boxes count more
    start = float(np.arctan2(first[1], first[0]))
    turned = _Fields.of(boxes, start)
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


def _from_the_top(tables: list[Table], fields: _Fields) -> list[Table]:
    """Tables from top to bottom, those beside each other from left to right."""
    found: list[tuple[float, float, float, Table]] = []
    for table in tables:
        own = [field for row in table.rows for cell in row for field in cell.fields]
        found.append((float(fields.y[own].min()), float(fields.y[own].max()), float(fields.x[own].min()), table))
    out: list[list[tuple[float, float, float, Table]]] = []
    for one in sorted(found, key=lambda one: one[:3]):
        if out and one[0] < out[-1][0][1]:
            out[-1].append(one)
        else:
            out.append([one])
    return [one[3] for beside in out for one in sorted(beside, key=lambda one: one[2])]


class _Fields(NamedTuple):
    """Fields on a page turned upright. x, y: middles; wide, high: sizes; all float64 (n,), in pixels."""

    x: Double
    y: Double
    wide: Double
    high: Double

    @classmethod
    def of(cls, boxes: Float, turn: float) -> _Fields:
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
        return self.x - self.wide / 2

    @property
    def right(self) -> Double:
        return self.x + self.wide / 2


# Lines


def _lines(fields: _Fields) -> list[list[int]]:
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


def _chains(fields: _Fields) -> list[list[int]]:
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


def _slope_of(chains: list[list[int]], fields: _Fields) -> float:
    """The usual slope of chains of three fields and more: how far they fall by pixel to the right."""
    slopes = [float(np.polyfit(fields.x[chain], fields.y[chain], 1)[0]) for chain in chains if len(chain) >= 3]
    return float(np.median(slopes)) if slopes else 0.0


def _off(one: list[int], other: list[int], fields: _Fields, usual: float) -> float | None:
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


def _own_slope(chain: list[int], fields: _Fields, usual: float) -> float:
    """The slope of a chain, drawn to the usual one as much as it is short."""
    if len(chain) < 3:
        return usual
    trust = len(chain) / (len(chain) + 3)
    return trust * float(np.polyfit(fields.x[chain], fields.y[chain], 1)[0]) + (1 - trust) * usual


# Tables without rules


def _blocks(lines: list[list[int]], fields: _Fields) -> list[list[list[int]]]:
    """Lines parted into what may be one table each: at wide rivers between columns, and where lines stand far apart."""
    if len(lines) < 2:
        return []
    for parts in (_beside(lines, fields), _below(lines, fields)):
        if len(parts) > 1:
            return [block for part in parts for block in _blocks(part, fields)]
    return [lines]


def _below(lines: list[list[int]], fields: _Fields) -> list[list[list[int]]]:
    """Lines parted where they are far apart."""
    middles = np.array([float(np.mean(fields.y[line])) for line in lines])
    apart = np.diff(middles)
    usual = max(float(np.median(apart)), float(np.median(fields.high)))
    if len(apart) == 1:
        usual = max(usual, 1.5 * float(np.median(fields.high)))
    wide = apart / usual
    cuts = [
        k + 1
        for k in range(len(apart))
        if wide[k] > PART or (wide[k] > OTHER_PART and not _agree(lines[: k + 1][-3:], lines[k + 1 :][:3], fields))
    ]
    return [lines[a:b] for a, b in zip([0, *cuts], [*cuts, len(lines)], strict=True)]


def _agree(above: list[list[int]], below: list[list[int]], fields: _Fields) -> bool:
    """Whether most fields of some lines stand over a field of others."""
    a, b = ([field for line in lines for field in line] for lines in (above, below))
    shared = np.minimum(fields.right[a][:, None], fields.right[b][None]) - np.maximum(fields.left[a][:, None], fields.left[b][None])
    over = shared > 0.3 * np.minimum(fields.wide[a][:, None], fields.wide[b][None])
    return bool(over.any(axis=1).mean() > 0.5 and over.any(axis=0).mean() > 0.5)


def _beside(lines: list[list[int]], fields: _Fields) -> list[list[list[int]]]:
    """Lines parted at the widest gap between columns, if it is far wider than the others and few lines go on across it."""
    columns = _columns(lines, fields)
    if len(columns) < 4:
        return [lines]
    edges = [(float(np.quantile(fields.left[c], 0.2)), float(np.quantile(fields.right[c], 0.8))) for c in columns]
    gaps = np.array([max(b[0] - a[1], 0.0) for a, b in pairwise(edges)])
    at = int(np.argmax(gaps))
    usual = max(float(np.median(np.delete(gaps, at))), 0.5 * float(np.median(fields.high)))
    if not 1 <= at <= len(columns) - 3 or gaps[at] < RIVER * usual:
        return [lines]
    first = {field for column in columns[: at + 1] for field in column}
    sides = [[kept for line in lines if (kept := [f for f in line if (f in first) == left])] for left in (True, False)]
    across = sum(0 < sum(f in first for f in line) < len(line) for line in lines)
    both = min(map(len, sides)) >= 2
    return sides if both and (gaps[at] > WIDE_RIVER * usual or across < ACROSS * len(lines)) else [lines]


def _columns(lines: list[list[int]], fields: _Fields) -> list[list[int]]:
    """Fields that stand one over the other, columns from left to right: what overlaps is a column, cut where it has two fields of one line.
    What is over several columns goes to the one nearest its middle."""
    over = _spanning(lines, fields)
    plain = [kept for line in lines if (kept := [field for field in line if field not in over])]
    if not plain:
        return []
    columns = _joined(
        [part for group in _overlapping([f for line in plain for f in line], fields) for part in _cut(group, plain, fields)], plain, fields
    )
    middles = np.array([float(np.median(fields.x[column])) for column in columns])
    for field in over:
        columns[int(np.argmin(np.abs(middles - fields.x[field])))].append(field)
    return columns


def _spanning(lines: list[list[int]], fields: _Fields) -> set[int]:
    """The fields that are over two fields of another line."""
    every = np.array([field for line in lines for field in line])
    own = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    left, right = fields.left[every], fields.right[every]
    shared = np.minimum(right[:, None], right[None]) - np.maximum(left[:, None], left[None])
    over = (shared > SPANS * fields.wide[every][None]).astype(np.int64) @ (own[:, None] == np.arange(len(lines))[None]).astype(np.int64)
    over[np.arange(len(every)), own] = 0
    return set(every[(over >= 2).any(axis=1)].tolist())


def _overlapping(group: Sequence[int], fields: _Fields) -> list[list[int]]:
    """Groups of fields whose columns of pixels overlap, from left to right."""
    found: list[list[int]] = []
    end = -np.inf
    for field in sorted(group, key=lambda field: fields.left[field]):
        if fields.left[field] >= end:
            found.append([])
        found[-1].append(field)
        end = max(end, float(fields.right[field]))
    return found


def _cut(group: list[int], lines: list[list[int]], fields: _Fields) -> list[list[int]]:
    """A group of fields cut into columns in which no line has two fields: where most of the lines that have them leave a gap, and fewest
    fields stand across."""
    own = set(group)
    kept = [[f for f in line if f in own] for line in lines]
    gaps = [(fields.right[a], fields.left[b]) for line in kept for a, b in pairwise(line)]
    if not gaps:
        return [group]
    places = np.array([(min(gap) + max(gap)) / 2 for gap in gaps] + [fields.left[f] for f in group] + [fields.right[f] for f in group])
    low, high = (np.array([pick(gap) for gap in gaps]) for pick in (min, max))
    within = ((places[:, None] >= low[None]) & (places[:, None] <= high[None])).sum(axis=1)
    across = (
        (np.minimum(places[:, None] - fields.left[group], fields.right[group] - places[:, None]) / fields.high[group]).clip(0).sum(axis=1)
    )
    order = sorted(range(len(places)), key=lambda k: (across[k] - within[k], abs(places[k] - float(np.mean(places)))))
    for k in order:
        sides = [[f for f in group if (fields.x[f] < places[k]) == left] for left in (True, False)]
        if all(sides):
            return [part for side in sides for part in _cut(side, lines, fields)]
    return [group]


def _joined(columns: list[list[int]], lines: list[list[int]], fields: _Fields) -> list[list[int]]:
    """Columns side by side that no line has both of, and that are hardly apart, are one."""
    line_of = {field: number for number, line in enumerate(lines) for field in line}
    near = float(np.median(fields.high))
    out: list[list[int]] = []
    for column in columns:
        if out:
            gap = float(fields.left[column].min() - fields.right[out[-1]].max())
            apart = {line_of[f] for f in out[-1]}.isdisjoint(line_of[f] for f in column)
            if apart and gap < near:
                out[-1] = out[-1] + column
                continue
        out.append(column)
    return out


def _table(lines: list[list[int]], fields: _Fields) -> Table | None:
    """The table of some lines, without single fields above and below it; None where they make none."""
    lines = _trimmed(lines, fields)
    if len(lines) < 2:
        return None
    columns = _columns(lines, fields)
    column_of = {field: number for number, column in enumerate(columns) for field in column}
    full_rows = sum(len({column_of[f] for f in line}) >= 2 for line in lines)
    full_columns = sum(len(column) >= 2 for column in columns)
    filled = len({(r, column_of[f]) for r, line in enumerate(lines) for f in line}) / max(len(lines) * len(columns), 1)
    if full_rows < 2 or full_columns < 2 or filled < FILLED:
        return None
    rows = (tuple(Cell(tuple(f for f in line if column_of[f] == c)) for c in range(len(columns))) for line in lines)
    return Table(tuple(rows))


def _trimmed(lines: list[list[int]], fields: _Fields) -> list[list[int]]:
    """Lines without those at the top and at the bottom that are one field alone, over no column or further off than lines are."""
    full = [k for k, line in enumerate(lines) if len(line) >= 2]
    if len(full) < 2:
        return []
    middles = np.array([float(np.mean(fields.y[line])) for line in lines])
    usual = float(np.median(np.diff(middles)))
    inner = {field for k in full for field in lines[k]}
    columns = _columns([lines[k] for k in full], fields)
    first, last = full[0], full[-1]

    def belongs(k: int, beside: int) -> bool:
        (field,) = lines[k]
        over = [
            c
            for c in columns
            if min(fields.right[c].max(), fields.right[field]) - max(fields.left[c].min(), fields.left[field])
            > 0.3 * min(fields.wide[field], float(np.median(fields.wide[c])))
        ]
        return len(over) == 1 and field not in inner and abs(middles[k] - middles[beside]) < OTHER_PART * usual

    while first > 0 and belongs(first - 1, first):
        first -= 1
    while last < len(lines) - 1 and belongs(last + 1, last):
        last += 1
    return lines[first : last + 1]


# Tables with rules


def _grids(rules: Float, fields: _Fields, turn: float) -> list[Table]:
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


def _ruled(rows: Double, columns: Double, fields: _Fields) -> Table | None:
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


def _in_order(some: Iterable[int], fields: _Fields) -> tuple[int, ...]:
    """Fields of one cell in reading order: by line, then from left to right."""
    lines: list[list[int]] = []
    for field in sorted(some, key=lambda field: fields.y[field]):
        if lines and fields.y[field] - float(np.mean(fields.y[lines[-1]])) < LEVEL * fields.high[field]:
            lines[-1].append(field)
        else:
            lines.append([field])
    return tuple(field for line in lines for field in sorted(line, key=lambda field: fields.x[field]))
