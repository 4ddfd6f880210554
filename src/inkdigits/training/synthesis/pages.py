"""Pages with a truth for each of their pixels: numbers, words and print on paper of all kinds, as cameras and scanners see them."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from inkdigits.arrays import Bytes, Float
from inkdigits.layout.maps import CORE, DESK, MARGIN, PAPER, PRINT, RULE, STEP, WRITING

from .bank import Bank
from .desks import desk, lid
from .layouts import Rectangle, Sheet, apart, exam, form, large, nothing, scattered, slip, table, tight, words_only, written_lines
from .paper import _light as light
from .paper import _noise as noise
from .paper import _print as security_print

Rng = np.random.Generator

SIZE = 320
"""Height and width of a composed page in pixels."""
SMALLEST, LARGEST = 8.0, 80.0
"""Heights of digits on pages, in pixels; the lowest are those that are a little higher than two of the maps' pixels."""
NARROWEST = 0.6
"""A field is taken to be at least so many times as wide as it is high, so that the core of a 1 does not vanish."""
LEAST = 7.0
"""What is lower than so many pixels on the page is nothing that can be read: it is taken for other writing."""


def page(bank: Bank, rng: Rng) -> tuple[Bytes, Bytes]:
    """Compose a page: its grey levels, uint8 (320, 320), and the class of every fourth pixel, uint8 (80, 80)."""
    kind = LAYOUTS[int(rng.choice(len(LAYOUTS), p=SHARES))]
    on_desk = kind is slip or (kind is not tight and rng.random() < ON_DESK)
    height, width = (round(SIZE * rng.uniform(0.75, 1.2)) for _ in range(2))
    tall = float(np.exp(rng.uniform(np.log(SMALLEST * (1.5 if on_desk else 1)), np.log(LARGEST if kind in LARGE else 30))))
    if kind is tight:
        tall = float(np.exp(rng.uniform(np.log(12), np.log(110))))
        height, width = round(tall * rng.uniform(1.2, 2.6)), round(SIZE * rng.uniform(0.5, 1))
    if kind is slip:
        height = round(width * rng.uniform(0.15, 0.7))
        tall = height * float(rng.uniform(0.2, 0.7))
    tone = float(rng.uniform(0.25, 1.0) ** 0.7)
    sheet = Sheet(np.zeros((height, width), np.float32), tall, bank, int(rng.integers(len(bank.numbers))), tone, rng)
    kind(sheet)
    if kind is not tight and rng.random() < 0.25:
        _ruled(sheet)
    _stained(sheet)
    return _taken_picture(sheet, kind is tight, on_desk)


LAYOUTS: tuple[Callable[[Sheet], None], ...] = (
    scattered, written_lines, words_only, table, form, exam, large, apart, slip, tight, nothing,
)  # fmt: skip
SHARES = (0.12, 0.14, 0.06, 0.17, 0.1, 0.06, 0.07, 0.08, 0.07, 0.11, 0.02)
ON_DESK = 0.38
"""The share of sheets that are photographed with what lies around them, slips of paper aside, which always are."""
LARGE = (scattered, large, written_lines, apart)


def _ruled(sheet: Sheet) -> None:
    """Ruled or squared paper under what is written."""
    rng = sheet.rng
    apart, dark = sheet.tall * rng.uniform(0.5, 2.2), float(rng.uniform(0.06, 0.5))
    thick, start = max(1, round(0.05 * sheet.tall)), rng.uniform(0, 1) * sheet.tall
    lines = np.zeros_like(sheet.taken)
    for y in np.arange(start, sheet.size[0], apart):
        cv2.line(lines, (0, round(y)), (sheet.size[1], round(y)), dark, thick)
    if rng.random() < 0.5:
        for x in np.arange(start, sheet.size[1], apart):
            cv2.line(lines, (round(x), 0), (round(x), sheet.size[0]), dark, thick)
    elif rng.random() < 0.4:
        x = rng.uniform(0.05, 0.3) * sheet.size[1]
        cv2.line(lines, (round(x), 0), (round(x), sheet.size[0]), min(2 * dark, 1), thick)
    np.maximum(sheet.taken, lines, out=sheet.taken)


