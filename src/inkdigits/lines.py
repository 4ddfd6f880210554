"""What a Reading is made of: lines of digits, and what was left out, as frozen dataclasses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .tables import Place

if TYPE_CHECKING:
    import numpy as np

Box = tuple[int, int, int, int]
"""x, y, width, height in pixels of the source image as it is seen (EXIF orientation applied)."""

KINDS = HANDWRITTEN, PRINT = "handwritten", "print"
"""What a number is written by: a hand, or a press or printer."""
AT_THE_EDGE = "at the edge"
LEFT_OUT = ("letter", "dot or comma", "dash", "slash", "not a digit", "crossed out", "faint", AT_THE_EDGE, PRINT)
"""Why ink was left out: what it looks like. "not a digit" is any other mark; "at the edge" lies along the edge of the image and is no
writing; "print" is a whole row of print, or of words, beside handwritten numbers."""
NO_REASON_TO_LOOK = (AT_THE_EDGE, PRINT)
"""Those of them that leave out nothing that a hand wrote for a number."""
WORD_GAP = 1.2
"""A gap between two digits is wide from so many of their line's median digit heights. Tuned on hands33: it splits one of 120 numbers."""


@dataclass(frozen=True, slots=True)
class Digit:
    """One position of a line.

    label: a class name such as "3", or "?" where the reader will not answer.
    confidence: calibrated probability in [0, 1] of the best class, also where the label is "?".
    alternatives: the next classes with their probabilities, most likely first.
    probabilities: of every class, in the order of the model's classes; empty where they were not asked for.
    refused: why the label is "?", in words that tell what to do; None where it is answered.
    tile: float32 (28, 28) in [0, 1], 1 = ink: what the network saw. Not part of comparison or of exports.
    """

    label: str
    box: Box
    confidence: float
    alternatives: tuple[tuple[str, float], ...] = ()
    probabilities: tuple[tuple[str, float], ...] = ()
    refused: str | None = None
    tile: np.ndarray | None = field(default=None, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """As in a row's `digits`: label, box, confidence, alternatives (probabilities where there are any)."""
        row: dict[str, Any] = {
            "label": self.label,
            "box": list(self.box),
            "confidence": round(self.confidence, 4),
            "alternatives": [[label, round(p, 4)] for label, p in self.alternatives],
        }
        if self.probabilities:
            row["probabilities"] = {label: round(p, 4) for label, p in self.probabilities}
        if self.refused:
            row["refused"] = self.refused
        return row


@dataclass(frozen=True, slots=True)
class Line:
    """A line of writing, its characters left to right.

    certainty: probability in [0, 1] that all of it is right and nothing of it is missing, where that was estimated for the line as a whole.
    candidates: the texts that it may be with their probabilities, likeliest first; "?" stands for what is no number.
    value: the number that it is, where that is beyond doubt.
    second_opinion: what another engine read, "?" for what is no character of ours; None where it was not asked.
    place: where it stands on the page; left_out: ink in it or beside it that was not read.
    parts: the fields that it consists of, left to right, where these are several.
    kind: one of `KINDS`.
    evidence: what speaks for the text, of which its certainty was made (`inkdigits.recognition.confidence`); not part of comparison or of
    exports.
    """

    digits: tuple[Digit, ...]
    box: Box
    certainty: float | None = None
    candidates: tuple[tuple[str, float], ...] = ()
    value: int | float | None = None
    second_opinion: str | None = None
    evidence: Mapping[str, float] = field(default_factory=dict, repr=False, compare=False)
    place: Place | None = None
    left_out: tuple[LeftOut, ...] = ()
    parts: tuple[Line, ...] = ()
    kind: str = HANDWRITTEN

    @property
    def fields(self) -> tuple[Line, ...]:
        """Its numbers as they were found, left to right: itself where it is one."""
        return self.parts or (self,)

    @property
    def text(self) -> str:
        """The labels joined, "?" where the reader will not answer; a space between two fields."""
        return " ".join(part.text for part in self.parts) or "".join(digit.label for digit in self.digits)

    @property
    def confidence(self) -> float:
        """Probability in [0, 1] that the whole line is right: its certainty, else that of all positions, taken as independent."""
        if self.certainty is not None:
            return self.certainty
        product = 1.0
        for digit in self.digits:
            product *= digit.confidence
        return product

    @property
    def words(self) -> tuple[Line, ...]:
        """Its numbers: its fields, and in each the groups of digits that stand apart by a gap more than 1.2 times as wide as its digits are
        high, each a Line."""
        if self.parts:
            return tuple(word for part in self.parts for word in part.words)
        if not self.digits:
            return ()
        from statistics import median  # seven milliseconds that reading a file does not need

        wide = WORD_GAP * median(digit.box[3] for digit in self.digits)
        groups = [[self.digits[0]]]
        for before, digit in pairwise(self.digits):
            if digit.box[0] - (before.box[0] + before.box[2]) > wide:
                groups.append([])
            groups[-1].append(digit)
        return tuple(line_of(group) for group in groups) if len(groups) > 1 else (self,)

    def moved(self, place: Callable[[Box], Box]) -> Line:
        """The line with all boxes in it where `place` puts them."""
        digits = tuple(replace(digit, box=place(digit.box)) for digit in self.digits)
        left_out = tuple(replace(mark, box=place(mark.box)) for mark in self.left_out)
        parts = tuple(part.moved(place) for part in self.parts)
        return replace(self, digits=digits, box=place(self.box), left_out=left_out, parts=parts)

    def field(self) -> dict[str, Any]:
        """As in a row's `fields`: text, box, table, row, column, confidence, candidates, value, left_out, kind."""
        table, row, column = self.place or (None, None, None)
        return {
            "text": self.text,
            "box": list(self.box),
            "table": table,
            "row": row,
            "column": column,
            "confidence": round(self.confidence, 4),
            "candidates": [[text, round(p, 4)] for text, p in self.candidates],
            "value": self.value,
            "left_out": [mark.to_dict() for mark in self.left_out],
            "kind": self.kind,
        }

    def to_dict(self) -> dict[str, Any]:
        """As in a row's `lines`: text, box, confidence, digits, candidates, value."""
        row = {
            "text": self.text,
            "box": list(self.box),
            "confidence": round(self.confidence, 4),
            "digits": [digit.to_dict() for digit in self.digits],
            "candidates": [[text, round(p, 4)] for text, p in self.candidates],
            "value": self.value,
        }
        return row if self.second_opinion is None else {**row, "second_opinion": self.second_opinion}


def line_of(digits: Sequence[Digit]) -> Line:
    """The Line of some digits, left to right, with the box around all of them."""
    left, top = min(d.box[0] for d in digits), min(d.box[1] for d in digits)
    right, bottom = max(d.box[0] + d.box[2] for d in digits), max(d.box[1] + d.box[3] for d in digits)
    return Line(tuple(digits), (left, top, right - left, bottom - top))


def joined(fields: Sequence[Line]) -> Line:
    """The Line of some fields, left to right: itself where it is one, else all of their digits, as sure as all of them together."""
    if len(fields) == 1:
        return fields[0]
    certainty = 1.0
    for one in fields:
        certainty *= one.confidence
    return replace(line_of([digit for one in fields for digit in one.digits]), certainty=certainty, parts=tuple(fields))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Ink that was not read. reason: one of `LEFT_OUT`."""

    box: Box
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """As in a row's `left_out`: box, reason."""
        return {"box": list(self.box), "reason": self.reason}
