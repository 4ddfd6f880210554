"""Data sets: what can be loaded is loaded as uint8 white on black, what cannot is refused by name."""

import csv
import gzip
import hashlib
import zipfile

import cv2
import numpy as np
import pytest

from inkdigits.errors import DataError
from inkdigits.training.datasets import DIGITS_SIZES, ERRATA, PUBLISHED, Dataset, corrected_labels, load, mnist_writers, uci_handwriting
from inkdigits.training.fetch import File
from inkdigits.training.idx import build
from inkdigits.training.published import Published


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
    assert (len(train.labels), len(test.labels)) == DIGITS_SIZES
    assert train.images.shape[1:] == test.images.shape[1:] == (28, 28)
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


def test_labels_csv_without_splits(folder):
    rows = [("label", "file"), *((f"{k}", f"{k}/{i}.png") for k in (10, 2, 1) for i in range(5))]
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows(rows)
    train, test = load(str(folder), "train"), load(str(folder), "test")
    assert train.classes == test.classes == ("1", "2", "10")
    assert (len(train.labels), len(test.labels)) == (12, 3)


def test_an_image_keeps_its_proportions(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / "0.png"), np.full((20, 80), 255, np.uint8))  # no ink: all of it is background
        wide = np.zeros((20, 80), np.uint8)
        wide[2:18, 4:76] = 255
        cv2.imwrite(str(tmp_path / name / "1.png"), wide)
    blank, bar = load(str(tmp_path), "train").images[:2]
    assert blank.max() == 0
    rows, columns = np.flatnonzero(bar.max(axis=1) > 99), np.flatnonzero(bar.max(axis=0) > 99)
    assert (rows[0] + rows[-1], columns[0] + columns[-1]) == (26, 27)  # centred, as far as 7 rows in 28 can be
    assert (len(rows), len(columns)) == (5, 26)


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


@pytest.fixture
def published(tmp_path, monkeypatch):
    """Puts files into the cache and a data set of them, three images for training and two for the test, into the table."""
    monkeypatch.setenv("INKDIGITS_HOME", str(tmp_path))
    monkeypatch.delenv("INKDIGITS_DATA", raising=False)

    def write(files, **more):
        for name, content in files.items():
            (tmp_path / "tiny").mkdir(exist_ok=True)
            (tmp_path / "tiny" / name).write_bytes(content)
        known = tuple(File(name, outer=f"sha256:{hashlib.sha256(content).hexdigest()}") for name, content in files.items())
        monkeypatch.setitem(PUBLISHED, "tiny", Published("tiny", "CC0", ("a", "b"), (3, 2), 0, (), known, **more))

    return write


IMAGES = np.arange(3 * 2 * 4, dtype=np.uint8).reshape(3, 2, 4)
LABELS = np.array([0, 1, 1], np.uint8)


def test_published_as_idx_files(published):
    published({"x.gz": gzip.compress(build(IMAGES)), "y.gz": gzip.compress(build(LABELS))}, splits={"train": ("x.gz", "y.gz")})
    data = load("tiny", "train")
    np.testing.assert_array_equal(data.images, IMAGES)
    assert data.labels.tolist() == [0, 1, 1]
    assert (data.labels.dtype, data.classes, data.licence) == (np.int64, ("a", "b"), "CC0")


def test_published_in_a_zip_and_turned(published, tmp_path):
    with zipfile.ZipFile(tmp_path / "made.zip", "w") as archive:
        archive.writestr("gzip/x.gz", gzip.compress(build(IMAGES)))
        archive.writestr("gzip/y.gz", gzip.compress(build(LABELS)))
    content = (tmp_path / "made.zip").read_bytes()
    published({"all.zip": content}, splits={"train": ("all.zip/gzip/x.gz", "all.zip/gzip/y.gz")}, turned=True)
    np.testing.assert_array_equal(load("tiny", "train").images, IMAGES.swapaxes(1, 2))


