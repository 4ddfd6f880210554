"""Ink, and what was read of it -> the marks that were left out, each with its reason.

Only ink and the regions of what was read are looked at, not how it was read. Lengths are in digit heights, the usual height of what was
read in a line, if nothing else is said. The constants were chosen on compositions of the pen's trainable hands and on the trainable cells
of hands33 and registers; those for dots and crossings-out were looked at on the dev sets and compositions of dev hands too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..edges import is_edge_line, touches
from ..ink import Ink, inked, quantile
from ..regions import Region, regions
from ..rules import digit_height as usual_height
from ..strips import digit_height, lean

Mask = NDArray[np.bool_]

SPECK = 0.1
"""What is smaller both ways is a speck; so is what is thinner than PEN of the strokes."""
PEN = 0.7
SMALL = 0.35
"""What is smaller both ways is a dot or a comma, where one may stand, and else a speck."""
LOW = 0.5
"""A dot or a comma has its middle lower than this, from the top of a digit beside it."""
DEEP = 0.6
"""A dot that was taken for a part of a digit has its middle lower than this, from the top of that digit."""
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
HOLES = {"0": 1, "2": 1, "4": 1, "6": 1, "8": 2, "9": 1}
"""How many holes a digit may have; the others have none."""
BREADTHS = {"0": 0.9, "1": 0.5, "2": 0.9, "3": 0.75, "4": 0.75, "5": 0.8, "6": 0.65, "7": 0.75, "8": 0.7, "9": 0.6}
"""How broad a digit usually is, in heights of it."""
HOLE, CROSSED = 0.6, 1.2
"""A digit is crossed out where its breadth, as the logarithm of how many times the usual one it is, and a HOLE for each hole too many add
up to more."""
BARS, BAR, APART, SLOPES = 2, 0.85, 0.1, np.linspace(-0.6, 0.6, 9)
"""It is, too, where so many straight strokes run across the inside of it for this share of its breadth, so many of its heights apart, at
one of these slopes."""
STRAIGHT, LEANING, LEANS, STEEP = 1.6, 0.3, 0.15, 0.5
"""A 1 is a slash where it is a straight stroke, no thicker than so many times the pen, that leans to the right by LEANING of its height and
by LEANS more than the digits beside it; alone, by STEEP."""
LONG, SOLID, ONE = 3.0, 0.6, 1.4
"""What touches the edge and is longer than this, or fills so much of its box, is no writing; but a stroke no higher than ONE may be
a 1."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Ink that was not read.

    reason: of `inkdigits.reading.LEFT_OUT`. line: of what is as large as writing, the number of the line it is in or beside, from 0; else
    None.
    """

    region: Region
    reason: str
    line: int | None


def left_out(ink: Ink, rows: Sequence[Sequence[Region]], labels: Sequence[Sequence[str]], *, single: bool = False) -> list[Mark]:
    """The marks that are neither read nor rules nor specks, from left to right, and what was read but is a slash, or crossed out.

    rows: what was read, line by line, none of them empty. labels: as what, one for each region. single: the image is to hold one digit, so
    that what lies along its edge is the wall of a cell; elsewhere it may be the first or last digit of a number that was cropped tightly.
    """
    mask = ink.mask.copy()
    marks: list[Mark] = []
    lines = [_Line.of(number, row, ink) for number, row in enumerate(rows)]
    for line in lines:
        for read in line.row:
            mask[read.y : read.bottom, read.x : read.right] &= ~read.mask
            marks += [Mark(part, "dot or comma", line.number) for part in _dots_of(read, line.tall, ink.stroke)]
        marks += _misread(line, labels[line.number], ink.stroke)
    every = [_mark(part, ink, lines, single) for part in _parts(mask, ink, lines)]
    return sorted([*marks, *(mark for mark in every if mark)], key=lambda mark: mark.region.x)


def _misread(line: _Line, labels: Sequence[str], stroke: float) -> list[Mark]:
    """What was read of a line but is crossed out, or a slash."""
    found = []
    for read, label in zip(line.row, labels, strict=True):
        if label in BREADTHS and _is_crossed(read, label):
            found.append(Mark(read, "crossed out", line.number))
        elif label == "1" and _is_slash(read, [other for other in line.row if other is not read], stroke):
            found.append(Mark(read, "slash", line.number))
    return found


def _is_crossed(read: Region, label: str) -> bool:
    broad = max(float(np.log(read.width / read.height / BREADTHS[label])), 0.0)
    if broad < 2 * HOLE and HOLE * (_holes(read.mask) - HOLES.get(label, 0)) > CROSSED - broad:
        return True
    return broad > 0.15 and _bars(read) >= BARS


def _bars(read: Region) -> int:
    """How many straight strokes run across the inside of a digit, from side to side."""
    ys, xs = np.nonzero(read.mask)
    most = 0
    for slope in SLOPES.tolist():
        level = np.round(ys - slope * (xs - read.width / 2)).astype(np.intp)
        inside = (level >= 0.18 * read.height) & (level < 0.75 * read.height)
        across = np.flatnonzero(np.bincount(level[inside], minlength=1) >= BAR * read.width)
        most = max(most, int(np.count_nonzero(np.diff(across) > APART * read.height)) + (across.size > 0))
    return most


def _holes(mask: Mask) -> int:
    """How many pieces of paper a digit encloses, not counting single pixels."""
    paper = cv2.copyMakeBorder((~mask).view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    _, _, stats, _ = cv2.connectedComponentsWithStats(paper, connectivity=4)
    return int(np.count_nonzero(stats[1:, 4] > 2)) - 1


def _is_slash(read: Region, others: list[Region], stroke: float) -> bool:
    leaning = _lean(read)
    if leaning <= LEANING or _thickness(read) > STRAIGHT * stroke + 1:
        return False
    return leaning - lean(others) > LEANS if others else leaning > STEEP


def _lean(read: Region) -> float:
    """How far its top is to the right of its bottom, for its height."""
    ys, xs = np.nonzero(read.mask)
    dy = ys - ys.mean()
    spread = float(dy @ dy)
    return -float(dy @ (xs - xs.mean())) / spread if spread else 0.0


@dataclass(frozen=True, slots=True)
class _Line:
    """What was read of a line. strength: of its strokes, in 255ths."""

    number: int
    row: Sequence[Region]
    tall: float
    strength: float

    @classmethod
    def of(cls, number: int, row: Sequence[Region], ink: Ink) -> _Line:
        return cls(number, row, digit_height(list(row)), float(np.median([_strength(ink, r) for r in row])))


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


def _mark(part: Region, ink: Ink, lines: Sequence[_Line], single: bool) -> Mark | None:
    """What a piece of ink is; None for a rule, a speck, and what is too thin or too pale for the pen that wrote the line."""
    line = _beside(part, lines)
    tall = line.tall if line else min((line.tall for line in lines), default=float(max(part.width, part.height)))
    large = max(part.width, part.height) / tall
    height, width = ink.mask.shape
    if single and is_edge_line(part, width, height):
        return Mark(part, "at the edge", None)
    writing = line and large < LONG and (part.mask.mean() < SOLID or _may_be_one(part, tall, ink.stroke)) and _level(part, line) >= INSIDE
    if touches(part, width, height) and not writing:
        return Mark(part, "at the edge", None)
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


def _dots_of(read: Region, tall: float, stroke: float) -> list[Region]:
    """The dots and commas that were taken for parts of a digit: small, apart from it, and low."""
    parts = regions(read.mask)
    if len(parts) < 2:
        return []
    main = max(parts, key=lambda part: part.height)
    dots = [
        part
        for part in parts
        if part is not main
        and SPECK * tall <= max(part.width, part.height) < SMALL * tall
        and np.count_nonzero(part.mask) >= (PEN * stroke) ** 2
        and part.y + part.height / 2 > main.y + DEEP * main.height
        and (part.x >= main.x + 0.5 * main.width or part.right <= main.x + 0.3 * main.width)
    ]
    return [Region(read.x + dot.x, read.y + dot.y, dot.width, dot.height, dot.mask) for dot in dots]
