"""What stands in for the Reader and for its networks in tests: it answers page by page, in processes of its own too."""

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from inkdigits.batch.pool import MEMORY
from inkdigits.errors import InputError, ModelError
from inkdigits.images import Document
from inkdigits.layout import maps
from inkdigits.lines import Digit, Line
from inkdigits.models import NOT_A_DIGIT, Card
from inkdigits.options import Options
from inkdigits.reading import Reading
from inkdigits.recognition import strips, tiles, upright
from inkdigits.recognition.alphabet import CLASSES, DIGITS

CARD = Card("standin", ("0", "1"), thresholds={"answer": 0.5}, sha256="0" * 64)
"""The card of what stands in for a model."""
DIES, HANGS, DEVOURS, KILLED, DAWDLES = 13, 14, 15, 16, 17
"""Heights of images at which a Fragile reader dies, hangs, wants too much memory, is killed, takes its time."""
Odds = dict[str, float]


class PageReader:
    """The interface that `inkdigits.batch` uses; a test's reader says in `page` what a page holds."""

    def __init__(self, model: object = None, threshold: float | None = None, *, device: str = "cpu", **options: object) -> None:
        self.model, self.device, self.options = model, device, Options(threshold, **options)

    @property
    def cards(self) -> list[Card]:
        return [CARD]

    def promised(self, sure: float, *, single: bool = False) -> float:
        if sure > 0.9:
            raise ModelError(f"sure {sure:g}: no more than 0.9 is promised")
        return sure

    def read_pages(
        self, pages: list[tuple[Document, int, str]], *, single: bool, keep: bool, options: Options | None = None
    ) -> list[Reading | InputError]:
        self.options = options or self.options
        return [self.tried(*page, keep) for page in pages]

    def tried(self, document: Document, number: int, source: str, keep: bool) -> Reading | InputError:
        try:
            return self.page(document, number, source, keep)
        except InputError as error:
            return error

    def page(self, document: Document, number: int, source: str, keep: bool) -> Reading:
        raise NotImplementedError


class HeightReader(PageReader):
    """Stands in for Reader: the label of an image 7 pixels high is 7; all white is refused; 99 pixels high: its options."""

    def page(self, document: Document, number: int, source: str, keep: bool) -> Reading:
        image = document.page(number)
        kept = image if keep else None
        if image.min() == 255:
            refused = "no ink: nothing stands out from the paper"
            return Reading((), source, number, refused, image=kept)
        label = "?" if image.shape[0] == 63 else str(image.shape[0])
        if image.shape[0] == 99:
            label = (
                f"{self.options.alphabet},{self.options.decimal},{self.options.digits_only},{self.options.threshold},{self.options.sure}"
            )
        digits = tuple(Digit(c, (0, 0, 2, 2), 0.9, refused="not sure enough" if c == "?" else None) for c in label)
        return Reading((Line(digits, (0, 0, 4, 2)),), source, number, model="height", image=kept)


class Fragile:
    """Stands in for Reader. Its text is the image's height, the threshold's percentage or "", how many pages were read together, whether
    one digit was asked for, and the alphabet."""

    def __init__(self, model: object = None, threshold: float | None = None, *, device: str = "cpu", **options: object) -> None:
        self.model, self.device, self.options, self.cards = model, device, Options(threshold, **options), [CARD]

    def read_pages(
        self, pages: list[tuple[Document, int, str]], *, single: bool, keep: bool, options: Options | None = None
    ) -> list[Reading | InputError]:
        if self.model == "none":
            raise ModelError("no such model")
        decoded = [(document.page(number), number, source) for document, number, source in pages]
        return [self.page(*page, len(decoded), single, options or self.options) for page in decoded]

    def page(self, image: np.ndarray, number: int, source: str, together: int, single: bool, options: Options) -> Reading:
        if len(image) == DIES:
            os._exit(9)
        if len(image) == HANGS:
            time.sleep(60)
        if len(image) == DEVOURS:
            np.ones(MEMORY, np.uint8)
        if len(image) == KILLED:
            os.kill(os.getpid(), signal.SIGKILL)
        if len(image) == DAWDLES:
            time.sleep(0.25)
        percent = "" if options.threshold is None else round(100 * options.threshold)
        label = f"{len(image)},{percent},{together},{single},{options.alphabet or ''}"
        return Reading((Line((Digit(label, (0, 0, 1, 1), 0.9),), (0, 0, 1, 1)),), source, number)


