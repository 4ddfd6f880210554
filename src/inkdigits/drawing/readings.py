"""Pictures of readings: `annotate` for any, `predict_picture` for one digit. All uint8 (H, W, 3) RGB."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from .. import files
from ..arrays import Bytes, Float
from ..errors import OutputError
from ..lines import Box, Digit, LeftOut, Line
from ..models import NOT_A_DIGIT
from .canvas import (
    DARK,
    GAP,
    GROUND,
    LEFT,
    SOFT,
    SURE,
    TRACK,
    UNSURE,
    WHITE,
    Colour,
    Picture,
    beside,
    blank,
    coloured,
    fit,
    framed,
    scaled,
    text_width,
    wrapped,
    write,
)

Corners = tuple[int, int, int, int]
"""Left, top, right and bottom, in pixels of a picture."""

SMALLEST, LARGEST = 640, 1600
"""Limits of an annotated picture's long side: labels can be read on a 28 x 28 image, and a 12-megapixel photo stays small."""
SMALL, WIDE, TALL = 340, 1068, 440
"""Width of a panel beside others, width of a panel on its own (three small ones and their gaps), and greatest height of both."""


class Told(Protocol):
    """What is drawn of a Reading."""

    @property
    def lines(self) -> tuple[Line, ...]:
        """What was read."""

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What was not."""

    @property
    def image(self) -> Bytes | None:
        """uint8 (H, W) or (H, W, 3) RGB; None where it was not kept."""

    @property
    def text(self) -> str:
        """The lines joined by a newline."""

    @property
    def confidence(self) -> float:
        """The probability in [0, 1] that it is right."""

    @property
    def refused(self) -> str | None:
        """Why there is no digit to read."""

    @property
    def error(self) -> str | None:
        """Why it could not be read."""

    @property
    def review_reasons(self) -> tuple[str, ...]:
        """Why a person should look."""

    @property
    def needs_review(self) -> bool:
        """Whether a person should look."""


def annotate(reading: Told) -> Picture:
    """The image with a box, a label and a confidence for each digit, and a box and a reason for what was left out. A line below says what
    was read, or why nothing was.

    Raises ValueError where the Reading does not carry its image (`keep=True`).
    """
    image = _image_of(reading)
    long = max(image.shape[:2])
    picture = boxed(image, digits_of(reading), min(max(long, SMALLEST), LARGEST) / long, reading.left_out)
    aside = max(0, SMALL - picture.shape[1])  # beside a narrow column there must be room for words
    picture = cv2.copyMakeBorder(picture, 0, 0, aside // 2, aside - aside // 2, cv2.BORDER_CONSTANT, value=GROUND)
    caption = caption_of(reading, picture.shape[1] - GAP)
    return np.vstack([picture, cv2.copyMakeBorder(caption, 12, 10, GAP // 2, GAP // 2, cv2.BORDER_CONSTANT, value=WHITE)])


def predict_picture(reading: Told) -> Picture:
    """One digit: the image, the tile that the network saw, and a bar for the probability of each class.

    reading: of one digit, with its image. Raises ValueError where it does not carry its image.
    """
    image, digits = _image_of(reading), digits_of(reading)
    panels = [panel(boxed(image, digits, fit(image, SMALL, SMALL), reading.left_out, labels=False), "the image", SMALL, SMALL)]
    if digits and digits[0].tile is not None:
        tile = _tile(digits[0].tile)
        panels.append(panel(scaled(tile, SMALL / len(tile)), f"what the network saw, {tile.shape[1]} x {tile.shape[0]}", SMALL))
        panels.append(np.vstack([_bars(digits[0], SMALL, SMALL), titled("probability", SMALL)]))
    row = beside(panels)
    return framed([caption_of(reading, WIDE), row])


def encode(picture: Picture, suffix: str = ".png") -> bytes:
    """The picture as the bytes of an image file, PNG by default. Raises OutputError for a suffix that cannot be written."""
    check_suffix(suffix)
    return cv2.imencode(suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()


def check_suffix(path: str) -> None:
    """Raise OutputError where a picture cannot be written as what the suffix of a file means. path: its name, or the suffix alone."""
    suffix = os.path.splitext(f"picture{path}")[1]
    if not cv2.haveImageWriter(f"picture{suffix}"):
        raise OutputError(f"pictures cannot be written as {suffix or 'a file without a suffix'}; use .png or .jpg")


def save(picture: Picture, path: Path) -> None:
    """Write a picture to an image file. Raises OutputError for a suffix or a file that cannot be written."""
    files.write(path, encode(picture, path.suffix))


def digits_of(reading: Told) -> list[Digit]:
    """The digits that have strokes: `predict` answers "?" for a blank image too, with a box around all of it."""
    return [] if reading.refused else [digit for line in reading.lines for digit in line.digits]


def _image_of(reading: Told) -> Picture:
    if reading.image is None:
        raise ValueError("this Reading does not carry its image: read it with keep=True")
    return reading.image


def _colour(digit: Digit) -> Colour:
    return UNSURE if digit.label == "?" else SURE


def boxed(image: Bytes, digits: Sequence[Digit], scale: float, left_out: Sequence[LeftOut] = (), *, labels: bool = True) -> Picture:
    """The image scaled, with the digits' boxes, label above, confidence in percent below, and with what was left out, and why."""
    picture = scaled(coloured(image), scale)
    for one in left_out:
        _outlined(picture, one, scale, labels)
    if not digits:
        return picture
    boxes = [_corners(digit.box, scale) for digit in digits]
    typical = float(np.median([bottom - top for _, top, _, bottom in boxes]))
    cap = min(max(0.24 * typical, 8), 26)  # height of a capital letter
    small, line = max(0.55 * cap, 7), 2 if cap > 12 else 1
    if labels:  # a digit at the edge keeps its label outside of its box
        above = max(0, _chip_height(cap) - min(top for _, top, _, _ in boxes))
        below = max(0, _chip_height(small) + max(bottom for _, _, _, bottom in boxes) - picture.shape[0])
        picture = cv2.copyMakeBorder(picture, above, below, 0, 0, cv2.BORDER_CONSTANT, value=GROUND)
        boxes = [(left, top + above, right, bottom + above) for left, top, right, bottom in boxes]
    for digit, (left, top, right, bottom) in zip(digits, boxes, strict=True):
        cv2.rectangle(picture, (left, top), (right, bottom), WHITE, line + 2, cv2.LINE_AA)  # a halo: seen on dark and busy images
        cv2.rectangle(picture, (left, top), (right, bottom), _colour(digit), line, cv2.LINE_AA)
    if labels:
        taken = [(left, top - _chip_height(cap), right, bottom) for left, top, right, bottom in boxes]
        for number, (digit, (left, top, right, bottom)) in enumerate(zip(digits, boxes, strict=True)):
            percent, middle = f"{100 * digit.confidence:.0f}", (left + right) // 2
            half = text_width(percent, small) // 2
            space = (middle - half, bottom, middle + half, bottom + _chip_height(small))
            if not any(_overlap(space, other) for other in taken[:number] + taken[number + 1 :]):  # close by, the colour has to do
                _chip(picture, percent, middle, bottom, small, _colour(digit))
            _chip(picture, digit.label, middle, top - _chip_height(cap), cap, _colour(digit))
    return picture


