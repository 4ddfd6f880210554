"""Rows of strips for the number network: fields in many hands side by side, composed or photographed, with what they say."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.pool import cores
from inkdigits.recognition.alphabet import CLASSES, OTHER, classes_of
from inkdigits.recognition.strips import HEIGHT, strip
from inkdigits.training import fonts
from inkdigits.training import pen as model
from inkdigits.training.data import crops, unipen
from inkdigits.training.datasets import Dataset, uci_handwriting
from inkdigits.training.processes import in_processes

from . import forms
from .hands import Hand, ModelHand, PenHand, PictureHand, Strokes, Style, Written
from .numbers import Word, as_written, written
from .paper import furnished, grained, photographed

Bytes = NDArray[np.uint8]
Float = NDArray[np.float32]
Labels = NDArray[np.int64]
Rng = np.random.Generator

WIDTH, LONGEST = 384, 48
"""Columns of a row, the most characters in it."""
CHUNK = 200
TALL = 12.0, 33.0
"""Heights of a digit in a strip, in pixels: from, to."""
STRETCH = 0.7, 1.75
"""How much wider a strip may be than the field was, from, to."""


@dataclass(frozen=True, slots=True)
class Shares:
    """What rows are made of, as shares of them. The rest are numbers composed of the signs of one hand each.

    as_written: of pen strokes of whole words; registers, hands33, lines: of photographed crops."""

    as_written: float = 0.22
    registers: float = 0.10
    hands33: float = 0.05
    lines: float = 0.05


@dataclass(frozen=True, slots=True)
class Picture:
    """A photographed crop. image: uint8 (h, w), grey. characters: what it says, as indices of CLASSES. low, high: its writing is in these
    rows, the last one not included."""

    image: Bytes
    characters: list[int]
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the writing of rows comes from; every list is of one split.

    hands: makers of hands with their shares; numbers, words: pen strokes by hand; cells, tens, lines: photographed crops.
    """

    hands: list[tuple[float, Callable[[Rng], Hand]]]
    numbers: list[list[Word]]
    words: list[list[Word]]
    cells: list[Picture]
    tens: list[Picture]
    lines: list[Picture]


def rows(
    train: Dataset, split: str, count: int, seed: tuple[int, ...], *, shares: Shares | None = None, jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Bytes, Labels]:  # fmt: skip
    """Compose rows of strips: uint8 (count, 40, 384), 255 = ink, and the indices of their characters less one, int64 (count, 48), -1 after
    the last.

    train: MNIST. split: "trainable" or "dev" of the other collections. The result depends on the arguments alone, not on the number of
    processes. Raises RecipeError where a process dies, DataError where a collection is missing.
    """
    tasks = [(min(CHUNK, count - i), (*seed, i)) for i in range(0, count, CHUNK)]
    workers = min(jobs or cores(), len(tasks))
    images, labels = np.zeros((count, HEIGHT, WIDTH), np.uint8), np.full((count, LONGEST), -1, np.int64)
    for i, (some, their) in enumerate(in_processes(_chunk, tasks, workers, _prepare, train, split, shares or Shares())):
        done = i * CHUNK + len(some)
        images[i * CHUNK : done], labels[i * CHUNK : done] = some, their
        if progress:
            progress(done, count)
    return images, labels


