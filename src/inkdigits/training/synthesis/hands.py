"""Hands: whoever wrote some digits, as a source of signs in their true relative size and place.

A sign comes as ink of its own, float32 (h, w) in [0, 1], 1 = ink, with the distance from the line's top (the top of its digits) to the
first row of the ink, in pixels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import cv2
import numpy as np

from inkdigits.arrays import Bytes, Float, Labels
from inkdigits.training import pen as model
from inkdigits.training.data import unipen

from .digits import styled
from .strokes import inked, matrix_of, pieces

Rng = np.random.Generator
Sign = tuple[Float, float]

PLACES: dict[str, tuple[str, float, float, float, float]] = {
    ",": ("height", 0.16, 0.42, 0.98, 1.16),
    "-": ("width", 0.22, 0.85, 0.38, 0.68),
    "/": ("height", 0.95, 1.5, 0.42, 0.58),
    ":": ("height", 0.3, 0.65, 0.5, 0.75),
    "+": ("height", 0.4, 0.8, 0.45, 0.65),
    "%": ("height", 0.7, 1.1, 0.45, 0.55),
    "$": ("height", 0.95, 1.35, 0.46, 0.58),
    "(": ("height", 0.95, 1.5, 0.45, 0.6),
    ")": ("height", 0.95, 1.5, 0.45, 0.6),
    "=": ("width", 0.3, 0.8, 0.42, 0.65),
    "_": ("width", 0.4, 0.9, 1.0, 1.1),
    "'": ("height", 0.15, 0.35, 0.0, 0.15),
    '"': ("height", 0.15, 0.35, 0.0, 0.15),
    "*": ("height", 0.3, 0.7, 0.25, 0.5),
    ";": ("height", 0.4, 0.75, 0.6, 0.8),
}
"""Of signs that are not as high as a digit: what is measured, from and to how much of a digit's height, and where their middle lies, from
0 at the top of the digits to 1 at their base."""
TALL = (0.85, 1.15, 0.45, 0.55)
LOW = (0.5, 0.75, 0.62, 0.75)
HANGING = (0.75, 1.05, 0.75, 0.9)
DOT = 0.13
"""The longest dot, in heights of a digit."""
BROAD = frozenset("+=*$%#")
THIN = 0.1
"""Signs that no hand writes as a single bar, and how thin a bar is: its spread across, as a share of that along it. One in twenty of such
samples is a bar: what lacks its other strokes. Left in, they teach that a digit with a bar through it is a sign."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a line is written. height: of a digit, in pixels; pen: width of the strokes, in pixels; slant: pixels to the right per pixel
    upwards, added to the hand's own; stretch: of the width; turn: in radians; uneven: by what share the signs differ in size."""

    height: float
    pen: float
    slant: float
    stretch: float
    turn: float
    uneven: float

    @classmethod
    def of_anyone(cls, height: float, rng: Rng) -> Style:
        """Somebody's style at a height in pixels."""
        return cls(
            height=height,
            pen=max(1.0, height * float(np.exp(rng.uniform(np.log(0.035), np.log(0.17))))),
            slant=float(rng.normal(0.04, 0.14)),
            stretch=float(np.exp(rng.normal(0, 0.13))),
            turn=float(rng.normal(0, 0.04)),
            uneven=float(rng.uniform(0.02, 0.12)),
        )


class Written:
    """A sign as somebody wrote it: its strokes, cut into `strokes.pieces` when they are first drawn."""

    def __init__(self, strokes: unipen.Strokes) -> None:
        self.strokes = strokes

    @cached_property
    def pieces(self) -> list[Float]:
        """The pieces of the strokes, float32 (points, 2) each."""
        return pieces(self.strokes)


class Hand(Protocol):
    """A source of signs."""

    def sign(self, character: str, style: Style, rng: Rng) -> Sign:
        """Write one character."""
        ...


