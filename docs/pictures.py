"""Draws the pictures of the documentation from examples/, with inkdigits' own drawing code.

python docs/pictures.py         # -> docs/pictures/*.png; building the documentation does it by itself
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from inkdigits import Reader
from inkdigits.drawing.canvas import Picture, beside, coloured, fit, framed, scaled
from inkdigits.drawing.readings import annotate, encode, predict_picture
from inkdigits.explaining import explain_picture
from inkdigits.layout import grouping
from inkdigits.training import pen

EXAMPLES = Path(__file__).parent.parent / "examples"
PAPERS = ("digit_3_felt_tip.jpg", "digit_5_chalk.png", "digit_2_faint_pencil.jpg")
SIDE, PAGE = 240, 1200
"""Pixels: of a small picture, and the longest side at which the reader looks at a page."""


def stages() -> Picture:
    """A page through every stage."""
    return explain_picture(Reader().trace(str(EXAMPLES / "page.jpg")))


def papers() -> Picture:
    """Felt-tip, chalk and pencil: the images above, their ink below."""
    found = [Reader().trace(str(EXAMPLES / name), single=True) for name in PAPERS]
    above, below = [coloured(trace.image) for trace in found], [_strokes(trace.ink.mask) for trace in found]
    return framed([beside([scaled(picture, fit(picture, SIDE, SIDE)) for picture in row]) for row in (above, below)])


def rules() -> Picture:
    """A ruled page: the image, all strokes on it, and those that are left without the rules."""
    image = _image("number_2026_ruled.jpg")
    ink, every = grouping.page_ink(image, PAGE)
    return framed([beside([scaled(p, fit(p, 300, 300)) for p in (image, _strokes(every), _strokes(ink.mask))])])


def tile() -> Picture:
    """One digit: the image, its tile, the probabilities."""
    return predict_picture(Reader().trace(str(EXAMPLES / "digit_7.png"), single=True).reading)


def touching() -> Picture:
    """Digits that touch, written by a broad pen: cut, and read by both models."""
    written = pen.write("58203", np.random.default_rng(4), height=80, pen=11, gap=0)
    sheet = cv2.copyMakeBorder(written, 80, 80, 50, 50, cv2.BORDER_CONSTANT, value=0)
    return explain_picture(Reader().trace(np.rint(235 - 190 * sheet).astype(np.uint8)))


def refusal() -> Picture:
    """A number with its fifth digit crossed out: "?" there, and the reason."""
    trace = Reader().trace(str(EXAMPLES / "number_314159.jpg"))
    x, y, width, height = trace.reading.lines[0].digits[4].box
    share = np.linspace(0, 1, 9)
    zigzag = np.stack([x + width * share, y + height * np.where(np.arange(9) % 2, 0.15, 0.85)], axis=1)
    image = cv2.polylines(trace.image.copy(), [np.rint(zigzag).astype(np.int32)], False, (70, 60, 150), 7, cv2.LINE_AA)
    return annotate(Reader().read(image, keep=True))


PICTURES: dict[str, Callable[[], Picture]] = {
    "stages.png": stages,
    "papers.png": papers,
    "rules.png": rules,
    "tile.png": tile,
    "touching.png": touching,
    "refusal.png": refusal,
}


def draw(folder: Path) -> None:
    """Draw all of them into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in PICTURES.items():
        (folder / name).write_bytes(encode(picture()))


def _image(name: str) -> Picture:
    return Reader().trace(str(EXAMPLES / name)).image


def _strokes(mask: np.ndarray) -> Picture:
    return coloured(np.where(mask, 20, 255).astype(np.uint8))


if __name__ == "__main__":
    draw(Path(__file__).parent / "pictures")