def sources(train: Dataset, split: str) -> Sources:
    """Gather the hands and crops of a split. Raises DataError where a collection is missing."""
    groups = [unipen.samples(kind, split) for kind in ("digits", "symbols", "upper", "lower")]
    strokes = Strokes(groups)
    pens = [own for own in strokes.by_hand.values() if sum(len(own.get(str(d), ())) for d in range(10)) >= 10]
    lenders = list(strokes.by_hand.values())

    def lender(rng: Rng) -> Any:
        return lenders[int(rng.integers(len(lenders)))]

    writers = np.arange(len(train.labels)) // 100 if train.writers is None else train.writers
    order = np.argsort(writers, kind="stable")
    mnist = np.split(order, np.flatnonzero(np.diff(writers[order])) + 1)
    training = split == "trainable"  # what is measured on is real hands alone
    typed = fonts.hands() if training else []
    uci = [(data.images, data.labels) for data in uci_handwriting()] if training else []
    cut = list(_cut_hands(crops.crops("hands33", split)).values())

    def picture(rng: Rng, some: Sequence[tuple[Bytes, Labels]]) -> Hand:
        images, labels = some[int(rng.integers(len(some)))]
        return PictureHand.of(images, labels, strokes, lender(rng))

    def of_mnist(rng: Rng) -> Hand:
        own = mnist[int(rng.integers(len(mnist)))]
        return PictureHand.of(train.images[own], train.labels[own], strokes, lender(rng))

    hands: list[tuple[float, Callable[[Rng], Hand]]] = [
        (0.36, lambda rng: PenHand(strokes, pens[int(rng.integers(len(pens)))])),
        (0.25, of_mnist),
        (0.22 if training else 0.0, lambda rng: ModelHand(strokes, model.Style.of_anyone(rng, 1.4), lender(rng))),
    ]
    hands += [(share, partial(picture, some=some)) for share, some in ((0.06, cut), (0.04, uci), (0.07, typed)) if some]
    numbers, words = _words(split)
    return Sources(hands, numbers, words, *(_pictures(name, split) for name in ("registers", "hands33", "handwritten_lines")))


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


class Supply:
    """Rows for epoch after epoch: as many new ones for each, which are used in several epochs, each time changed a little.

    The rows of the next epoch are composed in a process of their own while this epoch trains.
    """

    def __init__(self, train: Dataset, fresh: int, uses: int, seed: tuple[int, ...], images: Bytes, labels: Labels) -> None:
        """train: MNIST. fresh: rows composed for an epoch. uses: in how many epochs each is used. images, labels: those of epoch 0."""
        self.train, self.fresh, self.uses, self.seed = train, fresh, uses, seed
        self.made: dict[int, tuple[Bytes, Labels] | Future[tuple[Bytes, Labels]]] = {0: (images, labels)}
        self.thread = ThreadPoolExecutor(1)

    def __call__(self, epoch: int) -> tuple[Float, Labels]:
        """The rows of an epoch, from 0: float32 (fresh * uses, 40, 384) in [0, 1], int64 (fresh * uses, 48); seed and epoch decide all."""
        wanted = [max(epoch - back, 0) for back in range(self.uses)]  # the first epochs use their rows more often
        for number in (*wanted, epoch + 1):
            if number not in self.made:
                self.made[number] = self.thread.submit(self._compose, number)
        parts = [self._result(number) for number in wanted]
        self.made = {number: rows for number, rows in self.made.items() if number > epoch - self.uses}
        rng = np.random.default_rng((*self.seed, epoch, 7))
        images = np.concatenate([changed(images, rng) for images, _ in parts])
        return images, np.concatenate([labels for _, labels in parts])

    def _compose(self, number: int) -> tuple[Bytes, Labels]:
        return rows(self.train, "trainable", self.fresh, (*self.seed, number), jobs=1)

    def _result(self, number: int) -> tuple[Bytes, Labels]:
        found = self.made[number]
        if isinstance(found, Future):
            found = self.made[number] = found.result()
        return found


