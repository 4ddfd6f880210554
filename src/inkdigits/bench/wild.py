"""Sheets as people photograph them: on desks, tilted, in perspective, turned, scanned with a black edge, small, badly compressed.

Each sheet is laid flat, and then in each of these conditions (`conditions.py`); what counts is how much less is read right than of the same
sheet flat.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inkdigits import Reader
from inkdigits.training.evaluate_lines import edit_distance

from . import peers, scoring
from .conditions import FLAT, PAGES, PHOTOGRAPHED, PHOTOS, Sheets, picture
from .desks import SEEN, UNSEEN
from .tables import Table

US = "inkdigits"


@dataclass(frozen=True, slots=True)
class Task:
    """One picture: the sheet of this number of a set, PHOTOS or PAGES, in a condition."""

    data: str
    index: int
    condition: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one reader made of a picture. text: what it says; truth: what is written; symbols: whether more than digits counts."""

    task: Task
    reader: str
    text: str
    truth: str
    symbols: bool

    @property
    def right(self) -> bool:
        """Whether everything is right."""
        return self._lines(self.text) == self._lines(self.truth)

    @property
    def found(self) -> tuple[int, int]:
        """How many numbers are right, in their order, of how many."""
        said, written = self._lines(self.text), self._lines(self.truth)
        return _common(said, written), len(written)

    @property
    def errors(self) -> tuple[int, int]:
        """Digits to change, add or take away, of how many."""
        said, written = (scoring.digits(text, lines=False) for text in (self.text, self.truth))
        return edit_distance(said, written), len(written)

    def _lines(self, text: str) -> list[str]:
        score = scoring.number if self.symbols else scoring.digits
        return [one for line in text.split("\n") if (one := score(line, lines=False))]


class _Worker:
    """What a process needs, made once. data: the folder of the data; peer: whether RapidOCR reads too."""

    def __init__(self, data: Path, peer: bool) -> None:
        cv2.setNumThreads(1)
        self.data = data
        self.sheets = {name: Sheets(data / "real", name) for name in (PHOTOS, PAGES)}
        self.reader = Reader(threshold=0)
        self.peer = next(w for w in peers.rapidocr(self.sheets[PHOTOS].data) if w.label == "as it comes") if peer else None

    def answers(self, task: Task) -> list[Answer]:
        """What each reader makes of a picture; a peer that fails has read nothing."""
        sheets = self.sheets[task.data]
        image, truth = picture(sheets, task.index, task.condition, self.data), sheets.truth(task.index)
        found = [Answer(task, US, self.reader.read(image).text, truth, sheets.data.symbols)]
        if self.peer:
            try:
                text = self.peer.read(self.peer.prepare(image))
            except Exception:
                text = ""
            found.append(Answer(task, peer_name(), text, truth, sheets.data.symbols))
        return found


_worker: _Worker


def _prepare(data: Path, peer: bool) -> None:
    global _worker
    _worker = _Worker(data, peer)


def _answers(task: Task) -> list[Answer]:
    return _worker.answers(task)


@cache
def peer_name() -> str:
    """RapidOCR and its version. Raises DataError where it is not installed."""
    import importlib.metadata

    from inkdigits.errors import DataError

    try:
        return f"RapidOCR {importlib.metadata.version('rapidocr')} (PP-OCRv6)"
    except importlib.metadata.PackageNotFoundError:
        raise DataError("RapidOCR is not installed: pip install 'rapidocr>=3.10'") from None


def tasks(home: Path, conditions: Sequence[str], limit: int | None) -> list[Task]:
    """Every sheet in every condition; of each set `limit` sheets where that is a number, spread over the set. home: the folder real/."""
    found = []
    for name in (PHOTOS, PAGES):
        count = len(Sheets(home, name))
        chosen = range(count) if limit is None else sorted({k * count // limit for k in range(min(limit, count))})
        found += [Task(name, index, condition) for condition in conditions for index in chosen]
    return found


def read_all(home: Path, todo: Sequence[Task], *, peer: bool = False) -> list[Answer]:
    """Everything read on all cores. home: the folder real/; peer: by RapidOCR too."""
    with multiprocessing.get_context("spawn").Pool(len(os.sched_getaffinity(0)), _prepare, (home.parent, peer)) as pool:
        done = pool.imap(_answers, todo, chunksize=2)
        return [answer for _ in peers.watched(range(len(todo)), "reading sheets") for answer in next(done)]


HEAD = ("condition", "read by", "photos right", "than flat", "digit error", "numbers on pages right", "than flat", "photos, pages")
NOTE = (
    "Points more or fewer than of the same sheets flat. Kinds of desk that training never sees: " + ", ".join((*UNSEEN, PHOTOGRAPHED)) + "."
)


def table(found: Sequence[Answer]) -> Table:
    """One line for each condition and reader, and for the desks together that training may see, and that it never sees."""
    groups: dict[str, list[Answer]] = defaultdict(list)
    for answer in found:
        condition = answer.task.condition
        groups[condition].append(answer)
        if condition in SEEN:
            groups["desks of kinds that training may see"].append(answer)
        if condition in UNSEEN or condition == PHOTOGRAPHED:
            groups["desks of kinds that training never sees"].append(answer)
    rows, figures = [], []
    for condition, every in groups.items():
        for reader in dict.fromkeys(answer.reader for answer in every):
            flat = _figures([a for a in groups[FLAT] if a.reader == reader])
            own = _figures([a for a in every if a.reader == reader])
            figures.append({"condition": condition, "reader": reader, **own})
            rows.append([condition, reader, *_cells(own, flat)])
    return Table("wild", HEAD, rows, figures, NOTE)


def _figures(found: Sequence[Answer]) -> dict[str, Any]:
    photos, pages = ([a for a in found if a.task.data == name] for name in (PHOTOS, PAGES))
    errors, numbers = (
        np.array([a.errors for a in photos] or [(0, 0)]).sum(axis=0),
        np.array([a.found for a in pages] or [(0, 0)]).sum(axis=0),
    )
    return {
        "photos": len(photos),
        "photos_right": sum(a.right for a in photos) / len(photos) if photos else None,
        "digit_error": float(errors[0] / errors[1]) if errors[1] else None,
        "pages": len(pages),
        "numbers_right": float(numbers[0] / numbers[1]) if numbers[1] else None,
    }


def _cells(own: dict[str, Any], flat: dict[str, Any]) -> list[str]:
    def share(key: str) -> str:
        return "" if own[key] is None else f"{own[key]:.1%}"

    def change(key: str) -> str:
        return "" if own[key] is None or flat[key] is None else f"{100 * (own[key] - flat[key]):+.1f}"

    counts = f"{own['photos']}, {own['pages']}"
    return [share("photos_right"), change("photos_right"), share("digit_error"), share("numbers_right"), change("numbers_right"), counts]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest common subsequence."""
    best = [0] * (len(other) + 1)
    for a in one:
        before = best.copy()
        for k, b in enumerate(other):
            best[k + 1] = before[k] + 1 if a == b else max(before[k + 1], best[k])
    return best[-1]
