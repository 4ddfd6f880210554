"""The user's own images as a data set: one subfolder a class, or a labels.csv."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import cv2
import numpy as np

from inkdigits import images
from inkdigits.arrays import Bytes, Labels
from inkdigits.errors import DataError, InputError
from inkdigits.images.conversions import grey_of

from .splits import split_of

SIDE = 28


def load_folder(folder: Path, split: str) -> tuple[Bytes, Labels, tuple[str, ...]]:
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
        raise DataError(f"{folder}: no image for the {split} split; give each class five images or more, or say which by train/ and test/")
    labels = np.array([classes.index(name) for _, name in rows], np.int64)
    return np.stack([fitted(path) for path, _ in rows]), labels, classes


def fitted(path: Path) -> Bytes:
    """One image file as uint8 (28, 28), white on black.

    Scaled until its longer side is 28 with its proportions kept, centred, and padded with its own background: the median of its outermost
    pixels. If that is lighter than mid-grey the image is dark on light, and is inverted. Raises DataError that names the file.
    """
    try:
        image = images.first(path)
    except InputError as error:
        raise DataError(str(error)) from None
    grey = grey_of(image)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if np.median(border) > 127:
        grey, border = 255 - grey, 255 - border
    scale = SIDE / max(grey.shape)
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)  # (H, W) -> (28, w) or (h, 28)
    out = np.full((SIDE, SIDE), int(np.median(border)), np.uint8)
    top, left = (SIDE - small.shape[0]) // 2, (SIDE - small.shape[1]) // 2
    out[top : top + small.shape[0], left : left + small.shape[1]] = small
    return out


def _listed(folder: Path) -> list[tuple[Path, str]]:
    """Every image in the subfolders, with the subfolder's name. What begins with a dot is no class and no image."""
    rows = []
    for sub in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
        files = [path for path in sub.iterdir() if path.suffix.lower() in images.SUFFIXES and not path.name.startswith(".")]
        if not files:
            raise DataError(f"{sub}: no images in this class's folder; add some, or delete the folder")
        rows += [(path, sub.name) for path in sorted(files, key=lambda path: _value(path.name))]
    if not rows:
        raise DataError(f"{folder}: neither subfolders with images (one a class) nor a labels.csv")
    return rows


def _table(path: Path) -> list[tuple[Path, str, str]]:
    """The rows of a labels.csv: image, label, split ("" in all of them where the file does not say)."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="")
            columns, rows = reader.fieldnames or (), list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as CSV in UTF-8 ({error})") from None
    if not {"file", "label"} <= set(columns):
        raise DataError(f"{path}: needs the columns file and label, has {', '.join(columns) or 'none'}")
    some_split = any(row.get("split") for row in rows)
    table = []
    for number, row in enumerate(rows, start=2):  # line 1 names the columns
        image, label, part = path.parent / row["file"], row["label"], row.get("split") or ""
        if not image.is_file():
            raise DataError(f"{path}, row {number}: names {row['file'] or 'no file'}, which is not there")
        if not label:
            raise DataError(f"{path}, row {number}: no label for {row['file']}")
        if part not in (("train", "test") if some_split else ("",)):
            raise DataError(f"{path}, row {number}: split is train or test, not {part or 'empty'}")
        table.append((image, label, part))
    return table


def _part(rows: list[tuple[Path, str]], classes: tuple[str, ...], split: str) -> list[tuple[Path, str]]:
    labels = np.array([classes.index(name) for _, name in rows], np.int64)
    return [rows[i] for i in split_of(labels, split)]


def _value(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Sort key under which 2 comes before 10; the name itself decides between 1 and 01."""
    parts = [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", name) if part]
    return parts, name


def _by_value(names: set[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=_value))
