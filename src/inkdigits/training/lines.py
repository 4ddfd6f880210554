"""Lines of digits, composed: the digits of one writer side by side, touching or apart, with the marks, rules and prints that surround them,
written on paper, found again by the reader's own ink, rules and layout, and cut out as strips; and strips packed for an epoch of training.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits import layout
from inkdigits.pool import cores
from inkdigits.reader import SIDE_PAGE
from inkdigits.strips import HEIGHT, digit_height, lean, strip

from . import pen
from .datasets import Dataset
from .fonts import typed
from .notdigits import LETTERS
from .processes import in_processes
from .synthesis.digits import Hand, light, photographed, stroke

Bytes = NDArray[np.uint8]
Float = NDArray[np.float32]
Labels = NDArray[np.int64]
Rng = np.random.Generator

WIDTH, LONGEST = 256, 14
"""Columns of a training strip, the most digits on one; shorter strips are padded with paper."""
LENGTHS = np.array([5, 12, 18, 18, 15, 12, 8, 6, 3, 2, 1]) / 100
CHUNK = 100
PEN, CHAINED = 0.4, 0.3
"""Shares of the lines: by the model of pen strokes; with the zeros of an amount in one stroke."""
PACKED = 40
"""The most digits in a row of packed strips."""


def strips(
    writers: Sequence[Dataset],
    count: int,
    seed: tuple[int, ...],
    *,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Bytes, Labels]:
    """Compose lines and read them back: uint8 (count, 32, 256), 255 = ink, and their digits, int64 (count, 14), -1 after the last.

    writers: the digits of one writer each. The result depends on the seed alone, not on the number of processes. progress is called with
    the number of lines that are done and `count`. Raises RecipeError where a process dies.
    """
    tasks = [(min(CHUNK, count - i), (*seed, i)) for i in range(0, count, CHUNK)]
    workers = min(jobs or cores(), len(tasks))
    images, labels = np.zeros((count, HEIGHT, WIDTH), np.uint8), np.zeros((count, LONGEST), np.int64)
    for i, (some, their_labels) in enumerate(in_processes(_chunk, tasks, workers, _prepare, writers)):
        done = i * CHUNK + len(some)
        images[i * CHUNK : done], labels[i * CHUNK : done] = some, their_labels
        if progress:
            progress(done, count)
    return images, labels


def packed(images: Bytes, labels: Labels, count: int, rng: Rng) -> tuple[Float, Labels]:
    """Strips, each moved a little, side by side until `count` rows are full: a short one alone would leave most of its columns empty.

    images: uint8 (N, 32, W), labels: int64 (N, L), -1 after the last -> float32 (count, 32, 256) in [0, 1], int64 (count, 40). The strips
    come in random order, and all of them before one comes again.
    """
    rows, texts = np.zeros((count, HEIGHT, WIDTH), np.float32), np.full((count, PACKED), -1, np.int64)
    row, column, signs = 0, int(rng.integers(8)), 0
    for i in _shuffled(len(images), rng):
        part, text = _moved(images[i], rng), labels[i][labels[i] >= 0]
        if signs and (column + part.shape[1] > WIDTH - 2 or signs + len(text) > PACKED):
            row, column, signs = row + 1, int(rng.integers(8)), 0
            if row == count:
                break
        column = min(column, WIDTH - part.shape[1])
        rows[row, :, column : column + part.shape[1]] = part
        texts[row, signs : signs + len(text)] = text
        column, signs = column + part.shape[1] + int(rng.integers(2, 9)), signs + len(text)
    return rows, texts


def _shuffled(count: int, rng: Rng) -> Iterator[int]:
    """0 to count - 1 in random order, and so again and again."""
    while True:
        yield from rng.permutation(count).tolist()


def _moved(image: Bytes, rng: Rng) -> Float:
    """The inked columns of a strip, stretched, slanted, raised and lightened a little: uint8 (32, W) -> float32 (32, w) in [0, 1]."""
    inked = image.max(axis=0) > 25
    first, last = int(inked.argmax()), len(inked) - int(inked[::-1].argmax())
    part = image[:, max(first - 2, 0) : last + 2].astype(np.float32) / 255
    stretch, grow, slant, rise = np.exp(rng.normal(0, 0.08)), np.exp(rng.normal(0, 0.05)), rng.normal(0, 0.08), rng.normal(0, 0.8)
    width = max(int(np.ceil(part.shape[1] * stretch + abs(slant) * HEIGHT)), 8)
    if width > WIDTH - 8:
        stretch, slant, width = 1.0, 0.0, part.shape[1]
    middle = HEIGHT / 2
    matrix = np.array([[stretch, slant, (abs(slant) - slant) * middle], [0, grow, (1 - grow) * middle + rise]])
    part = cv2.warpAffine(part, matrix, (width, HEIGHT), flags=cv2.INTER_LINEAR)
    strength = rng.uniform(0.7, 1.3) if rng.random() < 0.3 else 1.0
    return np.asarray(np.minimum(part * strength, 1), np.float32)


_writers: Sequence[Dataset] = ()


def _prepare(writers: Sequence[Dataset]) -> None:
    global _writers  # a worker gets the digits once, not with every task
    _writers = writers


def _chunk(task: tuple[int, tuple[int, ...]]) -> tuple[Bytes, Labels]:
    count, seed = task
    rng = np.random.default_rng(seed)
    images = np.zeros((count, HEIGHT, WIDTH), np.uint8)
    labels = np.full((count, LONGEST), -1, np.int64)
    for i in range(count):
        while True:
            image, text, extent = compose(_writers, rng)
            found = _read_back(image, extent)
            if found is not None and found.shape[1] <= WIDTH and found.shape[1] // 2 >= 2 * len(text):
                break
        images[i, :, : found.shape[1]] = np.round(found * 255)
        labels[i, : len(text)] = [int(sign) for sign in text]
    return images, labels


def _read_back(image: Bytes, extent: tuple[int, int, int]) -> Float | None:
    """The strip of the line that covers the columns where the digits are; None where layout did not find it in one piece.

    extent: first and last column of the digits, and their height, in pixels of the image."""
    ink, every = layout.page_ink(image, SIDE_PAGE)
    rows = layout.lines(ink)
    if not rows:
        return None
    row = max(rows, key=lambda row: sum(float(r.mask.sum()) for r in row))
    if not 0.55 < digit_height(row) * ink.scale / extent[2] < 1.7:
        return None
    slack = 0.06 * (extent[1] - extent[0]) + 4
    if min(r.x for r in row) * ink.scale > extent[0] + slack or max(r.right for r in row) * ink.scale < extent[1] - slack:
        return None
    return strip(ink, row, lean(row), every).image


def compose(writers: Sequence[Dataset], rng: Rng) -> tuple[Bytes, str, tuple[int, int, int]]:
    """One line on paper: uint8 (h, w), its digits, and the columns from the first digit to the last and the height of a digit."""
    text = _text(rng)
    pen_sheet, extent = _written_line(text, None if rng.random() < PEN else writers[int(rng.integers(len(writers)))], rng)
    side = extent[2]
    margins = (rng.uniform(0.06, 0.8, 4) ** 1.3 * side + 2).astype(int)
    sheet = np.pad(pen_sheet, ((margins[0], margins[1]), (margins[2], margins[3])))
    angle = rng.normal(0, 2.0) if rng.random() < 0.5 else 0.0
    columns = (extent[0] + int(margins[2]), extent[1] + int(margins[2]), side)
    if angle:
        height, width = sheet.shape
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
        sheet = cv2.warpAffine(sheet, turn, (width, height))
    thin = max(1.0, 0.03 * side)
    if rng.random() < 0.3:
        _ruled(sheet, side, thin, rng)
    if rng.random() < 0.15:
        _neighbours(sheet, margins, side, writers, rng)
    pattern = _printed(sheet.shape, side, rng) if rng.random() < 0.35 else None
    return photographed(np.minimum(sheet, 1), rng, pattern), "".join(c for c in text if c.isdigit()), columns


def _text(rng: Rng) -> str:
    """Digits, and now and then the marks of an amount or a date around and between them; letters stand for themselves."""
    length = int(rng.choice(len(LENGTHS), p=LENGTHS)) + 1
    digits = "".join(rng.choice(list("0123456789"), length))
    if rng.random() < 0.25:
        digits = digits[: max(1, length - 3)] + "0" * min(length - 1, 3)
    if rng.random() < 0.35:
        mark = rng.choice(list(".,. '"))
        groups = [digits[max(0, i - 3) : i] for i in range(len(digits), 0, -3)][::-1]
        digits = mark.join(groups)
        digits += str(rng.choice(["", "", ".", ",", "-", "=", ".-", ",-", "/"]))
        digits = str(rng.choice(["", "", "", "-", "=", "$", "#"])) + digits
    elif rng.random() < 0.2:
        digits = str(rng.choice(["-", "~", "a", ""])) + digits + str(rng.choice(["-", "~", "a", "=", ","]))
    return digits


def _written_line(text: str, writer: Dataset | None, rng: Rng) -> tuple[Float, tuple[int, int, int]]:
    """A line in the hand of one writer: float32 (h, w), and its first and last column of digits and the height of a digit.

    writer: the digits to write with; None: those of the model of pen strokes.
    """
    style = pen.Style.of_anyone(rng, 1.4)
    hand = replace(Hand.of_anyone(rng), side=int(np.exp(rng.uniform(np.log(22), np.log(72)))))
    side = hand.side
    near = rng.choice([0.0, 0.06, 0.16, 0.4], p=[0.34, 0.26, 0.25, 0.15])
    width = side * (len(text) + 2) * 2
    sheet = np.zeros((3 * side, width), np.float32)
    edge = np.full(3 * side, -1e9)  # the last inked column of each row so far
    cursor, first, last, before = side, -1, side, ""
    ink = max(1.0, hand.pen * 0.11 * side)
    zeros = len(text) - len(text.rstrip("0.,-=/ ")) if rng.random() < 0.35 else 0  # the zeros of an amount are often small
    small, drop = rng.uniform(0.45, 0.85), rng.uniform(0, 0.5) * side
    written = 0
    for sign in re.findall(r"0{2,4}|.", text) if rng.random() < CHAINED else text:
        written += len(sign)
        if sign == " ":
            cursor += int(rng.uniform(0.2, 0.6) * side)
            continue
        if sign.isdigit():
            shrunk = written > len(text) - zeros
            own = replace(
                hand,
                side=max(12, int(side * np.exp(rng.normal(0, 0.08)) * (small if shrunk else 1))),
                angle=hand.angle + float(rng.normal(0, 0.04)),
                pen=hand.pen * float(np.exp(rng.normal(0, 0.06))),
            )
            if len(sign) > 1:
                part = pen.zeros(len(sign), style, rng, height=own.side, pen=ink)
            elif writer is not None:
                part = stroke(writer.images[rng.choice(np.flatnonzero(writer.labels == int(sign)))], sign, own, rng)
            else:
                part = pen.write(sign, rng, height=own.side, pen=ink, style=style)
            top = int(1.5 * side - part.shape[0] / 2 + rng.normal(0, 0.05) * side + (drop * (1 - small) if shrunk else 0))
        else:
            part, top = _mark(sign, side, ink, rng)
        top = min(max(top, 0), 3 * side - part.shape[0])
        # Push it to the left until it is `gap` away from what stands there, row by row, as a hand would.
        rows = slice(top, top + part.shape[0])
        begins = np.where(part.max(axis=1) > 0.3, (part > 0.3).argmax(axis=1), 10**9)
        around = cv2.dilate(edge[rows].astype(np.float32), np.ones((2 * (side // 6) + 1, 1), np.uint8)).ravel()
        free = near if sign.isdigit() else rng.choice([0.0, 0.14])  # a dash may run into the first digit, or out of the last
        gap = (free + rng.normal(0, 0.07)) * side
        left = int(max(np.max(around - begins) + 1 + max(gap, -0.1 * side), 2)) if first >= 0 or edge.max() > 0 else cursor
        left = min(max(left, cursor - side), width - part.shape[1] - 2)
        sheet[rows, left : left + part.shape[1]] = np.maximum(sheet[rows, left : left + part.shape[1]], part)
        if sign.isdigit() and first >= 0 and near < 0.1 and rng.random() < (0.4 if before[-1:] == sign[0] == "0" else 0.12):
            _tie(sheet, last, left, int(1.5 * side), side, ink, rng)
        before = sign
        ends = np.where(part.max(axis=1) > 0.3, left + part.shape[1] - 1 - (part[:, ::-1] > 0.3).argmax(axis=1), -1e9)
        edge[rows] = np.maximum(edge[rows], ends)
        cursor = left + part.shape[1]
        if sign.isdigit():
            first, last = left if first < 0 else first, cursor
    ys, xs = np.nonzero(sheet > 0.05)
    top, left, right = ys.min(), xs.min(), xs.max() + 1
    return np.ascontiguousarray(sheet[top : ys.max() + 1, left:right]), (first - left, last - left, side)


def _mark(sign: str, side: int, ink: float, rng: Rng) -> tuple[Float, int]:
    """A sign that is no digit: float32 (h, w), and its first row on a sheet where digits go from `side` to 2 `side`."""
    wide = max(1, round(ink))
    if sign in "-~":
        length = int(rng.uniform(0.25, 0.8) * side * (4 if sign == "~" else 1))
        canvas = np.zeros((max(4 * wide, side // 4), length + 2 * wide), np.float32)
        y = len(canvas) // 2
        cv2.line(canvas, (wide, y), (wide + length, y + int(rng.normal(0, 0.04) * side)), 1, wide)
        return canvas, int(1.5 * side + rng.normal(0, 0.1) * side)
    if sign == "=":
        canvas = np.zeros((int(0.45 * side) + wide, int(0.6 * side)), np.float32)
        for y in (wide, len(canvas) - wide - 1):
            cv2.line(canvas, (1, y), (canvas.shape[1] - 2, y + int(rng.normal(0, 0.03) * side)), 1, wide)
        return canvas, int(1.35 * side)
    if sign in ".,'":
        tall = wide if sign == "." else max(2, int(rng.uniform(0.12, 0.3) * side))
        canvas = np.zeros((tall + 2 * wide, 3 * wide + tall // 2), np.float32)
        cv2.line(canvas, (canvas.shape[1] - wide - 1, wide), (wide, wide + (0 if sign == "." else tall - 1)), 1, wide)
        return canvas, int((1.0 if sign == "'" else 1.9) * side - len(canvas) / 2 + rng.normal(0, 0.05) * side)
    if sign == "/":
        canvas = np.zeros((int(1.3 * side), int(0.5 * side)), np.float32)
        cv2.line(canvas, (canvas.shape[1] - wide - 1, wide), (wide, len(canvas) - wide), 1, wide)
        return canvas, int(0.9 * side)
    letter = sign if sign in "$#" else str(rng.choice(list(LETTERS)))
    drawn = np.zeros((1, 1), np.uint8)
    while drawn.size < 16:
        drawn = typed(letter, rng)
    tall = int(side * rng.uniform(0.7, 1.2))
    size = (max(2, round(drawn.shape[1] * tall / len(drawn))), tall)
    part: Float = cv2.resize(drawn, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return part, int(1.5 * side - tall / 2)


def _tie(sheet: Float, last: int, left: int, middle: int, side: int, ink: float, rng: Rng) -> None:
    """The stroke of a pen that was not lifted between two digits: mostly along their tops, as between the zeros of an amount."""
    y = int(middle + (rng.uniform(-0.5, -0.25) if rng.random() < 0.6 else rng.uniform(-0.25, 0.2)) * side)
    reach = int(0.2 * side)
    points = np.array([(last - reach, y), ((last + left) // 2, y + int(rng.normal(0, 0.12) * side)), (left + reach, y)], np.int32)
    cv2.polylines(sheet, [points], False, 1.0, max(1, round(0.8 * ink)), cv2.LINE_AA)


def _ruled(sheet: Float, side: int, thin: float, rng: Rng) -> None:
    """Rules under and over the line, the box of a form, the walls of its cells. In place."""
    height, width = sheet.shape
    dark, pen_width = rng.uniform(0.3, 1.0), max(1, round(thin * rng.uniform(0.5, 1.6)))
    lines = np.zeros_like(sheet)
    for y in rng.choice([0.04, 0.1, 0.88, 0.94], int(rng.integers(1, 3)), replace=False):
        at = int(y * height)
        cv2.line(lines, (0, at), (width, at + int(rng.normal(0, 0.01) * width)), 1.0, pen_width)
    if rng.random() < 0.4:
        for x in (int(rng.uniform(0, 0.04) * width), int(rng.uniform(0.96, 1) * width)):
            cv2.line(lines, (x, 0), (x, height), 1.0, pen_width)
    np.maximum(sheet, dark * lines, out=sheet)


def _neighbours(sheet: Float, margins: NDArray[np.int64], side: int, writers: Sequence[Dataset], rng: Rng) -> None:
    """The lower or upper ends of another line, at the frame. In place."""
    writer, height = writers[int(rng.integers(len(writers)))], int(rng.uniform(0.15, 0.4) * side)
    above = rng.random() < 0.5
    room = int(margins[0] if above else margins[1]) - int(0.2 * side)
    height = min(height, room)
    if height < 4:
        return
    hand = replace(Hand.of_anyone(rng), side=side)
    for _ in range(int(rng.integers(1, 5))):
        i = int(rng.integers(len(writer.labels)))
        part = stroke(writer.images[i], "", hand, rng)
        part = part[-height:] if above else part[:height]
        x = int(rng.integers(0, max(1, sheet.shape[1] - part.shape[1])))
        band = sheet[: len(part)] if above else sheet[-len(part) :]
        np.maximum(band[:, x : x + part.shape[1]], part[:, : band.shape[1] - x], out=band[:, x : x + part.shape[1]])


def _printed(shape: tuple[int, ...], side: int, rng: Rng) -> Float:
    """A security pattern: families of fine wavy lines, and grain: float32 (h, w) in [0, 1], the light that it takes away."""
    ys, xs = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    taken = np.zeros(shape, np.float32)
    for _ in range(int(rng.integers(1, 4))):
        angle, period = rng.uniform(0, np.pi), rng.uniform(0.08, 0.3) * side
        along, across = xs * np.cos(angle) + ys * np.sin(angle), ys * np.cos(angle) - xs * np.sin(angle)
        wave = across + rng.uniform(0, 0.3) * side * np.sin(along / (side * rng.uniform(0.2, 1.5)) + rng.uniform(0, 6))
        lines = np.clip(np.cos(2 * np.pi * wave / period) * rng.uniform(1, 3) - rng.uniform(0, 1.2), 0, 1)
        taken = np.maximum(taken, rng.uniform(0.03, 0.3) * lines.astype(np.float32))
    grain = cv2.GaussianBlur(rng.random(shape, np.float32), (0, 0), rng.uniform(0.5, 1.2))
    return np.asarray(np.clip(taken * light((shape[0], shape[1]), rng) + rng.uniform(0, 0.3) * (grain - 0.5), 0, 0.6), np.float32)
