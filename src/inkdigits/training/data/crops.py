"""Photographed lines and cells with what they say: hands33 (MIT), old registers and lines of French handwriting (CC BY 4.0)."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

from inkdigits.errors import DataError

from .catalogue import COLLECTIONS

LICENCES = {name: COLLECTIONS[name].terms for name in ("hands33", "registers", "handwritten_lines")}
"""The sets and their licences."""
TEXT, HAND = {"handwritten_lines": "text"}, {"hands33": "hand", "registers": "book", "handwritten_lines": "page"}


@dataclass(frozen=True, slots=True)
class Crop:
    """An image of one line or cell. text: what it says, as transcribed. hand: who wrote it, or the book or page that it is from."""

    path: Path
    text: str
    hand: str


def crops(name: str, split: str, folder: Path | None = None) -> list[Crop]:
    """List the crops of one of LICENCES. split: "trainable" or "dev".

    folder: where labels.csv is; None: INKDIGITS_DATA/real/NAME. Raises DataError that says what is missing and where it belongs.
    """
    folder = folder or Path(os.environ.get("INKDIGITS_DATA", "")) / "real" / name
    labels = folder / "labels.csv"
    if not labels.is_file():
        raise DataError(f"{labels}: {name} is not here; set INKDIGITS_DATA to a folder that holds real/{name}/labels.csv")
    with labels.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split]
    return [Crop(folder / row["file"], row[TEXT.get(name, "truth")], row[HAND[name]]) for row in rows]
