"""Whether all numbers on filled-in forms and tables are found, nothing else is taken for one, and each stands in its row and column.

The pages are those of `paperwork`. A number counts as found where a box overlaps its own by half (intersection over union); a box that
belongs to none is false.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from inkdigits import Reader, Reading
from inkdigits.lines import Box
from inkdigits.tables import Place

from . import scoring
from .paperwork import Page, Written, page
from .peers import watched
from .tables import Table

OVERLAP = 0.5


@dataclass(frozen=True, slots=True)
class Found:
    """A number that a reader found: its box in pixels of the image, its text, and where it stands: table, row and column."""

    box: Box
    text: str
    place: tuple[int | None, int, int] = (None, 0, 0)


@dataclass(frozen=True, slots=True)
class Score:
    """What was made of a page. numbers: on it; found: of them; right: of those with the right text; boxes: that were found; false: of them
    that are no number; cells: numbers that stand in a table; placed: of them those in their row and column."""

    kind: str
    numbers: int
    found: int
    right: int
    boxes: int
    false: int
    cells: int
    placed: int


def found_in(reading: Reading) -> list[Found]:
    """The numbers of a reading: its fields, each with its place."""
    return [Found(one.box, one.text, one.place or Place(None, 0, number)) for number, one in enumerate(reading.fields)]


def scored(truth: Page, found: Sequence[Found]) -> Score:
    """Compare what was found on a page with what is on it."""
    pairs = matched([number.box for number in truth.numbers], [one.box for one in found])
    right = sum(_number(found[k].text) == _number(truth.numbers[i].text) for i, k in pairs)
    cells = [i for i, number in enumerate(truth.numbers) if number.table is not None]
    inside = [(truth.numbers[i], found[k]) for i, k in pairs if truth.numbers[i].table is not None]
    placed = sum(_agreeing(inside, "row") & _agreeing(inside, "column")) if inside else 0
    return Score(truth.kind, len(truth.numbers), len(pairs), right, len(found), len(found) - len(pairs), len(cells), int(placed))


def matched(true: Sequence[Box], found: Sequence[Box]) -> list[tuple[int, int]]:
    """Which true box is which found one, the best pairs first, each in one pair: their numbers."""
    overlaps = [(overlap(a, b), i, k) for i, a in enumerate(true) for k, b in enumerate(found)]
    pairs: dict[int, int] = {}
    for share, i, k in sorted(overlaps, reverse=True):
        if share >= OVERLAP and i not in pairs and k not in pairs.values():
            pairs[i] = k
    return sorted(pairs.items())


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(wide, 0) * max(high, 0)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared) if shared else 0.0


def _agreeing(pairs: Sequence[tuple[Written, Found]], what: str) -> Any:
    """Whether each cell stands in the row (or the column) that most of its true row's cells are given, and no other row's: bool (n,).

    Rows and columns are not compared by number: a reader may count a printed heading as a row, and one without it not.
    """
    axis = {"row": 1, "column": 2}[what]
    true = [(number.table, getattr(number, what)) for number, _ in pairs]
    told = [(found.place[0], found.place[axis]) for _, found in pairs]
    names: dict[Any, Any] = {}
    for (one, other), _ in Counter(zip(told, true, strict=True)).most_common():
        if one not in names and other not in names.values():
            names[one] = other
    return np.array([names.get(one) == other for one, other in zip(told, true, strict=True)])


def _number(text: str) -> str:
    return scoring.number(text, lines=False)


_reader: Reader


def _prepare() -> None:
    global _reader
    cv2.setNumThreads(1)
    _reader = Reader()


def _scored(index: int) -> Score:
    truth = page(index)
    return scored(truth, found_in(_reader.read(truth.image)))


def read_all(count: int) -> list[Score]:
    """So many pages, read on all cores."""
    with multiprocessing.get_context("spawn").Pool(len(os.sched_getaffinity(0)), _prepare) as pool:
        done = pool.imap(_scored, range(count), chunksize=2)
        return [next(done) for _ in watched(range(count), "reading pages")]


HEAD = ("layout", "pages", "numbers", "found", "false of found", "right text of found", "cells in their row and column")


def table(scores: Sequence[Score]) -> Table:
    """One line for each layout, and one for all."""
    groups: dict[str, list[Score]] = defaultdict(list)
    for score in sorted(scores, key=lambda score: score.kind):
        groups[score.kind].append(score)
    groups["all"] = list(scores)
    figures = [{"layout": kind, "pages": len(some), **_figures(some)} for kind, some in groups.items()]
    rows = [
        [f["layout"], f"{f['pages']}", f"{f['numbers']:,}", *("" if f[key] is None else f"{f[key]:.1%}" for key in SHARES)] for f in figures
    ]
    return Table("pages", HEAD, rows, figures, "Cells that were not found stand in no row.")


SHARES = ("found", "false", "right", "placed")


def _figures(scores: Sequence[Score]) -> dict[str, Any]:
    def share(part: str, whole: str) -> float | None:
        every = sum(getattr(score, whole) for score in scores)
        return sum(getattr(score, part) for score in scores) / every if every else None

    return {
        "numbers": sum(score.numbers for score in scores),
        "found": share("found", "numbers"),
        "false": share("false", "boxes"),
        "right": share("right", "found"),
        "placed": share("placed", "cells"),
    }
