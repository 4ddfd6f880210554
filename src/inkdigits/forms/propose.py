"""A blank -> the fields that it seems to have: boxes, combs of cells, gaps with a line under them, small boxes to tick.

Lines are what a long, thin opening leaves of the print; the holes between them are cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from ..arrays import Bytes, Mask
from ..images.conversions import grey_of
from ..lines import Box
from .register import blank_of

DARK = 0.7
"""What is darker than this share of the paper is print."""
SHORTEST = 1 / 100
"""The shortest side of a cell, in widths of the page: 2 mm on A4."""
TALLEST = 1 / 8
"""The highest cell, in widths of the page: a box of text or a frame is higher."""
SMALL = 1 / 30
"""A box no larger each way is one to tick, in widths of the page: 7 mm on A4."""
WALL = 1 / 130
"""The thickest wall between cells, in widths of the page."""
GAP = 1 / 20
"""The shortest line under a gap, in widths of the page."""
ABOVE = 1 / 26
"""The height of a gap over its line, in widths of the page: 8 mm on A4."""
NO_PRINT = "print a title, or ArUco marks in its corners"
"""What to do about a blank that no page can be found by."""


def proposed(image: Bytes) -> list[dict[str, Any]]:
    """The fields that a blank seems to have, as form.json has them, from top to bottom: uint8 (H, W) or (H, W, 3).

    Their names are field-1 and so on; combs are of type id, small boxes ticks, all others integers. A person is to name and correct them.
    """
    grey = grey_of(image)
    wide = min(grey.shape)
    paper = cv2.morphologyEx(grey, cv2.MORPH_CLOSE, np.ones((wide // 40 | 1, wide // 40 | 1), np.uint8))
    printed = np.asarray(grey < DARK * paper)
    short = max(6, round(SHORTEST * wide))
    level, upright = _lines(printed, short, across=True), _lines(printed, short, across=False)
    cells = _cells(level, upright, printed.shape, short)
    found = [_comb_or_box(row, wide) for row in _rows(cells, wide)]
    found += [{"box": list(box), "type": "integer"} for box in _gaps(printed, level, upright, cells, wide)]
    found.sort(key=lambda one: (round(one["box"][1] / (0.02 * wide)), one["box"][0]))
    return [{"name": f"field-{number}", **one} for number, one in enumerate(found, start=1)]


def layout_of(image: Bytes, name: str, file: str) -> dict[str, Any]:
    """A page of a blank as form.json has it, with the fields that it seems to have: uint8 (H, W) or (H, W, 3). name: of the page; file: of
    its image. Raises ValueError where it has too little print to be found by."""
    blank_of(image)
    return {"name": name, "image": file, "size": [image.shape[1], image.shape[0]], "fields": proposed(image)}


def _lines(printed: Mask, length: int, *, across: bool) -> Mask:
    """The print that is part of lines of at least so many pixels, level ones or upright ones; a gap of two pixels is none."""
    length |= 1  # an opening of an even length would move them
    shape = (1, length) if across else (length, 1)
    near = (1, 3) if across else (3, 1)
    whole = cv2.morphologyEx(printed.view(np.uint8), cv2.MORPH_CLOSE, np.ones(near, np.uint8))
    return np.asarray(cv2.morphologyEx(whole, cv2.MORPH_OPEN, np.ones(shape, np.uint8)), bool)


def _cells(level: Mask, upright: Mask, shape: Sequence[int], short: int) -> list[Box]:
    """The holes that lines leave free on all four sides: the box of each, its lines not included."""
    walls = cv2.dilate((level | upright).view(np.uint8), np.ones((3, 3), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(1 - walls, connectivity=4)
    found = []
    for x, y, w, h, area in stats[1:].tolist():
        is_full = area > 0.9 * w * h
        inside = x > 0 and y > 0 and x + w < shape[1] and y + h < shape[0]
        if is_full and inside and min(w, h) >= short and h <= TALLEST * min(shape):
            found.append((x, y, w, h))
    return found


def _rows(cells: Sequence[Box], wide: int) -> list[list[Box]]:
    """Cells of one size that stand wall to wall, together; every other cell alone."""
    rows: list[list[Box]] = []
    for cell in sorted(cells, key=lambda cell: (round(cell[1] / (0.01 * wide)), cell[0])):
        x, y, w, h = cell
        last = rows[-1][-1] if rows else None
        alike = last is not None and abs(y - last[1]) < 0.1 * h and abs(h - last[3]) < 0.1 * h and abs(w - last[2]) < 0.15 * w
        if last is not None and alike and w < 1.6 * h and 0 < x - last[0] - last[2] <= WALL * wide:
            rows[-1].append(cell)
        else:
            rows.append([cell])
    return rows


def _comb_or_box(row: Sequence[Box], wide: int) -> dict[str, Any]:
    """What a row of cells is proposed as."""
    x, y, w, h = row[0]
    if len(row) == 1:
        return {"box": [x, y, w, h], "type": "tick" if max(w, h) <= SMALL * wide and 0.7 < w / h < 1.4 else "integer"}
    right, bottom = row[-1][0] + row[-1][2], max(cell[1] + cell[3] for cell in row)
    return {"box": [x, y, right - x, bottom - y], "type": "id", "cells": len(row), "length": len(row)}


def _gaps(printed: Mask, level: Mask, upright: Mask, cells: Sequence[Box], wide: int) -> list[Box]:
    """The room over lines that are no walls, dotted ones too, where nothing is printed."""
    near, long = round(WALL * wide) * 2 + 1, round(GAP * wide) | 1  # an opening of an even length would move the lines
    dotted = cv2.morphologyEx(printed.view(np.uint8), cv2.MORPH_CLOSE, np.ones((1, near), np.uint8))
    lines = cv2.morphologyEx(dotted, cv2.MORPH_OPEN, np.ones((1, long), np.uint8)) | level.view(np.uint8)
    lines = cv2.morphologyEx(lines, cv2.MORPH_OPEN, np.ones((1, long), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
    high, found = round(ABOVE * wide), []
    for x, y, w, h, _ in stats[1:].tolist():
        if h > WALL * wide or w > 0.75 * printed.shape[1] or y < high:
            continue
        free = not printed[y - high : y - 2, x : x + w].any()
        walls = upright[max(y - 3, 0) : y + h + 3, x : x + w].any() or any(_touches((x, y, w, h), cell, near) for cell in cells)
        if free and not walls:
            found.append((x, y - high, w, high + h))
    return found


def _touches(line: Box, cell: Box, near: int) -> bool:
    """Whether a line lies along a cell."""
    x, y, w, h = line
    left, top, wide, high = cell
    return x < left + wide + near and left < x + w + near and y < top + high + near and top < y + h + near
