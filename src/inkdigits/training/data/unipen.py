"""UNIPEN's pen strokes: digits, letters, symbols, numbers and lines of text by about 1,900 hands (Guyon et al. 1994; CC BY 4.0)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inkdigits.arrays import Float
from inkdigits.errors import DataError

from .catalogue import COLLECTIONS

UNITS = 200
"""The height of a sample in its own units; samples that are wider than high are scaled by their width."""
NARROW = 30
"""Units: a narrower gap between strokes is none between words."""
LICENCE = COLLECTIONS["unipen"].terms

Strokes = list[Float]
"""Strokes of a pen: float32 (points, 2) each, x to the right and y down, the top left corner of the sample at 0, 0."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Something that somebody wrote. label: what it says. strokes: in units of which a sample is UNITS high. hand: who wrote it."""

    label: str
    strokes: Strokes
    hand: str


def samples(kind: str, split: str, folder: Path | None = None) -> list[Sample]:
    """Read the samples of one of PEN_KINDS in `catalogue`. split: "trainable" or "dev", by hand.

    folder: where NAME.npz are; None: INKDIGITS_DATA/pen. Raises DataError that says what is missing and where it belongs.
    """
    path = (folder or Path(os.environ.get("INKDIGITS_DATA", "")) / "pen") / f"{kind}.npz"
    if not path.is_file():
        raise DataError(f"{path}: UNIPEN's {kind} are not here; set INKDIGITS_DATA to a folder that holds pen/{kind}.npz")
    with np.load(path, allow_pickle=False) as data:
        points = data["points"].astype(np.float32)
        strokes, ends = np.r_[0, data["stroke_ends"]], np.r_[0, data["sample_ends"]]
        chosen = np.flatnonzero(data["split"] == split)
        labels, hands = data["labels"], data["hands"]
    return [
        Sample(str(labels[i]), [points[strokes[j] : strokes[j + 1]] for j in range(ends[i], ends[i + 1])], str(hands[i])) for i in chosen
    ]


def words(sample: Sample) -> list[Sample]:
    """Part a line of text at its spaces: one sample a word, each with its own strokes.

    A line is parted at its widest gaps, as many as it has spaces, and only where these are clearly wider than all others; else it is
    returned whole.
    """
    texts = sample.label.split()
    order = sorted(sample.strokes, key=lambda stroke: float(stroke[:, 0].min()))
    reach = np.maximum.accumulate([float(stroke[:, 0].max()) for stroke in order])
    gaps = np.array([float(stroke[:, 0].min()) for stroke in order[1:]]) - reach[:-1]
    count = len(texts) - 1
    if count < 1 or len(gaps) < count:
        return [sample]
    ranked = np.sort(gaps)[::-1]
    if ranked[count - 1] < NARROW or (len(ranked) > count and ranked[count - 1] < 1.3 * max(ranked[count], 1.0)):
        return [sample]
    cuts = [0, *(np.sort(np.argsort(-gaps)[:count]) + 1), len(order)]
    return [Sample(text, order[a:b], sample.hand) for text, a, b in zip(texts, cuts, cuts[1:], strict=False)]
