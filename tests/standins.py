"""What stands in for the Reader in tests: it answers page by page, in processes of its own too."""

from pathlib import Path

import cv2
import numpy as np

from inkdigits.errors import InputError
from inkdigits.images import Document
from inkdigits.models import Card
from inkdigits.reading import Reading

CARD = Card("standin", ("0", "1"), thresholds={"answer": 0.5}, sha256="0" * 64)
"""The card of what stands in for a model."""


class PageReader:
    """The interface that `inkdigits.batch` uses; a test's reader says in `page` what a page holds."""

    def __init__(self, model: object = None, threshold: float | None = None, device: str = "cpu") -> None:
        self.model, self.threshold, self.device = model, threshold, device

    @property
    def card(self) -> Card:
        return CARD

    def read_pages(self, pages: list[tuple[Document, int, str]], *, single: bool, keep: bool) -> list[Reading | InputError]:
        return [self.tried(*page, keep) for page in pages]

    def tried(self, document: Document, number: int, source: str, keep: bool) -> Reading | InputError:
        try:
            return self.page(document, number, source, keep)
        except InputError as error:
            return error

    def page(self, document: Document, number: int, source: str, keep: bool) -> Reading:
        raise NotImplementedError


def digits_and_damage(folder: Path, count: int, damaged: int) -> list[str]:
    """Write 0.png, 1.png and so on: a printed digit each, but one that is damaged. Returns their names."""
    names = [f"{i}.png" for i in range(count)]
    for i, name in enumerate(names):
        page = np.full((64, 64), 230, np.uint8)
        cv2.putText(page, str(i % 10), (16, 50), cv2.FONT_HERSHEY_SIMPLEX, 1.5, 30, 4)
        cv2.imwrite(str(folder / name), page)
    (folder / names[damaged]).write_bytes(b"damaged")
    return names
