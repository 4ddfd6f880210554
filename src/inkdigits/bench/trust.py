"""Whether an answer can be trusted: what is wrong though nobody was asked to look, on compositions and on the real sets.

inkdigits bench trust --table compositions      # 500 numbers, a third with something in them that is no digit
inkdigits bench trust --table curve             # right of answered against answered, by threshold
"""

from __future__ import annotations

import csv
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from inkdigits import Reader
from inkdigits.arrays import Bytes

from . import scoring
from .compositions import KINDS, LOOKALIKES, compositions, marks
from .tables import Table

NUMBERS = ("photos_multi", "cheque_amounts", "hands33", "registers")
SYMBOLS, LINES = ("registers",), ("photos_multi", "cheque_amounts")
"""The real sets of numbers: those in which more than digits counts, and those in which lines do."""
THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
DIGITS_ALONE = "digits alone"


@dataclass(frozen=True, slots=True)
class Trusted:
    """What was made of one image. sure: whether it is answered at the default threshold and nobody has to look. confidence: of the answer,
    0 where writing was left out, which no threshold makes sure."""

    kind: str
    truth: str
    text: str
    sure: bool
    confidence: float

    @property
    def right(self) -> bool:
        """Whether all that is written is in the text."""
        return self.text == self.truth


_readers: tuple[Reader, Reader]


def _prepare() -> None:
    global _readers
    cv2.setNumThreads(1)
    _readers = Reader(threshold=0), Reader()


def _read(task: tuple[str, str, Bytes | Path]) -> Trusted:
    kind, truth, image = task
    always, usual = (reader.read(image) for reader in _readers)
    sure = bool(usual.text) and not usual.needs_review
    confidence = 0.0 if "unread" in always.review_reasons else always.confidence
    return Trusted(kind, truth, usual.text if sure else always.text, sure, confidence)


def read_all(tasks: Iterable[tuple[str, str, Bytes | Path]]) -> list[Trusted]:
    """Images, each with its kind and what is written on it, read on all cores at threshold 0 and at the default one."""
    with multiprocessing.get_context("spawn").Pool(len(os.sched_getaffinity(0)), _prepare) as pool:
        return list(pool.imap(_read, tasks, chunksize=4))


def composed(home: Path, count: int, seed: int) -> list[Trusted]:
    """Compositions of the developers' hands, read. home: the folder with pen/ and real/."""
    made = compositions(marks(home, "dev"), count, seed)
    return read_all((made_one.kind or DIGITS_ALONE, made_one.truth, made_one.image) for made_one in made)


def compositions_table(found: Sequence[Trusted]) -> Table:
    """One line a kind, and one for all."""
    figures: list[dict[str, Any]] = []
    for kind in (DIGITS_ALONE, *KINDS, "all"):
        some = [one for one in found if kind in (one.kind, "all")]
        wrong = [one for one in some if one.sure and not one.right]
        figures.append(
            {
                "kind": kind,
                "n": len(some),
                "answered": _share([one.sure for one in some]),
                "wrong_without_review": _share([one in wrong for one in some]),
                "wrong": [[one.truth, one.text] for one in wrong],
            }
        )
    rows = [[f["kind"], f"{f['n']:,}", f"{f['answered']:.1%}", f"{f['wrong_without_review']:.1%}"] for f in figures]
    note = f"Letters that hands write as they write digits are left out of the letters: {' '.join(LOOKALIKES)}."
    return Table("compositions", ("what is written", "n", "answered without review", "wrong without review"), rows, figures, note)


def real_numbers(home: Path) -> list[Trusted]:
    """The developers' part of the real sets of numbers, read. home: the folder with real/."""
    return read_all(task for name in NUMBERS for task in _written(home / "real" / name))


def curve_table(found: Sequence[Trusted]) -> Table:
    """How much is answered, and how much of that is right, at each threshold, set by set; writing that was left out is never sure."""
    rows, figures = [], []
    for kind in dict.fromkeys(one.kind for one in found):
        some = [one for one in found if one.kind == kind]
        cells = []
        for threshold in (*THRESHOLDS, None):
            kept = [one for one in some if (one.sure if threshold is None else one.confidence >= threshold)]
            answered, right = len(kept) / len(some), _share([_is_right(one) for one in kept])
            figures.append({"set": kind, "threshold": threshold, "answered": answered, "right_of_answered": right})
            cells.append(f"{right:.1%} of {answered:.0%}" if kept else "none")
        rows.append([kind, f"{len(some):,}", *cells])
    return Table("curve", ("set", "n", *map(str, THRESHOLDS), "default"), rows, figures, "Right of answered, and answered.")


def _is_right(one: Trusted) -> bool:
    if one.kind in NUMBERS:
        return _number(one.text, one.kind) == _number(one.truth, one.kind)
    return one.right


def _number(text: str, name: str) -> list[str]:
    """The lines of a text of one set, with what counts there; a comma counts as a point."""
    known = scoring.NUMBER if name in SYMBOLS else scoring.DIGITS
    lines = ["".join(c for c in line.replace(",", ".") if c in known) for line in text.split("\n")]
    return [line for line in lines if line] if name in LINES else ["".join(lines).rstrip(".")]


def _written(folder: Path) -> Iterator[tuple[str, str, Path]]:
    with open(folder / "labels.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row.get("split", "dev") == "dev":
                yield folder.name, row["truth"].replace("\\n", "\n"), folder / row["file"]


def _share(of: Sequence[bool]) -> float:
    return sum(of) / max(len(of), 1)