class DigitNetwork:
    """Stands in for `inkdigits.models.Model`: of every tile it thinks the same."""

    name = "standin-0/0"

    def __init__(self, **odds: float) -> None:
        """odds: of a digit as `d7=0.9`, or `none=0.9`; what is left is shared by the others."""
        self.card = Card("digit", (*DIGITS, NOT_A_DIGIT), preprocessing=tiles.CONTRACT, thresholds={"answer": 0.5}, sha256="0" * 64)
        given = {NOT_A_DIGIT if name == "none" else name[1:]: p for name, p in odds.items()}
        rest = (1 - sum(given.values())) / (len(self.card.classes) - len(given))
        self.odds = np.array([given.get(name, rest) for name in self.card.classes], np.float32)

    def load(self, model: object = None, **_: object) -> "DigitNetwork | Standing":
        return Standing() if model == "upright" else self

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        return np.tile(self.odds, (len(images), 1))


class Standing:
    """Stands in for the network `upright`: to it all writing stands upright."""

    name = "standin-0/0"
    card = Card("upright", upright.CLASSES, (strips.HEIGHT, upright.WIDTH), preprocessing=strips.CONTRACT, sha256="0" * 64)

    def probabilities(self, windows: np.ndarray) -> np.ndarray:
        return np.tile(np.float32([0.05, 0.95]), (len(windows), 1))


class NumberNetwork:
    """Stands in for `inkdigits.models.NumberModel`: in the middle of every run of inked columns it sees the next of the signs that it was
    given, and in all others none."""

    name = "standin-0/0"

    def __init__(self, signs: Sequence[str | Odds], *, blind: bool = False) -> None:
        """signs: names of CLASSES, as the characters of a text, "" for a run in which it sees nothing; or several with their odds. blind:
        in fields with another number of runs it sees nothing."""
        self.signs, self.blind = [sign if isinstance(sign, dict) else {sign: 1.0} for sign in signs], blind
        self.card = Card("number", CLASSES, (strips.HEIGHT, 400), preprocessing=strips.CONTRACT, sha256="0" * 64)

    def load(self, *_: object, **__: object) -> "NumberNetwork":
        return self

    def frames(self, images: np.ndarray) -> np.ndarray:
        (strip,) = images
        frames = np.full((strip.shape[1] // 2, len(CLASSES)), 1e-7, np.float32)
        frames[:, 0] = 1
        inked = (strip.max(axis=0)[::2] > 0.5).astype(int)
        begins, ends = (np.flatnonzero(np.diff(inked, prepend=0, append=0) == step) for step in (1, -1))
        if self.blind and len(begins) != len(self.signs):
            return frames[None]
        assert len(begins) == len(self.signs), f"{len(begins)} runs of ink, {len(self.signs)} signs"
        for begin, end, odds in zip(begins, ends, self.signs, strict=True):
            if "" not in odds:
                frames[(begin + end) // 2] = [odds.get(name, 1e-7) for name in CLASSES]
        return (frames / frames.sum(axis=1, keepdims=True))[None]


class BlankPage:
    """Stands in for `inkdigits.models.FieldsModel`: to it every page is paper, and nothing else."""

    name = "standin-0/0"
    card = Card("fields", maps.CLASSES, (320, 320), preprocessing=maps.CONTRACT, sha256="0" * 64)

    def load(self, *_: object, **__: object) -> "BlankPage":
        return self

    def maps(self, pages: np.ndarray) -> np.ndarray:
        count, height, width = pages.shape
        return np.tile(np.eye(len(maps.CLASSES), dtype=np.float32)[maps.PAPER], (count, height // maps.STEP, width // maps.STEP, 1))


def row_of_signs(text: str, tall: int = 60) -> np.ndarray:
    """Signs as printed, black on light, far enough apart that none touches the next: uint8 (h, w)."""
    sheet = np.full((3 * tall, 2 * tall + tall * len(text)), 230, np.uint8)
    for place, sign in enumerate(text):
        cv2.putText(sheet, sign, (tall + place * tall, 2 * tall), cv2.FONT_HERSHEY_SIMPLEX, tall / 22, 20, 5, cv2.LINE_AA)
    return sheet


def digits_and_damage(folder: Path, count: int, damaged: int) -> list[str]:
    """Write 0.png, 1.png and so on: a printed digit each, but one that is damaged. Returns their names."""
    names = [f"{i}.png" for i in range(count)]
    for i, name in enumerate(names):
        page = np.full((64, 64), 230, np.uint8)
        cv2.putText(page, str(i % 10), (16, 50), cv2.FONT_HERSHEY_SIMPLEX, 1.5, 30, 4)
        cv2.imwrite(str(folder / name), page)
    (folder / names[damaged]).write_bytes(b"damaged")
    return names
