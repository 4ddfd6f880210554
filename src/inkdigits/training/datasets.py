"""Data sets: `load("mnist", "train")`; the same for Fashion-MNIST, KMNIST, EMNIST, scikit-learn's digits, a folder, an .npz file."""

from __future__ import annotations

import hashlib
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inkdigits.errors import DataError, MissingExtra

from . import fetch
from .fetch import File
from .folders import load_folder, split_of
from .idx import parse

DIGITS = tuple("0123456789")
SPLITS = ("train", "test")


@dataclass(frozen=True, slots=True)
class Dataset:
    """Labelled images. images: uint8 (N, H, W), white ink on black; labels: int64 (N,), indices into classes."""

    name: str
    split: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    licence: str = ""

    @property
    def sha256(self) -> str:
        """Hash of the images' and labels' bytes: what a run was trained on."""
        return hashlib.sha256(self.images.tobytes() + self.labels.astype("<i8").tobytes()).hexdigest()

    def subset(self, index: NDArray[np.int64]) -> Dataset:
        """Some of the images, in the order of `index`."""
        return Dataset(self.name, self.split, self.images[index], self.labels[index], self.classes, self.licence)


@dataclass(frozen=True, slots=True)
class Published:
    """A data set that can be downloaded. files: for each split its images and labels; archive: the zip they come in, if they do."""

    title: str
    licence: str
    classes: tuple[str, ...]
    mirrors: tuple[str, ...]
    files: dict[str, tuple[File, File]]
    sizes: tuple[int, int]
    archive: File | None = None
    turned: bool = False


def _idx_files(sums: str, key: str) -> dict[str, tuple[File, File]]:
    names = ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")
    files = [File(name, **{key: value}) for name, value in zip(names, sums.split(), strict=True)]
    return {"train": (files[0], files[1]), "test": (files[2], files[3])}


PUBLISHED = {
    "mnist": Published(
        "handwritten digits (LeCun, Cortes, Burges 1998)",
        "CC BY-SA 3.0",
        DIGITS,
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://yann.lecun.com/exdb/mnist/",
        ),
        _idx_files(
            "6bbc9ace898e44ae57da46a324031adb a25bea736e30d166cdddb491f175f624 "
            "2646ac647ad5339dbf082846283269ea 27ae3e4e09519cfbb04c329615203637",
            "md5",
        ),
        (60_000, 10_000),
    ),
    "fashion-mnist": Published(
        "articles of clothing (Xiao, Rasul, Vollgraf 2017)",
        "MIT",
        ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        (
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
        _idx_files(
            "8d4fb7e6c68d591d4c3dfef9ec88bf0d 25c81989df183df01b3e8a0aad5dffbe "
            "bef4ecab320f06d8554ea6380940ec79 bb300cfdad3c16e7a12a480ee83cd310",
            "gz_md5",
        ),
        (60_000, 10_000),
    ),
    "kmnist": Published(
        "cursive Japanese characters (Clanuwat et al. 2018)",
        "CC BY-SA 4.0",
        ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        ("https://codh.rois.ac.jp/kmnist/dataset/kmnist/", "http://codh.rois.ac.jp/kmnist/dataset/kmnist/"),
        _idx_files(
            "bdb82020997e1d708af4cf47b453dcf7 e144d726b3acfaa3e44228e80efcd344 "
            "5c965bf0a639b31b8f53240b1b52f4d7 7320c461ea6c1c855c0b718fb2a4b134",
            "gz_md5",
        ),
        (60_000, 10_000),
    ),
    "emnist-digits": Published(
        "handwritten digits of NIST's 3,600 writers (Cohen et al. 2017)",
        "public domain (NIST)",
        DIGITS,
        ("https://biometrics.nist.gov/cs_links/EMNIST/", "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/"),
        {
            split: (File(f"emnist-digits-{split}-images-idx3-ubyte.gz"), File(f"emnist-digits-{split}-labels-idx1-ubyte.gz"))
            for split in SPLITS
        },
        (240_000, 40_000),
        archive=File("gzip.zip", gz_md5="58c8d27c78d21e728a6bc7b3cc06412e", size=561_753_746),
        turned=True,
    ),
}

ERRATA = {
    947: 9, 1621: 6, 1901: 4, 2462: 0, 2597: 3, 3558: 0, 5937: 3, 6651: 6, 6783: 6, 9729: 6,
    2130: None, 2654: None, 3520: None, 8527: None, 9679: None,
}  # fmt: skip
"""MNIST test labels found wrong by human validation (Northcutt, Athalye, Mueller: Pervasive Label Errors in Test Sets, 2021):
index -> the right digit, None where the people asked agreed on none."""


def load(name: str, split: str) -> Dataset:
    """Load a data set: a name of `PUBLISHED`, "digits", a folder, or an .npz file. split: "train" or "test". Raises DataError."""
    if split not in SPLITS:
        raise DataError(f"split {split!r}: choose train or test")
    if name in PUBLISHED:
        return _published(name, split)
    if name == "digits":
        return _digits(split)
    path = Path(name)
    if path.is_dir():
        images, labels, classes = load_folder(path, split)
        return Dataset(path.name, split, images, labels, classes, "the user's own")
    if path.suffix == ".npz" and path.is_file():
        return _npz(path, split)
    raise DataError(f"{name}: no such data set; give {', '.join(PUBLISHED)}, digits, a folder, or a FILE.npz")


