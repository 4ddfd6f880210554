"""Pages with a truth for each of their pixels: numbers, words and print on paper of all kinds, as cameras and scanners see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

from inkdigits.arrays import Bytes, Float
from inkdigits.layout.maps import CORE, DESK, MARGIN, PAPER, RULE, STEP, WRITING

from .bank import Bank, Piece, scaled
from .desks import desk
from .paper import _light as light
from .paper import _noise as noise
from .paper import _print as security_print

Rng = np.random.Generator
Rectangle = tuple[float, float, float, float]

SIZE = 320
"""Height and width of a composed page in pixels."""
SMALLEST, LARGEST = 8.0, 80.0
"""Heights of digits on pages, in pixels; the lowest are those that are a little higher than two of the maps' pixels."""
NARROWEST = 0.6
"""A field is taken to be at least so many times as wide as it is high, so that the core of a 1 does not vanish."""
LEAST = 7.0
"""What is lower than so many pixels on the page is nothing that can be read: it is taken for other writing."""


@dataclass(slots=True)
class Sheet:
    """A sheet that is written on. taken: float32 (h, w) in [0, 1], the share of the paper's light that is taken away. tall: the usual
    height of its digits, in pixels. hand: which of the bank's hands writes on it. tone: how dark its pen is, in [0, 1]."""

    taken: Float
    tall: float
    bank: Bank
    hand: int
    tone: float
    rng: Rng
    fields: list[Rectangle] = field(default_factory=list)
    writing: list[Rectangle] = field(default_factory=list)
    rules: list[tuple[tuple[int, int], tuple[int, int], int]] = field(default_factory=list)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.taken.shape[0], self.taken.shape[1]

    def piece(self, kind: str) -> Piece:
        """One of the bank's pieces: "numbers", "single" or "words" of this hand, or one that is "printed"."""
        some = self.bank.printed if kind == "printed" else getattr(self.bank, kind)[self.hand]
        found: Piece = some[int(self.rng.integers(len(some)))]
        return found

    def lay(self, kind: str, ink: Float, x: float, y: float) -> Rectangle | None:
        """Lay ink with its upper left corner at a place; returns its rectangle x, y, w, h, or None where it does not fit."""
        height, width = ink.shape
        left, top = round(x), round(y)
        if left < 0 or top < 0 or left + width > self.size[1] or top + height > self.size[0]:
            return None
        window = self.taken[top : top + height, left : left + width]
        np.maximum(window, ink * np.float32(self.tone if kind != "printed" else 0.5 + 0.5 * self.tone), out=window)
        box = (left, top, width, height)
        (self.fields if kind in ("numbers", "single") else self.writing).append(box)
        return box

    def rule(self, start: tuple[float, float], end: tuple[float, float], dark: float, thick: int) -> None:
        """Draw a rule."""
        ends = (round(start[0]), round(start[1])), (round(end[0]), round(end[1]))
        lines = np.zeros_like(self.taken)
        cv2.line(lines, *ends, float(dark), thick, cv2.LINE_AA)
        np.maximum(self.taken, lines, out=self.taken)
        if dark > 0.12:
            self.rules.append((*ends, thick))


def page(bank: Bank, rng: Rng) -> tuple[Bytes, Bytes]:
    """Compose a page: its grey levels, uint8 (320, 320), and the class of every fourth pixel, uint8 (80, 80)."""
    height, width = (round(SIZE * rng.uniform(0.75, 1.2)) for _ in range(2))
    kind = LAYOUTS[int(rng.choice(len(LAYOUTS), p=SHARES))]
    on_desk = kind is not _tight and rng.random() < ON_DESK
    tall = float(np.exp(rng.uniform(np.log(SMALLEST * (1.5 if on_desk else 1)), np.log(LARGEST if kind in LARGE else 30))))
    if kind is _tight:
        tall = float(np.exp(rng.uniform(np.log(12), np.log(110))))
        height, width = round(tall * rng.uniform(1.2, 2.6)), round(SIZE * rng.uniform(0.5, 1))
    tone = float(rng.uniform(0.25, 1.0) ** 0.7)
    sheet = Sheet(np.zeros((height, width), np.float32), tall, bank, int(rng.integers(len(bank.numbers))), tone, rng)
    kind(sheet)
    if kind is not _tight and rng.random() < 0.25:
        _ruled(sheet)
    _stained(sheet)
    return _taken_picture(sheet, kind is _tight, on_desk)


