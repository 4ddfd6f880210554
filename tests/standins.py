"""What stands in for the Reader and for its networks in tests: it answers page by page, in processes of its own too."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from inkdigits import tiles
from inkdigits.errors import InputError, ModelError
from inkdigits.images import Document
from inkdigits.models import NOT_A_DIGIT, Card
from inkdigits.options import Options
from inkdigits.page import maps
from inkdigits.reading import Reading
from inkdigits.recognition import strips
from inkdigits.recognition.alphabet import CLASSES, DIGITS

CARD = Card("standin", ("0", "1"), thresholds={"answer": 0.5}, sha256="0" * 64)
"""The card of what stands in for a model."""
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
        return [self.tried(*page, keep) for page in pages]

    def tried(self, document: Document, number: int, source: str, keep: bool) -> Reading | InputError:
        try:
            return self.page(document, number, source, keep)
        except InputError as error:
            return error

    def page(self, document: Document, number: int, source: str, keep: bool) -> Reading:
        raise NotImplementedError


class DigitNetwork:
    """Stands in for `inkdigits.models.Model`: of every tile it thinks the same."""

    name = "standin-0/0"

    def __init__(self, **odds: float) -> None:
        """odds: of a digit as `d7=0.9`, or `none=0.9`; what is left is shared by the others."""
        self.card = Card("digit", (*DIGITS, NOT_A_DIGIT), preprocessing=tiles.CONTRACT, thresholds={"answer": 0.5}, sha256="0" * 64)
        given = {NOT_A_DIGIT if name == "none" else name[1:]: p for name, p in odds.items()}
        rest = (1 - sum(given.values())) / (len(self.card.classes) - len(given))
        self.odds = np.array([given.get(name, rest) for name in self.card.classes], np.float32)

    def load(self, *_: object, **__: object) -> "DigitNetwork":
        return self

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        return np.tile(self.odds, (len(images), 1))


class NumberNetwork:
    """Stands in for `inkdigits.models.NumberModel`: in the middle of every run of inked columns it sees the next of the signs that it was
    given, and in all others none."""

    name = "standin-0/0"

    def __init__(self, signs: Sequence[str | Odds], *, blind: bool = False) -> None:
        """signs: names of CLASSES, as the characters of a text, "" for a run in which it sees nothing; or several with their odds. blind:
        in fields with another number of runs it sees nothing."""
        self.signs, self.blind = [sign if isinstance(sign, dict) else {sign: 1.0} for sign in signs], blind
        self.card = Card("number", CLASSES, (strips.HEIGHT, 320), preprocessing=strips.CONTRACT, sha256="0" * 64)

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