def corrected_labels(test: Dataset) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The labels of MNIST's test split with the errata applied: int64 (10000,), and bool (10000,), False for the five that are dropped."""
    labels, keep = test.labels.copy(), np.ones(len(test.labels), bool)
    for index, right in ERRATA.items():
        if right is None:
            keep[index] = False
        else:
            labels[index] = right
    return labels, keep


def mnist_writers() -> NDArray[np.int64]:
    """The NIST writer of each MNIST training image, int64 (60000,), from QMNIST's labels (Yadav, Bottou 2019). Raises DataError."""
    file = File("qmnist-train-labels-idx2-int.gz")
    path = fetch.find("mnist", file)
    if path is None:
        raise DataError(f"{file.name} is not here; put it into {' or '.join(str(f) for f in fetch.folders('mnist'))}")
    return parse(str(path), path.read_bytes(), 2)[:, 2].astype(np.int64)


def uci_handwriting() -> list[Dataset]:
    """The UCI digit sets that may be trained on (CC BY 4.0), as laid out under INKDIGITS_DATA/real; an empty list where they are not."""
    found = []
    for name, splits in (("optdigits", (0, 9)), ("pendigits", (0,))):
        path = Path(os.environ.get("INKDIGITS_DATA", "")) / "real" / name / "digits.npz"
        if os.environ.get("INKDIGITS_DATA") and path.is_file():
            with np.load(path, allow_pickle=False) as data:
                use = np.isin(data["split"], splits)
                found.append(Dataset(name, "train", data["images"][use], data["labels"][use].astype(np.int64), DIGITS, "CC BY 4.0"))
    return found


def _published(name: str, split: str) -> Dataset:
    entry = PUBLISHED[name]
    arrays = []
    for file, dimensions in zip(entry.files[split], (3, 1), strict=True):
        data = _from_archive(name, entry, file) if entry.archive else fetch.content(name, file, entry.mirrors)
        arrays.append(parse(f"{name}/{file.name}", data, dimensions))
    images = arrays[0].astype(np.uint8)
    if entry.turned:
        images = np.ascontiguousarray(images.swapaxes(1, 2))  # published with rows and columns swapped
    return _checked(Dataset(name, split, images, arrays[1].astype(np.int64), entry.classes, entry.licence))


def _from_archive(name: str, entry: Published, file: File) -> bytes:
    """A member of the zip that EMNIST comes in; kept beside it once it is out."""
    path = fetch.find(name, file)
    if path is None:
        assert entry.archive is not None
        archive = fetch.find(name, entry.archive) or fetch.download(name, entry.archive, entry.mirrors)
        with zipfile.ZipFile(archive) as files:
            data = files.read(f"gzip/{file.name}")
        path = fetch.cache_folder() / name / file.name
        part = path.with_name(path.name + ".part")
        part.write_bytes(data)
        os.replace(part, path)
    return path.read_bytes()


def _digits(split: str) -> Dataset:
    """scikit-learn's 1,797 digits, 8x8, scaled into 28x28 in the manner of MNIST; every fifth of a class is for the test."""
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
    return Dataset("digits", split, images[use], labels[use], DIGITS, "CC BY 4.0 (UCI optical digits)")


def _npz(path: Path, split: str) -> Dataset:
    try:
        with np.load(path, allow_pickle=False) as data:
            arrays = {key: data[key] for key in data.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: cannot be read as .npz ({error}); it needs arrays without pickled objects") from None
    if {"x_train", "y_train", "x_test", "y_test"} <= arrays.keys():
        images, labels = arrays[f"x_{split}"], arrays[f"y_{split}"]
        classes = np.unique(np.concatenate([arrays["y_train"], arrays["y_test"]]))
    elif {"images", "labels"} <= arrays.keys():
        classes = np.unique(arrays["labels"])
        use = split_of(np.searchsorted(classes, arrays["labels"]), split)
        images, labels = arrays["images"][use], arrays["labels"][use]
    else:
        raise DataError(f"{path}: holds {', '.join(arrays) or 'nothing'}; needs images and labels, or x_train, y_train, x_test and y_test")
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if images.ndim != 3 or images.dtype != np.uint8 or labels.shape != (len(images),):
        raise DataError(f"{path}: images must be uint8 (N, H, W) and labels (N,), not {images.dtype} {images.shape} and {labels.shape}")
    index = np.searchsorted(classes, labels).astype(np.int64)
    return _checked(Dataset(path.stem, split, images, index, tuple(str(c) for c in classes), "the user's own"))


def _checked(data: Dataset) -> Dataset:
    if len(data.images) != len(data.labels):
        raise DataError(f"{data.name}: {len(data.images)} images but {len(data.labels)} labels")
    if len(data.labels) == 0 or data.labels.min() < 0 or data.labels.max() >= len(data.classes):
        raise DataError(f"{data.name}: labels must be 0 to {len(data.classes) - 1}")
    return data


__all__ = ["ERRATA", "PUBLISHED", "Dataset", "Published", "corrected_labels", "load", "mnist_writers", "uci_handwriting"]