def _stained(sheet: Sheet) -> None:
    """Stains, scribbles, stamps and what shines through from the other side."""
    rng, tall = sheet.rng, sheet.tall
    if rng.random() < 0.15:
        other = np.ascontiguousarray(sheet.taken[:, ::-1])
        shift = np.roll(cv2.GaussianBlur(other, (0, 0), 0.06 * tall + 0.4), int(rng.integers(5, 60)), axis=0)
        np.maximum(sheet.taken, shift * np.float32(rng.uniform(0.05, 0.22)), out=sheet.taken)
    if rng.random() < 0.12:
        mark, radius = np.zeros_like(sheet.taken), int(tall * rng.uniform(0.5, 4)) + 2
        centre = (int(rng.uniform(0, sheet.size[1])), int(rng.uniform(0, sheet.size[0])))
        cv2.circle(mark, centre, radius, float(rng.uniform(0.06, 0.35)), -1 if rng.random() < 0.6 else max(1, radius // 6), cv2.LINE_AA)
        np.maximum(sheet.taken, cv2.blur(mark, (max(3, radius // 4) | 1,) * 2), out=sheet.taken)
    if rng.random() < 0.12:  # a scribble, a signature
        count, at = int(rng.integers(6, 16)), rng.uniform(0, 1, 2) * (sheet.size[1], sheet.size[0])
        reach = tall * rng.uniform(1, 4)
        points = at + np.cumsum(rng.normal(0, 0.35, (count, 2)), axis=0) * reach * (1, 0.4)
        box = cv2.boundingRect(points.astype(np.int32))
        if sheet.fits(box, 0.3 * tall):
            thick = max(1, round(0.09 * tall))
            cv2.polylines(sheet.taken, [np.round(points * 8).astype(np.int32)], False, float(sheet.tone), thick, cv2.LINE_AA, 3)
            sheet.writing.append(box)


def _truth(sheet: Sheet) -> Bytes:
    """The class of each pixel of a sheet: uint8 (h, w)."""
    classes = np.full(sheet.size, PAPER, np.uint8)
    for boxes, kind in ((sheet.writing, WRITING), (sheet.printed, PRINT)):
        for box in boxes:
            _fill(classes, box, kind)
    for start, end, thick in sheet.rules:
        cv2.line(classes, start, end, RULE, max(thick, STEP))
    boxes = [_widened(box) for box in sheet.fields]
    for x, y, w, h in boxes:
        out = 0.12 * min(w, h)
        _fill(classes, (x - out, y - out, w + 2 * out, h + 2 * out), MARGIN)
    for x, y, w, h in boxes:
        inset = 0.25 * min(w, h)
        _fill(classes, (x + inset, y + inset, w - 2 * inset, h - 2 * inset), CORE if h >= LEAST else WRITING)
    return classes


def _widened(box: Rectangle) -> Rectangle:
    x, y, w, h = box
    more = max(NARROWEST * h - w, 0)
    h_more = max(NARROWEST * w - h, 0) if w < 2 * h else 0
    return x - more / 2, y - h_more / 2, w + more, h + h_more


def _fill(classes: Bytes, box: Rectangle, value: int) -> None:
    x, y, w, h = box
    classes[max(round(y), 0) : max(round(y + h), 0), max(round(x), 0) : max(round(x + w), 0)] = value


def _taken_picture(sheet: Sheet, tight: bool, on_desk: bool) -> tuple[Bytes, Bytes]:
    """A picture of the sheet, perhaps on a desk, and its truth."""
    rng = sheet.rng
    truth, (height, width) = _truth(sheet), sheet.size
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    turn = _turn(rng, tight)
    angle = np.deg2rad(turn)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    placed = (corners - corners.mean(axis=0)) @ rotation.T
    if not tight:
        placed *= rng.uniform(0.55, 0.9) * SIZE / np.abs(placed).max() / 2 if on_desk else rng.uniform(0.95, 1.25)
        placed += rng.normal(0, 0.03, (4, 2)) * SIZE if rng.random() < 0.5 else 0
        placed += SIZE / 2 + rng.normal(0, 0.05, 2) * SIZE
    else:
        placed += corners.mean(axis=0)
    matrix = cv2.getPerspectiveTransform(corners, placed.astype(np.float32))
    size = (SIZE, SIZE)
    taken = np.asarray(cv2.warpPerspective(sheet.taken, matrix, size, flags=cv2.INTER_LINEAR), np.float32)
    classes = np.asarray(cv2.warpPerspective(truth, matrix, size, flags=cv2.INTER_NEAREST, borderValue=DESK), np.uint8)
    inside = np.asarray(cv2.warpPerspective(np.ones(sheet.size, np.float32), matrix, size, flags=cv2.INTER_LINEAR), np.float32)
    if not on_desk and not tight and rng.random() < 0.5:  # the paper goes on beyond the edge of the picture
        inside, classes = np.ones_like(inside), np.where(classes == DESK, PAPER, classes).astype(np.uint8)
    frame = (min(height, SIZE), width) if tight else size
    around = desk(size, rng) if on_desk or rng.random() < 0.5 else lid(size, rng)
    grey = _photographed(taken, inside, around, sheet.tall, frame, rng, secured=0.35 if tight else 0.1)
    if tight:
        classes[frame[0] :], classes[:, frame[1] :] = DESK, DESK
    return grey, np.ascontiguousarray(classes[STEP // 2 :: STEP, STEP // 2 :: STEP])


def _turn(rng: Rng, tight: bool) -> float:
    """By how many degrees a sheet is turned clockwise: hardly, tilted, or on its side or head."""
    draw = rng.random()
    if tight:
        return float(rng.normal(0, 2.5)) if draw < 0.3 else 0.0
    if draw < 0.5:
        return float(rng.normal(0, 2.5))
    return float(rng.uniform(-35, 35) if draw < 0.76 else rng.choice([90, 180, 270]) + rng.normal(0, 5))


def _photographed(taken: Float, inside: Float, around: Float, tall: float, frame: tuple[int, int], rng: Rng, *, secured: float) -> Bytes:
    """What a camera sees: uint8 (320, 320), black outside the frame. around: the light of what is not inside the sheet. secured: how often
    the paper has a security pattern, as cheques do."""
    dark = rng.uniform(0.3, 1.0) ** 0.7
    paper = np.float32(rng.uniform(0.45, 1.0)) * np.ones_like(taken)
    if rng.random() < secured:
        paper = paper * (1 - security_print(taken.shape, tall, rng))
    if rng.random() < 0.4:
        paper = paper * (1 + np.float32(rng.uniform(0.01, 0.08)) * noise(taken.shape, rng.uniform(0, 3), rng))
    if rng.random() < 0.25:  # pencil on grain, a pen that skips
        taken = taken * np.clip(np.float32(1.1) - np.float32(rng.uniform(0.2, 0.5)) * noise(taken.shape, rng.uniform(0, 1.2), rng), 0, 1)
    image = paper * (1 - np.float32(dark) * taken)
    if rng.random() < 0.08:  # chalk on a board
        image = np.float32(rng.uniform(0.5, 1)) - np.float32(0.8) * image
    if inside.min() < 1:
        if rng.random() < 0.5:  # the shadow of the sheet
            shadow = cv2.GaussianBlur(inside, (0, 0), float(rng.uniform(2, 9)))
            around = around * (1 - np.float32(rng.uniform(0.1, 0.5)) * np.roll(shadow, tuple(rng.integers(-5, 6, 2)), (0, 1)))
        image = inside * image + (1 - inside) * around
    image = image * light(taken.shape, rng)
    if rng.random() < 0.65:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.3, 0.03 * tall + 0.7)))
    grain = rng.uniform(0, 0.04) * (rng.random() < 0.7)
    if grain > 0.004:
        image = image + np.float32(grain) * noise(taken.shape, 0, rng)
    grey = np.clip(image * 255, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        _, coded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 95))])
        grey = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)
    grey[frame[0] :], grey[:, frame[1] :] = 0, 0
    return np.asarray(grey, np.uint8)