def _fits(sheet: Sheet, box: Rectangle, apart: float) -> bool:
    x, y, w, h = box
    return all(
        x + w + apart < a or a + c + apart < x or y + h + apart < b or b + d + apart < y for a, b, c, d in (*sheet.fields, *sheet.writing)
    )


def _scattered(sheet: Sheet) -> None:
    """Numbers, a few words and some print, anywhere."""
    rng = sheet.rng
    words, prints = float(rng.choice([0, 0.3, 0.8])), float(rng.choice([0, 0.4]))
    for _ in range(int(rng.integers(2, 22))):
        kind = "words" if rng.random() < words / 2 else "printed" if rng.random() < prints / 2 else "numbers"
        ink = scaled(sheet.piece(kind), sheet.tall * float(np.exp(rng.normal(0, 0.15))))
        if rng.random() < 0.2:
            ink = _turned(ink, rng.normal(0, 12))
        x, y = rng.uniform(0, max(sheet.size[1] - ink.shape[1], 1)), rng.uniform(0, max(sheet.size[0] - len(ink), 1))
        if _fits(sheet, (x, y, ink.shape[1], len(ink)), rng.uniform(0.1, 0.6) * sheet.tall):
            sheet.lay(kind, ink, x, y)


def _turned(ink: Float, degrees: float) -> Float:
    height, width = ink.shape
    reach = int(np.hypot(height, width)) + 2
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    turn[:, 2] += ((reach - width) / 2, (reach - height) / 2)
    big = np.asarray(cv2.warpAffine(ink, turn, (reach, reach), flags=cv2.INTER_LINEAR), np.float32)
    x, y, w, h = cv2.boundingRect((big > 0.05).astype(np.uint8))
    return big[y : y + h, x : x + w]


def _written_lines(sheet: Sheet) -> None:
    """Lines of numbers, of words, or of both; close or far apart."""
    rng = sheet.rng
    share, single = float(rng.choice([0.05, 0.3, 0.7, 1.0], p=[0.25, 0.25, 0.2, 0.3])), rng.random() < 0.15
    pitch, y = sheet.tall * rng.uniform(1.25, 2.8), rng.uniform(0, 1.5) * sheet.tall
    indent, gap = rng.uniform(0, 2) * sheet.tall, rng.uniform(0.7, 2.5)
    print_share = 0.5 if rng.random() < 0.2 else 0.0
    while y + sheet.tall < sheet.size[0]:
        x, ends = indent + rng.uniform(0, 1) * sheet.tall, rng.uniform(0.4, 1) * sheet.size[1]
        while x < ends:
            number = rng.random() < share
            kind = ("single" if single else "numbers") if number else "printed" if rng.random() < print_share else "words"
            ink = scaled(sheet.piece(kind), sheet.tall * rng.uniform(0.9, 1.1))
            box = (x, y + 0.5 * (sheet.tall - len(ink)) + rng.normal(0, 0.06) * sheet.tall, ink.shape[1], len(ink))
            if box[1] >= 0:
                sheet.lay(kind, ink, box[0], box[1])
            x += ink.shape[1] + sheet.tall * rng.uniform(0.8, 1.2) * (gap if number else 0.5)
        y += pitch * rng.uniform(0.95, 1.05)


def _words_only(sheet: Sheet) -> None:
    """Words, or print: no number that anybody wrote."""
    rng, kind = sheet.rng, "words" if sheet.rng.random() < 0.6 else "printed"
    pitch, y = sheet.tall * rng.uniform(1.3, 2.4), rng.uniform(0, 1) * sheet.tall
    while y + sheet.tall < sheet.size[0]:
        x = rng.uniform(0, 1.5) * sheet.tall
        while x < sheet.size[1]:
            ink = scaled(sheet.piece(kind), sheet.tall * rng.uniform(0.9, 1.1))
            sheet.lay(kind, ink, x, max(y + 0.5 * (sheet.tall - len(ink)), 0))
            x += ink.shape[1] + sheet.tall * rng.uniform(0.3, 0.8)
        y += pitch


