"""What a second opinion is worth: the sets of numbers read with and without it, beside each other, the same images in the same run.

    pip install 'inkdigits[second]'
    inkdigits bench accuracy --table second --limit 200

A second opinion changes no text: it changes how sure a line is, and so what is answered without review.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inkdigits.errors import MissingExtra
from inkdigits.recognition.second import SecondOpinion

from .real import Answer, figures_of, read_each, tasks_of
from .sets import STRINGS, RealSet
from .tables import Table

SEED = 0
HEAD = ("set", "images", "second opinion", "right", "right with symbols", "answered", "right of answered", "calibration error")
NOTE = (
    "Right: always answering. Answered: without a `?` and without review, at the default threshold; right of that with the symbols in a "
    "set that has any."
)


def tables(home: Path, sets: Sequence[str], limit: int) -> list[Table]:
    """Two lines for each set of numbers; of a larger set so many images, drawn by a fixed seed. None where the engine is not installed."""
    try:
        SecondOpinion()
    except MissingExtra as error:
        print(f"The second opinion is left out: {error}", file=sys.stderr)
        return []
    measured = [row for name in sets if name in STRINGS for row in _both(RealSet(home / name), limit)]
    return [Table("second", HEAD, [row_of(row) for row in measured], measured, NOTE)]


def _both(data: RealSet, limit: int) -> list[dict[str, Any]]:
    chosen = sorted(np.random.default_rng(SEED).permutation(len(data))[:limit].tolist())
    tasks = [task for place, task in enumerate(tasks_of(data)) if place in set(chosen)]
    return [figures(data, read_each(tasks, second_opinion=asked), asked) for asked in (False, True)]


def figures(data: RealSet, found: Sequence[Answer], asked: bool) -> dict[str, Any]:
    """The figures of one set. asked: whether there was a second opinion."""
    return {"set": data.name, "of": len(data), "second_opinion": asked, **figures_of(list(found))}


def row_of(f: dict[str, Any]) -> list[str]:
    """The same as cells."""
    shares = ["" if f[key] is None else f"{f[key]:.2%}" for key in ("right", "right_with_symbols", "answered", "right_of_answered")]
    count = f"{f['images']:,}" if f["images"] == f["of"] else f"{f['images']:,} of {f['of']:,}"
    return [f["set"], count, "with" if f["second_opinion"] else "without", *shares, f"{f['calibration_error']:.3f}"]
