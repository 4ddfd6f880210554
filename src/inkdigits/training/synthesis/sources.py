"""Where the writing of composed rows comes from: hands as makers of signs, words as they were written, photographed crops."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import cv2
import numpy as np

from inkdigits.arrays import Bytes, Labels
from inkdigits.errors import DataError
from inkdigits.recognition.alphabet import classes_of
from inkdigits.training import fonts
from inkdigits.training import pen as model
from inkdigits.training.data import crops, unipen
from inkdigits.training.datasets import Dataset, uci_handwriting

from .hands import Hand, ModelHand, PenHand, PictureHand, Strokes, Written
from .numbers import Word

Rng = np.random.Generator
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Picture:
    """A photographed crop. image: uint8 (h, w), grey. characters: what it says, as indices of CLASSES. low, high: its writing is in these
    rows, the last one not included."""

    image: Bytes
    characters: list[int]
    low: int
    high: int


PARTS = ("strokes", "registers", "hands33", "lines", "composition")
"""What can be left out of the training rows: hands and words of pen strokes; a set of photographed crops; all that is composed."""


@dataclass(frozen=True, slots=True)
class Ablation:
    """What training rows are not made of, to see what it is worth. without: names of PARTS. share: how much of each collection's hands and
    crops is used, above 0 and at most 1. Signs that are no digits stay, as other hands borrow them from the pen strokes."""

    without: tuple[str, ...] = ()
    share: float = 1.0

    def has(self, part: str) -> bool:
        """Whether a part is there."""
        return part not in self.without

    def some(self, every: Sequence[Item]) -> list[Item]:
        """The share of a collection that is used, the same one every time, in its order; of what is there at least one."""
        count = max(1, round(self.share * len(every)))
        chosen = np.random.default_rng((len(every), 41)).permutation(len(every))[:count]
        return [every[i] for i in sorted(chosen.tolist())]


WHOLE = Ablation()


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the writing of rows comes from; every list is of one split.

    hands: makers of hands with their shares, none where nothing is to be composed; numbers, words: pen strokes by hand; cells, tens, lines:
    photographed crops.
    """

    hands: list[tuple[float, Callable[[Rng], Hand]]]
    numbers: list[list[Word]]
    words: list[list[Word]]
    cells: list[Picture]
    tens: list[Picture]
    lines: list[Picture]


def sources(train: Dataset, split: str, ablation: Ablation = WHOLE) -> Sources:
    """Gather the hands and crops of a split, but for what an ablation leaves out. Raises DataError where a collection is missing, and
    where nothing is left."""
    groups = [unipen.samples(kind, split) for kind in ("digits", "symbols", "upper", "lower")]
    strokes = Strokes(groups)
    pens = ablation.some([own for own in strokes.by_hand.values() if sum(len(own.get(str(d), ())) for d in range(10)) >= 10])
    lenders = list(strokes.by_hand.values())

    def lender(rng: Rng) -> Any:
        return lenders[int(rng.integers(len(lenders)))]

    writers = np.arange(len(train.labels)) // 100 if train.writers is None else train.writers
    order = np.argsort(writers, kind="stable")
    mnist = ablation.some(np.split(order, np.flatnonzero(np.diff(writers[order])) + 1))
    training = split == "trainable"  # what is measured on is real hands alone
    typed = ablation.some(fonts.hands()) if training else []
    uci = ablation.some([(data.images, data.labels) for data in uci_handwriting()]) if training else []
    cut = ablation.some(list(_cut_hands(crops.crops("hands33", split)).values())) if ablation.has("hands33") else []

    def picture(rng: Rng, some: Sequence[tuple[Bytes, Labels]]) -> Hand:
        images, labels = some[int(rng.integers(len(some)))]
        return PictureHand.of(images, labels, strokes, lender(rng))

    def of_mnist(rng: Rng) -> Hand:
        own = mnist[int(rng.integers(len(mnist)))]
        return PictureHand.of(train.images[own], train.labels[own], strokes, lender(rng))

    hands: list[tuple[float, Callable[[Rng], Hand]]] = [
        (0.36 if ablation.has("strokes") else 0.0, lambda rng: PenHand(strokes, pens[int(rng.integers(len(pens)))])),
        (0.25, of_mnist),
        (0.22 if training else 0.0, lambda rng: ModelHand(strokes, model.Style.of_anyone(rng, 1.4), lender(rng))),
    ]
    hands += [(share, partial(picture, some=some)) for share, some in ((0.06, cut), (0.04, uci), (0.07, typed)) if some]
    numbers, words = (ablation.some(own) for own in _words(split)) if ablation.has("strokes") else ([], [])
    named = {"registers": "registers", "hands33": "hands33", "lines": "handwritten_lines"}
    pictures = [ablation.some(_pictures(name, split)) if ablation.has(part) else [] for part, name in named.items()]
    if not ablation.has("composition"):
        hands, numbers, words = [], [], []
    if not hands and not any(pictures):
        raise DataError(f"without {', '.join(ablation.without)}: nothing is left to train on; leave out less")
    return Sources(hands, numbers, words, *pictures)