class Strokes:
    """All signs of UNIPEN's hands, by character: what every hand borrows from that lacks a sign of its own."""

    def __init__(self, groups: Sequence[Sequence[unipen.Sample]]) -> None:
        self.by_hand: dict[str, dict[str, list[Written]]] = defaultdict(lambda: defaultdict(list))
        self.by_character: dict[str, list[Written]] = defaultdict(list)
        for sample in (s for group in groups for s in group):
            if len(sample.label) == 1 and sample.strokes and not (sample.label in BROAD and _is_bar(sample.strokes)):
                self.by_hand[sample.hand][sample.label].append(Written(sample.strokes))
        for own in self.by_hand.values():  # of a hand that wrote much, no more than of others
            for character, some in own.items():
                self.by_character[character] += some[:12]

    def written(self, own: Mapping[str, list[Written]], character: str, style: Style, rng: Rng) -> Sign:
        """Write a character with the strokes of a hand, or with anybody's where it has none."""
        if character == ".":
            return _dot(style, rng)
        some = own.get(character) or self.by_character[character]
        strokes = some[int(rng.integers(len(some)))]
        wide, high = np.ptp(np.concatenate(strokes.pieces), axis=0)
        measure, low, top, first, last = _place(character)
        size = style.height * rng.uniform(low, top) if character not in DIGITS else style.height * np.exp(rng.normal(0, style.uneven))
        scale = size / max(float(wide if measure == "width" else high), 20.0)
        if measure == "height" and wide * scale > 1.9 * style.height:  # a few samples hold more than one sign
            scale = 1.9 * style.height / wide
        matrix = matrix_of(scale, style.slant + rng.normal(0, 0.03), style.stretch, style.turn + rng.normal(0, 0.03))
        ink = inked(strokes.pieces, matrix, style.pen * np.exp(rng.normal(0, 0.06)), rng)
        middle = 0.5 if character in DIGITS else rng.uniform(first, last)
        return ink, middle * style.height - len(ink) / 2 + rng.normal(0, 0.04) * style.height


DIGITS = frozenset("0123456789")


@dataclass(frozen=True, slots=True)
class PenHand:
    """A hand of UNIPEN. own: its strokes by character."""

    strokes: Strokes
    own: Mapping[str, list[Written]]

    def sign(self, character: str, style: Style, rng: Rng) -> Sign:
        """Write one character with the hand's own strokes."""
        return self.strokes.written(self.own, character, style, rng)


@dataclass(frozen=True, slots=True)
class PictureHand:
    """A hand of which there are pictures of digits. images: uint8 (N, H, W), white on black; by_digit: the indices of each digit's."""

    strokes: Strokes
    images: Bytes
    by_digit: Mapping[str, Labels]
    borrowed: Mapping[str, list[Written]]

    @classmethod
    def of(cls, images: Bytes, labels: Labels, strokes: Strokes, lender: Mapping[str, list[Written]]) -> PictureHand:
        """A hand of labelled pictures; other signs are those of `lender`."""
        by_digit = {str(value): np.flatnonzero(labels == value) for value in range(10)}
        return cls(strokes, images, {digit: some for digit, some in by_digit.items() if len(some)}, lender)

    def sign(self, character: str, style: Style, rng: Rng) -> Sign:
        """Write one character: a digit as a picture shows it, redrawn at the line's size and with its pen."""
        some = self.by_digit.get(character)
        if some is None:
            return self.strokes.written(self.borrowed, character, style, rng)
        ink = _redrawn(self.images[int(rng.choice(some))], character, style, rng)
        return ink, 0.5 * style.height - len(ink) / 2 + rng.normal(0, 0.04) * style.height


