"""Numbers composed of real digits, letters and symbols of one split of hands: what a form field may hold, and what is written in it.

Pen strokes are drawn with pens of several widths, images of digits are scaled and laid on the same paper. Everything follows from a seed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from inkdigits.arrays import Bytes, Float
from inkdigits.recognition.alphabet import STRUCK, SYMBOLS
from inkdigits.training.data.unipen import Strokes, samples

Rng = np.random.Generator

KINDS = ("letter", "symbol", "crossed out", "dot in a box")
LONGEST = 6
"""Digits in a number, at most."""
BOXED, SPOILT = 0.5, 3
"""Share of the numbers that stand in a drawn box; of so many numbers one has something in it that is no digit."""
SIZES = {".": 0.16, ",": 0.3, "-": 0.45, ":": 0.6, "+": 0.6}
"""The larger side of a symbol, in digit heights; the others are as high as a digit. The pen files hold no sizes."""
PLACES = {".": 1.0, ",": 1.12, "-": 0.55, ":": 0.85, "+": 0.8}
"""Where a symbol ends at the bottom, in digit heights below the top of the digits."""
LOOKALIKES = "OoIlSsZzbqg"
"""Letters that hands write as they write a digit: nobody tells them apart without the words around them."""
HANDS = {"pen": 0.6, "cvl_digits": 0.25, "exam_digits": 0.15}
"""How often the digits are of these sets."""
ENOUGH = 8
"""Digits that a hand of the pen files must have written to write a number."""


@dataclass(frozen=True, slots=True)
class Composition:
    """image: uint8 (H, W), dark on light. truth: every character of it, STRUCK for a digit that was crossed out. kind: one of KINDS; ""
    for digits alone."""

    image: Bytes
    truth: str
    kind: str


@dataclass(frozen=True, slots=True)
class Marks:
    """What compositions are made of. pen: of each hand the strokes of each digit. others: of each letter and symbol. scans: of each set the
    images of each digit, uint8 (n, 28, 28), white on black."""

    pen: list[dict[str, list[Strokes]]]
    others: dict[str, list[Strokes]]
    scans: dict[str, list[Bytes]]


def marks(home: Path, split: str) -> Marks:
    """The marks of the hands of one split, "dev" or "trainable", of pen/ and, of the developers' hands, cvl_digits and exam_digits.

    home: the folder with pen/ and real/ in it. Raises DataError where they are missing.
    """
    hands: dict[str, dict[str, list[Strokes]]] = defaultdict(lambda: defaultdict(list))
    for sample in samples("digits", split, home / "pen"):
        hands[sample.hand][sample.label].append(sample.strokes)
    others: dict[str, list[Strokes]] = defaultdict(list)
    for name in ("symbols", "upper", "lower"):
        for sample in samples(name, split, home / "pen"):
            if sample.label in SYMBOLS if name == "symbols" else sample.label not in LOOKALIKES:
                others[sample.label].append(sample.strokes)
    scans = {}
    for name in HANDS:
        if name != "pen" and split == "dev":
            with np.load(home / "real" / name / "digits.npz") as data:
                scans[name] = [data["images"][data["labels"] == digit] for digit in range(10)]
    enough = [dict(hand) for _, hand in sorted(hands.items()) if sum(map(len, hand.values())) >= ENOUGH]
    return Marks(enough, dict(others), scans)


def compositions(found: Marks, count: int, seed: int) -> Iterator[Composition]:
    """So many numbers; every SPOILT-th has a letter, a symbol, a crossing-out, or a dot in a box, in turn."""
    for index in range(count):
        kind = KINDS[index // SPOILT % len(KINDS)] if index % SPOILT == SPOILT - 1 else ""
        yield composed(found, kind, np.random.default_rng((seed, index)))


def composed(found: Marks, kind: str, rng: Rng) -> Composition:
    """One number. kind: what is in it beside digits, one of KINDS; "" for nothing."""
    tall, pen = int(rng.integers(28, 64)), float(rng.uniform(2.0, 5.5))
    digits = _digits(found, int(rng.integers(2 if kind in ("crossed out", "dot in a box") else 1, LONGEST + 1)), tall, pen, rng)
    written = [(label, ink, 1.0) for label, ink in digits]
    if kind == "crossed out":
        at = int(rng.integers(len(written)))
        written[at] = (STRUCK, _struck(written[at][1], pen, rng), 1.0)
    elif kind:
        written.insert(*_other(found, kind, len(written), tall, pen, rng))
    page = _laid(written, tall, rng)
    boxed = kind == "dot in a box" or rng.random() < BOXED
    return Composition(_on_paper(page, pen if boxed else 0.0, rng), "".join(label for label, *_ in written), kind)


def drawn(strokes: Strokes, size: float, pen: float, *, by_height: bool = True) -> Float:
    """Strokes with a round pen. size: of the height, or of the larger side, in pixels between the middles of strokes; pen: its width."""
    every = np.concatenate(strokes).astype(np.float64)
    low, span = every.min(axis=0), np.maximum(np.ptp(every, axis=0), 1)
    scale, rim, fine = size / (span[1] if by_height else span.max()), pen + 2, 16
    width, height = np.ceil(span * scale + 2 * rim).astype(int).tolist()
    out = np.zeros((height, width), np.uint8)
    for stroke in strokes:
        points = np.round(((stroke - low) * scale + rim) * fine).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(out, [points], False, 255, max(1, round(pen)), cv2.LINE_AA, shift=4)
    return _cut(np.asarray(out / 255, np.float32))


def _digits(found: Marks, count: int, tall: int, pen: float, rng: Rng) -> list[tuple[str, Float]]:
    """Digits of one hand, or of one set of scans."""
    names = ["pen", *found.scans]
    share = np.array([HANDS[name] for name in names])
    name = names[int(rng.choice(len(names), p=share / share.sum()))]
    out = []
    hand = found.pen[int(rng.integers(len(found.pen)))]
    for _ in range(count):
        high = tall * float(rng.uniform(0.88, 1.1))
        if name == "pen":
            label = sorted(hand)[int(rng.integers(len(hand)))]
            out.append((label, drawn(hand[label][int(rng.integers(len(hand[label])))], high, pen)))
        else:
            digit = int(rng.integers(10))
            scans = found.scans[name][digit]
            scan = scans[int(rng.integers(len(scans)))].astype(np.float32)
            full = float(np.quantile(scan[scan > 0.5 * scan.max()], 0.5))
            ink = _cut(np.asarray(scan / full, np.float32))
            size = (max(2, round(ink.shape[1] * high / ink.shape[0])), round(high))
            out.append((str(digit), np.clip(cv2.resize(ink, size, interpolation=cv2.INTER_CUBIC), 0, 1)))
    return out


def _other(found: Marks, kind: str, count: int, tall: int, pen: float, rng: Rng) -> tuple[int, tuple[str, Float, float]]:
    """A letter or a symbol: before which digit it stands, and itself, with where it ends at the bottom."""
    letters = sorted(label for label in found.others if label not in SYMBOLS)
    labels = {"letter": letters, "symbol": list(SYMBOLS), "dot in a box": ["."]}[kind]
    label = labels[int(rng.integers(len(labels)))]
    strokes = found.others[label][int(rng.integers(len(found.others[label])))]
    place = int(rng.integers(1, count)) if label in ".,:" and count > 1 else int(rng.integers(count + 1))
    if label == ".":
        dot = drawn([np.zeros((2, 2), np.float32)], 1, max(pen, SIZES["."] * tall * float(rng.uniform(0.7, 1.2))))
        return place, (label, dot, PLACES["."])
    size = SIZES.get(label, float(rng.uniform(0.65, 1.0)) if label.islower() else 1.0) * tall
    return place, (label, drawn(strokes, size, pen, by_height=label not in SIZES), PLACES.get(label, 1.0))


def _struck(ink: Float, pen: float, rng: Rng) -> Float:
    """A digit crossed out so that one sees it, by two or three lines or a zigzag: one line through a 7 or a 0 is how many write it."""
    high, wide = ink.shape
    out = np.pad(ink, ((0, 0), (wide // 4, wide // 4)))
    across, lines = out.shape[1] - 1, int(rng.integers(2, 4))
    rows = rng.uniform(0.15, 0.85, (lines, 2)) * high
    strokes = (
        [[(0, row[0]), (across, row[1])] for row in rows]
        if rng.random() < 0.7
        else [[(k * across / 6, (0.15 if k % 2 else 0.85) * high) for k in range(7)]]
    )
    for stroke in strokes:
        points = np.round(np.array(stroke) * 16).astype(np.int32).reshape(-1, 1, 2)
        drawn_over = np.zeros(out.shape, np.uint8)
        cv2.polylines(drawn_over, [points], False, 255, max(1, round(pen)), cv2.LINE_AA, shift=4)
        out = np.maximum(out, drawn_over.astype(np.float32) / 255)
    return out


def _laid(written: Sequence[tuple[str, Float, float]], tall: int, rng: Rng) -> Float:
    """One beside the other: float32 (H, W), with margins."""
    margin = int(tall * rng.uniform(0.5, 1.2))
    gaps = [max(3, int(tall * rng.uniform(0.12, 0.45))) for _ in written]
    high = int(2.4 * tall) + 2 * margin
    page = np.zeros((high, sum(ink.shape[1] for _, ink, _ in written) + sum(gaps) + 2 * margin), np.float32)
    left = margin
    for (_, ink, end), gap in zip(written, gaps, strict=True):
        bottom = margin + int(tall * (0.6 + end + rng.uniform(-0.06, 0.06)))
        top = max(bottom - ink.shape[0], 0)
        window = page[top : top + ink.shape[0], left : left + ink.shape[1]]
        np.maximum(window, ink[: len(window)], out=window)
        left += ink.shape[1] + gap
    rows = np.flatnonzero(page.any(axis=1))
    return page[max(rows[0] - margin, 0) : rows[-1] + margin]


def _on_paper(ink: Float, rule: float, rng: Rng) -> Bytes:
    """Ink on paper with grain and a slow change of light. rule: the pen's width where there is a printed box around it, else 0."""
    high, wide = ink.shape
    ink = ink * float(rng.uniform(0.55, 0.85))
    if rule:
        rim, width = int(0.35 * (np.flatnonzero(ink.any(axis=1))[0])) + 2, max(1, round(0.4 * rule))
        box = np.zeros((high, wide), np.uint8)
        cv2.rectangle(box, (rim, rim), (wide - 1 - rim, high - 1 - rim), 255, width)
        ink = np.maximum(ink, box.astype(np.float32) / 255 * float(rng.uniform(0.4, 0.8)))
    light = np.linspace(1, float(rng.uniform(0.85, 1.15)), wide) * float(rng.uniform(200, 240))
    page = light * (1 - ink) + rng.normal(0, float(rng.uniform(0.5, 4)), ink.shape)
    return np.clip(np.rint(page), 0, 255).astype(np.uint8)


def _cut(ink: Float) -> Float:
    """Without the empty rows and columns around it."""
    x, y, w, h = cv2.boundingRect((ink > 0.2).astype(np.uint8))
    return ink[y : y + h, x : x + w] if w else ink
