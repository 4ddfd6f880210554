"""How good inkdigits is on real handwriting: the tables of the README.

    INKDIGITS_DATA=../shared/data python bench/real_sets.py [--sets photos_single usps ...] [--model NAME]

Each image is read twice: answering always (threshold 0) and as it comes (the card's threshold). Sets of single digits are read with
`predict`, the others with `read`. The table is Markdown.
"""

import argparse
import csv
import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inkdigits import Reader, images
from inkdigits.models import SHIPPED, Card
from inkdigits.training.evaluate_lines import edit_distance

SINGLE = ["photos_single", "cvl_digits", "exam_digits", "usps", "semeion"]
STRINGS = ["photos_multi", "cheque_amounts"]
NONE = ["not_digits"]
NEEDS_MARGIN = {"usps", "semeion"}  # crops that touch their border: laid out with paper around
BINS = 15  # of the calibration error

Image = np.ndarray[Any, np.dtype[np.uint8]]


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
        return len(self.rows)

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


def _answer(task: tuple[Image, str, bool]) -> Answer:
    image, truth, single = task
    if single:
        always, sure = (reader.predict(image) for reader in _readers)
        return Answer(truth, always.label, sure.label, always.confidence)
    read, certain = (reader.read(image) for reader in _readers)
    return Answer(truth, read.text, certain.text, read.confidence)


def answers(data: RealSet, model: str | None) -> list[Answer]:
    """Every image of a set, read on all cores."""

    def tasks() -> Iterator[tuple[Image, str, bool]]:
        for index, (_, truth) in enumerate(data.rows):
            yield data.pixels(index), truth, data.name in SINGLE

    with multiprocessing.get_context("spawn").Pool(len(os.sched_getaffinity(0)), _prepare, (model,)) as pool:
        return list(pool.imap(_answer, tasks(), chunksize=16))


def calibration_error(found: list[Answer]) -> float:
    """Expected calibration error: |confidence - share right| in BINS bins of confidence, by their sizes (Guo et al. 2017, eq. 3)."""
    confidence, right = np.array([a.confidence for a in found]), np.array([a.right for a in found], float)
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return sum((bins == b).mean() * abs(confidence[bins == b].mean() - right[bins == b].mean()) for b in np.unique(bins))


HEAD = """\
| set | images | right | digit error | answered | right of answered | calibration error |
|---|---|---|---|---|---|---|"""


def row(name: str, found: list[Answer]) -> str:
    """One line of the table."""
    n, kept = len(found), [a for a in found if a.answered]
    if name in NONE:
        return f"| {name} | {n:,} | refused or with a `?`: {n - len(kept)} of {n} | | | | |"
    errors = sum(edit_distance("".join(digit_lines(a.always)), "".join(digit_lines(a.truth))) for a in found)
    digits = sum(len("".join(digit_lines(a.truth))) for a in found)
    cells = [sum(a.right for a in found) / n, errors / digits, len(kept) / n]
    cells += [sum(digit_lines(a.sure) == digit_lines(a.truth) for a in kept) / max(1, len(kept))]
    return f"| {name} | {n:,} | " + " | ".join(f"{cell:.2%}" for cell in cells) + f" | {calibration_error(found):.3f} |"


def models() -> dict[str, str]:
    """The models that ship, and the first of each one's hash."""
    return {card.parent.name: Card.load(card).sha256[:12] for card in sorted(SHIPPED.glob("*/card.json"))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = SINGLE + STRINGS + NONE
    parser.add_argument("--sets", nargs="+", choices=every, default=every, metavar="SET", help=", ".join(every))
    parser.add_argument("--model", help="a shipped model, a run or an ONNX file (digit)")
    options = parser.parse_args()
    if not os.environ.get("INKDIGITS_DATA"):
        parser.error("INKDIGITS_DATA must name the folder that real/ is in")
    print("Models: " + ", ".join(f"{name} ({digest})" for name, digest in models().items()) + ".", HEAD, sep="\n\n", flush=True)
    singles: list[Answer] = []
    for name in options.sets:
        found = answers(RealSet(Path(os.environ["INKDIGITS_DATA"]) / "real" / name), options.model)
        singles += found if name in SINGLE else []
        print(row(name, found), flush=True)
    if singles:
        print(row("all single digits", singles))


if __name__ == "__main__":
    main()
