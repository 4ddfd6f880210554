"""Photographed digits, signs and letters, each scaled to fill its box: bhmsds (MIT). No recipe trains on it: its hands are few."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from inkdigits.errors import DataError
from inkdigits.training.datasets import Dataset

from .catalogue import COLLECTIONS

LICENCE = COLLECTIONS["bhmsds"].terms


def symbols(folder: Path | None = None) -> Dataset:
    """Read the symbols, all of which may train: uint8 (27000, 28, 28), white ink on black; a dot is a multiplication dot.

    folder: where symbols.npz is; None: INKDIGITS_DATA/real/bhmsds. Raises DataError that says what is missing and where it belongs.
    """
    path = (folder or Path(os.environ.get("INKDIGITS_DATA", "")) / "real" / "bhmsds") / "symbols.npz"
    if not path.is_file():
        raise DataError(f"{path}: bhmsds is not here; set INKDIGITS_DATA to a folder that holds real/bhmsds/symbols.npz")
    with np.load(path, allow_pickle=False) as data:
        names = tuple(str(name) for name in data["names"])
        return Dataset("bhmsds", "train", data["images"], data["labels"].astype(np.int64), names, LICENCE)
