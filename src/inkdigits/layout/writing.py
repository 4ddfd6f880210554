"""A flat sheet -> its ink, and the strokes of the numbers on it, line by line."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ..clock import Clock
from . import grouping
from .clean import without
from .cores import Cores
from .flat import Flat
from .ink import Ink, find_ink
from .maps import DESK
from .regions import Region

SIDE_ONE, SIDE_PAGE = 160, 1200
"""Longest side, in pixels, at which one digit and a page are looked at. Tuned on photos_single and photos_multi."""
LARGE = 0.3
"""A region higher than this share of the image's shorter side, alone, is looked at as one digit."""


class Written(NamedTuple):
    """What stands on a sheet. lines: the regions of its numbers, line by line. aside: the rows of regions beside them that are no
    handwritten numbers. cores: of the sheet's maps; None where nobody looked."""

    ink: Ink
    lines: list[list[list[Region]]]
    aside: list[list[Region]]
    cores: Cores | None


def written(sheet: Flat, *, single: bool, printed: bool = False, clock: Clock) -> Written:
    """The ink of a sheet, and the regions of its numbers. Of a sheet with a single digit, or no more than one large sign, that one alone.
    printed: whether printed numbers, and whatever else looks like one, are wanted beside the handwritten ones."""
    if not single:
        ink, _ = grouping.page_ink(sheet.image, SIDE_PAGE)
        clock.lap("ink")
        cores = None
        if sheet.maps is not None:
            scale = sheet.scale / ink.scale
            ink, cores = replace(ink, mask=without(ink.mask, sheet.maps, scale, DESK)), Cores.of(sheet.maps, scale)
        rows = grouping.lines(ink)
        lines, aside = grouping.parted(rows, ink.mask, cores), list[list[Region]]()
        if cores and not printed:
            lines, aside = _told_apart(lines, cores)
        clock.lap("layout")
        if not _is_one_sign(rows, ink):
            return Written(ink, lines, aside, cores)
    ink = find_ink(sheet.image, side=SIDE_ONE)
    clock.lap("ink")
    region = grouping.one(ink)
    clock.lap("layout")
    return Written(ink, [[[region]]] if region else [], [], None)


def _told_apart(lines: list[list[list[Region]]], cores: Cores) -> tuple[list[list[list[Region]]], list[list[Region]]]:
    """The lines with the handwritten numbers alone, without those that have none; and the other rows."""
    every = [number for line in lines for number in line]
    kept = cores.handwritten(every)
    told = iter(kept)
    found = [[number for number in line if next(told)] for line in lines]
    return [line for line in found if line], [number for number, own in zip(every, kept, strict=True) if not own]


def _is_one_sign(lines: list[list[Region]], ink: Ink) -> bool:
    """Whether what was found on a page is no more than one large digit, or nothing: then it is looked at as one digit is."""
    found = [region for row in lines for region in row]
    return not found or (len(found) == 1 and found[0].height > LARGE * min(ink.mask.shape) and found[0].width < 1.2 * found[0].height)