def _overlap(one: Corners, other: Corners) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _outlined(picture: Picture, left: LeftOut, scale: float, labels: bool) -> None:
    """A thin box around what was left out, and the reason below it, or above it at the lower edge."""
    x, y, right, bottom = _corners(left.box, scale)
    cv2.rectangle(picture, (x, y), (right, bottom), WHITE, 3, cv2.LINE_AA)
    cv2.rectangle(picture, (x, y), (right, bottom), LEFT, 1, cv2.LINE_AA)
    if labels:
        below = bottom + _chip_height(7) <= picture.shape[0]
        _chip(picture, left.reason, (x + right) // 2, bottom if below else max(y - _chip_height(7), 0), 7, LEFT)


def _corners(box: Box, scale: float) -> Corners:
    """Left, top, right and bottom of a frame just outside of a box."""
    x, y, width, height = box
    return round(x * scale) - 3, round(y * scale) - 3, round((x + width) * scale) + 2, round((y + height) * scale) + 2


def _chip_height(cap: float) -> int:
    return round(1.7 * cap)


def _chip(picture: Picture, text: str, middle: int, top: int, cap: float, colour: Colour) -> None:
    """White text on colour; moved sideways to stay in the picture."""
    width = round(text_width(text, cap, bold=True) + 0.9 * cap)
    left = min(max(middle - width // 2, 0), max(picture.shape[1] - width, 0))
    cv2.rectangle(picture, (left, top), (left + width, top + _chip_height(cap)), colour, cv2.FILLED)
    write(picture, text, left + 0.45 * cap, top + 0.35 * cap, cap, WHITE, bold=True)


def caption_of(reading: Told, width: int) -> Picture:
    """What was read and how sure that is, or the reason why nothing was, in as many lines as it takes."""
    reason = reading.error or reading.refused
    text, cap = (reason, 13) if reason else (reading.text.replace("\n", "   "), 22)
    note = "" if reason else f"confidence {100 * reading.confidence:.0f} %"
    refused = [digit.refused for digit in digits_of(reading) if digit.refused]
    if refused:
        note = refused[0] if reading.text == "?" else f"{note}, ? where it is not sure"
    if "unread" in reading.review_reasons:
        note += "; not all of the writing is read"
    lines, step = wrapped(text, width, cap), round(1.7 * cap)
    last = text_width(lines[-1], cap, bold=True) + GAP
    level = last + text_width(note, 11) < width
    notes = [note] if level else wrapped(note, width, 11)
    out = blank(width, step * len(lines) + (0 if level else 20 * len(notes)))
    for number, line in enumerate(lines):
        write(out, line, 0, 2 + step * number, cap, UNSURE if reading.needs_review else SURE, bold=True)
    x, y = (last, step * (len(lines) - 1) + cap - 9) if level else (0, step * len(lines) + 2)
    for number, part in enumerate(notes):
        write(out, part, x, y + 20 * number, 11, SOFT)
    return out


def panel(picture: Picture, title: str, width: int, height: int = 0) -> Picture:
    """A picture in the middle of a framed ground of the given width, and of its own height or more, with its title below."""
    height = max(height, picture.shape[0])
    ground = blank(width, height, GROUND)
    left, top = (width - picture.shape[1]) // 2, (height - picture.shape[0]) // 2
    ground[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    cv2.rectangle(ground, (0, 0), (width - 1, height - 1), TRACK, 1)
    return np.vstack([ground, titled(title, width)])


def titled(title: str, width: int) -> Picture:
    """Small words on as many lines as it takes."""
    lines = wrapped(title, width, 10)
    out = blank(width, 10 + 18 * len(lines))
    for number, line in enumerate(lines):
        write(out, line, 0, 9 + 18 * number, 10, SOFT)
    return out


def _bars(digit: Digit, width: int, height: int) -> Picture:
    """A bar for every class, the answer's in colour."""
    picture = blank(width, height)
    classes = digit.probabilities or ((digit.label, digit.confidence), *digit.alternatives)
    best = max(probability for _, probability in classes)
    step = height / len(classes)
    labels = _label_width([label for label, _ in classes], step)
    for number, (label, probability) in enumerate(classes):
        _bar(picture, label, labels, probability, step * number, step, _colour(digit) if probability == best else SOFT)
    return picture


def _bar(picture: Picture, label: str, labels: int, probability: float, top: float, step: float, colour: Colour) -> None:
    """One row of a chart: label, in a column `labels` pixels wide, bar on its track, percent."""
    cap = _cap(step)
    left, right = labels + round(0.6 * cap), picture.shape[1] - round(4.8 * cap)
    first, last, text = round(top + 0.2 * step), round(top + 0.8 * step), top + (step - cap) / 2
    cv2.rectangle(picture, (left, first), (right, last), TRACK, cv2.FILLED)
    if probability > 0.002:
        cv2.rectangle(picture, (left, first), (max(left + 1, round(left + probability * (right - left))), last), colour, cv2.FILLED)
    write(picture, _short(label), 0, text, cap, DARK, bold=colour != SOFT)
    write(picture, f"{100 * probability:.0f} %" if probability >= 0.005 else "", right + 0.8 * cap, text, cap, DARK)


def _cap(step: float) -> float:
    """Height of the letters in a chart whose rows are `step` pixels high."""
    return min(0.42 * step, 14)


def _label_width(labels: Sequence[str], step: float) -> int:
    return max(round(1.4 * _cap(step)), *(text_width(_short(label), _cap(step), bold=True) for label in labels))


def _short(label: str) -> str:
    """A class name as charts have room for it."""
    return "none" if label == NOT_A_DIGIT else label if len(label) <= 12 else f"{label[:11]}."


def card(digit: Digit) -> Picture:
    """A tile above the bars of its likeliest classes."""
    side, step = 126, 22
    ranked = sorted(digit.probabilities, key=lambda item: -item[1])[:3] or _likeliest(digit)
    chart = blank(side, step * 3 + 6)
    labels = _label_width([label for label, _ in ranked], step)
    for number, (label, probability) in enumerate(ranked):
        _bar(chart, label, labels, probability, 6 + step * number, step, _colour(digit) if number == 0 else SOFT)
    tile = np.zeros((28, 28), np.float32) if digit.tile is None else digit.tile
    return np.vstack([scaled(_tile(tile), side / len(tile)), chart])


def _tile(tile: Float) -> Picture:
    """float32 (h, w) in [0, 1] -> white on black, as the network sees it."""
    return coloured(np.rint(np.clip(tile, 0, 1) * 255).astype(np.uint8))


def _likeliest(digit: Digit) -> list[tuple[str, float]]:
    """The three likeliest classes; where the answer is "?" the best guess leads the alternatives."""
    answer = [] if digit.label == "?" else [(digit.label, digit.confidence)]
    return [*answer, *digit.alternatives][:3]