@pytest.mark.parametrize(
    ("images", "labels", "reason"),
    [
        pytest.param(IMAGES[:2], LABELS[:2], "2 images where tiny has 3", id="too few"),
        pytest.param(IMAGES, LABELS[:2], "3 images but labels", id="fewer labels than images"),
        pytest.param(IMAGES, LABELS + 1, "must be 0 to 1", id="a label without a class"),
        pytest.param(IMAGES.astype(np.int16), LABELS, "uint8", id="images of another type"),
    ],
)
def test_published_files_that_do_not_fit(published, images, labels, reason):
    published({"x": build(images), "y": build(labels)}, splits={"train": ("x", "y")})
    with pytest.raises(DataError, match=reason):
        load("tiny", "train")


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_table_is_consistent(name):
    entry = PUBLISHED[name]
    files = {file.name for file in entry.files}
    assert {part.partition("/")[0] for parts in entry.splits.values() for part in parts} == files
    assert set(entry.splits) == {"train", "test"}
    assert all(url.endswith("/") for url in entry.mirrors)
    for file in entry.files:
        kind, _, digest = (file.inner or file.outer).partition(":")
        assert len(digest) == 2 * hashlib.new(kind).digest_size


CSV = {
    "csv names a missing file": b"file,label\ngone.png,1\n",
    "csv without columns": b"a,b\n1,2\n",
    "csv that is empty": b"",
    "csv row cut short": b"file,label\na.png\n",
    "csv row without a file": b"file,label\n,1\n",
    "csv with some splits": b"file,label,split\na.png,1,train\na.png,2,\n",
    "csv with another split": b"file,label,split\na.png,1,validation\n",
    "csv not in UTF-8": "file,label\na.png,\u00e9\n".encode("latin-1"),
}
NPZ = {"npz of text": b"images, labels", "npz cut off": b"PK\x03\x04", "npz that is npy": b"\x93NUMPY\x01\x00"}


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
    if what in CSV:
        picture(path / "a.png", 0)
        (path / "labels.csv").write_bytes(CSV[what])
    elif what in NPZ:
        path = tmp_path / "bad.npz"
        path.write_bytes(NPZ[what])
    elif what == "text labels in two dimensions":
        path = tmp_path / "bad.npz"
        np.savez(path, images=np.zeros((2, 4, 4), np.uint8), labels=np.array([["a"], ["b"]]))
    elif what == "one class in npz":
        path = tmp_path / "bad.npz"
        np.savez(path, images=np.zeros((9, 4, 4), np.uint8), labels=np.zeros(9, int))
    elif what == "too few for a test":
        for name in "ab":
            picture(path / name / "1.png", 0)
    elif what == "empty folder":
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
        ("csv that is empty", "has none"),
        ("csv row cut short", "row 2: no label for a.png"),
        ("csv row without a file", "row 2: names no file"),
        ("csv with some splits", "row 3: split is train or test, not empty"),
        ("csv with another split", "not validation"),
        ("csv not in UTF-8", "UTF-8"),
        ("npz of text", "cannot be read"),
        ("npz cut off", "cannot be read"),
        ("npz that is npy", "cannot be read"),
        ("text labels in two dimensions", "labels must be"),
        ("one class in npz", "two classes"),
    ],
)
def test_refused(tmp_path, what, reason):
    with pytest.raises(DataError, match=reason):
        load(broken(tmp_path, what), "train")


def test_too_few_for_a_test(tmp_path):
    with pytest.raises(DataError, match="no image for the test split"):
        load(broken(tmp_path, "too few for a test"), "test")


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


def test_an_npz_whose_arrays_are_too_large_is_refused_before_they_are_read(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "bomb.npz", images=np.zeros((3000, 28, 28), np.uint8), labels=np.arange(3000) % 10)
    assert (tmp_path / "bomb.npz").stat().st_size < 50_000
    monkeypatch.setattr("inkdigits.training.datasets.MAX_ARRAYS", 1 << 20)
    monkeypatch.setattr("numpy.load", lambda *_, **__: pytest.fail("read"))
    with pytest.raises(DataError, match="its arrays have 2 MiB, at most 1 MiB are read"):
        load(str(tmp_path / "bomb.npz"), "train")


def test_an_npz_whose_header_promises_all_memory_is_refused(tmp_path):
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000, 1000000, 28), }"
    array = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(100)
    with zipfile.ZipFile(tmp_path / "lie.npz", "w") as archive:
        archive.writestr("images.npy", array)
        archive.writestr("labels.npy", array)
    with pytest.raises(DataError, match=r"cannot be read as \.npz"):
        load(str(tmp_path / "lie.npz"), "train")