def _words(split: str) -> tuple[list[list[Word]], list[list[Word]]]:
    """Words with digits and words without, by hand."""
    by_hand: list[dict[str, list[Word]]] = [{}, {}]
    parted = [part for line in unipen.samples("text", split) for part in unipen.words(line)]
    for sample in [*unipen.samples("numbers", split), *parted]:
        strokes = [stroke for stroke in sample.strokes if len(stroke)]
        if not strokes or not classes_of(sample.label):
            continue
        wide, high = (max(float(side), 1.0) for side in np.ptp(np.concatenate(strokes), axis=0))
        if len(sample.label) > 4 and wide < 0.25 * len(sample.label) * high:
            continue  # several lines, one above the other
        kind = not any(c.isdigit() for c in sample.label)
        if all(c in "-.=_~" for c in sample.label):
            high = max(high, wide)
        by_hand[kind].setdefault(sample.hand, []).append(Word(sample.label, Written(strokes), high))
    return list(by_hand[0].values()), list(by_hand[1].values())


def _pictures(name: str, split: str) -> list[Picture]:
    """The crops of a set, at most 72 pixels high."""
    found = []
    for crop in crops.crops(name, split):
        image = np.asarray(cv2.imread(os.fspath(crop.path), cv2.IMREAD_GRAYSCALE), np.uint8)
        if len(image) > 72:
            size = (max(1, round(image.shape[1] * 72 / len(image))), 72)
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        found.append(Picture(image, classes_of(crop.text), *_inked_rows(image)))
    return found


def _cut_hands(tens: Sequence[crops.Crop]) -> dict[str, tuple[Bytes, Labels]]:
    """The digits of each hand of hands33, cut out where a number's strokes fall into as many parts as it has digits:
    uint8 (N, 96, 96), white on black, and int64 (N,)."""
    found: dict[str, tuple[list[Bytes], list[int]]] = {}
    for crop in tens:
        grey = np.asarray(cv2.imread(os.fspath(crop.path), cv2.IMREAD_GRAYSCALE), np.uint8)
        ink = np.clip(cv2.medianBlur(grey, 3).astype(np.float32).mean() - grey.astype(np.float32), 0, 255)
        level = max(0.4 * float(np.percentile(ink, 99)), 8.0)
        _, marks, stats, centres = cv2.connectedComponentsWithStats((ink > level).astype(np.uint8), connectivity=8)
        tall = [i for i in range(1, len(stats)) if stats[i, 3] > 0.3 * len(grey) and stats[i, 2] < 1.2 * len(grey)]
        if len(tall) != len(crop.text):
            continue
        images, labels = found.setdefault(crop.hand, ([], []))
        for i, digit in zip(sorted(tall, key=lambda i: centres[i, 0]), crop.text, strict=True):
            x, y, w, h, _ = stats[i]
            own = np.where(marks[y : y + h, x : x + w] == i, 255, 0).astype(np.uint8)
            scale = 80 / max(w, h)
            small = cv2.resize(own, (max(1, round(w * scale)), max(1, round(h * scale))), interpolation=cv2.INTER_LINEAR)
            sheet = np.zeros((96, 96), np.uint8)
            top, left = (96 - small.shape[0]) // 2, (96 - small.shape[1]) // 2
            sheet[top : top + small.shape[0], left : left + small.shape[1]] = small
            images.append(sheet)
            labels.append(int(digit))
    return {hand: (np.stack(images), np.array(labels, np.int64)) for hand, (images, labels) in found.items() if len(set(labels)) == 10}


def _inked_rows(image: Bytes) -> tuple[int, int]:
    """The rows between which most of a crop's writing is: the first and the one after the last."""
    detail = cv2.absdiff(image, cv2.blur(image, (31, 31)))
    strength = cv2.blur(detail.astype(np.float32), (1, 3)).max(axis=1)
    inked = np.flatnonzero(strength > 0.35 * strength.max())
    if not len(inked):
        return 0, len(image)
    return max(int(inked[0]) - 2, 0), min(int(inked[-1]) + 3, len(image))
