"""Boxes of fields -> reading order, and tables with their rows and columns, ruled (`grids.py`) or not; nothing here reads.

Boxes are quads, float32 (n, 4, 2), of the flat sheet: corners (x, y) in pixels, top-left, top-right, bottom-right, bottom-left as one
reads.
A page that is tilted and lines that climb are followed; the direction of reading comes from the boxes and from how they stand beside
each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..arrays import Float
from ..tables import Cell, Place, Table
from .field_lines import UprightFields, lines_of, tilt
from .grids import grids

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
# Chosen on composed tables of seeds that tests/layout/test_tables.py does not count.


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
    fields = UprightFields.of(boxes, turn)
    lines = lines_of(fields)
    ruled = [] if rules is None else grids(rules, fields, turn)
    held = {field for grid in ruled for row in grid.rows for cell in row for field in cell.fields}
    free = [kept for line in lines if (kept := [field for field in line if field not in held])]
    tables = [*ruled, *(table for block in _blocks(free, fields) if (table := _table(block, fields)))]
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


def _from_the_top(tables: list[Table], fields: UprightFields) -> list[Table]:
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


def _blocks(lines: list[list[int]], fields: UprightFields) -> list[list[list[int]]]:
    """Lines parted into what may be one table each: at wide rivers between columns, and where lines stand far apart."""
    if len(lines) < 2:
        return []
    for parts in (_beside(lines, fields), _below(lines, fields)):
        if len(parts) > 1:
            return [block for part in parts for block in _blocks(part, fields)]
    return [lines]


def _below(lines: list[list[int]], fields: UprightFields) -> list[list[list[int]]]:
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


def _agree(above: list[list[int]], below: list[list[int]], fields: UprightFields) -> bool:
    """Whether most fields of some lines stand over a field of others."""
    a, b = ([field for line in lines for field in line] for lines in (above, below))
    shared = np.minimum(fields.right[a][:, None], fields.right[b][None]) - np.maximum(fields.left[a][:, None], fields.left[b][None])
    over = shared > 0.3 * np.minimum(fields.wide[a][:, None], fields.wide[b][None])
    return bool(over.any(axis=1).mean() > 0.5 and over.any(axis=0).mean() > 0.5)


def _beside(lines: list[list[int]], fields: UprightFields) -> list[list[list[int]]]:
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


def _columns(lines: list[list[int]], fields: UprightFields) -> list[list[int]]:
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


def _spanning(lines: list[list[int]], fields: UprightFields) -> set[int]:
    """The fields that are over two fields of another line."""
    every = np.array([field for line in lines for field in line])
    own = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    left, right = fields.left[every], fields.right[every]
    shared = np.minimum(right[:, None], right[None]) - np.maximum(left[:, None], left[None])
    over = (shared > SPANS * fields.wide[every][None]).astype(np.int64) @ (own[:, None] == np.arange(len(lines))[None]).astype(np.int64)
    over[np.arange(len(every)), own] = 0
    return set(every[(over >= 2).any(axis=1)].tolist())


def _overlapping(group: Sequence[int], fields: UprightFields) -> list[list[int]]:
    """Groups of fields whose columns of pixels overlap, from left to right."""
    found: list[list[int]] = []
    end = -np.inf
    for field in sorted(group, key=lambda field: fields.left[field]):
        if fields.left[field] >= end:
            found.append([])
        found[-1].append(field)
        end = max(end, float(fields.right[field]))
    return found


def _cut(group: list[int], lines: list[list[int]], fields: UprightFields) -> list[list[int]]:
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


def _joined(columns: list[list[int]], lines: list[list[int]], fields: UprightFields) -> list[list[int]]:
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


def _table(lines: list[list[int]], fields: UprightFields) -> Table | None:
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


def _trimmed(lines: list[list[int]], fields: UprightFields) -> list[list[int]]:
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
