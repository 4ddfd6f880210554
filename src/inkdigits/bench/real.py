"""The sets of real handwriting, and how much of them is read right.

Each image is read twice: answering always (threshold 0) and as it comes (the card's threshold). Sets of single digits are read with
`predict`, the others with `read`.
"""

from __future__ import annotations

import csv
import multiprocessing
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits import Reader, images
from inkdigits.training.evaluate_lines import edit_distance

from .tables import Table

SINGLE = ["photos_single", "cvl_digits", "exam_digits", "usps", "semeion"]
STRINGS = ["photos_multi", "cheque_amounts"]
NONE = ["not_digits"]
NEEDS_MARGIN = {"usps", "semeion"}  # crops that touch their border: laid out with paper around
BINS = 15  # of the calibration error

Image = NDArray[np.uint8]


def digit_lines(text: str) -> list[str]:
    """The lines that have digits, without all the rest. `?` counts as a digit that is wrong."""
    lines = ["".join(c for c in line if c in "0123456789?") for line in text.split("\n")]
    return [line for line in lines if line]


class RealSet:
    """The images of one set and what is written on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = folder.name
        if (folder / "labels.csv").exists():
            with open(folder / "labels.csv", encoding="utf-8", newline="") as file:
                self.rows = [(row["file"], row["truth"].replace("\\n", "\n")) for row in csv.DictReader(file)]
            self.arrays = None
        else:
            with np.load(folder / "digits.npz") as data:
                self.arrays = data["images"]
                self.rows = [("", str(int(label))) for label in data["labels"]]

    def __len__(self) -> int:
        """The number of images."""
        return len(self.rows)

    def given(self, index: int) -> Image | Path:
        """What the reader is given: the file where there is one, as a user would."""
        return self.pixels(index) if self.arrays is not None else self.folder / self.rows[index][0]

    def pixels(self, index: int) -> Image:
        """uint8 (H, W) or (H, W, 3) RGB, upright, dark on light if from an array."""
        if self.arrays is None:
            return images.first(self.folder / self.rows[index][0])
        page = 255 - self.arrays[index]
        return np.pad(page, max(2, page.shape[0] // 4), constant_values=255) if self.name in NEEDS_MARGIN else page


@dataclass(frozen=True)
class Answer:
    """What was made of one image. always, sure: the text at threshold 0 and at the card's; confidence: of the former."""

    truth: str
    always: str
    sure: str
    confidence: float

    @property
    def right(self) -> bool:
        """Whether every digit and every line is right, answering always."""
        return digit_lines(self.always) == digit_lines(self.truth)

    @property
    def answered(self) -> bool:
        """Whether there is an answer without any `?`."""
        return bool(digit_lines(self.sure)) and "?" not in self.sure


_readers: tuple[Reader, Reader]


def _prepare(model: str | None) -> None:
    global _readers
    cv2.setNumThreads(1)
    _readers = Reader(model, threshold=0), Reader(model)


def _answer(task: tuple[Image | Path, str, bool]) -> Answer:
    image, truth, single = task
    if single:
        always, sure = (reader.predict(image) for reader in _readers)
        return Answer(truth, always.label, sure.label, always.confidence)
    read, certain = (reader.read(image) for reader in _readers)
    return Answer(truth, read.text, certain.text, read.confidence)


def answers(data: RealSet, model: str | None = None) -> list[Answer]:
    """Every image of a set, read on all cores."""
    single = data.name in SINGLE
    return read_each(((data.given(index), truth, single) for index, (_, truth) in enumerate(data.rows)), model)


def read_each(tasks: Iterable[tuple[Image | Path, str, bool]], model: str | None = None) -> list[Answer]:
    """Images, each with what is written on it and whether that is one digit, read on all cores."""
    with multiprocessing.get_context("spawn").Pool(len(os.sched_getaffinity(0)), _prepare, (model,)) as pool:
        return list(pool.imap(_answer, tasks, chunksize=16))


def calibration_error(found: list[Answer]) -> float:
    """Expected calibration error: |confidence - share right| in BINS bins of confidence, by their sizes (Guo et al. 2017, eq. 3)."""
    confidence, right = np.array([a.confidence for a in found]), np.array([a.right for a in found], float)
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return float(sum((bins == b).mean() * abs(confidence[bins == b].mean() - right[bins == b].mean()) for b in np.unique(bins)))


HEAD = ("set", "images", "right", "digit error", "answered", "right of answered", "calibration error")


def table(home: Path, sets: Sequence[str], model: str | None = None) -> Table:
    """One line a set, and one for all the single digits together. model: as for `Reader`. Raises ModelError if it cannot read digits."""
    Reader(model)  # what is wrong with it is said here, not in each process
    rows, figures, singles = [], [], []
    for name in sets:
        found = answers(RealSet(home / name), model)
        singles += found if name in SINGLE else []
        figures.append({"set": name, **_figures(found)})
        rows.append(_row(figures[-1], name in NONE))
    if singles:
        figures.append({"set": "all single digits", **_figures(singles)})
        rows.append(_row(figures[-1], False))
    return Table("real", HEAD, rows, figures)


def _figures(found: list[Answer]) -> dict[str, float]:
    kept = [a for a in found if a.answered]
    errors = sum(edit_distance("".join(digit_lines(a.always)), "".join(digit_lines(a.truth))) for a in found)
    return {
        "images": len(found),
        "right": sum(a.right for a in found) / len(found),
        "digit_error": errors / max(1, sum(len("".join(digit_lines(a.truth))) for a in found)),
        "answered": len(kept) / len(found),
        "right_of_answered": sum(digit_lines(a.sure) == digit_lines(a.truth) for a in kept) / max(1, len(kept)),
        "calibration_error": calibration_error(found),
    }


def _row(f: dict[str, Any], none: bool) -> list[str]:
    if none:
        refused = round((1 - f["answered"]) * f["images"])
        return [f["set"], f"{f['images']:,}", f"refused or with a `?`: {refused} of {f['images']}", "", "", "", ""]
    shares = [f"{f[key]:.2%}" for key in ("right", "digit_error", "answered", "right_of_answered")]
    return [f["set"], f"{f['images']:,}", *shares, f"{f['calibration_error']:.3f}"]
