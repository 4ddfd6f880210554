"""The sets of real handwriting that everything is measured on, and what is written on each image.

Of a set that is split only what nothing may be trained on is here. Pen strokes are drawn as a dark pen on paper.
"""

from __future__ import annotations

import csv
import re
from functools import cached_property
from pathlib import Path

import numpy as np

from inkdigits import images
from inkdigits.arrays import Bytes
from inkdigits.recognition.alphabet import DIGITS, SYMBOLS
from inkdigits.training.data.unipen import Sample, Strokes, samples

from .composed import ComposedNumbers
from .scoring import digits, number

SINGLE = ["photos_single", "cvl_digits", "exam_digits", "usps", "semeion"]
STRINGS = ["photos_multi", "cheque_amounts", "hands33", "registers", "pen_numbers", "composed_numbers"]
NONE = ["not_digits"]
LINES = {"photos_multi", "cheque_amounts"}
"""Sets in which line breaks count; in the others an image holds one number."""
NEEDS_MARGIN = {"usps", "semeion"}
"""Crops that touch their border: laid out with paper around."""
PAGES = {"photos_multi"}
"""Sets of whole pages; the other images are crops."""
PEN, COMPOSED = "pen_numbers", "composed_numbers"
TALL, MARGIN, NIB, FINER, WIDEST = 80, 30, 3.2, 4, 1400
"""Of drawn strokes, in pixels: their height, the paper around, the width of the pen, how much finer they are drawn at first, and the
greatest width."""
PAPER, INK = 235, 50


class RealSet:
    """The images of one set and what is written on them. folder: real/NAME; for the numbers of the pen files, real/pen_numbers stands for
    pen/numbers.npz beside it; composed_numbers is in no folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = folder.name
        self.lines = self.name in LINES
        self.single = self.name in SINGLE
        self.pages = self.name in PAGES
        self.arrays: Bytes | None = None
        self.strokes: list[Strokes] | None = None
        self.composed = ComposedNumbers() if self.name == COMPOSED else None
        if self.composed:
            self.rows = [("", text) for text in self.composed.texts]
        elif self.name == PEN:
            numbers = _pen_numbers(folder.parents[1] / "pen")
            self.strokes, self.rows = [sample.strokes for sample in numbers], [("", sample.label) for sample in numbers]
        elif (folder / "labels.csv").exists():
            with open(folder / "labels.csv", encoding="utf-8", newline="") as file:
                found = [row for row in csv.DictReader(file) if row.get("split", "dev") == "dev"]
            self.rows = [(row["file"], row["truth"].replace("\\n", "\n")) for row in found]
        else:
            with np.load(folder / "digits.npz") as data:
                self.arrays = data["images"]
                self.rows = [("", str(int(label))) for label in data["labels"]]

    def __len__(self) -> int:
        """The number of images."""
        return len(self.rows)

    @cached_property
    def symbols(self) -> bool:
        """Whether more than digits is written: then an answer is right where the whole number is."""
        return any(number(truth, lines=False) != digits(truth, lines=False) for _, truth in self.rows)

    def given(self, index: int) -> Bytes | Path:
        """What the reader is given: the file where there is one, as a user would."""
        return self.folder / self.rows[index][0] if self.rows[index][0] else self.pixels(index)

    def pixels(self, index: int) -> Bytes:
        """uint8 (H, W) or (H, W, 3) RGB, upright, dark on light if from an array or strokes."""
        if self.composed:
            return self.composed.image(index)
        if self.strokes is not None:
            return drawn(self.strokes[index])
        if self.arrays is None:
            return images.first(self.folder / self.rows[index][0])
        page = 255 - self.arrays[index]
        return np.pad(page, max(2, page.shape[0] // 4), constant_values=255) if self.name in NEEDS_MARGIN else page


def drawn(strokes: Strokes) -> Bytes:
    """Strokes, each (P, 2) with y down -> uint8 (H, W): a dark pen on paper. Pillow draws, as the tool does that scores the sealed sets."""
    from PIL import Image as pillow  # Matplotlib brings it
    from PIL import ImageDraw

    every = np.concatenate(strokes).astype(float)
    low, span = every.min(0), np.ptp(every, axis=0)
    scale = min(TALL / max(span[1], 20), WIDEST / max(span[0], 1))
    size = tuple(int((side * scale + 2 * MARGIN) * FINER) for side in span)
    page = pillow.new("L", size, PAPER)
    draw, width = ImageDraw.Draw(page), int(NIB * FINER)
    for stroke in strokes:
        points = [tuple(point) for point in (((stroke - low) * scale + MARGIN) * FINER).tolist()]
        if len(points) > 1:
            draw.line(points, fill=INK, width=width, joint="curve")
        for x, y in points[:: max(1, len(points) - 1)]:
            draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=INK)
    return np.asarray(page.resize((size[0] // FINER, size[1] // FINER), pillow.Resampling.LANCZOS))


def _pen_numbers(folder: Path) -> list[Sample]:
    """The numbers of two and more characters that the developers' hands wrote. folder: with numbers.npz in it."""
    return [sample for sample in samples("numbers", "dev", folder) if re.fullmatch(rf"[{re.escape(DIGITS + SYMBOLS)}]{{2,}}", sample.label)]
