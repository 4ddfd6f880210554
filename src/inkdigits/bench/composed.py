"""Numbers in all their forms, composed of the signs of hands that no network was trained on: the developers' pens and MNIST's test writers.

No such collection of real numbers with symbols is large enough to measure on; what stands around real ones is left to the real sets.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from inkdigits.arrays import Bytes
from inkdigits.recognition.alphabet import CLASSES, DIGITS, OTHER, classes_of
from inkdigits.training.datasets import load
from inkdigits.training.synthesis import forms
from inkdigits.training.synthesis.hands import Style
from inkdigits.training.synthesis.numbers import written
from inkdigits.training.synthesis.paper import furnished, grained, photographed
from inkdigits.training.synthesis.sources import Sources, sources

COUNT = 2_000
TALL = 26.0, 64.0
"""Heights of the digits in pixels: from, to."""
PLAIN = 0.5
"""The share of numbers on blank paper in good light."""


class ComposedNumbers:
    """COUNT images of one number each, the same for everybody. Raises DataError where a collection is missing."""

    def __init__(self) -> None:
        self.texts = [_text(np.random.default_rng((8, index))) for index in range(COUNT)]

    @cached_property
    def _sources(self) -> Sources:
        return sources(load("mnist", "test"), "dev")

    def image(self, index: int) -> Bytes:
        """The picture of one number: uint8 (h, w), grey."""
        rng = np.random.default_rng((9, index))
        shares = np.array([share for share, _ in self._sources.hands])
        hand = self._sources.hands[int(rng.choice(len(shares), p=shares / shares.sum()))][1](rng)
        style = Style.of_anyone(float(np.exp(rng.uniform(*np.log(TALL)))), rng)
        ink, top = written(self.texts[index], hand, style, rng)
        around = rng.uniform(0.2, 1.2, 4) * style.height
        sheet = np.pad(ink, tuple(np.round(around).astype(int).reshape(2, 2).tolist()))
        if rng.random() < PLAIN:
            return photographed(sheet, style.height, rng, plain=True)
        return photographed(furnished(grained(sheet, rng), style.height, around[0] + top, rng), style.height, rng)


def _text(rng: np.random.Generator) -> str:
    """A number of our characters alone, a digit among them."""
    while True:
        text = forms.number(rng)
        if CLASSES.index(OTHER) not in classes_of(text) and any(character in DIGITS for character in text):
            return text
