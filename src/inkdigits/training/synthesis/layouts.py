"""What people write and print on sheets, and how it stands there: lines, tables, forms, exams, slips.

How such a sheet is seen is in `pages.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from inkdigits.arrays import Float

from .bank import Bank, Piece, scaled

Rng = np.random.Generator
Rectangle = tuple[float, float, float, float]


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
    printed: list[Rectangle] = field(default_factory=list)
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
        (self.fields if kind in ("numbers", "single") else self.printed if kind == "printed" else self.writing).append(box)
        return box

    def fits(self, box: Rectangle, apart: float) -> bool:
        """Whether a rectangle keeps away from all that is written so far by so many pixels."""
        x, y, w, h = box
        return all(
            x + w + apart < a or a + c + apart < x or y + h + apart < b or b + d + apart < y
            for a, b, c, d in (*self.fields, *self.writing, *self.printed)
        )

    def rule(self, start: tuple[float, float], end: tuple[float, float], dark: float, thick: int) -> None:
        """Draw a rule."""
        ends = (round(start[0]), round(start[1])), (round(end[0]), round(end[1]))
        lines = np.zeros_like(self.taken)
        cv2.line(lines, *ends, float(dark), thick, cv2.LINE_AA)
        np.maximum(self.taken, lines, out=self.taken)
        if dark > 0.12:
            self.rules.append((*ends, thick))


def scattered(sheet: Sheet) -> None:
    """Numbers, a few words and some print, anywhere."""
    rng = sheet.rng
    words, prints = float(rng.choice([0, 0.3, 0.8])), float(rng.choice([0, 0.4]))
    for _ in range(int(rng.integers(2, 22))):
        kind = "words" if rng.random() < words / 2 else "printed" if rng.random() < prints / 2 else "numbers"
        ink = scaled(sheet.piece(kind), sheet.tall * float(np.exp(rng.normal(0, 0.15))))
        if rng.random() < 0.2:
            ink = _turned(ink, rng.normal(0, 12))
        x, y = rng.uniform(0, max(sheet.size[1] - ink.shape[1], 1)), rng.uniform(0, max(sheet.size[0] - len(ink), 1))
        if sheet.fits((x, y, ink.shape[1], len(ink)), rng.uniform(0.1, 0.6) * sheet.tall):
            sheet.lay(kind, ink, x, y)


def _turned(ink: Float, degrees: float) -> Float:
    height, width = ink.shape
    reach = int(np.hypot(height, width)) + 2
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    turn[:, 2] += ((reach - width) / 2, (reach - height) / 2)
    big = np.asarray(cv2.warpAffine(ink, turn, (reach, reach), flags=cv2.INTER_LINEAR), np.float32)
    x, y, w, h = cv2.boundingRect((big > 0.05).astype(np.uint8))
    return big[y : y + h, x : x + w]


def written_lines(sheet: Sheet) -> None:
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


def words_only(sheet: Sheet) -> None:
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


def table(sheet: Sheet) -> None:
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


def form(sheet: Sheet) -> None:
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


def large(sheet: Sheet) -> None:
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


def apart(sheet: Sheet) -> None:
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


def tight(sheet: Sheet) -> None:
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


def slip(sheet: Sheet) -> None:
    """A few lines on a narrow slip of paper, or one that fills it."""
    rng, tall = sheet.rng, sheet.tall
    y = rng.uniform(0.05, 0.4) * tall
    while y + tall < sheet.size[0]:
        x = rng.uniform(0.1, 2) * tall
        while True:
            kind = "numbers" if rng.random() < 0.85 else "words"
            ink = scaled(sheet.piece(kind), tall * rng.uniform(0.9, 1.1))
            sheet.lay(kind, ink, x, y + 0.5 * (tall - len(ink)))
            x += ink.shape[1] + tall * rng.uniform(0.8, 4)
            if x > sheet.size[1] or rng.random() < 0.5:
                break
        y += tall * rng.uniform(1.2, 2)


def exam(sheet: Sheet) -> None:
    """Lines of print, and among them numbers that were written into boxes, rings and margins."""
    rng, tall = sheet.rng, sheet.tall
    small, y = tall * rng.uniform(0.35, 0.7), rng.uniform(0.1, 1) * tall
    boxed, dark, thick = rng.random() < 0.6, float(rng.uniform(0.3, 1)), max(1, round(0.06 * tall))
    while y + 1.6 * tall < sheet.size[0]:
        x, ends = rng.uniform(0.1, 1.5) * tall, rng.uniform(0.5, 1) * sheet.size[1]
        while x < ends:
            ink = scaled(sheet.piece("printed"), small)
            sheet.lay("printed", ink, x, y + 0.5 * (1.4 * tall - len(ink)))
            x += ink.shape[1] + small * rng.uniform(0.4, 0.7)
        if rng.random() < 0.45:
            ink = scaled(sheet.piece("numbers" if rng.random() < 0.8 else "single"), tall * rng.uniform(0.8, 1.1))
            wide = ink.shape[1] + tall * rng.uniform(0.2, 2)
            left = min(x + rng.uniform(0.1, 1.5) * tall, sheet.size[1] - wide - 2)
            if left > x and boxed:
                corners = (left, y), (left + wide, y), (left + wide, y + 1.4 * tall), (left, y + 1.4 * tall)
                for k in range(4):
                    sheet.rule(corners[k], corners[k - 1], dark, thick)
            if left > x and rng.random() < 0.8:
                sheet.lay("numbers", ink, left + 0.5 * (wide - ink.shape[1]), y + 0.5 * (1.4 * tall - len(ink)))
        y += (1.6 * tall if rng.random() < 0.5 else 1.4 * small) * rng.uniform(1, 1.2)


def nothing(sheet: Sheet) -> None:
    """An empty sheet."""