def changed(images: Bytes, rng: Rng) -> Float:
    """Rows squeezed or stretched, raised or lowered, paler or stronger, noisier, each a little: uint8 (N, 40, W) -> float32 in [0, 1]."""
    out = np.empty(images.shape, np.float32)
    width = images.shape[2]
    for image, found in zip(images, out, strict=True):
        stretch, grow, slant = 1 - abs(rng.normal(0, 0.08)), np.exp(rng.normal(0, 0.04)), rng.normal(0, 0.05)
        middle = HEIGHT / 2
        shift = rng.uniform(0, 1 - stretch) * width
        matrix = np.array([[stretch, slant, shift - slant * middle], [0, grow, (1 - grow) * middle + rng.normal(0, 0.8)]])
        cv2.warpAffine(image.astype(np.float32), matrix, image.shape[::-1], found, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
    gain = rng.uniform(0.8, 1.1, (len(images), 1, 1)).astype(np.float32) / 255
    gamma = np.exp(rng.normal(0, 0.15, (len(images), 1, 1))).astype(np.float32)
    np.power(np.clip(out * gain, 0, 1), gamma, out=out)
    return out


_sources: Sources
_shares: Shares


def _prepare(train: Dataset, split: str, shares: Shares) -> None:
    global _sources, _shares  # a worker gathers them once, not with every task
    _sources, _shares = sources(train, split), shares


def _chunk(task: tuple[int, tuple[int, ...]]) -> tuple[Bytes, Labels]:
    count, seed = task
    rng = np.random.default_rng(seed)
    images, labels = np.zeros((count, HEIGHT, WIDTH), np.uint8), np.full((count, LONGEST), -1, np.int64)
    for i in range(count):
        image, characters = row(_sources, _shares, rng)
        images[i], labels[i, : len(characters)] = np.round(image * 255), np.array(characters, np.int64) - 1
    return images, labels


def row(found: Sources, shares: Shares, rng: Rng) -> tuple[Float, list[int]]:
    """One row: float32 (40, 384) in [0, 1], and its characters, one or more, as indices of CLASSES."""
    while True:
        image, characters = _any_row(found, shares, rng)
        if characters:
            return image, characters


def _any_row(found: Sources, shares: Shares, rng: Rng) -> tuple[Float, list[int]]:
    draw = rng.random()
    for share, pictures in ((shares.registers, found.cells), (shares.hands33, found.tens), (shares.lines, found.lines)):
        if pictures and draw < share:
            return _packed(pictures, rng)
        draw -= share
    return _composed(found, shares, rng)


def _composed(found: Sources, shares: Shares, rng: Rng) -> tuple[Float, list[int]]:
    """Fields of one hand on one sheet of paper, photographed and made a strip."""
    stretch = float(np.exp(rng.uniform(*np.log(STRETCH))))
    tall = float(np.exp(rng.uniform(*np.log(TALL))))
    zoom = float(np.exp(rng.uniform(np.log(0.75), np.log(2.6))))  # pixels of the picture for one of the strip
    height, width = round(HEIGHT * zoom), round(WIDTH * zoom / stretch)
    style = Style.of_anyone(tall * zoom, rng)
    middle = 0.5 + rng.normal(0, 0.3) * max(1 - tall / HEIGHT, 0.08)
    top = float(np.clip(middle * height - style.height / 2, -0.04 * height, 1.04 * height - style.height))
    sheet, characters = np.zeros((height, width), np.float32), list[int]()
    hand = _anyone(found, rng)
    column, tries = rng.uniform(0.02, 0.9) * style.height, 0
    while tries < 3 and len(characters) < LONGEST - 16:
        ink, above, own = _field(found, shares, hand, style, rng)
        if column + ink.shape[1] > width - 0.1 * style.height:
            tries += 1
            continue
        _put(sheet, ink, round(column), round(top - above + rng.normal(0, 0.05) * style.height))
        characters += own
        column += ink.shape[1] + style.height * (rng.uniform(0.7, 2) if rng.random() < 0.8 else rng.uniform(2, 6))
        if rng.random() < 0.12:
            break
    if rng.random() < 0.2:
        _neighbours(sheet, found, shares, hand, style, top, rng)
    taken = furnished(grained(sheet, rng), style.height, top, rng)
    made = strip(photographed(taken, style.height, rng), WIDTH)
    return made, _merged(characters)


def _field(found: Sources, shares: Shares, hand: Hand, style: Style, rng: Rng) -> tuple[Float, float, list[int]]:
    """One field: its ink, the row of the digits' top in it, its characters."""
    draw = rng.random()
    if draw < shares.as_written and found.numbers:
        pool = found.words if found.words and rng.random() < 0.15 else found.numbers
        some = pool[int(rng.integers(len(pool)))]
        sample = some[int(rng.integers(len(some)))]
        return (*as_written(sample, style, rng), classes_of(sample.text))
    text = forms.word(rng) if rng.random() < 0.06 else forms.number(rng)
    return (*written(text, hand, style, rng), classes_of(text))


def _anyone(found: Sources, rng: Rng) -> Hand:
    shares = np.array([share for share, _ in found.hands])
    return found.hands[int(rng.choice(len(shares), p=shares / shares.sum()))][1](rng)


def _put(sheet: Float, ink: Float, left: int, top: int) -> None:
    """Lay ink on a sheet; what reaches over its upper or lower edge is cut off. In place."""
    first, last = max(top, 0), min(top + len(ink), len(sheet))
    if last > first:
        window = sheet[first:last, left : left + ink.shape[1]]
        np.maximum(window, ink[first - top : last - top, : window.shape[1]], out=window)


def _neighbours(sheet: Float, found: Sources, shares: Shares, hand: Hand, style: Style, top: float, rng: Rng) -> None:
    """The lower ends of the line above or the upper ends of the line below, where there is room. In place."""
    above = rng.random() < 0.5
    free = top - 0.12 * style.height if above else len(sheet) - top - 1.12 * style.height
    shown = min(free, 0.55 * style.height) * rng.uniform(0.3, 1)
    if shown < 2:
        return
    column = rng.uniform(0, 2) * style.height
    while column < sheet.shape[1]:
        ink, _, _ = _field(found, shares, hand, style, rng)
        _put(sheet, ink, round(column), round(shown - len(ink)) if above else round(len(sheet) - shown))
        column += ink.shape[1] + style.height * rng.uniform(0.7, 5)


def _packed(pictures: list[Picture], rng: Rng) -> tuple[Float, list[int]]:
    """Photographed crops side by side, each a strip of its own."""
    out, characters, column, tries = np.zeros((HEIGHT, WIDTH), np.float32), list[int](), int(rng.integers(0, 6)), 0
    while tries < 4 and len(characters) < LONGEST - 16:
        picture = pictures[int(rng.integers(len(pictures)))]
        made = _changed(picture, rng)
        if column + made.shape[1] > WIDTH:
            tries += 1
            continue
        out[:, column : column + made.shape[1]] = made
        characters += picture.characters
        column += made.shape[1] + int(rng.integers(0, 8))
    return out, _merged(characters)


def _changed(picture: Picture, rng: Rng) -> Float:
    """A crop as a strip, turned, stretched, cut, lightened and blurred a little."""
    image = picture.image
    height, width = image.shape
    if picture.characters == [CLASSES.index(OTHER)] and width > 5 * height:  # any part of a line of words is words
        wide = int(rng.uniform(1.5, 5) * height)
        left = int(rng.integers(0, width - wide))
        image = image[:, left : left + wide]
    if rng.random() < 0.5:
        turn = cv2.getRotationMatrix2D((image.shape[1] / 2, height / 2), float(rng.normal(0, 1.5)), 1.0)
        turn[0, 1] += rng.normal(0, 0.1)
        image = cv2.warpAffine(image, turn, image.shape[1::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    first, last = int(rng.uniform(0, 1) * picture.low), int(picture.high + rng.uniform(0, 1) * (height - picture.high))
    image = image[first:last]
    stretch = np.exp(rng.uniform(np.log(0.75), np.log(1.6)))
    wide = round(image.shape[1] * HEIGHT / len(image) * stretch)
    if wide > WIDTH - 8:
        wide = WIDTH - 8 if wide < 1.6 * WIDTH else WIDTH + 8  # too long a line does not fit
    if wide <= WIDTH:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.2)) if rng.random() < 0.3 else image
        image = np.asarray(255 - image, np.uint8) if rng.random() < 0.1 else image
    return strip(image, max(wide, 8))


def _inked_rows(image: Bytes) -> tuple[int, int]:
    """The rows between which most of a crop's writing is: the first and the one after the last."""
    detail = cv2.absdiff(image, cv2.blur(image, (31, 31)))
    strength = cv2.blur(detail.astype(np.float32), (1, 3)).max(axis=1)
    inked = np.flatnonzero(strength > 0.35 * strength.max())
    if not len(inked):
        return 0, len(image)
    return max(int(inked[0]) - 2, 0), min(int(inked[-1]) + 3, len(image))


def _merged(characters: list[int]) -> list[int]:
    """Others that follow each other are one."""
    other = CLASSES.index(OTHER)
    return [c for i, c in enumerate(characters) if not (c == other and i and characters[i - 1] == other)][:LONGEST]
