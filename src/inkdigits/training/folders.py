"""The user's own images as a data set: one subfolder a class, or a labels.csv."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits import images
from inkdigits.errors import DataError, InputError

SIDE = 28


def load_folder(folder: Path, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]:
    """Images uint8 (N, 28, 28) white on black, labels int64 (N,), and the names of the classes, numbers in order of their value.

    With subfolders train/ and test/ each is its split; else every fifth image of a class is for the test. labels.csv has columns file and
    label, and may have split. Raises DataError that names what is missing, empty or unreadable.
    """
    if (folder / "train").is_dir() and (folder / "test").is_dir():
        classes = _by_value({name for part in ("train", "test") for _, name in _listed(folder / part)})
        rows = _listed(folder / split)
    elif (folder / "labels.csv").is_file():
        table = _table(folder / "labels.csv")
        classes = _by_value({name for _, name, _ in table})
        if any(part for _, _, part in table):
            rows = [(path, name) for path, name, part in table if part == split]
        else:
            rows = _part([(path, name) for path, name, _ in table], classes, split)
    else:
        rows = _listed(folder)
        classes = _by_value({name for _, name in rows})
        rows = _part(rows, classes, split)
    if len(classes) < 2:
        raise DataError(f"{folder}: {len(classes)} class(es) found, two or more are needed: one subfolder a class, or labels.csv")
    if not rows:
        raise DataError(f"{folder}: no image for the {split} split")
    labels = np.array([classes.index(name) for _, name in rows], np.int64)
    return np.stack([fitted(path) for path, _ in rows]), labels, classes


def split_of(labels: NDArray[np.int64], split: str) -> NDArray[np.int64]:
    """Indices of a fixed split: of each class every fifth image is for the test, the others are for training."""
    place = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        place[own] = np.arange(len(own))
    return np.flatnonzero((place % 5 == 4) == (split == "test"))


def fitted(path: Path) -> NDArray[np.uint8]:
    """One image file as uint8 (28, 28): scaled to fit with its proportions kept, on its own background; dark on light is inverted."""
    try:
        image = images.first(path)
    except InputError as error:
        raise DataError(str(error)) from None
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if np.median(border) > 127:
        grey, border = 255 - grey, 255 - border
    scale = SIDE / max(grey.shape)
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    out = np.full((SIDE, SIDE), int(np.median(border)), np.uint8)
    top, left = (SIDE - small.shape[0]) // 2, (SIDE - small.shape[1]) // 2
    out[top : top + small.shape[0], left : left + small.shape[1]] = small
    return out


def _listed(folder: Path) -> list[tuple[Path, str]]:
    rows = []
    for sub in sorted(p for p in folder.iterdir() if p.is_dir()):
        files = sorted((p for p in sub.iterdir() if p.suffix.lower() in images.SUFFIXES), key=lambda p: _value(p.name))
        if not files:
            raise DataError(f"{sub}: no images in this class's folder; add some, or delete the folder")
        rows += [(path, sub.name) for path in files]
    if not rows:
        raise DataError(f"{folder}: neither subfolders with images (one a class) nor a labels.csv")
    return rows


def _table(path: Path) -> list[tuple[Path, str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        if not {"file", "label"} <= set(reader.fieldnames or ()):
            raise DataError(f"{path}: needs the columns file and label, has {', '.join(reader.fieldnames or ()) or 'none'}")
        rows = [(path.parent / row["file"], row["label"], row.get("split") or "") for row in reader]
    for image, _, part in rows:
        if not image.is_file():
            raise DataError(f"{path}: names {image.name}, which is not there")
        if part not in ("", "train", "test"):
            raise DataError(f"{path}: split is train or test, not {part!r}")
    return rows


def _part(rows: list[tuple[Path, str]], classes: tuple[str, ...], split: str) -> list[tuple[Path, str]]:
    labels = np.array([classes.index(name) for _, name in rows], np.int64)
    return [rows[i] for i in split_of(labels, split)]


def _value(name: str) -> list[tuple[int, int, str]]:
    """Sort key under which 2 comes before 10."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", name) if part]


def _by_value(names: set[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=_value))
