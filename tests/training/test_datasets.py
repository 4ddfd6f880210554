"""Data sets: what can be loaded is loaded as uint8 white on black, what cannot is refused by name."""

import csv

import cv2
import numpy as np
import pytest

from inkdigits.errors import DataError
from inkdigits.training.datasets import ERRATA, Dataset, corrected_labels, load, mnist_writers, uci_handwriting


def picture(path, level):
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet = np.full((40, 30), 255, np.uint8)
    sheet[10:30, 10:20] = level
    cv2.imwrite(str(path), sheet)


@pytest.fixture
def folder(tmp_path):
    for k, name in enumerate(("10", "2", "1")):
        for i in range(5):
            picture(tmp_path / "set" / name / f"{i}.png", 10 * k)
    return tmp_path / "set"


def test_digits_are_always_there():
    train, test = load("digits", "train"), load("digits", "test")
    assert train.images.shape == (1442, 28, 28)
    assert test.images.shape == (355, 28, 28)
    assert train.images.dtype == np.uint8
    assert train.images[:, 0].max() == 0, "the margin is black"
    assert set(np.unique(test.labels)) == set(range(10))
    assert train.sha256 != test.sha256


def test_a_folder_with_a_subfolder_a_class(folder):
    train, test = load(str(folder), "train"), load(str(folder), "test")
    assert train.classes == ("1", "2", "10"), "numbers in order of their value"
    assert (len(train.labels), len(test.labels)) == (12, 3)
    assert train.images.shape[1:] == (28, 28)
    assert train.images[0, 14, 14] > 200, "dark on light is inverted"
    assert train.images[0, 0, 0] == 0


def test_a_folder_with_train_and_test(tmp_path):
    for split, count in (("train", 3), ("test", 1)):
        for name in ("cat", "dog"):
            for i in range(count):
                picture(tmp_path / "pets" / split / name / f"{i}.png", 0)
    assert len(load(str(tmp_path / "pets"), "train").labels) == 6
    assert load(str(tmp_path / "pets"), "test").classes == ("cat", "dog")


def test_labels_csv(folder):
    rows = [("file", "label", "split"), ("1/0.png", "one", "train"), ("2/0.png", "two", "train"), ("1/1.png", "one", "test")]
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    assert len(load(str(folder), "train").labels) == 2
    assert load(str(folder), "test").labels.tolist() == [0]


@pytest.mark.parametrize(
    "arrays",
    [
        pytest.param(lambda x, y: {"images": x, "labels": y}, id="images and labels"),
        pytest.param(lambda x, y: {"x_train": x, "y_train": y, "x_test": x[:5], "y_test": y[:5]}, id="as Keras names them"),
        pytest.param(lambda x, y: {"images": x[..., None], "labels": y}, id="with a channel axis"),
    ],
)
def test_npz(tmp_path, arrays):
    x, y = np.zeros((20, 16, 12), np.uint8), np.arange(20) % 4 + 3
    np.savez(tmp_path / "own.npz", **arrays(x, y))
    data = load(str(tmp_path / "own.npz"), "train")
    assert data.classes == ("3", "4", "5", "6")
    assert data.images.shape[1:] == (16, 12)
    assert set(data.labels) == {0, 1, 2, 3}


def broken(tmp_path, what):
    path = tmp_path / "bad"
    if what == "no such name":
        return "mnits"
    if what == "pickled npz":
        np.savez(tmp_path / "bad.npz", images=np.array([{}, {}], object), labels=np.zeros(2))
        return str(tmp_path / "bad.npz")
    if what == "npz without labels":
        np.savez(tmp_path / "bad.npz", images=np.zeros((2, 4, 4), np.uint8))
        return str(tmp_path / "bad.npz")
    if what == "float npz":
        np.savez(tmp_path / "bad.npz", images=np.zeros((2, 4, 4)), labels=np.arange(2))
        return str(tmp_path / "bad.npz")
    if what == "empty folder":
        path.mkdir()
    elif what == "one class":
        picture(path / "a" / "1.png", 0)
    elif what == "class without images":
        picture(path / "a" / "1.png", 0)
        (path / "b").mkdir()
    elif what == "damaged image":
        for i in range(2):
            picture(path / "a" / f"{i}.png", 0)
        (path / "b").mkdir()
        (path / "b" / "broken.png").write_bytes(b"not a picture")
    elif what == "csv names a missing file":
        path.mkdir()
        (path / "labels.csv").write_text("file,label\ngone.png,1\n")
    elif what == "csv without columns":
        path.mkdir()
        (path / "labels.csv").write_text("a,b\n1,2\n")
    return str(path)


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("no such name", "no such data set"),
        ("pickled npz", "cannot be read"),
        ("npz without labels", "needs images and labels"),
        ("float npz", "uint8"),
        ("empty folder", "neither subfolders"),
        ("one class", "two or more"),
        ("class without images", "no images in this class"),
        ("damaged image", "broken.png"),
        ("csv names a missing file", "gone.png"),
        ("csv without columns", "columns file and label"),
    ],
)
def test_refused(tmp_path, what, reason):
    with pytest.raises(DataError, match=reason):
        load(broken(tmp_path, what), "train")


def test_the_corrected_labels_change_ten_and_drop_five():
    test = Dataset("mnist", "test", np.zeros((10_000, 1, 1), np.uint8), np.full(10_000, -1), tuple("0123456789"))
    labels, keep = corrected_labels(test)
    assert (labels != -1).sum() == 10
    assert (~keep).sum() == 5


def test_mnist(data_dir):
    train, test = load("mnist", "train"), load("mnist", "test")
    assert (train.images.shape, test.images.shape) == ((60_000, 28, 28), (10_000, 28, 28))
    assert len(mnist_writers()) == 60_000
    assert {d.name: len(d.labels) for d in uci_handwriting()} == {"optdigits": 2880, "pendigits": 7494}
    with (data_dir / "mnist" / "test-label-errata.csv").open() as file:
        published = {int(r["index"]): (int(r["official"]), int(r["validated"]) if r["validated"] else None) for r in csv.DictReader(file)}
    assert {index: right for index, (_, right) in published.items()} == ERRATA
    assert all(test.labels[index] == official for index, (official, _) in published.items())
