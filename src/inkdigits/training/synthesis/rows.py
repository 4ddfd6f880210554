"""A row of strips for the number network: fields in one hand side by side, composed or photographed, with what they say."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from inkdigits.arrays import Float
from inkdigits.recognition.alphabet import CLASSES, OTHER, classes_of
from inkdigits.recognition.strips import HEIGHT, strip

from . import forms
from .hands import Hand, Style
from .numbers import as_written, written
from .paper import furnished, grained, photographed
from .sources import Picture, Sources

Rng = np.random.Generator

WIDTH, LONGEST = 400, 48
"""Columns of a row, the most characters in it."""
TALL = 19.0, 34.0
"""Heights of a digit in a strip, in pixels: from, to."""
STRETCH = 0.85, 1.75
"""How much wider a strip may be than the field was, from, to."""


@dataclass(frozen=True, slots=True)
class Shares:
    """What rows are made of, as shares of them. The rest are numbers composed of the signs of one hand each.

    easy: a few digits in clear ink on blank paper, for a network that knows nothing yet. Of the others: as_written: of pen strokes of
    whole words; registers, hands33, lines: of photographed crops. plain: of composed rows, those in clear ink with nothing around."""

    easy: float = 0.0
    plain: float = 0.5
    as_written: float = 0.22
    registers: float = 0.14
    hands33: float = 0.07
    lines: float = 0.05


def row(found: Sources, shares: Shares, rng: Rng) -> tuple[Float, list[int]]:
    """One row: float32 (40, 400) in [0, 1], and its characters, one or more, as indices of CLASSES."""
    while True:
        image, characters = _any_row(found, shares, rng)
        if characters:
            return image, characters


def _any_row(found: Sources, shares: Shares, rng: Rng) -> tuple[Float, list[int]]:
    if not found.hands:
        return _packed(_any_pictures(found, shares, rng), rng)
    if rng.random() < shares.easy:
        return _easy(found, rng)
    draw = rng.random()
    for share, pictures in ((shares.registers, found.cells), (shares.hands33, found.tens), (shares.lines, found.lines)):
        if pictures and draw < share:
            return _packed(pictures, rng)
        draw -= share
    return _composed(found, shares, rng)


def _any_pictures(found: Sources, shares: Shares, rng: Rng) -> list[Picture]:
    """One of the collections of photographed crops that there are, by their shares."""
    every = [(shares.registers, found.cells), (shares.hands33, found.tens), (shares.lines, found.lines)]
    there = [(share, pictures) for share, pictures in every if pictures]
    odds = np.array([share for share, _ in there])
    return there[int(rng.choice(len(there), p=odds / odds.sum()))][1]


def _easy(found: Sources, rng: Rng) -> tuple[Float, list[int]]:
    """Integers of one hand, large and dark on blank paper."""
    tall = rng.uniform(0.6, 1) * TALL[1]
    style = Style.of_anyone(tall, rng)
    sheet, characters, hand, column = np.zeros((HEIGHT, WIDTH), np.float32), list[int](), _anyone(found, rng), 0.3 * tall
    while True:
        text = forms.digits(rng, int(rng.integers(1, 5)))
        ink, above = written(text, hand, style, rng)
        if column + ink.shape[1] > WIDTH:
            return sheet, characters
        _put(sheet, ink, round(column), round(0.5 * (HEIGHT - tall) - above))
        characters += classes_of(text)
        column += ink.shape[1] + rng.uniform(0.7, 2) * tall


def _composed(found: Sources, shares: Shares, rng: Rng) -> tuple[Float, list[int]]:
    """Fields of one hand on one sheet of paper, photographed and made a strip."""
    stretch = float(np.exp(rng.uniform(*np.log(STRETCH))))
    tall = float(np.exp(rng.uniform(*np.log(TALL))))
    plain = rng.random() < shares.plain
    zoom = float(np.exp(rng.uniform(np.log(0.65), np.log(2.4))))  # pixels of the picture for one of the strip
    height, width = round(HEIGHT * zoom), round(WIDTH * zoom / stretch)
    style = Style.of_anyone(tall * zoom, rng)
    middle = 0.5 + rng.normal(0, 0.15) * max(1 - tall / HEIGHT, 0.08)  # a field is cut out with room above and below
    top = float(np.clip(middle * height - style.height / 2, 0.02 * height, 0.98 * height - style.height))
    sheet, characters = np.zeros((height, width), np.float32), list[int]()
    hand = _anyone(found, rng)
    column, tries = rng.uniform(0.02, 0.9) * style.height, 0
    while tries < 3 and len(characters) < LONGEST - 16:
        ink, above, own = _field(found, shares, hand, style, 0.94 * height, rng)
        if column + ink.shape[1] > width - 0.1 * style.height:
            tries += 1
            continue
        first = np.clip(top - above + rng.normal(0, 0.05) * style.height, 0, max(height - len(ink), 0))  # a field is cut out whole
        _put(sheet, ink, round(column), round(float(first)))
        characters += own
        column += ink.shape[1] + style.height * (rng.uniform(0.7, 2) if rng.random() < 0.8 else rng.uniform(2, 6))
        if rng.random() < 0.12:
            break
    if plain:
        return strip(photographed(sheet, style.height, rng, plain=True), WIDTH), _merged(characters)
    if rng.random() < 0.2:
        _neighbours(sheet, found, shares, hand, style, top, rng)
    taken = furnished(grained(sheet, rng), style.height, top, rng)
    made = strip(photographed(taken, style.height, rng), WIDTH)
    return made, _merged(characters)


def _field(found: Sources, shares: Shares, hand: Hand, style: Style, room: float, rng: Rng) -> tuple[Float, float, list[int]]:
    """One field: its ink, the row of the digits' top in it, its characters. room: pixels that a word may be high."""
    draw = rng.random()
    if draw < shares.as_written and found.numbers:
        pool = found.words if found.words and rng.random() < 0.15 else found.numbers
        some = pool[int(rng.integers(len(pool)))]
        sample = some[int(rng.integers(len(some)))]
        return (*as_written(sample, style, room, rng), classes_of(sample.text))
    text = forms.word(rng) if rng.random() < 0.06 else forms.number(rng)
    return (*written(text, hand, style, rng), classes_of(text))


