"""Handwriting fonts: what is not MNIST's hand, and letters. Open-licensed, installed by who trains; none is part of inkdigits."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from inkdigits.arrays import Bytes, Labels

Rng = np.random.Generator

SHEET = 64
FONTS = (
    "BecauseWeBuild-Regular", "BecauseWeConnect-Regular", "BecauseWeOrganize-Regular", "Breip", "ComicNeue-Italic", "ComicNeue-Regular",
    "DancingScript-Regular", "Delphine", "Domestic_Manners", "Ecolier-court", "El_Abogado_Loco", "Humor-Sans", "Junkyard",
    "KleeOne-Regular", "Kristi", "PenguinAttack", "Rufscript010", "SteveHand", "TomsonTalks", "YOzBAF", "YOzBA_", "YOzRCF",
    "YuseiMagic-Regular", "breipfont", "dkg", "dkgIt", "kiloji", "setofont", "summersby",
)  # fmt: skip
"""Open-licensed handwriting fonts in packages of Debian (fonts-breip, fonts-bwht, fonts-comic-neue, fonts-dancingscript, ...). Those
that are installed are used, and DejaVu Sans, which comes with Matplotlib."""


@cache
def fonts() -> list[Path]:
    """The files of the fonts that are installed."""
    import matplotlib

    places = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts"]
    found = {Path(name).stem: Path(folder) / name for place in places for folder, _, names in os.walk(place) for name in sorted(names)}
    return [*(found[name] for name in FONTS if name in found), Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"]


@cache
def _font(path: Path, size: int) -> object:
    from PIL import ImageFont

    return ImageFont.truetype(str(path), size)


@cache
def _drawn(sign: str, path: Path) -> bytes:
    """What a font draws for a sign; for all that it lacks the same."""
    return bytes(_font(path, 24).getmask(sign))  # type: ignore[attr-defined]


def plain(text: str, size: int = 48) -> Bytes:
    """A text in DejaVu Sans, which is always there, as `typed` gives it."""
    return _typed(text, fonts()[-1], size)


def typed(text: str, rng: Rng, size: int = 48) -> Bytes:
    """A text in one of the fonts, cropped to its ink: uint8 (h, w), white on black; (1, 1) where the font lacks it."""
    return _typed(text, fonts()[rng.integers(len(fonts()))], size)


def _typed(text: str, path: Path, size: int) -> Bytes:
    from PIL import Image, ImageDraw

    font = _font(path, size)
    if any(_drawn(sign, path) == _drawn("\uffff", path) for sign in text):
        return np.zeros((1, 1), np.uint8)
    canvas = Image.new("L", (size * (len(text) + 1), 2 * size), 0)
    ImageDraw.Draw(canvas).text((size // 2, size // 4), text, fill=255, font=font)
    return cropped(np.asarray(canvas, np.uint8))


def hands() -> list[tuple[Bytes, Labels]]:
    """The ten digits of each font that has them: uint8 (10, 64, 64), white on black, and int64 (10,)."""
    found = []
    for path in fonts():
        drawn = [_typed(str(value), path, 48) for value in range(10)]
        if all(sign.size > 1 for sign in drawn):
            found.append((np.stack([fitted(sign) for sign in drawn]), np.arange(10)))
    return found


def digits(count: int, seed: tuple[int, ...]) -> tuple[Bytes, Labels]:
    """Single digits of the fonts: uint8 (count, 64, 64), white on black, and their values int64 (count,)."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 10, count)
    sheets = np.zeros((count, SHEET, SHEET), np.uint8)
    for i, value in enumerate(values):
        while (sheets[i] > 60).sum() < 12:  # again where the font lacks it
            sheets[i] = fitted(typed(str(value), rng))
    return sheets, values


def cropped(image: Bytes) -> Bytes:
    """The box of the ink: uint8 (H, W) -> (h, w); (1, 1) where there is none."""
    box = cv2.boundingRect((image > 60).astype(np.uint8))
    x, y, w, h = box
    return image[y : y + h, x : x + w] if w and h else np.zeros((1, 1), np.uint8)


def fitted(drawn: Bytes) -> Bytes:
    """In the middle of a sheet, at most 48 pixels large."""
    scale = 48 / max(drawn.shape)
    size = (max(1, round(drawn.shape[1] * scale)), max(1, round(drawn.shape[0] * scale)))
    small = cv2.resize(drawn, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    sheet = np.zeros((SHEET, SHEET), np.uint8)
    top, left = (SHEET - size[1]) // 2, (SHEET - size[0]) // 2
    sheet[top : top + size[1], left : left + size[0]] = small * (255 / max(int(small.max()), 1))
    return sheet
