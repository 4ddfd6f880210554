"""Pictures of readings: `annotate` for any, `predict_picture` for one digit, `explain_picture` for every stage. All uint8 (H, W, 3) RGB."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from . import files
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
    resized,
    scaled,
    text_width,
    wrapped,
    write,
)
from .errors import OutputError
from .ink import Ink
from .models import NOT_A_DIGIT
from .page.flat import Flat
from .reading import Box, Digit, LeftOut, Reading

if TYPE_CHECKING:
    from .reader import Trace

Corners = tuple[int, int, int, int]
"""Left, top, right and bottom, in pixels of a picture."""

SMALLEST, LARGEST = 640, 1600
"""Limits of an annotated picture's long side: labels can be read on a 28 x 28 image, and a 12-megapixel photo stays small."""
SMALL, WIDE, TALL = 340, 1068, 440
"""Width of a panel beside others, width of a panel on its own (three small ones and their gaps), and greatest height of both."""
MOST_TILES, MOST_REASONS = 40, 6
CLASS_COLOURS = ((255, 255, 255), (220, 30, 30), (250, 200, 60), (40, 160, 70), (40, 80, 220), (70, 70, 70))
"""Of `inkdigits.page.maps.CLASSES`."""


def annotate(reading: Reading) -> Picture:
    """The image with a box, a label and a confidence for each digit, and a box and a reason for what was left out. A line below says what
    was read, or why nothing was.

    Raises ValueError where the Reading does not carry its image (`keep=True`).
    """
    image = _image_of(reading)
    long = max(image.shape[:2])
    picture = _boxed(image, _digits(reading), min(max(long, SMALLEST), LARGEST) / long, reading.left_out)
    aside = max(0, SMALL - picture.shape[1])  # beside a narrow column there must be room for words
    picture = cv2.copyMakeBorder(picture, 0, 0, aside // 2, aside - aside // 2, cv2.BORDER_CONSTANT, value=GROUND)
    caption = _caption(reading, picture.shape[1] - GAP)
    return np.vstack([picture, cv2.copyMakeBorder(caption, 12, 10, GAP // 2, GAP // 2, cv2.BORDER_CONSTANT, value=WHITE)])


def predict_picture(reading: Reading) -> Picture:
    """One digit: the image, the tile that the network saw, and a bar for the probability of each class.

    reading: of one digit, with its image. Raises ValueError where it does not carry its image.
    """
    image, digits = _image_of(reading), _digits(reading)
    panels = [_panel(_boxed(image, digits, fit(image, SMALL, SMALL), reading.left_out, labels=False), "the image", SMALL, SMALL)]
    if digits and digits[0].tile is not None:
        tile = _tile(digits[0].tile)
        panels.append(_panel(scaled(tile, SMALL / len(tile)), f"what the network saw, {tile.shape[1]} x {tile.shape[0]}", SMALL))
        panels.append(np.vstack([_bars(digits[0], SMALL, SMALL), _title("probability", SMALL)]))
    row = beside(panels)
    return framed([_caption(reading, WIDE), row])


def explain_picture(trace: Trace) -> Picture:
    """Every stage of reading an image: the image, the sheet and what stands where on it, its ink, the digits found, their tiles with
    probabilities, and the answer."""
    image, digits = trace.image, _digits(trace.reading)
    on_its_own = image.shape[1] > 2 * image.shape[0]
    scale = fit(image, WIDE if on_its_own else SMALL, TALL)
    first, ink = scaled(coloured(image), scale), _ink(trace.ink)
    tall = round(first.shape[1] * ink.shape[0] / ink.shape[1])  # a tilted page was turned
    stages = [(first, "the image")]
    if trace.sheet.maps is not None:
        stages.append((resized(_mapped(trace.sheet), first.shape[1], tall), _sheet_title(trace.sheet)))
    stages += [
        (resized(ink, first.shape[1], tall), "its ink: strokes in black, what else stands out in grey"),
        (_boxed(image, digits, scale, trace.reading.left_out), _found(trace.reading)),
    ]
    width = WIDE if on_its_own else SMALL
    panels = [_panel(picture, f"{number}. {title}", width) for number, (picture, title) in enumerate(stages, start=1)]
    rows = [beside(panels[:2]), beside(panels[2:])] if len(panels) > 3 else [beside(panels)]
    parts = [_caption(trace.reading, WIDE), *(panels if on_its_own else rows)]
    cards = [_card(digit) for digit in digits[:MOST_TILES]]
    if cards:
        across = (WIDE + GAP) // (cards[0].shape[1] + GAP)
        parts += [beside(cards[i : i + across]) for i in range(0, len(cards), across)]
        rest = f"; {len(digits) - MOST_TILES} more are not shown" if len(digits) > MOST_TILES else ""
        parts.append(_title(f"{len(panels) + 1}. what the network saw, and its three likeliest answers{rest}", WIDE))
    reasons = [(number, digit.refused) for number, digit in enumerate(digits, start=1) if digit.refused]
    for number, reason in reasons[:MOST_REASONS]:
        parts.append(_title(f"? at position {number}: {reason}", WIDE))
    if len(reasons) > MOST_REASONS:
        parts.append(_title(f"and {len(reasons) - MOST_REASONS} more refused", WIDE))
    return framed(parts)


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


def _digits(reading: Reading) -> list[Digit]:
    """The digits that have strokes: `predict` answers "?" for a blank image too, with a box around all of it."""
    return [] if reading.refused else [digit for line in reading.lines for digit in line.digits]


def _image_of(reading: Reading) -> Picture:
    if reading.image is None:
        raise ValueError("this Reading does not carry its image: read it with keep=True")
    return reading.image


def _colour(digit: Digit) -> Colour:
    return UNSURE if digit.label == "?" else SURE


def _found(reading: Reading) -> str:
    """What the picture of the digits shows, in words."""
    left = sorted({left.reason for left in reading.left_out})
    return ("the digits found" if _digits(reading) else "no digit found") + (f"; left out: {', '.join(left)}" if left else "")


def _boxed(
    image: NDArray[np.uint8], digits: Sequence[Digit], scale: float, left_out: Sequence[LeftOut] = (), *, labels: bool = True
) -> Picture:
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


def _caption(reading: Reading, width: int) -> Picture:
    """What was read and how sure that is, or the reason why nothing was, in as many lines as it takes."""
    reason = reading.error or reading.refused
    text, cap = (reason, 13) if reason else (reading.text.replace("\n", "   "), 22)
    note = "" if reason else f"confidence {100 * reading.confidence:.0f} %"
    refused = [digit.refused for digit in _digits(reading) if digit.refused]
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


def _panel(picture: Picture, title: str, width: int, height: int = 0) -> Picture:
    """A picture in the middle of a framed ground of the given width, and of its own height or more, with its title below."""
    height = max(height, picture.shape[0])
    ground = blank(width, height, GROUND)
    left, top = (width - picture.shape[1]) // 2, (height - picture.shape[0]) // 2
    ground[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    cv2.rectangle(ground, (0, 0), (width - 1, height - 1), TRACK, 1)
    return np.vstack([ground, _title(title, width)])


def _title(title: str, width: int) -> Picture:
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


def _card(digit: Digit) -> Picture:
    """A tile above the bars of its likeliest classes."""
    side, step = 126, 22
    ranked = sorted(digit.probabilities, key=lambda item: -item[1])[:3] or _likeliest(digit)
    chart = blank(side, step * 3 + 6)
    labels = _label_width([label for label, _ in ranked], step)
    for number, (label, probability) in enumerate(ranked):
        _bar(chart, label, labels, probability, 6 + step * number, step, _colour(digit) if number == 0 else SOFT)
    tile = np.zeros((28, 28), np.float32) if digit.tile is None else digit.tile
    return np.vstack([scaled(_tile(tile), side / len(tile)), chart])


def _tile(tile: NDArray[np.float32]) -> Picture:
    """float32 (h, w) in [0, 1] -> white on black, as the network sees it."""
    return coloured(np.rint(np.clip(tile, 0, 1) * 255).astype(np.uint8))


def _mapped(sheet: Flat) -> Picture:
    """The sheet in grey, what stands where on it in colour."""
    assert sheet.maps is not None
    size = sheet.grey.shape[::-1]
    reach = (round(sheet.maps.shape[1] * sheet.scale), round(sheet.maps.shape[0] * sheet.scale))  # a little more than the sheet
    classes = cv2.resize(sheet.maps.argmax(axis=-1).astype(np.uint8), reach, interpolation=cv2.INTER_NEAREST)[: size[1], : size[0]]
    tinted = np.array(CLASS_COLOURS, np.uint8)[classes]
    return np.asarray(cv2.addWeighted(coloured(sheet.grey), 0.55, tinted, 0.45, 0), np.uint8)


def _sheet_title(sheet: Flat) -> str:
    what = "numbers red, what is around them yellow, other writing green, rules blue, no paper dark"
    return what if sheet.homography is None else f"the sheet, flat and upright: {what}"


def _ink(ink: Ink) -> Picture:
    """The strength of the ink in grey, strokes in black."""
    light = 255 - np.minimum(ink.strength / 255 * 200, 120)
    return coloured(np.where(ink.mask, 20, light).astype(np.uint8))


def _likeliest(digit: Digit) -> list[tuple[str, float]]:
    """The three likeliest classes; where the answer is "?" the best guess leads the alternatives."""
    answer = [] if digit.label == "?" else [(digit.label, digit.confidence)]
    return [*answer, *digit.alternatives][:3]