def _anyone(found: Sources, rng: Rng) -> Hand:
    shares = np.array([share for share, _ in found.hands])
    return found.hands[int(rng.choice(len(shares), p=shares / shares.sum()))][1](rng)


def _put(sheet: Float, ink: Float, left: int, top: int) -> None:
    """Lay ink on a sheet; what reaches over its upper or lower edge is cut off. In place."""
    first, last = max(top, 0), min(top + len(ink), len(sheet))
    if last > first:
        window = sheet[first:last, left : left + ink.shape[1]]
        np.maximum(window, ink[first - top : last - top, : window.shape[1]], out=window)


def _neighbours(sheet: Float, found: Sources, shares: Shares, hand: Hand, style: Style, top: float, rng: Rng) -> None:
    """The lower ends of the line above or the upper ends of the line below, where there is room. In place."""
    above = rng.random() < 0.5
    free = top - 0.12 * style.height if above else len(sheet) - top - 1.12 * style.height
    shown = min(free, 0.55 * style.height) * rng.uniform(0.3, 1)
    if shown < 2:
        return
    column = rng.uniform(0, 2) * style.height
    while column < sheet.shape[1]:
        ink, _, _ = _field(found, shares, hand, style, len(sheet), rng)
        _put(sheet, ink, round(column), round(shown - len(ink)) if above else round(len(sheet) - shown))
        column += ink.shape[1] + style.height * rng.uniform(0.7, 5)


def _packed(pictures: list[Picture], rng: Rng) -> tuple[Float, list[int]]:
    """Photographed crops side by side, each a strip of its own."""
    out, characters, column, tries = np.zeros((HEIGHT, WIDTH), np.float32), list[int](), int(rng.integers(0, 6)), 0
    while tries < 4 and len(characters) < LONGEST - 16:
        picture = pictures[int(rng.integers(len(pictures)))]
        made = _changed(picture, rng)
        if column + made.shape[1] > WIDTH:
            tries += 1
            continue
        out[:, column : column + made.shape[1]] = made
        characters += picture.characters
        column += made.shape[1] + int(rng.integers(0, 8))
    return out, _merged(characters)


def _changed(picture: Picture, rng: Rng) -> Float:
    """A crop as a strip, turned, stretched, cut, lightened and blurred a little."""
    image = picture.image
    height, width = image.shape
    if picture.characters == [CLASSES.index(OTHER)] and width > 5 * height:  # any part of a line of words is words
        wide = int(rng.uniform(1.5, 5) * height)
        left = int(rng.integers(0, width - wide))
        image = image[:, left : left + wide]
    if rng.random() < 0.5:
        turn = cv2.getRotationMatrix2D((image.shape[1] / 2, height / 2), float(rng.normal(0, 1.5)), 1.0)
        turn[0, 1] += rng.normal(0, 0.1)
        image = cv2.warpAffine(image, turn, image.shape[1::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    first, last = int(rng.uniform(0, 1) * picture.low), int(picture.high + rng.uniform(0, 1) * (height - picture.high))
    image = image[first:last]
    stretch = np.exp(rng.uniform(np.log(0.75), np.log(1.6)))
    wide = round(image.shape[1] * HEIGHT / len(image) * stretch)
    if wide > WIDTH - 8:
        wide = WIDTH - 8 if wide < 1.6 * WIDTH else WIDTH + 8  # too long a line does not fit
    if wide <= WIDTH:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.2)) if rng.random() < 0.3 else image
        image = np.asarray(255 - image, np.uint8) if rng.random() < 0.1 else image
    return strip(image, max(wide, 8))


def _merged(characters: list[int]) -> list[int]:
    """Others that follow each other are one."""
    other = CLASSES.index(OTHER)
    return [c for i, c in enumerate(characters) if not (c == other and i and characters[i - 1] == other)][:LONGEST]