def _table(sheet: Sheet) -> None:
    """A table or a ledger, with rules or without; a sudoku's squares."""
    rng, tall = sheet.rng, sheet.tall
    sudoku = rng.random() < 0.15
    high = tall * rng.uniform(1.25, 2.4)
    columns = [high if sudoku else tall * rng.uniform(2.2, 9) for _ in range(9 if sudoku else int(rng.integers(2, 8)))]
    rows = 9 if sudoku else int(rng.integers(2, 16))
    x0, y0 = rng.uniform(0, 1.2) * tall, rng.uniform(0, 1.5) * tall
    total = float(np.sum(columns))
    drawn = rng.choice(4, p=[0.2, 0.15, 0.25, 0.4]) if not sudoku else 3  # none, rows, columns, both
    dark, thick = float(rng.uniform(0.15, 1)), max(1, round(tall * rng.uniform(0.02, 0.16)))
    kinds = ["single" if sudoku else str(rng.choice(["numbers", "words", "printed"], p=[0.72, 0.16, 0.12])) for _ in columns]
    filled, header, right = rng.uniform(0.3, 1), rng.random() < 0.5, rng.random() < 0.5
    for row in range(rows):
        x = x0
        for wide, kind in zip(columns, kinds, strict=True):
            own = "printed" if header and row == 0 and not sudoku else kind
            ink = scaled(sheet.piece(own), tall * rng.uniform(0.85, 1.1) * (0.8 if own == "printed" else 1))
            if own != "numbers" and ink.shape[1] > wide:
                ink = ink[:, : max(int(wide) - 3, 2)]
            free = wide - ink.shape[1] - 0.16 * tall
            if rng.random() < filled and free > -0.1 * tall:
                at = x + 0.08 * tall + max(free, 0) * (rng.uniform(0.85, 1) if right else rng.uniform(0, 1))
                sheet.lay(own, ink, at, y0 + row * high + 0.5 * (high - len(ink)) + rng.normal(0, 0.05) * tall)
            x += wide
    if drawn in (1, 3):
        for row in range(rows + 1):
            sheet.rule((x0, y0 + row * high), (x0 + total, y0 + row * high), dark, thick)
    if drawn in (2, 3):
        for x in x0 + np.cumsum([0, *columns]):
            sheet.rule((x, y0), (x, y0 + rows * high), dark, thick)


def _form(sheet: Sheet) -> None:
    """Printed labels, and beside or under each a box, a comb, a line or nothing, filled in or empty."""
    rng, tall = sheet.rng, sheet.tall
    y = rng.uniform(0.3, 2) * tall
    while y + 2 * tall < sheet.size[0]:
        x = rng.uniform(0.2, 2) * tall
        while x < sheet.size[1] - 4 * tall:
            label = scaled(sheet.piece("printed"), tall * rng.uniform(0.45, 0.9))
            above = rng.random() < 0.3
            sheet.lay("printed", label, x, y + (0 if above else 0.5 * (1.5 * tall - len(label))))
            left = x if above else x + label.shape[1] + 0.4 * tall
            top = y + len(label) + 0.2 * tall if above else y
            kind = "numbers" if rng.random() < 0.8 else "words"
            ink = scaled(sheet.piece(kind), tall * rng.uniform(0.85, 1.1))
            high, wide = 1.6 * tall, max(ink.shape[1] + tall * rng.uniform(0.3, 3), 3 * tall)
            dark, thick, shape = float(rng.uniform(0.2, 1)), max(1, round(tall * rng.uniform(0.02, 0.09))), rng.random()
            if shape < 0.75:
                sheet.rule((left, top + high), (left + wide, top + high), dark, thick)
            if shape < 0.5:
                sheet.rule((left, top), (left + wide, top), dark, thick)
                sheet.rule((left, top), (left, top + high), dark, thick)
                sheet.rule((left + wide, top), (left + wide, top + high), dark, thick)
            if shape < 0.2:
                for at in np.arange(left + 1.1 * tall, left + wide, 1.1 * tall):
                    sheet.rule((at, top), (at, top + high), dark, thick)
            if rng.random() < 0.75:
                sheet.lay(kind, ink, left + rng.uniform(0.1, 0.4) * tall, top + 0.5 * (high - len(ink)))
            x = left + wide + rng.uniform(0.5, 3) * tall
        y += tall * rng.uniform(2.2, 4)


def _large(sheet: Sheet) -> None:
    """One to three numbers, as large as the sheet allows."""
    rng = sheet.rng
    rows = int(rng.integers(1, 4))
    for row in range(rows):
        piece = sheet.piece("numbers" if rng.random() < 0.75 else "single")
        room = sheet.size[0] / rows * rng.uniform(0.4, 0.8)
        factor = min(room / len(piece.ink), 0.9 * sheet.size[1] / piece.ink.shape[1])
        ink = scaled(piece, piece.tall * factor, float(rng.uniform(0.25, 0.75)))
        sheet.tall = piece.tall * factor
        top = (row + 0.5) * sheet.size[0] / rows - len(ink) / 2
        sheet.lay("numbers", ink, rng.uniform(0, max(sheet.size[1] - ink.shape[1], 1)), max(top, 0))


