"""What pictures are made of: text, panels, rows. Everything is uint8 (H, W, 3) RGB, drawn by OpenCV, so that the core install can.

Colours are Okabe and Ito's, told apart by colour-blind readers too: blue is an answer, orange is a "?", purple was left out (darker than
theirs, so that words on it can be read).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ..arrays import Bytes

Picture = Bytes
Colour = tuple[int, int, int]

SURE: Colour = (0, 114, 178)
UNSURE: Colour = (213, 94, 0)
LEFT: Colour = (148, 62, 118)
WHITE: Colour = (255, 255, 255)
DARK: Colour = (40, 44, 52)
SOFT: Colour = (110, 116, 126)
TRACK: Colour = (232, 235, 239)
GROUND: Colour = (246, 247, 249)

GAP = 24
"""Pixels between pictures that stand beside each other."""


def blank(width: int, height: int, colour: Colour = WHITE) -> Picture:
    """A picture of one colour."""
    return np.full((height, width, 3), colour, np.uint8)


def coloured(image: Bytes) -> Picture:
    """uint8 (H, W) or (H, W, 3) -> (H, W, 3)."""
    return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB) if image.ndim == 2 else image


def fit(image: Bytes, width: int, height: int) -> float:
    """The scale at which an image just fits."""
    return float(min(width / image.shape[1], height / image.shape[0]))


def scaled(picture: Picture, scale: float) -> Picture:
    """Resized by a factor, keeping its proportions."""
    return resized(picture, max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))


def resized(picture: Picture, width: int, height: int) -> Picture:
    """Resized; blown up far, its pixels can be told from each other."""
    scale = width / picture.shape[1]
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST if scale > 4 else cv2.INTER_CUBIC
    out: Picture = cv2.resize(picture, (width, height), interpolation=method)
    return out


def beside(pictures: Sequence[Picture]) -> Picture:
    """Pictures side by side, tops level."""
    tall = max(picture.shape[0] for picture in pictures)
    parts: list[Picture] = []
    for picture in pictures:
        below = blank(picture.shape[1], tall - picture.shape[0])
        parts += [np.vstack([picture, below]), blank(GAP, tall)]
    return np.hstack(parts[:-1])


def framed(pictures: Sequence[Picture]) -> Picture:
    """Pictures below each other, left sides level, with a margin around."""
    wide = max(picture.shape[1] for picture in pictures)
    rows = [np.hstack([picture, blank(wide - picture.shape[1], picture.shape[0])]) for picture in pictures]
    spaced = [part for row in rows for part in (row, blank(wide, 10))]
    out: Picture = cv2.copyMakeBorder(np.vstack(spaced[:-1]), 16, 16, GAP, GAP, cv2.BORDER_CONSTANT, value=WHITE)
    return out


def write(picture: Picture, text: str, x: float, y: float, cap: float, colour: Colour, *, bold: bool = False) -> None:
    """Write text with the upper left corner of its capitals at x, y, and capitals `cap` pixels high."""
    font = cv2.FONT_HERSHEY_DUPLEX if bold else cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(picture, text, (round(x), round(y + cap)), font, cap / 22, colour, 1, cv2.LINE_AA)


def text_width(text: str, cap: float, *, bold: bool = False) -> int:
    """Width of a text in pixels, as `write` writes it."""
    font = cv2.FONT_HERSHEY_DUPLEX if bold else cv2.FONT_HERSHEY_SIMPLEX
    width: int = cv2.getTextSize(text, font, cap / 22, 1)[0][0]
    return width


def wrapped(text: str, width: float, cap: float) -> list[str]:
    """The text in lines of at most so many pixels, broken between words."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, cap, bold=True) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
