"""The data sets that are downloaded by name: who made them, where they lie, and the hashes by which they are known.

A hash is of the decompressed bytes (`inner`) where one is published: recompressing a file changes the .gz but not the data. Sources:
MNIST and Fashion-MNIST, the MD5 sums of the decompressed files as several independent projects list them; KMNIST, the SHA-256 of the .gz
files, and EMNIST, that of NIST's zip, as torchvision and others list them: for these no hash of the decompressed bytes is published.
"""

from __future__ import annotations

from dataclasses import dataclass

from .fetch import File

DIGITS = tuple("0123456789")
SPLITS = ("train", "test")


@dataclass(frozen=True, slots=True)
class Published:
    """A data set that can be downloaded.

    sizes: images for training and for the test. download: bytes of all files. mirrors: folders, as URLs that end in "/", best first.
    splits: for each split its images and its labels, as FILE or ZIP/MEMBER. turned: published with rows and columns swapped.
    """

    title: str
    licence: str
    classes: tuple[str, ...]
    sizes: tuple[int, int]
    download: int
    mirrors: tuple[str, ...]
    files: tuple[File, ...]
    splits: dict[str, tuple[str, str]]
    turned: bool = False


_NAMES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}


def _files(kind: str, *hashes: str) -> tuple[File, ...]:
    """The four files of `_NAMES`, each with its hash; kind: "inner" or "outer"."""
    return tuple(File(name, **{kind: digest}) for name, digest in zip((*_NAMES["train"], *_NAMES["test"]), hashes, strict=True))


PUBLISHED = {
    "mnist": Published(
        title="handwritten digits (LeCun, Cortes, Burges 1998)",
        licence="CC BY-SA 3.0",
        classes=DIGITS,
        sizes=(60_000, 10_000),
        download=11_594_722,
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://raw.githubusercontent.com/fgnt/mnist/master/",
        ),
        files=_files(
            "inner",
            "md5:6bbc9ace898e44ae57da46a324031adb",
            "md5:a25bea736e30d166cdddb491f175f624",
            "md5:2646ac647ad5339dbf082846283269ea",
            "md5:27ae3e4e09519cfbb04c329615203637",
        ),
        splits=_NAMES,
    ),
    "fashion-mnist": Published(
        title="articles of clothing (Xiao, Rasul, Vollgraf 2017)",
        licence="MIT",
        classes=("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        sizes=(60_000, 10_000),
        download=30_878_645,
        mirrors=(
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        files=_files(
            "inner",
            "md5:f4a8712d7a061bf5bd6d2ca38dc4d50a",
            "md5:9018921c3c673c538a1fc5bad174d6f9",
            "md5:8181f5470baa50b63fa0f6fddb340f0a",
            "md5:15d484375f8d13e6eb1aabb0c3f46965",
        ),
        splits=_NAMES,
    ),
    "kmnist": Published(
        title="cursive Japanese characters (Clanuwat et al. 2018)",
        licence="CC BY-SA 4.0",
        classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        sizes=(60_000, 10_000),
        download=21_240_888,
        mirrors=(
            "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
            "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
            "https://storage.googleapis.com/kuzushiji-mnist/",
        ),
        files=_files(
            "outer",
            "sha256:51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
            "sha256:e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
            "sha256:edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
            "sha256:20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
        ),
        splits=_NAMES,
    ),
    "emnist-digits": Published(
        title="handwritten digits of NIST's 3,600 writers (Cohen et al. 2017)",
        licence="public domain (NIST)",
        classes=DIGITS,
        sizes=(240_000, 40_000),
        download=561_753_746,
        mirrors=("https://biometrics.nist.gov/cs_links/EMNIST/", "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/"),
        files=(File("gzip.zip", outer="sha256:fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e"),),
        splits={
            split: (
                f"gzip.zip/gzip/emnist-digits-{split}-images-idx3-ubyte.gz",
                f"gzip.zip/gzip/emnist-digits-{split}-labels-idx1-ubyte.gz",
            )
            for split in SPLITS
        },
        turned=True,
    ),
}

ERRATA = {
    947: 9, 1621: 6, 1901: 4, 2462: 0, 2597: 3, 3558: 0, 5937: 3, 6651: 6, 6783: 6, 9729: 6,
    2130: None, 2654: None, 3520: None, 8527: None, 9679: None,
}  # fmt: skip
"""MNIST test labels found wrong by human validation (Northcutt, Athalye, Mueller: Pervasive Label Errors in Test Sets, 2021):
index -> the right digit, None where the people asked agreed on none."""
