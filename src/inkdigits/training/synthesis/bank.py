"""Writing ready to be laid on pages: numbers and words in somebody's hand, and print, each as ink of its own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from inkdigits.arrays import Float
from inkdigits.training.fonts import FONTS, cropped

from . import forms
from .hands import Hand, Style
from .numbers import as_written, written
from .sources import Sources

Rng = np.random.Generator

HEIGHT = 56.0
"""Pixels that a digit of the bank is high."""
HANDS, EACH = 24, 12
"""Hands of a bank, and the numbers that each of them writes."""
PRINTED = 160
WORDS = (
    "name", "date", "total", "amount", "number", "sum", "tax", "price", "qty", "item", "no", "signed", "page", "code", "class", "score",
    "points", "phone", "address", "city", "account", "balance", "from", "to", "paid", "due", "order", "invoice", "receipt", "student",
    "teacher", "question", "answer", "day", "month", "year", "hour", "kg", "cm", "of", "the", "and", "is", "for", "with", "on", "at", "by",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """Some writing. ink: float32 (h, w) in [0, 1], cropped to it. tall: how high a digit or letter of it is, in pixels."""

    ink: Float
    tall: float


@dataclass(frozen=True, slots=True)
class Bank:
    """Pieces of writing. numbers, single, words: of each hand, in the same order; printed: in fonts."""

    numbers: list[list[Piece]]
    single: list[list[Piece]]
    words: list[list[Piece]]
    printed: list[Piece]


def bank(found: Sources, rng: Rng) -> Bank:
    """Write some numbers, single digits and words with each of some hands, and print."""
    numbers, single, words = [], [], []
    shares = np.array([share for share, _ in found.hands])
    for _ in range(HANDS):
        hand = found.hands[int(rng.choice(len(shares), p=shares / shares.sum()))][1](rng)
        style = Style.of_anyone(HEIGHT, rng)
        numbers.append([_number(found, hand, style, rng) for _ in range(EACH)])
        single.append([_written(str(digit), hand, style, rng) for digit in range(10)])
        words.append([_word(found, hand, style, rng) for _ in range(EACH)])
    return Bank(numbers, single, words, [_printed(rng) for _ in range(PRINTED)])


def _number(found: Sources, hand: Hand, style: Style, rng: Rng) -> Piece:
    draw = rng.random()
    if draw < 0.15 and found.numbers:
        some = found.numbers[int(rng.integers(len(found.numbers)))]
        ink, _ = as_written(some[int(rng.integers(len(some)))], style, 3 * HEIGHT, rng)
        return Piece(ink, min(float(len(ink)), HEIGHT))
    text = forms.digits(rng, int(rng.integers(1, 8))) if draw < 0.45 else forms.number(rng)
    return _written(text, hand, style, rng)


def _written(text: str, hand: Hand, style: Style, rng: Rng) -> Piece:
    ink, _ = written(text, hand, style, rng)
    return Piece(ink, style.height)


def _word(found: Sources, hand: Hand, style: Style, rng: Rng) -> Piece:
    if found.words and rng.random() < 0.7:
        some = found.words[int(rng.integers(len(found.words)))]
        ink, _ = as_written(some[int(rng.integers(len(some)))], style, 1.6 * HEIGHT, rng)
        return Piece(ink, HEIGHT)
    return _written(forms.word(rng), hand, style, rng)


@cache
def print_fonts() -> Sequence[Path]:
    """The fonts of print that are installed, those of handwriting left out."""
    import matplotlib

    places = [Path("/usr/share/fonts"), Path(matplotlib.get_data_path()) / "fonts/ttf"]
    found = [Path(folder) / name for place in places for folder, _, names in os.walk(place) for name in sorted(names)]
    kinds = ("DejaVu", "Nimbus", "Noto", "Dustismo", "URW", "C059", "P052", "Liberation", "Free")
    wanted = [path for path in found if path.suffix in (".ttf", ".otf", ".t1") and path.stem.startswith(kinds)]
    return [path for path in wanted if path.suffix != ".t1" and path.stem not in FONTS and "STIXSiz" not in path.stem]


@cache
def _font(path: Path) -> object:
    from PIL import ImageFont

    return ImageFont.truetype(str(path), 34)


def _printed(rng: Rng) -> Piece:
    """One to six printed words, numbers among them, or a number alone."""
    from PIL import Image, ImageDraw

    fonts = print_fonts()
    font = _font(fonts[int(rng.integers(len(fonts)))])
    some = [str(rng.choice(WORDS)) if rng.random() < 0.75 else forms.number(rng) for _ in range(int(rng.integers(1, 7)))]
    some = [forms.number(rng)] if rng.random() < 0.2 else some
    text = " ".join(some)
    text = text.upper() if rng.random() < 0.2 else text.capitalize() if rng.random() < 0.5 else text
    text = "".join(c for c in text + str(rng.choice(["", ":", ".", ""])) if c.isprintable() and c.isascii())
    canvas = Image.new("L", (40 * (len(text) + 2), 80), 0)
    ImageDraw.Draw(canvas).text((20, 16), text, fill=255, font=font)
    ink = np.divide(cropped(np.asarray(canvas, np.uint8)), 255, dtype=np.float32)
    return Piece(ink if ink.size > 1 else np.ones((24, 24), np.float32), 25.0)


def scaled(piece: Piece, tall: float, level: float = 0.5) -> Float:
    """The ink of a piece at another height of its digits, in pixels: float32 (h, w).

    level: in (0, 1), where the edge of a stroke that is blown up is drawn: a higher one makes the pen narrower.
    """
    factor = tall / piece.tall
    size = (max(round(piece.ink.shape[1] * factor), 2), max(round(piece.ink.shape[0] * factor), 2))
    ink = np.asarray(cv2.resize(piece.ink, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR), np.float32)
    if factor > 1.2:
        return np.asarray(np.clip((ink - level) * 1.5 * factor + 0.5, 0, 1), np.float32)
    if factor < 0.3:
        ink = np.minimum(ink * np.float32(1.35), 1)  # a thin line that is averaged over pixels is paler than a pen leaves it
    return ink
