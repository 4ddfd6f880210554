"""Data sets: `load("mnist", "train")`; the same for Fashion-MNIST, KMNIST, EMNIST, scikit-learn's digits, a folder, an .npz file."""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Bytes, Labels, Mask
from inkdigits.errors import DataError, MissingExtra

from . import fetch
from .data.catalogue import COLLECTIONS
from .idx import parse
from .published import DIGITS, ERRATA, PUBLISHED, SPLITS
from .splits import split_of

OWN = "the user's own"
DIGITS_TITLE, DIGITS_LICENCE = "handwritten digits, 8x8 (Alpaydin, Kaynak 1998)", "CC BY 4.0 (UCI optical digits)"
DIGITS_SIZES = (1442, 355)
MAX_ARRAYS = 8 << 30
"""Bytes of the arrays of an .npz file: a hundred times MNIST."""
WRITERS = fetch.File("qmnist-train-labels-idx2-int.gz")


@dataclass(frozen=True, slots=True)
class Dataset:
    """Labelled images. images: uint8 (N, H, W) in 0..255, white ink on black; labels: int64 (N,), indices into classes.

    Of maps the labels are int64 (N, h, w), and the images are as grey as they are.
    Of lines the labels are int64 (N, L), the digits from left to right, -1 after the last; classes are the blank, then the digits.
    writers: who wrote each image, int64 (N,), where that is known.
    """

    name: str
    split: str
    images: Bytes
    labels: Labels
    classes: tuple[str, ...]
    licence: str = ""
    writers: Labels | None = None

    @property
    def sha256(self) -> str:
        """Hash of the images' and labels' bytes: what a run was trained on."""
        found = hashlib.sha256(np.ascontiguousarray(self.images).data)
        found.update(np.ascontiguousarray(self.labels, "<i8").data)
        return found.hexdigest()

    def subset(self, index: Labels) -> Dataset:
        """Some of the images, in the order of `index`."""
        writers = None if self.writers is None else self.writers[index]
        return Dataset(self.name, self.split, self.images[index], self.labels[index], self.classes, self.licence, writers)


def load(name: str, split: str) -> Dataset:
    """Load a data set: a name of `PUBLISHED`, "digits", a folder, or an .npz file. split: "train" or "test".

    Downloads what is published and not here. Raises DataError that names what is missing or wrong, MissingExtra for "digits" without
    scikit-learn.
    """
    if split not in SPLITS:
        raise DataError(f"split {split!r}: choose train or test")
    if name in PUBLISHED:
        return _published(name, split)
    if name == "digits":
        return _digits(split)
    path = Path(name)
    if path.is_dir():
        from .folders import load_folder  # it decodes images: the only one here that needs OpenCV

        images, labels, classes = load_folder(path, split)
        return Dataset(path.resolve().name, split, images, labels, classes, OWN)
    if path.suffix == ".npz" and path.is_file():
        return _npz(path, split)
    raise DataError(f"{name}: no such data set; give {', '.join(PUBLISHED)}, digits, a folder, or a FILE.npz")


def corrected_labels(test: Dataset) -> tuple[Labels, Mask]:
    """The labels of MNIST's test split with the errata applied: int64 (10000,), and bool (10000,), False for the five that are dropped."""
    labels, keep = test.labels.copy(), np.ones(len(test.labels), bool)
    for index, right in ERRATA.items():
        if right is None:
            keep[index] = False
        else:
            labels[index] = right
    return labels, keep


def mnist_writers() -> Labels:
    """The NIST writer of each MNIST training image, int64 (60000,), from QMNIST's labels (Yadav, Bottou 2019). Raises DataError."""
    path = fetch.find("mnist", WRITERS)
    if path is None:
        raise DataError(f"{WRITERS.name} is not here; put it into {' or '.join(str(f) for f in fetch.folders('mnist'))}")
    table = parse(str(path), path.read_bytes(), 2)  # (60000, 8); column 2 is the writer
    if table.shape != (60_000, 8):
        raise DataError(f"{path}: a table of {table.shape} where QMNIST's is (60000, 8), in the order of MNIST's training images")
    return table[:, 2].astype(np.int64)


def uci_handwriting() -> list[Dataset]:
    """The parts of the UCI digit sets that may be trained on, as laid out under INKDIGITS_DATA/real; an empty list where they are not."""
    found = []
    for name, splits in (("optdigits", (0, 9)), ("pendigits", (0,))):
        path = Path(os.environ.get("INKDIGITS_DATA", "")) / "real" / name / "digits.npz"
        if os.environ.get("INKDIGITS_DATA") and path.is_file():
            with np.load(path, allow_pickle=False) as data:
                use = np.isin(data["split"], splits)
                labels, licence = data["labels"][use].astype(np.int64), COLLECTIONS[name].licence
                found.append(Dataset(name, "train", data["images"][use], labels, DIGITS, licence))
    return found


