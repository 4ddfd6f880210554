"""Ink, and what was read of it -> the marks that were left out, each with its reason.

Only ink and the regions of what was read are looked at, not how it was read. Lengths are in digit heights, the usual height of what was
read in a line, if nothing else is said. The constants were chosen on compositions of the pen's trainable hands and on the trainable cells
of hands33 and registers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ..arrays import Mask
from ..layout.edges import is_edge_line, touches
from ..layout.ink import Ink, inked, quantile
from ..layout.regions import Region, join
from ..layout.rules import digit_height as usual_height
from ..lines import AT_THE_EDGE, PRINT
from .fields import digit_height

SPECK = 0.1
"""What is smaller both ways is a speck; so is what is thinner than PEN of the strokes."""
PEN = 0.7
SMALL = 0.35
"""What is smaller both ways is a dot or a comma, where one may stand, and else a speck."""
LOW = 0.5
"""A dot or a comma has its middle lower than this, from the top of a digit beside it."""
REACH = 0.4
"""A mark is level with a line whose digits its middle is above or below by no more than this."""
BESIDE = 2.0
"""A mark is beside a line up to so far from its next digit."""
PALE = 0.42
"""What has less than this share of the strength of the writing was not written with it."""
FLAT = 0.3
"""A dash is lower than this and twice as wide as high."""
BUSY = 5.5
"""What has so many times the ink of one stroke along its longer side is crossed out."""
INSIDE = 0.5
"""What touches the edge of the image is writing where it is at least so high, and for so much of its height level with a line."""
STRAIGHT = 1.6
"""A straight stroke is no thicker than so many times the pen."""
LONG, SOLID, ONE = 3.0, 0.6, 1.4
"""What touches the edge and is longer than this, or fills so much of its box, is no writing; but a stroke no higher than ONE may be
a 1."""
AROUND = 0.4
"""Of a row of print is what lies in its box or so near to it, in heights of the row: dots, colons, what stands below the line. Set by eye
on forms."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Ink that was not read.

    reason: of `inkdigits.lines.LEFT_OUT`. line: of what is as large as writing, the number of the line it is in or beside, from 0; None of
    anything else, and of what surely is print.
    """

    region: Region
    reason: str
    line: int | None


@dataclass(frozen=True, slots=True)
class PrintRow:
    """A row of print, or of words, that holds no handwritten number. sure: whether that is beyond doubt, so that nobody has to look."""

    ink: Region
    sure: bool


@dataclass(frozen=True, slots=True)
class ReadLine:
    """What was read of a line, none of it empty. row: the regions that were read. others: those that were seen to be no number. columns:
    first and last column of each sign that was read where there is no region, as the dots are."""

    row: Sequence[Region]
    others: Sequence[Region] = ()
    columns: Sequence[tuple[float, float]] = ()


def left_out(ink: Ink, lines: Sequence[ReadLine], printed: Sequence[PrintRow] = (), *, single: bool = False) -> list[Mark]:
    """The marks that are neither read nor rules nor specks, from left to right.

    printed: each is one mark, with what belongs to it. single: the image is to hold one digit, so that what lies along its edge is the
    wall of a cell; elsewhere it may be the first or last digit of a number that was cropped tightly.
    """
    mask = ink.mask.copy()
    measured = [_Line.of(number, line, ink) for number, line in enumerate(lines)]
    for region in (*(row.ink for row in printed), *(region for line in lines for region in (*line.row, *line.others))):
        mask[region.y : region.bottom, region.x : region.right] &= ~region.mask
    others = [Mark(region, _shape(region, line.tall, ink.stroke), line.number) for line in measured for region in line.read.others]
    rows, parts = _adopted(_parts(mask, ink, measured), [row.ink for row in printed], measured)
    prints = [_print(row, whole, measured) for row, whole in zip(printed, rows, strict=True)]
    every = [*others, *prints, *(_mark(part, ink, measured, single) for part in parts)]
    return sorted((mark for mark in every if mark), key=lambda mark: mark.region.x)


@dataclass(frozen=True, slots=True)
class _Line:
    """What was read of a line. strength: of its strokes, in 255ths."""

    number: int
    read: ReadLine
    tall: float
    strength: float

    @classmethod
    def of(cls, number: int, read: ReadLine, ink: Ink) -> _Line:
        row = read.row or read.others
        return cls(number, read, digit_height(row), quantile(np.array([_strength(ink, r) for r in row]), 0.5))

    @property
    def row(self) -> Sequence[Region]:
        return self.read.row or self.read.others

    def has_read(self, part: Region) -> bool:
        """Whether a sign without a region was read where a part lies."""
        middle = part.x + part.width / 2
        return any(left <= middle <= right for left, right in self.read.columns)


def _parts(mask: Mask, ink: Ink, lines: Sequence[_Line]) -> list[Region]:
    """The pieces of ink left in a mask that are larger than a speck; where nothing was read, than a small mark."""
    window = inked(mask)
    if not window:
        return []
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask[window].view(np.uint8), connectivity=8)
    tall = min((line.tall for line in lines), default=0.0) or SMALL / SPECK * usual_height(stats[1:, 2:].T, ink.stroke, mask.shape)
    size = np.maximum(stats[:, 2], stats[:, 3])
    kept = np.flatnonzero((size >= SPECK * tall) & (stats[:, 4] >= (PEN * ink.stroke) ** 2))
    top, left = window[0].start, window[1].start
    found = []
    for label in kept[kept > 0].tolist():
        x, y, w, h, _ = stats[label].tolist()
        found.append(Region(left + x, top + y, w, h, labels[y : y + h, x : x + w] == label))
    return found


def _adopted(parts: Sequence[Region], printed: Sequence[Region], lines: Sequence[_Line]) -> tuple[list[Region], list[Region]]:
    """The rows of print, each with the pieces of ink that belong to it, and the other pieces."""
    owners = [next((number for number, row in enumerate(printed) if _is_of(part, row, lines)), None) for part in parts]
    rows = []
    for number, row in enumerate(printed):
        own = [part for part, owner in zip(parts, owners, strict=True) if owner == number]
        rows.append(join([row, *own]))
    return rows, [part for part, owner in zip(parts, owners, strict=True) if owner is None]


def _is_of(part: Region, row: Region, lines: Sequence[_Line]) -> bool:
    """Whether a piece of ink belongs to a row of print: it is no larger, and lies in it, or around it and beside no line that was read."""
    if part.width > row.width or part.height > row.height:
        return False
    x, y = part.x + part.width / 2, part.y + part.height / 2

    def is_in(around: float) -> bool:
        return row.x - around <= x <= row.right + around and row.y - around <= y <= row.bottom + around

    return is_in(0) or (is_in(AROUND * row.height) and _beside(part, lines) is None)


def _print(row: PrintRow, whole: Region, lines: Sequence[_Line]) -> Mark:
    """The mark of a row of print. whole: its ink with what belongs to it."""
    line = None if row.sure else _beside(row.ink, lines)
    return Mark(whole, PRINT, line.number if line else None)


def _mark(part: Region, ink: Ink, lines: Sequence[_Line], single: bool) -> Mark | None:
    """What a piece of ink is; None for a rule, a speck, and what is too thin or too pale for the pen that wrote the line."""
    line = _beside(part, lines)
    if line and line.has_read(part):
        return None
    tall = line.tall if line else min((line.tall for line in lines), default=float(max(part.width, part.height)))
    large = max(part.width, part.height) / tall
    height, width = ink.mask.shape
    if single and is_edge_line(part, width, height):
        return Mark(part, AT_THE_EDGE, None)
    writing = line and large < LONG and (part.mask.mean() < SOLID or _may_be_one(part, tall, ink.stroke)) and _level(part, line) >= INSIDE
    if touches(part, width, height) and not writing:
        return Mark(part, AT_THE_EDGE, None)
    if _is_rule(part, tall, ink.stroke):
        return None
    pale = line is not None and _strength(ink, part) < PALE * line.strength
    if large < SMALL:
        dot = line and not pale and _depth(part, line) > LOW and part.mask.mean() > 0.4
        return Mark(part, "dot or comma", line.number) if line and dot else None
    reason = "faint" if pale else _shape(part, tall, ink.stroke)
    return Mark(part, reason, line.number if line else None)


def _may_be_one(part: Region, tall: float, stroke: float) -> bool:
    """Whether a mark is as high as a digit and as broad as a stroke."""
    return INSIDE * tall <= part.height <= ONE * tall and part.width <= STRAIGHT * stroke + 1


def _shape(part: Region, tall: float, stroke: float) -> str:
    """What a mark larger than a dot looks like."""
    if part.height < FLAT * tall and part.width > 2 * part.height:
        return "dash"
    if part.height > 0.6 * tall and _thickness(part) < 1.8 * stroke + 1 and part.width < 1.2 * part.height:
        return "slash"
    if np.count_nonzero(part.mask) > BUSY * max(stroke, 1) * max(part.width, part.height):
        return "crossed out"
    return "letter" if part.height > 0.5 * tall else "not a digit"


def _is_rule(part: Region, tall: float, stroke: float) -> bool:
    """A straight stroke longer than two digits are high that lies flat, or stands upright."""
    if max(part.width, part.height) < 2 * tall or _thickness(part) > 1.5 * stroke + 2:
        return False
    return min(part.width, part.height) < 0.2 * max(part.width, part.height)


def _thickness(part: Region) -> float:
    """How far a mark spreads from the straight line through it, in pixels: four standard deviations, the width of an even bar and more."""
    ys, xs = np.nonzero(part.mask)
    spread = np.cov(np.stack([xs, ys]).astype(np.float64)) if len(xs) > 1 else np.zeros((2, 2))
    return float(3.5 * np.sqrt(max(np.linalg.eigvalsh(spread)[0], 0.0)))


def _beside(part: Region, lines: Sequence[_Line]) -> _Line | None:
    """The line that a mark is in or beside: the nearest one that it is level with."""
    near = []
    for line in lines:
        read = _nearest(part, line)
        gap, middle = _gap(part, read), part.y + part.height / 2
        if gap <= BESIDE * line.tall and read.y - REACH * line.tall <= middle <= read.bottom + REACH * line.tall:
            near.append((gap, line))
    return min(near, key=lambda pair: pair[0])[1] if near else None


def _nearest(part: Region, line: _Line) -> Region:
    return min(line.row, key=lambda read: _gap(part, read))


def _gap(part: Region, read: Region) -> int:
    return max(part.x - read.right, read.x - part.right, 0)


def _depth(part: Region, line: _Line) -> float:
    """How far the middle of a mark is below the top of a digit beside it, in heights of that digit: of the one on its left or on its right,
    whichever it is deeper in, since a 7 hangs lower than the others."""
    left = [read for read in line.row if read.x + read.width / 2 <= part.x + part.width / 2]
    right = [read for read in line.row if read.x + read.width / 2 > part.x + part.width / 2]
    beside = [max(left, key=lambda read: read.right)] if left else []
    beside += [min(right, key=lambda read: read.x)] if right else []
    return max((part.y + part.height / 2 - read.y) / read.height for read in beside)


def _level(part: Region, line: _Line) -> float:
    """The share of a mark's height that is level with the digit beside it; 0 for a mark that is lower than half a digit."""
    read = _nearest(part, line)
    level = min(part.bottom, read.bottom) - max(part.y, read.y)
    return level / part.height if part.height >= INSIDE * line.tall else 0.0


def _strength(ink: Ink, region: Region) -> float:
    window = (slice(region.y, region.bottom), slice(region.x, region.right))
    return quantile(ink.strength[window][region.mask], 0.7)