def _apart(sheet: Sheet) -> None:
    """Digits one by one in rows, wide apart, each a field of its own."""
    rng, tall = sheet.rng, sheet.tall
    gap, level = rng.uniform(0.45, 2.5), float(rng.uniform(0.25, 0.75))
    y = rng.uniform(0.1, 1) * tall
    while y + 1.2 * tall < sheet.size[0]:
        x, ends = rng.uniform(0.1, 2) * tall, rng.uniform(0.3, 1) * sheet.size[1]
        while x < ends:
            ink = scaled(sheet.piece("single"), tall * rng.uniform(0.85, 1.15), level)
            sheet.lay("single", ink, x, y + 0.5 * (tall - len(ink)) + rng.normal(0, 0.08) * tall)
            x += ink.shape[1] + tall * gap * rng.uniform(0.8, 1.2)
        y += tall * rng.uniform(1.3, 2.6)


def _tight(sheet: Sheet) -> None:
    """One line that fills the image, as somebody cut it out; print or a wall beside it."""
    rng, tall = sheet.rng, sheet.tall
    x = rng.uniform(0.05, 1.5) * tall
    while True:
        kind = "numbers" if rng.random() < 0.88 else "words"
        ink = scaled(sheet.piece(kind), tall)
        ink = ink[max(len(ink) - sheet.size[0], 0) // 2 :][: sheet.size[0]]
        if x + ink.shape[1] > sheet.size[1]:
            if sheet.fields or sheet.writing:
                break
            x, ink = 0, ink[:, : sheet.size[1]]  # cut off where the picture ends
        sheet.lay(kind, ink, x, np.clip(0.5 * (sheet.size[0] - len(ink)) + rng.normal(0, 0.1) * tall, 0, sheet.size[0] - len(ink)))
        x += ink.shape[1] + tall * rng.uniform(1, 5)
        if rng.random() < 0.7:
            break
    if rng.random() < 0.25:
        at, thick = rng.uniform(0, 1) * sheet.size[1], max(1, round(tall * rng.uniform(0.03, 0.25)))
        sheet.rule((at, 0), (at + rng.normal(0, 0.03) * tall, sheet.size[0]), float(rng.uniform(0.3, 1)), thick)
    if rng.random() < 0.25:
        at = sheet.size[0] * rng.uniform(0.75, 1)
        sheet.rule((0, at), (sheet.size[1], at + rng.normal(0, 0.05) * tall), float(rng.uniform(0.2, 1)), max(1, round(tall * 0.06)))


def _nothing(sheet: Sheet) -> None:
    """An empty sheet."""


LAYOUTS: tuple[Callable[[Sheet], None], ...] = (_scattered, _written_lines, _words_only, _table, _form, _large, _apart, _tight, _nothing)
SHARES = (0.14, 0.16, 0.08, 0.16, 0.1, 0.11, 0.1, 0.13, 0.02)
ON_DESK = 0.4
"""The share of sheets that are photographed with what lies around them."""
LARGE = (_scattered, _large, _written_lines, _apart)


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
        if _fits(sheet, box, 0.3 * tall):
            thick = max(1, round(0.09 * tall))
            cv2.polylines(sheet.taken, [np.round(points * 8).astype(np.int32)], False, float(sheet.tone), thick, cv2.LINE_AA, 3)
            sheet.writing.append(box)


def _truth(sheet: Sheet) -> Bytes:
    """The class of each pixel of a sheet: uint8 (h, w)."""
    classes = np.full(sheet.size, PAPER, np.uint8)
    for x, y, w, h in sheet.writing:
        classes[round(y) : round(y + h), round(x) : round(x + w)] = WRITING
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
    draw = rng.random()
    turn = (
        rng.normal(0, 2.5)
        if draw < 0.55 or tight
        else rng.uniform(-32, 32)
        if draw < 0.82
        else rng.choice([90, 180, 270]) + rng.normal(0, 4)
    )
    if tight and rng.random() < 0.7:
        turn = 0.0
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
    grey = _photographed(taken, inside, sheet.tall, frame, rng, secured=0.35 if tight else 0.1)
    if tight:
        classes[frame[0] :], classes[:, frame[1] :] = DESK, DESK
    return grey, np.ascontiguousarray(classes[STEP // 2 :: STEP, STEP // 2 :: STEP])


def _photographed(taken: Float, inside: Float, tall: float, frame: tuple[int, int], rng: Rng, *, secured: float) -> Bytes:
    """What a camera sees: uint8 (320, 320), black outside the frame. secured: how often the paper has a security pattern, as cheques do."""
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
        around = desk(taken.shape, rng)
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
