"""How much of the sets of real handwriting is read right.

Each image is read twice: answering always (threshold 0) and as it comes (the card's threshold). Sets of single digits are read with
`predict`, the others with `read`.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inkdigits import InputError, Line, Reader, Reading, images
from inkdigits.arrays import Bytes, Double, Mask
from inkdigits.recognition.confidence import Evidence
from inkdigits.training.evaluate_lines import edit_distance

from .scoring import digits, number
from .sets import NONE, RealSet
from .tables import Table

BINS = 15  # of the calibration error


@dataclass(frozen=True)
class Task:
    """An image, what is written on it, and whether that is one digit; lines: line breaks count; symbols: so do symbols."""

    image: Bytes | Path
    truth: str
    single: bool
    lines: bool = False
    symbols: bool = False


@dataclass(frozen=True)
class LineAnswer:
    """A line. text: at threshold 0; evidence: what speaks for it. whole: whether at the card's threshold all of it is answered, and nothing
    beside it was left out: then how sure it is decides whether somebody has to look."""

    text: str
    evidence: Evidence
    whole: bool


@dataclass(frozen=True)
class Answer:
    """What was made of one image. always: the text at threshold 0; confidence: of it; lines: its lines. sure: the text at the card's
    threshold, and needs_review what is said of it."""

    task: Task
    always: str
    confidence: float
    lines: tuple[LineAnswer, ...]
    sure: str
    needs_review: bool

    @property
    def right(self) -> bool:
        """Whether every digit is right, answering always."""
        return self._same(digits, self.always)

    @property
    def right_with_symbols(self) -> bool:
        """Whether the whole number is right, answering always."""
        return self._same(number, self.always)

    @property
    def answered(self) -> bool:
        """Whether there is an answer without any `?` and without a doubt."""
        return bool(digits(self.sure, lines=False)) and "?" not in self.sure and not self.needs_review

    @property
    def right_if_answered(self) -> bool:
        """Whether what is answered is right: the whole number in a set that has symbols, else the digits."""
        return self._same(number if self.task.symbols else digits, self.sure)

    def _same(self, what: Any, text: str) -> bool:
        return bool(what(text, lines=self.task.lines) == what(self.task.truth, lines=self.task.lines))


_readers: tuple[Reader, Reader]


def _prepare(model: str | None, second_opinion: bool) -> None:
    global _readers
    cv2.setNumThreads(1)
    _readers = Reader(model, threshold=0, second_opinion=second_opinion), Reader(model, second_opinion=second_opinion)


def _answer(task: Task) -> Answer:
    always, sure = (_read(reader, task) for reader in _readers)
    return Answer(task, always.text, always.confidence, line_answers(always, sure), sure.text, sure.needs_review)


def line_answers(always: Reading, sure: Reading) -> tuple[LineAnswer, ...]:
    """The lines of a Reading that answers always, each with what the Reading of the same image at the card's threshold says of it."""
    whole = [_is_whole(line) for line in sure.lines] or [False] * len(always.lines)  # there are none where the image is refused
    return tuple(LineAnswer(line.text, line.evidence, own) for line, own in zip(always.lines, whole, strict=True))


def _is_whole(line: Line) -> bool:
    return "?" not in line.text and not line.evidence.get("unread")


def _read(reader: Reader, task: Task) -> Reading:
    (found,) = reader.read_pages([(images.load(task.image), 1, "")], single=task.single)
    if isinstance(found, InputError):
        raise found
    return found


def answers(data: RealSet, model: str | None = None) -> list[Answer]:
    """Every image of a set, read on all cores."""
    return read_each(tasks_of(data), model)


def tasks_of(data: RealSet) -> Iterator[Task]:
    """Every image of a set, to be read."""
    return (Task(data.given(index), truth, data.single, data.lines, data.symbols) for index, (_, truth) in enumerate(data.rows))


def read_each(tasks: Iterable[Task], model: str | None = None, *, second_opinion: bool = False) -> list[Answer]:
    """Read images on all cores."""
    with multiprocessing.get_context("spawn").Pool(len(os.sched_getaffinity(0)), _prepare, (model, second_opinion)) as pool:
        return list(pool.imap(_answer, tasks, chunksize=16))


def calibration_error(found: list[Answer]) -> float:
    """By how much the confidence in the answers is off."""
    right = np.array([a.right_with_symbols if a.task.symbols else a.right for a in found])
    return off_by(np.array([a.confidence for a in found]), right)


def off_by(confidence: Double, right: Mask) -> float:
    """Expected calibration error: |confidence - share right| in BINS bins of confidence, by their sizes (Guo et al. 2017, eq. 3)."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return float(sum((bins == b).mean() * abs(confidence[bins == b].mean() - right[bins == b].mean()) for b in np.unique(bins)))


HEAD = ("set", "images", "right", "right with symbols", "digit error", "answered", "right of answered", "calibration error")


def table(home: Path, sets: Sequence[str], model: str | None = None) -> Table:
    """One line a set, and one for all the single digits together. model: as for `Reader`. Raises ModelError if it cannot read digits."""
    Reader(model)  # what is wrong with it is said here, not in each process
    rows, figures, singles = [], [], []
    for name in sets:
        data = RealSet(home / name)
        found = answers(data, model)
        singles += found if data.single else []
        figures.append({"set": name, **figures_of(found)})
        rows.append(_row(figures[-1], name in NONE))
    if singles:
        figures.append({"set": "all single digits", **figures_of(singles)})
        rows.append(_row(figures[-1], False))
    return Table("real", HEAD, rows, figures)


def figures_of(found: list[Answer]) -> dict[str, float | None]:
    """What is told of the answers to a set, as numbers."""
    kept = [a for a in found if a.answered]
    truths = [digits(a.task.truth, lines=False) for a in found]
    errors = sum(edit_distance(digits(a.always, lines=False), truth) for a, truth in zip(found, truths, strict=True))
    symbols = any(a.task.symbols for a in found)
    return {
        "images": len(found),
        "right": sum(a.right for a in found) / len(found),
        "right_with_symbols": sum(a.right_with_symbols for a in found) / len(found) if symbols else None,
        "digit_error": errors / max(1, sum(map(len, truths))),
        "answered": len(kept) / len(found),
        "right_of_answered": sum(a.right_if_answered for a in kept) / max(1, len(kept)),
        "calibration_error": calibration_error(found),
    }


def _row(f: dict[str, Any], none: bool) -> list[str]:
    if none:
        refused = round((1 - f["answered"]) * f["images"])
        return [f["set"], f"{f['images']:,}", f"refused or with a `?`: {refused} of {f['images']}", "", "", "", "", ""]
    columns = ("right", "right_with_symbols", "digit_error", "answered", "right_of_answered")
    shares = ["" if f[key] is None else f"{f[key]:.2%}" for key in columns]
    return [f["set"], f"{f['images']:,}", *shares, f"{f['calibration_error']:.3f}"]