def _published(name: str, split: str) -> Dataset:
    entry, parts = PUBLISHED[name], PUBLISHED[name].splits[split]
    files = {file.name: file for file in entry.files}
    archives: dict[str, Path] = {}
    arrays = []
    for part, dimensions in zip(parts, (3, 1), strict=True):
        file, _, member = part.partition("/")
        if member:
            path = archives[file] = archives.get(file) or fetch.obtain(name, files[file], entry.mirrors)
            with zipfile.ZipFile(path) as archive:
                content = archive.read(member)
        else:
            path, content = fetch.content(name, files[file], entry.mirrors)
        arrays.append(parse(f"{path}{member and '/' + member}", content, dimensions))
    images, labels = arrays
    if len(images) != (expected := entry.sizes[SPLITS.index(split)]):
        raise DataError(f"{path}: {len(images)} images where {name} has {expected} for {split}")
    if entry.turned:
        images = np.ascontiguousarray(images.swapaxes(1, 2))
    data = _checked(name, name, split, images, labels, entry.classes, entry.licence)
    known = (name, split) == ("mnist", "train") and fetch.find("mnist", WRITERS) is not None
    return replace(data, writers=mnist_writers()) if known else data


def _digits(split: str) -> Dataset:
    """scikit-learn's 1,797 digits, 8x8, scaled into 28x28 in the manner of MNIST: a box of 20x20 in the middle."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise MissingExtra("train", "the data set digits") from None
    import cv2

    found = load_digits()
    small = (found.images * (255 / 16)).astype(np.uint8)  # (1797, 8, 8), 0..16
    images = np.zeros((len(small), 28, 28), np.uint8)
    for i, image in enumerate(small):
        images[i, 4:24, 4:24] = cv2.resize(image, (20, 20), interpolation=cv2.INTER_CUBIC)
    labels = found.target.astype(np.int64)
    use = split_of(labels, split)
    return Dataset("digits", split, images[use], labels[use], DIGITS, DIGITS_LICENCE)


def _npz(path: Path, split: str) -> Dataset:
    """images and labels, split here; or x_train, y_train, x_test and y_test, as Keras' mnist.npz has them."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > MAX_ARRAYS:  # what a megabyte of zip can hold is a gigabyte of zeros
            raise DataError(f"{path}: its arrays have {size >> 20} MiB, at most {MAX_ARRAYS >> 20} MiB are read; split it")
        with np.load(path, allow_pickle=False) as data:
            arrays = {key: data[key] for key in data.files}
    except (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise DataError(f"{path}: cannot be read as .npz ({error}); it needs arrays without pickled objects") from None
    if {"x_train", "y_train", "x_test", "y_test"} <= arrays.keys():
        images, labels = arrays[f"x_{split}"], arrays[f"y_{split}"]
        classes = np.unique(np.concatenate([arrays["y_train"].ravel(), arrays["y_test"].ravel()]))
    elif {"images", "labels"} <= arrays.keys():
        images, labels = arrays["images"], arrays["labels"]
        classes = np.unique(labels)
    else:
        raise DataError(f"{path}: holds {', '.join(arrays) or 'nothing'}; needs images and labels, or x_train, y_train, x_test and y_test")
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]  # (N, H, W, 1) -> (N, H, W)
    if labels.shape != (len(images),) or labels.dtype.kind not in "iuU":
        raise DataError(f"{path}: labels must be whole numbers or names, ({len(images)},), not {labels.dtype} {labels.shape}")
    index = np.searchsorted(classes, labels)
    if "images" in arrays:
        use = split_of(index, split)
        images, index = images[use], index[use]
    return _checked(str(path), path.stem, split, images, index, tuple(str(name) for name in classes), OWN)


def _checked(
    source: str, name: str, split: str, images: NDArray[Any], labels: NDArray[Any], classes: tuple[str, ...], licence: str
) -> Dataset:
    """A data set whose arrays fit each other. source: what the error calls it. Raises DataError."""
    if images.ndim != 3 or images.dtype != np.uint8:
        raise DataError(f"{source}: images must be uint8 (N, H, W), white ink on black, not {images.dtype} {images.shape}")
    if labels.dtype.kind not in "iu" or labels.shape != (len(images),):
        raise DataError(f"{source}: {len(images)} images but labels of {labels.dtype} {labels.shape}")
    if len(labels) == 0 or len(classes) < 2:
        raise DataError(f"{source}: {len(labels)} images of {len(classes)} class(es) for {split}; two classes or more are needed")
    if labels.min() < 0 or labels.max() >= len(classes):
        raise DataError(f"{source}: labels from {labels.min()} to {labels.max()}, must be 0 to {len(classes) - 1}")
    return Dataset(name, split, images, labels.astype(np.int64), classes, licence)


__all__ = ["DIGITS", "ERRATA", "PUBLISHED", "SPLITS", "Dataset", "corrected_labels", "load", "mnist_writers", "uci_handwriting"]
