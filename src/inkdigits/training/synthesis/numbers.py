"""A text in somebody's hand, as ink: signs side by side, apart, touching or tied together, some of them struck out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from inkdigits.arrays import Double, Float
from inkdigits.recognition.alphabet import STRUCK

from .forms import struck
from .hands import DIGITS, Hand, ModelHand, Style, Written
from .strokes import inked, matrix_of

Rng = np.random.Generator

NEAR = ((-0.06, 0.02, 0.1, 0.22, 0.5), (0.08, 0.20, 0.34, 0.26, 0.12))
"""Gaps between the signs of a line, in heights of a digit, and how often a hand has each; below 0 they overlap."""
UP, DOWN = 0.7, 0.9
"""Room above and below the digits, in heights of a digit, for signs that are taller or hang."""


def written(text: str, hand: Hand, style: Style, rng: Rng) -> tuple[Float, float]:
    """Write a text from left to right.

    A space leaves a gap; a character before STRUCK is struck out, all of them by lines through the whole. Returns the ink, float32 (h, w)
    in [0, 1], cropped to it, and the distance from its first row down to the top of the digits, in pixels.
    """
    tall = style.height
    rows = int((1 + UP + DOWN) * tall) + 4
    sheet = np.zeros((rows, int((len(text) + 4) * 2.2 * tall)), np.float32)
    edge = np.full(rows, -np.inf)  # the last inked column of each row so far
    near = float(rng.choice(NEAR[0], p=NEAR[1]))
    climb = rng.normal(0, 0.02)
    ties = {"00": 0.8, "any": 0.25} if rng.random() < 0.25 else {"00": 0.2, "any": 0.04}  # how often a hand ties two digits
    small = rng.uniform(0.55, 0.85) if rng.random() < 0.15 else 1.0  # the zeros or cents at the end of an amount
    begin = max(len(text) - int(rng.integers(2, 5)), 2) if small < 1 else len(text)
    pattern = r"0{2,4}|." if isinstance(hand, ModelHand) and rng.random() < 0.4 else r"."
    cursor, tied, at, plain = tall, "", 0, text.replace(STRUCK, "")
    whole = text == struck(plain)
    for character in re.findall(pattern, plain):
        at += len(character)
        if character == " ":
            cursor, edge = cursor + rng.uniform(0.35, 1.1) * tall, np.full(rows, -np.inf)
            continue
        own = style if at <= begin else Style(small * tall, style.pen, style.slant, style.stretch, style.turn, style.uneven)
        ink, top = hand.sign(character, own, rng)
        top += UP * tall + climb * (cursor - tall) + (rng.uniform(0, 1) * (tall - own.height) if at > begin else 0)
        first = int(np.clip(top, 0, max(rows - len(ink), 0)))
        ink = ink[: rows - first]
        left = int(_beside(ink, edge, first, cursor, near * tall + rng.normal(0, 0.05) * tall, tall, character))
        left = min(max(left, 0), sheet.shape[1] - ink.shape[1] - 1)
        if left < 0:
            break
        window = sheet[first : first + len(ink), left : left + ink.shape[1]]
        np.maximum(window, ink, out=window)
        if tied and character in DIGITS and rng.random() < (ties["00"] if tied == character == "0" else ties["any"]):
            _tie(sheet, cursor, left, tall, style.pen, rng)
        if not whole and _is_struck(text, at):
            _strike(sheet, (left, first, ink.shape[1], len(ink)), style, character, rng)
        inside = ink > 0.3
        ends = np.where(inside.any(axis=1), left + ink.shape[1] - 1 - inside[:, ::-1].argmax(axis=1), -np.inf)
        edge[first : first + len(ink)] = np.maximum(edge[first : first + len(ink)], ends)
        cursor, tied = max(cursor, left + ink.shape[1]), character if character in DIGITS else ""
    if whole:
        _strike(sheet, cv2.boundingRect((sheet > 0.05).astype(np.uint8)), style, "", rng)
    return _cropped(sheet, UP * tall)


@dataclass(frozen=True, slots=True)
class Word:
    """A word or a number as somebody wrote it. text: what it says. sign: its strokes. high: its height in units."""

    text: str
    sign: Written
    high: float


def as_written(word: Word, style: Style, room: float, rng: Rng) -> tuple[Float, float]:
    """Write a word with its signs in their true size and place; returns what `written` does. room: pixels that it may be high."""
    scale = min(style.height * rng.uniform(0.9, 1.3), room) / word.high
    # Small letters are lower than the word is high, and the pen that blots no digit blots them.
    ink = inked(word.sign.pieces, matrix_of(scale, 0.5 * style.slant, style.stretch, 0.5 * style.turn), 0.7 * style.pen, rng)
    return _cropped(ink, 0.5 * (len(ink) - style.height))


def _beside(ink: Float, edge: Double, first: int, cursor: float, gap: float, tall: float, character: str) -> float:
    """The column at which a sign stands so that its ink is `gap` pixels from what stands before it, row by row, as a hand would."""
    reach = max(1, round(0.16 * tall))
    around = cv2.dilate(np.maximum(edge, -1e6).astype(np.float32), np.ones((2 * reach + 1, 1), np.uint8)).ravel()
    inside = ink > 0.3
    begins = np.where(inside.any(axis=1), inside.argmax(axis=1), 10**6)
    free = float(np.max(around[first : first + len(ink)] - begins))
    if free < -1e5:
        return cursor + max(gap, 0)
    return max(free + 1 + gap, cursor - (0.45 if character in DIGITS else 0.3) * tall)


def _is_struck(text: str, written_so_far: int) -> bool:
    """Whether the character that was just written is struck out. written_so_far: characters, without STRUCK itself."""
    seen = 0
    for place, character in enumerate(text):
        seen += character != STRUCK
        if seen == written_so_far:
            return text[place + 1 : place + 2] == STRUCK
    return False


def _strike(sheet: Float, box: Sequence[int], style: Style, character: str, rng: Rng) -> None:
    """Strike out what is in a box (x, y, w, h): bars side by side, crossing lines, or a scribble. In place.

    One bar through a 0, 1, 4 or 7 is how many hands write it: these have two or more.
    """
    left, top, width, height = box
    right, bottom, thick = left + width, top + height, max(1, round(style.pen))
    fewest = 2 if character in ("0", "1", "4", "7") else 1
    kind = rng.random()
    if kind < 0.2:  # a scribble
        count = int(rng.integers(5, 10))
        xs = np.where(np.arange(count) % 2, right + 0.1 * width, left - 0.1 * width) + rng.normal(0, 0.12 * width, count)
        ys = np.linspace(top, bottom, count) + rng.normal(0, 0.04 * height, count)
        cv2.polylines(sheet, [np.column_stack([xs, ys]).astype(np.int32)], False, 1.0, thick, cv2.LINE_AA)
        return
    if kind < 0.35:  # a cross, of lines that reach over its corners
        low, high = rng.uniform(-0.1, 0.25, 2) * height
        cv2.line(sheet, (left, int(top + low)), (right, int(bottom - high)), 1.0, thick, cv2.LINE_AA)
        cv2.line(sheet, (left, int(bottom - low)), (right, int(top + high)), 1.0, thick, cv2.LINE_AA)
        return
    count = fewest + int(rng.choice(3, p=[0.45, 0.4, 0.15]))
    slope = rng.normal(0, 0.12) if rng.random() < 0.75 else rng.uniform(-1, 1)  # from the first end to the last, in heights of the box
    middle, apart = rng.uniform(0.35, 0.65), rng.uniform(0.12, 0.3)
    for number in range(count):
        level = middle + apart * (number - 0.5 * (count - 1)) + rng.normal(0, 0.03)
        over = rng.uniform(0, 0.35, 2) * min(max(width, 0.5 * height), style.height)
        ends = height * (level + np.array([0.5, -0.5]) * (slope + rng.normal(0, 0.06)))
        start, end = (int(left - over[0]), int(top + ends[0])), (int(right + over[1]), int(top + ends[1]))
        cv2.line(sheet, start, end, 1.0, thick, cv2.LINE_AA)


def _tie(sheet: Float, last: float, left: int, tall: float, pen: float, rng: Rng) -> None:
    """The stroke of a pen that was not lifted between two digits: an arc, mostly along their tops. In place."""
    y = (UP + (rng.uniform(-0.05, 0.3) if rng.random() < 0.75 else rng.uniform(0.3, 0.85))) * tall
    start, end = np.array([last - 0.22 * tall, y]), np.array([left + 0.22 * tall, y + rng.normal(0, 0.07) * tall])
    bend = (start + end) / 2 + (0, rng.normal(0, 0.16) * tall)
    along = np.linspace(0, 1, 12)[:, None]
    arc = (1 - along) ** 2 * start + 2 * along * (1 - along) * bend + along**2 * end  # a quadratic Bezier curve
    cv2.polylines(sheet, [np.round(arc * 8).astype(np.int32)], False, 1.0, max(1, round(0.85 * pen)), cv2.LINE_AA, 3)


def _cropped(sheet: Float, top: float) -> tuple[Float, float]:
    """The box of the ink, and the top of the digits in it, which was at row `top` of the sheet."""
    x, y, w, h = cv2.boundingRect((sheet > 0.05).astype(np.uint8))
    return (np.ascontiguousarray(sheet[y : y + h, x : x + w]), top - y) if w else (np.zeros((2, 2), np.float32), 0.0)
