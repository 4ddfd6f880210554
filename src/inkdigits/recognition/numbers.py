"""A field -> what the number network says of it, seen at several widths: texts with their probabilities, and where their characters are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..arrays import Bytes, Double, Float
from .alphabet import CLASSES, DIGITS
from .decode import Candidate, Frames, Text, agreed, candidates, condensed, log_probabilities, places
from .fields import Field, cropped, strip_width
from .strips import strip

Transcribe = Callable[[Float], Float]
"""A strip float32 (1, 40, W) in [0, 1] -> the probabilities of CLASSES in its frames, float32 (1, W / 2, K)."""

STRETCHES = 1.0, 0.85, 1.2
"""How much wider than the field its strips are. Hands differ in how wide they write, and no one stretch suits all of them. Chosen, as
TRUST of `signs` and ABOVE of `fields`, on 200 images each of hands33, registers, cheque_amounts and pen_numbers, and on photos_multi."""
CLEAR = 0.99
"""A text that one view gives this probability needs no other."""
MOST = 6
"""Texts that a view gives."""


@dataclass(frozen=True, slots=True)
class Character:
    """One character of a text. label: a name of CLASSES. left, right: its columns in the image: halfway to its neighbours, or to where the
    network began and ended to see it at the ends of the text. middle: the column in the middle of it."""

    label: str
    left: float
    middle: float
    right: float


@dataclass(frozen=True, slots=True)
class View:
    """A field at one width. frames: (T, K), condensed; starts: the place of each among all `count` of them."""

    frames: Frames
    starts: NDArray[np.intp]
    count: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A field as the number network sees it. allowed: the indices of CLASSES that a text may have; None allows all. texts: the likeliest of
    every view."""

    field: Field
    allowed: Collection[int] | None = None
    views: tuple[View, ...] = ()
    texts: tuple[Text, ...] = ()

    def also(self, view: View) -> Seen:
        """The same with one view more."""
        found = [found.text for found in candidates(view.frames, MOST, allowed=self.allowed)]
        return replace(self, views=(*self.views, view), texts=tuple(dict.fromkeys((*self.texts, *found))))

    @property
    def frame(self) -> float:
        """Columns of the image for one frame of the network, by which characters are placed."""
        return (self.field.right - self.field.left) / self.views[0].count

    def candidates(self) -> list[Candidate]:
        """The likeliest texts, best first, with the mean of what the views give them; none where nothing that is allowed fits."""
        return agreed([view.frames for view in self.views], self.texts, MOST)

    def probabilities(self, texts: Sequence[Text]) -> Double:
        """The probability that all of the field says just this, for each of some texts: float64 (texts,), the mean of the views."""
        mean: Double = np.exp(self._each(texts)).mean(axis=0)
        return mean

    def characters(self, texts: Sequence[Text]) -> list[tuple[Character, ...]]:
        """The characters of some texts, each placed by the view that is surest of it; none where that has fewer frames than they need."""
        surest = self._each(texts).argmax(axis=0).tolist()
        return [self._placed(text, self.views[view]) for text, view in zip(texts, surest, strict=True)]

    def _placed(self, text: Text, view: View) -> tuple[Character, ...]:
        try:
            spans = [(int(view.starts[first]), int(view.starts[last - 1]) + 1) for first, last in places(view.frames, text)]
        except ValueError:
            return ()
        if not spans:
            return ()
        middles = [(first + last) / 2 for first, last in spans]
        edges = [spans[0][0] - 1.0, *((a + b) / 2 for a, b in pairwise(middles)), spans[-1][1] + 1.0]
        columns = [self.field.column(min(max(edge, 0) / view.count, 1)) for edge in edges]
        return tuple(
            Character(CLASSES[sign], left, self.field.column(middle / view.count), right)
            for sign, (left, right), middle in zip(text, pairwise(columns), middles, strict=True)
        )

    def _each(self, texts: Sequence[Text]) -> Double:
        return log_probabilities([view.frames for view in self.views], texts)


def look(grey: Bytes, field: Field, transcribe: Transcribe, *, allowed: Collection[int] | None = None) -> Seen:
    """Show the network one field of an image, uint8 (H, W), at one width after the other, until it is sure of a text."""
    crop, seen = cropped(grey, field), Seen(field, allowed)
    for stretch in STRETCHES:
        frames = transcribe(strip(crop, strip_width(crop, stretch))[None])[0]
        seen = seen.also(View(*condensed(frames), len(frames)))
        if len(seen.views) < len(STRETCHES) and any(found.probability >= CLEAR for found in seen.candidates()[:1]):
            break
    return seen


def read_digit(grey: Bytes, field: Field, transcribe: Transcribe) -> Double:
    """The probability that all of a field is just this digit, for each of the ten: float64 (10,)."""
    return look(grey, field, transcribe).probabilities([(CLASSES.index(digit),) for digit in DIGITS])
