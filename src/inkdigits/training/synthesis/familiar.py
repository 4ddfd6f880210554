"""Writing that is always at hand: numbers in hands that come with scikit-learn and with the model of pen strokes, without a download.

A network that learned something new is held against it, to see whether it still reads what it read before.
"""

from __future__ import annotations

import re

import cv2
import numpy as np

from inkdigits.arrays import Bytes, Float, Labels
from inkdigits.recognition.alphabet import DIGITS, SYMBOLS, classes_of
from inkdigits.recognition.strips import HEIGHT, strip
from inkdigits.training import pen as model
from inkdigits.training.data.unipen import Sample
from inkdigits.training.datasets import load
from inkdigits.training.fonts import plain

from . import forms
from .hands import Hand, ModelHand, PictureHand, Strokes, Style
from .numbers import written
from .paper import photographed
from .rows import LONGEST, STRETCH, TALL, WIDTH

Rng = np.random.Generator

# fmt: off
SIGNS: dict[str, list[list[tuple[int, int]]]] = {
    ",": [[(60, 0), (70, 35), (20, 100)]],
    "-": [[(0, 4), (50, 0), (100, 2)]],
    "/": [[(70, 0), (35, 50), (0, 100)]],
    ":": [[(0, 0), (4, 6)], [(0, 94), (4, 100)]],
    "+": [[(50, 0), (50, 100)], [(0, 52), (100, 48)]],
    "%": [[(95, 0), (5, 100)], [(28, 2), (6, 16), (28, 32), (46, 16), (28, 2)], [(74, 68), (54, 84), (74, 100), (94, 84), (74, 68)]],
    "$": [[(90, 22), (50, 10), (12, 26), (50, 50), (88, 72), (50, 90), (8, 76)], [(50, 0), (50, 100)]],
    "(": [[(60, 0), (20, 28), (18, 72), (60, 100)]],
    ")": [[(0, 0), (40, 28), (42, 72), (0, 100)]],
}
"""Strokes of the signs, x to the right and y down; a point is a dot anyway."""
# fmt: on
WORDS = 0.12
"""How often a word stands in the place of a number: a network must go on telling letters from digits."""


def familiar_rows(count: int, seed: int, split: str = "test") -> tuple[Bytes, Labels]:
    """Compose rows of strips: uint8 (count, H, WIDTH), 255 = ink, H as strips are high, and the indices of their characters less one, int64
    (count, LONGEST), -1 after the last. split: "train" or "test" of scikit-learn's digits. The same for the same arguments. Raises
    MissingExtra without scikit-learn."""
    rng = np.random.default_rng((seed, split == "test"))
    digits = load("digits", split)
    strokes = Strokes([[Sample(sign, [np.array(points, np.float32) for points in own], "signs") for sign, own in SIGNS.items()]])
    borrowed = strokes.by_hand["signs"]
    images, labels = np.zeros((count, HEIGHT, WIDTH), np.uint8), np.full((count, LONGEST), -1, np.int64)
    for image, characters in zip(images, labels, strict=True):
        hand: Hand
        if rng.random() < 0.5:
            hand = PictureHand.of(digits.images, digits.labels, strokes, borrowed)
        else:
            hand = ModelHand(strokes, model.Style.of_anyone(rng), borrowed)
        made, said = _row(hand, rng)
        image[:] = np.round(255 * made)
        characters[: len(said)] = np.array(said, np.int64) - 1
    return images, labels


def _row(hand: Hand, rng: Rng) -> tuple[Float, list[int]]:
    """Numbers of one hand, and words now and then, on clear paper: float32 (H, WIDTH) in [0, 1], and their characters as indices of
    CLASSES."""
    stretch, tall = (float(np.exp(rng.uniform(*np.log(span)))) for span in (STRETCH, TALL))
    width = round(WIDTH / stretch)
    style = Style.of_anyone(tall, rng)
    sheet, characters, column, is_word = np.zeros((HEIGHT, width), np.float32), list[int](), 0.3 * tall, False
    while True:
        is_word = not is_word and rng.random() < WORDS  # two words beside each other are one "other"
        text = forms.word(rng) if is_word else _number(rng)
        ink, above = _printed(text, style, rng) if is_word else written(text, hand, style, rng)
        if characters and (column + ink.shape[1] > width - 0.1 * tall or len(characters) + len(text) > LONGEST):
            return strip(photographed(sheet, tall, rng, plain=True), WIDTH), characters
        if column + ink.shape[1] <= width - 0.1 * tall:
            top = round(float(np.clip((HEIGHT - tall) / 2 - above, 0, max(HEIGHT - len(ink), 0))))
            window = sheet[top : top + len(ink), round(column) : round(column) + ink.shape[1]]
            np.maximum(window, ink[: len(window), : window.shape[1]], out=window)
            characters += classes_of(text)
            column += ink.shape[1] + rng.uniform(0.7, 2) * tall


def _number(rng: Rng) -> str:
    """A number in one of the forms that numbers have, of our signs alone."""
    while True:
        text = forms.number(rng)
        if re.fullmatch(f"[{re.escape(DIGITS + SYMBOLS)} ]+", text):
            return text


def _printed(word: str, style: Style, rng: Rng) -> tuple[Float, float]:
    """A word in a printed type, about as high as a digit; returns what `numbers.written` does."""
    type_ = plain(word).astype(np.float32) / np.float32(255)
    height = max(round(style.height * float(rng.uniform(0.8, 1.2))), 4)
    size = (max(1, round(type_.shape[1] * height / len(type_) * style.stretch)), height)
    return np.asarray(cv2.resize(type_, size, interpolation=cv2.INTER_AREA), np.float32), (style.height - height) / 2
