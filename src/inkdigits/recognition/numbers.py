"""A field -> what is written in it, by the number network: texts with their probabilities, and a place for every character of the best."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .alphabet import CLASSES, DIGITS
from .decode import Candidate, Frames, agreed, condensed, log_probabilities, places
from .fields import Field, cropped, strip_width
from .strips import strip

Bytes = NDArray[np.uint8]
Float = NDArray[np.float32]
Transcribe = Callable[[Float], Float]
"""A strip float32 (1, 32, W) in [0, 1] -> the probabilities of CLASSES in its frames, float32 (1, W / 2, K)."""

VIEWS = 1.25, 1.0, 1.5
"""How much wider than the field its strips are. Hands differ in how wide they write, and no one stretch suits all of them."""
CLEAR = 0.99
"""A text that one view gives this probability needs no other."""
MOST = 5
"""Texts that are kept."""


@dataclass(frozen=True, slots=True)
class Character:
    """One character of a field. label: a name of CLASSES. left, right: its columns in the image: halfway to its neighbours, or to where the
    network began and ended to see it at the ends of the field. middle: the column in the middle of it. probability: that it is right."""

    label: str
    left: float
    middle: float
    right: float
    probability: float


@dataclass(frozen=True, slots=True)
class Written:
    """What a field says. candidates: the likeliest texts, as indices of CLASSES, best first; none where nothing fits. characters: of the
    first one. frame: columns of the image for one frame of the network, by which characters are placed."""

    candidates: tuple[Candidate, ...]
    characters: tuple[Character, ...]
    frame: float = 0.0


def read_field(grey: Bytes, field: Field, transcribe: Transcribe, *, allowed: Collection[int] | None = None) -> Written:
    """Read one field of an image: uint8 (H, W).

    allowed: the indices of CLASSES that a text may have; None allows all.
    """
    views, found = list[_View](), list[Candidate]()
    for view in _views(grey, field, transcribe):
        views.append(view)
        found = agreed([view.frames for view in views], MOST, allowed=allowed)
        if found and found[0].probability >= CLEAR:
            break
    return Written(tuple(found), _characters(views, found, field), (field.right - field.left) / views[0].count)


def read_digit(grey: Bytes, field: Field, transcribe: Transcribe) -> NDArray[np.float64]:
    """The probability that all of a field is just this digit, for each of the ten: float64 (10,)."""
    texts = [(CLASSES.index(digit),) for digit in DIGITS]
    found: NDArray[np.float64] = np.exp(log_probabilities([view.frames for view in _views(grey, field, transcribe)], texts)).mean(axis=0)
    return found


@dataclass(frozen=True, slots=True)
class _View:
    """What the network says of a field. frames: (T, K), condensed; starts: the place of each among all `count` of them."""

    frames: Frames
    starts: NDArray[np.intp]
    count: int


def _views(grey: Bytes, field: Field, transcribe: Transcribe) -> Iterator[_View]:
    """What the network says of a field, looked at in one way after the other."""
    crop = cropped(grey, field)
    for stretch in VIEWS:
        frames = transcribe(strip(crop, strip_width(crop, stretch))[None])[0]
        yield _View(*condensed(frames), len(frames))


def _characters(views: list[_View], found: list[Candidate], field: Field) -> tuple[Character, ...]:
    """The characters of the best text, placed by the view that is surest of it."""
    if not found or not found[0].text:
        return ()
    text = found[0].text
    view = views[int(np.argmax(log_probabilities([view.frames for view in views], [text])[:, 0]))]
    spans = [(int(view.starts[first]), int(view.starts[last - 1]) + 1) for first, last in places(view.frames, text)]
    middles = [(first + last) / 2 for first, last in spans]
    edges = [spans[0][0] - 1.0, *((a + b) / 2 for a, b in pairwise(middles)), spans[-1][1] + 1.0]
    columns = [field.column(min(max(edge, 0) / view.count, 1)) for edge in edges]
    return tuple(
        Character(CLASSES[sign], left, field.column(middle / view.count), right, probability)
        for sign, (left, right), middle, probability in zip(text, pairwise(columns), middles, _odds(found), strict=True)
    )


def _odds(found: list[Candidate]) -> list[float]:
    """At each position of the best text the probability of all texts as long that have the same character there."""
    best = found[0].text
    return [
        sum(other.probability for other in found if len(other.text) == len(best) and other.text[i] == sign) for i, sign in enumerate(best)
    ]
