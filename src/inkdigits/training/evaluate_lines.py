"""How well a line model reads strips: strings without an error, and the digit error rate, by the length of the string.

The answer is the likeliest class of each frame, without repeats and blanks: what the network says by itself. The reader asks more of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Double, Labels
from inkdigits.models import NumberModel
from inkdigits.recognition.alphabet import OTHER

from .datasets import Dataset


@dataclass(frozen=True, slots=True)
class LineEvaluation:
    """Figures of one line model on one data set of lines.

    model: its name. data: what it was measured on. truths, answers: a text for each strip. confidence: float64 (N,) in [0, 1], the
    probability of the frames' likeliest classes, all together. errors: int64 (N,), digits to insert, leave out or replace in an answer.
    """

    model: str
    data: Dataset
    truths: list[str]
    answers: list[str]
    confidence: Double
    errors: Labels

    @property
    def lengths(self) -> Labels:
        """How many digits each strip has: int64 (N,)."""
        return np.array([len(truth) for truth in self.truths], np.int64)

    @property
    def exact(self) -> float:
        """Share of strips read without an error."""
        return float(np.mean(self.errors == 0))

    @property
    def digit_error(self) -> float:
        """Errors by the number of digits: the character error rate."""
        return float(self.errors.sum() / self.lengths.sum())

    @property
    def by_length(self) -> list[dict[str, Any]]:
        """The same figures for each length of string."""
        rows = []
        for length in np.unique(self.lengths):
            errors = self.errors[self.lengths == length]
            row = {"length": int(length), "strips": len(errors), "exact": float(np.mean(errors == 0))}
            rows.append({**row, "digit_error": float(errors.sum() / (length * len(errors)))})
        return rows

    @property
    def headline(self) -> str:
        """The figures in one line."""
        return f"{self.data.name} {self.data.split}: {self.exact:.2%} of strings right, digit error {self.digit_error:.1%}"

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers, for metrics.json."""
        return {
            "data": self.data.name,
            "split": self.data.split,
            "strips": len(self.truths),
            "data_sha256": self.data.sha256,
            "model": self.model,
            "exact": self.exact,
            "digit_error": self.digit_error,
            "by_length": self.by_length,
        }

    def report(self) -> str:
        """The figures as text."""
        lines = [
            f"{self.model} on {self.data.name} ({self.data.split}, {len(self.truths):,} strips, {self.lengths.sum():,} digits)",
            "",
            f"      exact  {self.exact:.4f}   ({np.sum(self.errors > 0)} wrong)",
            f"digit error  {self.digit_error:.4f}   ({self.errors.sum()} digits to insert, leave out or replace)",
            "",
            "     digits  strips   exact  digit error",
        ]
        lines += [f"{row['length']:11d}  {row['strips']:6d}  {row['exact']:.4f}  {row['digit_error']:11.4f}" for row in self.by_length]
        return "\n".join(lines) + "\n"


def evaluate_lines(model: NumberModel, data: Dataset) -> LineEvaluation:
    """Run a line model over strips as they are, without the reader."""
    frames = model.frames(np.divide(data.images, 255, dtype=np.float32))
    answers = [_text(row, model.card.classes) for row in greedy(frames)]
    truths = [_text(row[row >= 0] + 1, data.classes) for row in data.labels]
    confidence = np.exp(np.log(frames.max(axis=-1), dtype=np.float64).sum(axis=-1))
    errors = np.array([edit_distance(truth, answer) for truth, answer in zip(truths, answers, strict=True)], np.int64)
    return LineEvaluation(model.name, data, truths, answers, confidence, errors)


def greedy(frames: NDArray[np.floating[Any]]) -> list[Labels]:
    """The likeliest class of each frame, without repeats and blanks: (N, frames, K) -> for each strip int64 (L,), from 1."""
    best = frames.argmax(axis=-1)
    before = np.pad(best[:, :-1], ((0, 0), (1, 0)))
    return [row[new] for row, new in zip(best, (best != before) & (best > 0), strict=True)]


def edit_distance(truth: str, answer: str) -> int:
    """The fewest signs to insert, leave out or replace that make one text of the other (Levenshtein 1966)."""
    row = list(range(len(answer) + 1))
    for i, wanted in enumerate(truth, 1):
        diagonal, row[0] = row[0], i
        for j, said in enumerate(answer, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (said != wanted))
    return row[-1]


def _text(signs: Labels, classes: tuple[str, ...]) -> str:
    """The characters that classes stand for; what is no number is one character, "?", as in `recognition.alphabet.text_of`."""
    return "".join("?" if classes[sign] == OTHER else classes[sign] for sign in signs)
