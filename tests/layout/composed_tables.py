"""Tables as boxes of fields with the truth: where each field stands; jitter, tilt, gaps, ragged columns, headers, two tables on a page."""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass
class Page:
    """boxes: float32 (n, 4, 2), in no order. places: (table, row, column) of each. rules: float32 (h, w) or None. shapes: of the tables."""

    boxes: np.ndarray
    places: list[tuple[int, int, int]]
    rules: np.ndarray | None
    shapes: list[tuple[int, int]]


def composed(rng, *, ruled=False, tables=None, tilt=5.0, climb=1.2, empty=0.35, jitter=1.0):
    """A page of one table, or two. tilt: of the page, climb: of lines, in degrees at most; empty: share of cells at most."""
    high = float(rng.uniform(18, 44))
    count = tables or (2 if rng.random() < 0.3 else 1)
    fields, rules, shapes, x, y = [], [], [], 60.0, 60.0
    beside = count == 2 and rng.random() < 0.3
    for number in range(count):
        table = _table(rng, high, x, y, number, empty=empty, jitter=jitter, ruled=ruled, narrow=beside)
        fields += table[0]
        rules += table[1]
        shapes.append(table[2])
        if beside:
            x = table[3] + high * rng.uniform(5, 8)
        else:
            x, y = 60 + rng.uniform(0, 3) * high, table[4] + high * rng.uniform(4, 8)
    turn = np.deg2rad(rng.uniform(-tilt, tilt))
    slopes = {}
    boxes, places = [], []
    for place, left, top, wide, tall in fields:
        slope = slopes.setdefault(place[:2], np.tan(np.deg2rad(rng.uniform(-climb, climb))))
        top, right = top + slope * (left - 60), left + wide
        boxes.append([(left, top), (right, top), (right, top + tall), (left, top + tall)])
        places.append(place)
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    quads = np.array(boxes) @ matrix
    ends = np.array(rules).reshape(-1, 2, 2) @ matrix
    shift = 50 - np.concatenate([quads.reshape(-1, 2), ends.reshape(-1, 2)]).min(axis=0)
    image = None
    if ruled:
        ends = ends + shift
        size = np.ceil(ends.max(axis=(0, 1)) + 50).astype(int)
        image = np.zeros(size[::-1], np.uint8)
        for a, b in ends:
            cv2.line(image, tuple(np.round(a).astype(int).tolist()), tuple(np.round(b).astype(int).tolist()), 230, 2, cv2.LINE_AA)
        image = (image / 255 + rng.normal(0, 0.05, image.shape)).clip(0, 1).astype(np.float32)
    order = rng.permutation(len(quads))
    return Page((quads + shift)[order].astype(np.float32), [places[k] for k in order], image, shapes)


def _table(rng, high, x, y, number, *, empty, jitter, ruled, narrow):
    rows, columns = int(rng.integers(2, 12)), int(rng.integers(2, 4 if narrow else 8))
    digits = rng.integers(1, 4 if narrow else 7, columns)
    widths = (digits * 0.6 + 0.6) * high
    gaps = rng.uniform(0.9, 2.5) * high * rng.uniform(0.8, 1.2, columns)
    aligned = rng.choice(["left", "right", "middle", "ragged"], columns)
    pitch = rng.uniform(1.35, 2.6) * high
    lefts = x + np.cumsum(np.append(0, widths + gaps)[:-1])
    tops = y + np.cumsum(np.append(0, pitch * rng.uniform(0.92, 1.08, rows - 1)))
    filled = rng.random((rows, columns)) >= rng.uniform(0, empty)
    for r in np.flatnonzero(filled.sum(axis=1) < 2):
        filled[r, rng.choice(columns, 2, replace=False)] = True
    for c in np.flatnonzero(filled.sum(axis=0) < 2):
        filled[rng.choice(rows, 2, replace=False), c] = True
    header = int(rng.integers(0, 3)) if rows > 3 else 0
    filled[:header] = True
    found = []
    for r, c in np.argwhere(filled).tolist():
        wide = (rng.integers(1, digits[c] + 1) * 0.6) * high if r >= header else widths[c] * rng.uniform(0.7, 1.0)
        room = max(widths[c] - wide, 0)
        left = lefts[c] + room * {"left": 0, "right": 1, "middle": 0.5, "ragged": rng.random()}[aligned[c]]
        tall = high * rng.uniform(0.8, 1.1)
        left, top = left + jitter * rng.normal(0, 0.1) * high, tops[r] + (high - tall) / 2 + jitter * rng.normal(0, 0.07) * high
        found.append(((number, r, c), left, top, wide, tall))
    rules = []
    right, bottom = lefts[-1] + widths[-1] + gaps[-1] / 2, tops[-1] + (high + pitch) / 2
    if ruled:
        top = tops[0] - (pitch - high) / 2
        edges = [*(lefts[1:] - gaps[:-1] / 2), right]
        rules += [[(x - gaps[0] / 2, t), (right, t)] for t in [top, *((tops[1:] + tops[:-1] + high) / 2), bottom]]
        rules += [[(e, top), (e, bottom)] for e in [x - gaps[0] / 2, *edges]]
    return found, rules, (rows, columns), right, bottom
