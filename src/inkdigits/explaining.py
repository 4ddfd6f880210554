"""Every stage of reading an image as one picture: `inkdigits explain` and the page show it."""

from __future__ import annotations

import cv2
import numpy as np

from .drawing.canvas import GAP, Picture, beside, coloured, fit, framed, resized, scaled
from .drawing.readings import SMALL, TALL, WIDE, boxed, caption_of, card, digits_of, panel, titled
from .layout.flat import Flat
from .layout.ink import Ink
from .reader import Trace
from .reading import Reading

MOST_TILES, MOST_REASONS = 40, 6
CLASS_COLOURS = ((255, 255, 255), (220, 30, 30), (250, 200, 60), (40, 160, 70), (40, 80, 220), (70, 70, 70), (200, 80, 200))
"""Of `inkdigits.layout.maps.CLASSES`."""


def explain_picture(trace: Trace) -> Picture:
    """Every stage of reading an image: the image, the sheet and what stands where on it, its ink, the digits found, their tiles with
    probabilities, and the answer."""
    image, digits = trace.image, digits_of(trace.reading)
    on_its_own = image.shape[1] > 2 * image.shape[0]
    scale = fit(image, WIDE if on_its_own else SMALL, TALL)
    first, ink = scaled(coloured(image), scale), _ink(trace.ink)
    tall = round(first.shape[1] * ink.shape[0] / ink.shape[1])  # a tilted page was turned
    stages = [(first, "the image")]
    if trace.sheet.maps is not None:
        stages.append((resized(_mapped(trace.sheet), first.shape[1], tall), _sheet_title(trace.sheet)))
    stages += [
        (resized(ink, first.shape[1], tall), "its ink: strokes in black, what else stands out in grey"),
        (boxed(image, digits, scale, trace.reading.left_out), _found(trace.reading)),
    ]
    width = WIDE if on_its_own else SMALL
    panels = [panel(picture, f"{number}. {title}", width) for number, (picture, title) in enumerate(stages, start=1)]
    rows = [beside(panels[:2]), beside(panels[2:])] if len(panels) > 3 else [beside(panels)]
    parts = [caption_of(trace.reading, WIDE), *(panels if on_its_own else rows)]
    cards = [card(digit) for digit in digits[:MOST_TILES]]
    if cards:
        across = (WIDE + GAP) // (cards[0].shape[1] + GAP)
        parts += [beside(cards[i : i + across]) for i in range(0, len(cards), across)]
        rest = f"; {len(digits) - MOST_TILES} more are not shown" if len(digits) > MOST_TILES else ""
        parts.append(titled(f"{len(panels) + 1}. what the network saw, and its three likeliest answers{rest}", WIDE))
    reasons = [(number, digit.refused) for number, digit in enumerate(digits, start=1) if digit.refused]
    for number, reason in reasons[:MOST_REASONS]:
        parts.append(titled(f"? at position {number}: {reason}", WIDE))
    if len(reasons) > MOST_REASONS:
        parts.append(titled(f"and {len(reasons) - MOST_REASONS} more refused", WIDE))
    return framed(parts)


def _found(reading: Reading) -> str:
    """What the picture of the digits shows, in words."""
    left = sorted({left.reason for left in reading.left_out})
    return ("the digits found" if digits_of(reading) else "no digit found") + (f"; left out: {', '.join(left)}" if left else "")


def _mapped(sheet: Flat) -> Picture:
    """The sheet in grey, what stands where on it in colour."""
    assert sheet.maps is not None
    size = sheet.grey.shape[::-1]
    reach = (round(sheet.maps.shape[1] * sheet.scale), round(sheet.maps.shape[0] * sheet.scale))  # a little more than the sheet
    classes = cv2.resize(sheet.maps.argmax(axis=-1).astype(np.uint8), reach, interpolation=cv2.INTER_NEAREST)[: size[1], : size[0]]
    tinted = np.array(CLASS_COLOURS, np.uint8)[classes]
    return np.asarray(cv2.addWeighted(coloured(sheet.grey), 0.55, tinted, 0.45, 0), np.uint8)


def _sheet_title(sheet: Flat) -> str:
    what = "numbers red, what is around them yellow, other writing green, print violet, rules blue, no paper dark"
    return what if sheet.homography is None else f"the sheet, flat and upright: {what}"


def _ink(ink: Ink) -> Picture:
    """The strength of the ink in grey, strokes in black."""
    light = 255 - np.minimum(ink.strength / 255 * 200, 120)
    return coloured(np.where(ink.mask, 20, light).astype(np.uint8))
