"""Ink -> lines of regions in reading order: components grouped, broken strokes joined, specks and dashes left out.

`lines` is for any writing; `one` is for an image that holds exactly one digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from ..arrays import Bytes, Mask
from .cores import Cores
from .edges import is_along_the_edge, is_corner, is_edge_line, is_shadow, touches
from .ink import Ink, find_ink, inked, quantile, stroke_width, without_print
from .regions import Region, join, regions
from .rules import digit_height, without_rules

FAINT = 0.42
"""What is less than this share as dark as the usual sign on the page was not written with it."""
HALVES = 1.45
"""Two parts one above the other, together no more than this many times as high as a digit, are one."""
TWO_LINES = 1.6
"""What is so many times as high as a digit may belong to two lines."""
STRAY = 1.5
"""A region alone is beside a line up to this many digit heights from its end."""
APART = 1.6
"""Numbers of a line are apart by a gap wider than this, in heights of its regions; hands33, photos_multi, registers and cheque_amounts are
read as well with it as without."""
NEAR, COLUMN, CLEAR = 0.8, 2, 0.8
"""So are those that the maps show as two, where at least so many other lines, and this share of those that reach there, have a gap too.
Chosen on the first 40 pages of `inkdigits bench pages`, and so that photos_multi is read as before."""
MANY = 3
"""Where a line has so many regions, a narrow one that is alone and cut off by the frame is no line."""


def one(ink: Ink) -> Region | None:
    """The strokes of the one digit in the image; None where there is no ink.

    The main component is the largest one, the centre of the frame preferred; another part belongs to it if it overlaps it in x or lies
    above it (a 5's bar), is of its strength, and is no slice of a neighbour or line at the frame's edge.
    """
    height, width = ink.mask.shape
    found = [
        r
        for r in regions(ink.mask)
        if not is_edge_line(r, width, height) and not is_corner(r, width, height) and not is_along_the_edge(r, width, height)
    ]
    if not found:
        return None

    def weight(r: Region) -> float:
        dx = (r.x + r.width / 2) / width - 0.5
        dy = (r.y + r.height / 2) / height - 0.5
        size = float(np.hypot(r.width, r.height))
        cut_off = touches(r, width, height)
        return size * (1 - 0.9 * float(np.hypot(dx, dy))) * (0.6 if cut_off else 1)

    main = max(found, key=weight)
    parts = [main]
    for r in found:
        if r is main:
            continue
        cut_off = touches(r, width, height)
        overlap = min(r.right, main.right) - max(r.x, main.x)
        gap_x = max(r.x - main.right, main.x - r.right, 0)
        gap_y = max(r.y - main.bottom, main.y - r.bottom, 0)
        big = r.mask.sum() > 0.02 * main.mask.sum() and max(r.width, r.height) > max(0.12 * main.height, 2)
        close = gap_y <= 0.25 * main.height and gap_x <= 0.25 * main.height
        belongs = overlap > 0.3 * r.width or (r.y < main.y + 0.4 * main.height and gap_x <= 0.15 * main.height)
        below = r.y > main.y + 0.85 * main.height and (overlap < 0.5 * r.width or r.height < 0.2 * main.height or cut_off)
        if big and close and belongs and not below and not (cut_off and gap_x + gap_y > 0.1 * main.height):
            parts.append(r)
    return join(parts)


def page_ink(image: Bytes, side: int) -> tuple[Ink, Mask]:
    """The writing on a page, and all strokes that were found on it, bool (h, w): print, shadows and rules are taken out of the former.

    image: uint8 (H, W) or (H, W, 3). side: the longest side to work at, in pixels.
    """
    ink = without_shadows(without_print(find_ink(image, side=side)))
    return replace(ink, mask=without_rules(ink.mask, ink.stroke)), ink.mask


def without_shadows(ink: Ink) -> Ink:
    """The ink of a page without shadows, fingers and what lies beside the sheet: dark patches that come in from the frame."""
    height, width = ink.mask.shape
    if not (ink.mask[[0, -1]].any() or ink.mask[:, [0, -1]].any()):
        return ink
    shadows = [r for r in regions(ink.mask) if is_shadow(r, width, height)]
    if not shadows:
        return ink
    mask = ink.mask.copy()
    for r in shadows:
        mask[r.y : r.bottom, r.x : r.right] &= ~r.mask
    return replace(ink, mask=mask, stroke=stroke_width(mask))


def lines(ink: Ink) -> list[list[Region]]:
    """Regions in reading order: lines from top to bottom, left to right within. A region may still hold several touching digits."""
    height, width = ink.mask.shape
    every = regions(ink.mask)
    if not every:
        return []
    sizes = np.array([(r.width, r.height, np.count_nonzero(r.mask)) for r in every]).T
    tall = digit_height(sizes, ink.stroke, ink.mask.shape)
    found = []
    for r in every:
        if max(r.width, r.height) < 0.3 * tall:
            continue  # specks, dots, commas
        if is_edge_line(r, width, height) or is_along_the_edge(r, width, height) or r.height > 3 * tall or r.width > 9 * r.height:
            continue
        if r.height > 1.7 * tall and r.width < 0.25 * r.height:
            continue  # the wall of a box
        if r.mask.sum() < 0.5 * ink.stroke * np.hypot(r.width, r.height):
            continue  # thinner than the pen that writes here
        if r.width > 2 * tall and _straight(r, ink.stroke):
            continue  # a rule that leans too much for one, or a long dash
        if r.width > 4 * r.height and quantile(np.count_nonzero(r.mask, axis=0), 0.9) < 0.4 * tall:
            continue  # two such lines that meet
        found.append(r)
    found = _dark(found, ink)
    full = _parted(_whole([r for r in found if r.height >= 0.55 * tall], tall), tall, ink.stroke)
    rows = _rows(full, tall)
    _adopt(rows, [r for r in found if r.height < 0.55 * tall], tall, ink.stroke)
    if max(map(len, rows), default=0) >= MANY:
        rows = [row for row in rows if len(row) > 1 or row[0].width > 1.5 * tall or not touches(row[0], width, height)]
    return [_merged(row) for row in rows if row]


def parted(rows: Sequence[list[Region]], mask: Mask, cores: Cores | None = None) -> list[list[list[Region]]]:
    """The numbers of each line of a page: its regions, left to right, parted at gaps without any ink, points and dashes included, that are
    wider than APART times the usual height of them; than NEAR times, where the regions beside the gap lie in different cores and most other
    lines have a gap there too, as columns have.

    mask: bool (h, w), all ink of the page.
    """
    return [_numbers(row, mask, cores, [other for other in rows if other is not row]) for row in rows]


def _numbers(row: list[Region], mask: Mask, cores: Cores | None, others: Sequence[list[Region]]) -> list[list[Region]]:
    """The numbers of one line. others: the other lines of the page."""
    tall = sorted(r.height for r in row)[len(row) // 2]
    parts = [[row[0]]]
    for before, r in pairwise(row):
        between = mask[min(before.y, r.y) : max(before.bottom, r.bottom), before.right : max(r.x, before.right)].any(axis=0)
        inked = np.flatnonzero(np.concatenate([[True], between, [True]]))
        gap = (int(np.diff(inked).max()) - 1) / tall
        if gap > APART or (gap > NEAR and cores and _are_two(before, r, cores) and _is_between_columns((before.right + r.x) / 2, others)):
            parts.append([])
        parts[-1].append(r)
    return parts


def _are_two(one: Region, other: Region, cores: Cores) -> bool:
    """Whether two regions lie in the cores of different numbers."""
    numbers = cores.number_of(one), cores.number_of(other)
    return 0 not in numbers and numbers[0] != numbers[1]


def _is_between_columns(column: float, rows: Sequence[list[Region]]) -> bool:
    """Whether most of the rows that reach over a column have no ink in it, and there are COLUMN of them or more."""
    over = [row for row in rows if row[0].x < column < row[-1].right]
    clear = sum(not any(r.x <= column < r.right for r in row) for row in over)
    return clear >= max(COLUMN, CLEAR * len(over))


def _straight(r: Region, stroke: float) -> bool:
    """Whether all of a wide region's ink lies along one straight line."""
    ys, xs = np.nonzero(r.mask)
    dx, dy = xs - xs.mean(), ys - ys.mean()
    off = dy - (dx @ dy) / (dx @ dx) * dx
    return float(np.sqrt(np.mean(off**2))) < 0.6 * stroke + 1


def _dark(found: list[Region], ink: Ink) -> list[Region]:
    """Those that are about as dark as most: what is far fainter is print, shadow or what shines through."""
    if len(found) < MANY:
        return found
    dark = [float(ink.strength[r.y : r.bottom, r.x : r.right][r.mask].mean()) for r in found]
    least = FAINT * sorted(dark)[len(dark) // 2]
    return [r for r, own in zip(found, dark, strict=True) if own >= least]


def _whole(found: list[Region], tall: float) -> list[Region]:
    """Join what stands above another, nearly touching, where both are no higher than one digit: its halves."""
    out: list[Region] = []
    for r in sorted(found, key=lambda r: r.x):
        for i, other in enumerate(out):
            overlap = min(r.right, other.right) - r.x  # the other one begins before it
            if overlap <= 0:
                continue
            top, bottom = min(r.y, other.y), max(r.bottom, other.bottom)
            gap = max(r.y, other.y) - min(r.bottom, other.bottom)
            if overlap > 0.6 * min(r.width, other.width) and gap < 0.15 * tall and bottom - top < HALVES * tall:
                out[i] = join([other, r])
                break
        else:
            out.append(r)
    return out


def _parted(found: list[Region], tall: float, stroke: float) -> list[Region]:
    """Cut what reaches over two lines of others between them, where it hangs together by a stroke."""
    usual = [r for r in found if r.height < TWO_LINES * tall]
    out: list[Region] = []
    for r in found:
        halves = [r]
        if r.height >= TWO_LINES * tall:
            first = int(0.35 * r.height)
            ink = np.count_nonzero(r.mask[first : r.height - first], axis=1)
            thinnest = np.flatnonzero(ink == ink.min())
            cut = first + int(thinnest[len(thinnest) // 2])
            if ink.min() <= 2 * stroke:
                halves = [_cropped(r, 0, cut), _cropped(r, cut, r.height)]
                if not all(min(h.width, h.height) >= 0.5 * tall and any(_level(h, other) for other in usual) for h in halves):
                    halves = [r]
        out += halves
    return out


def _cropped(r: Region, top: int, bottom: int) -> Region:
    """Some rows of a region, without the empty ones and columns around their ink."""
    rows, columns = inked(r.mask[top:bottom]) or (slice(0, 0), slice(0, 0))
    mask = r.mask[top:bottom][rows, columns]
    return Region(r.x + columns.start, r.y + top + rows.start, mask.shape[1], mask.shape[0], mask)


def _level(r: Region, other: Region) -> bool:
    return min(r.bottom, other.bottom) - max(r.y, other.y) > 0.7 * max(r.height, other.height)


def _rows(found: list[Region], tall: float) -> list[list[Region]]:
    """Chain regions left to right: each goes to the line whose last region is level with it; slopes and slow curves are followed."""
    rows: list[list[Region]] = []
    for r in sorted(found, key=lambda r: r.x):
        middle = r.y + r.height / 2
        best, best_gap = None, 0.55 * tall
        for row in rows:
            last = row[-1]
            gap = abs(middle - (last.y + last.height / 2))
            overlap = min(r.bottom, last.bottom) - max(r.y, last.y)
            low, high = sorted((r.height, last.height))
            near = max(0.5 * low, 0.3 * high if overlap > 0.9 * low else 0)  # a high sign beside a low one, inside its height
            if overlap > 0.35 * low and gap < max(best_gap, near):
                best, best_gap = row, gap
        if best is None:
            rows.append([r])
        else:
            best.append(r)
    rows = _strays_joined(rows, tall)
    return sorted(rows, key=lambda row: sorted(r.y + r.height / 2 for r in row)[len(row) // 2])


def _strays_joined(rows: list[list[Region]], tall: float) -> list[list[Region]]:
    """A region alone, beside the end of just one line and partly level with it, belongs to that line, however it climbs or falls there."""
    out = [row for row in rows if len(row) > 1]
    for (r,) in (row for row in rows if len(row) == 1):
        beside = []
        for row in out:
            last = row[-1] if row[-1].right <= r.x else row[0] if row[0].x >= r.right else None
            if last is None or max(r.x - last.right, last.x - r.right) > STRAY * tall:
                continue
            if min(r.bottom, last.bottom) - max(r.y, last.y) > 0.2 * min(r.height, last.height):
                beside.append(row)
        if len(beside) == 1:
            beside[0].append(r)
            beside[0].sort(key=lambda r: r.x)
        else:
            out.append([r])
    return out


def _adopt(rows: list[list[Region]], small: list[Region], tall: float, stroke: float) -> None:
    """Give each small part (a 5's bar, a broken stroke) to the region it overlaps in x and nearly touches; one that stands by itself in the
    middle of a line is a small digit of that line; the others are no digits."""
    for part in small:
        home = next(((row, i) for row in rows for i, r in enumerate(row) if _belongs(part, r, tall)), None)
        if home:
            row, i = home
            row[i] = join([row[i], part])
        elif part.height >= max(0.33 * tall, 1.9 * stroke):
            middle, lowest = part.y + part.height / 2, 0.95 if part.width > 1.5 * part.height else 0.75  # small zeros in a row stand lower
            near = [
                (gap, row)
                for row in rows
                for r in row
                if 0.2 < (middle - r.y) / r.height < lowest and (gap := max(r.x - part.right, part.x - r.right)) < 2 * tall
            ]
            if near:
                min(near, key=lambda pair: pair[0])[1].append(part)


def _belongs(part: Region, r: Region, tall: float) -> bool:
    overlap = min(r.right, part.right) - max(r.x, part.x)
    gap_x = max(r.x - part.right, part.x - r.right, 0)
    gap_y = max(r.y - part.bottom, part.y - r.bottom, 0)
    above = part.y + part.height / 2 < r.y + 0.4 * r.height
    return gap_y < 0.25 * tall and (overlap > 0.5 * part.width or (above and gap_x < 0.12 * tall))


def _merged(row: list[Region]) -> list[Region]:
    """Join neighbours that mostly share their columns: two strokes of one digit."""
    out: list[Region] = []
    for r in sorted(row, key=lambda r: r.x):
        if out:
            last = out[-1]
            overlap = min(last.right, r.right) - r.x
            if overlap > 0.6 * min(last.width, r.width):
                out[-1] = join([last, r])
                continue
        out.append(r)
    return out