@dataclass(frozen=True, slots=True)
class ModelHand:
    """A hand of the model of pen strokes: forms of digits that the collections lack or have too few of."""

    strokes: Strokes
    forms: model.Style
    borrowed: Mapping[str, list[Written]]

    def sign(self, character: str, style: Style, rng: Rng) -> Sign:
        """Write one character; several zeros in one stroke where they are asked for together."""
        if character[:1] not in DIGITS:
            return self.strokes.written(self.borrowed, character, style, rng)
        height = style.height * np.exp(rng.normal(0, style.uneven)) * (rng.uniform(0.6, 1) if len(character) > 1 else 1)
        curves = [curve * unipen.UNITS for curve in model.curves(character, self.forms, rng)]
        ink = inked(pieces(curves), matrix_of(height / unipen.UNITS, style.slant, style.stretch, style.turn), style.pen, rng)
        return ink, 0.5 * style.height - len(ink) / 2 + rng.normal(0, 0.04) * style.height


def _place(character: str) -> tuple[str, float, float, float, float]:
    if character in PLACES:
        return PLACES[character]
    span = HANGING if character in "gjpqy" else LOW if character in "aceimnorsuvwxz" else TALL
    return ("height", *span)


def _is_bar(strokes: unipen.Strokes) -> bool:
    """Whether all points of the strokes lie along one line, by their principal axes."""
    points = np.concatenate(strokes)
    along, across = np.linalg.svd(points - points.mean(axis=0), compute_uv=False) if len(points) > 1 else (0.0, 0.0)
    return bool(across <= THIN * along)


def _dot(style: Style, rng: Rng) -> Sign:
    """A dot or a short tick near the base of the line, displaced as hands displace it."""
    reach = rng.uniform(0, DOT) * style.height if rng.random() < 0.6 else 0.0
    angle = rng.uniform(0, np.pi)
    strokes = [np.array([(0, 0), (reach * np.cos(angle), reach * np.sin(angle))], np.float32)]
    ink = inked(strokes, np.eye(2), style.pen * rng.uniform(0.9, 1.7), rng)
    return ink, style.height * rng.uniform(0.82, 1.08) - len(ink) / 2


def _redrawn(image: Bytes, digit: str, style: Style, rng: Rng) -> Float:
    """A picture of a digit at another size, slant and pen: uint8 (H, W), white on black -> float32 (h, w) in [0, 1], cropped."""
    x, y, w, h = cv2.boundingRect((image > 60).astype(np.uint8))
    crop = image[y : y + h, x : x + w].astype(np.float32) / 255
    scale = style.height * np.exp(rng.normal(0, style.uneven)) / max(h, 0.6 * w, 4)
    cos, sin = np.cos(style.turn), np.sin(style.turn)
    matrix = np.array([[cos, -sin], [sin, cos]]) @ np.array([[style.stretch, -style.slant], [0, 1]]) * scale
    corners = np.array([(0, 0), (w, 0), (0, h), (w, h)]) @ matrix.T
    low, high = corners.min(axis=0) - 2, corners.max(axis=0) + 3
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    shift = matrix @ (0.5, 0.5) - 0.5 - low
    big = cv2.warpAffine(crop, np.column_stack([matrix, shift]), size, flags=cv2.INTER_CUBIC)
    big = cv2.GaussianBlur(big, (0, 0), max(0.35 * scale, 0.3))
    # The level at 0.45 is the edge of the stroke in the picture: a lower one makes the pen wider, a higher one narrower.
    share = big / max(float(big.max()), 1e-3)
    inside = (share > 0.45).astype(np.uint8)
    if styled(inside, digit, max(style.pen, 1.0), rng):
        share = np.maximum(share, cv2.blur(inside.astype(np.float32), (3, 3)))
    soft = np.clip((share - rng.uniform(0.25, 0.6)) * max(1.2 * scale, 2.2) + 0.5, 0, 1).astype(np.float32)
    x, y, w, h = cv2.boundingRect((soft > 0.05).astype(np.uint8))
    return np.ascontiguousarray(soft[y : y + h, x : x + w]) if w else np.ones((2, 2), np.float32)
