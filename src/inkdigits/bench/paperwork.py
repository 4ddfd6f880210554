"""Forms and tables filled in by hand, composed in layouts and fonts that training does not have, with the truth of each number on them.

What is written is of the developers' pens and of MNIST's test writers; what is printed is in the fonts of TeX and STIX that come with
Matplotlib. Everything follows from a seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from inkdigits.arrays import Bytes, Double, Float
from inkdigits.lines import Box
from inkdigits.training.datasets import load
from inkdigits.training.synthesis.hands import Hand, Style
from inkdigits.training.synthesis.numbers import Word, as_written, written
from inkdigits.training.synthesis.sources import Sources, sources

Rng = np.random.Generator

FONTS = ("cmr10", "cmss10", "cmtt10", "cmb10", "STIXGeneral", "STIXGeneralItalic", "STIXGeneralBol")
"""Files of Matplotlib. None of these may be among the fonts of training."""
WIDE = 1000
"""The width of a page, in pixels."""
NAMES = (
    "Paper", "Screws", "Lamp oil", "Glue", "Rope", "Tea", "Boards", "Paint", "Wire", "Seeds", "Soap", "Candles", "Nails", "Cloth", "Ink",
    "Flour", "Salt", "Brushes", "Bricks", "Hinges", "Sand", "Chalk",
)  # fmt: skip
LABELS = (
    "Policy no.", "Date", "Member", "Total due", "Reading", "Weight (kg)", "Height", "Age", "Room", "Tax", "Distance", "Plot", "Account",
    "Phone", "Amount paid", "Deduction", "Serial no.", "Hours", "Persons", "Year",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """A number by hand. text: what it says. box: around its ink, x, y, width, height in pixels of the image. table: which of the page's
    tables it is in, with its row and column there; None where it is in none."""

    text: str
    box: Box
    table: int | None = None
    row: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """A filled-in page. image: uint8 (H, W), grey. kind: the name of its layout. numbers: all that are written on it by hand."""

    image: Bytes
    kind: str
    numbers: tuple[Written, ...]


@dataclass
class _Draft:
    """A page while it is made. taken: the share of the paper's light that print and pen take, float32 (H, W) in [0, 1]."""

    taken: Float
    rng: Rng
    hand: Hand
    style: Style
    font: str
    numbers: list[Written] = field(default_factory=list)

    def print(self, text: str, x: float, y: float, size: int) -> int:
        """Print a text, its top left corner at (x, y); returns the column where it ends."""
        ink = _printed(text, self.font, size)
        self._put(ink * np.float32(0.85), round(x), round(y))
        return round(x) + int(ink.shape[1])

    def write(self, text: str, x: float, middle: float, room: float, *, at: tuple[int, int, int] | None = None) -> None:
        """Write a number from column x on, on a line whose middle is at row `middle`, no wider than `room`. at: table, row and column."""
        ink, top = written(text, self.hand, self.style, self.rng)
        if ink.shape[1] > room:
            share = room / ink.shape[1]
            ink, top = cv2.resize(ink, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), top * share
        y = round(middle - top - self.style.height * min(1, room / max(ink.shape[1], 1)) / 2 + self.rng.normal(0, 0.06) * self.style.height)
        box = self._put(ink * np.float32(self.rng.uniform(0.75, 0.95)), round(x), y)
        table, row, column = at or (None, 0, 0)
        self.numbers.append(Written(text, box, table, row, column))

    def scribble(self, x: float, middle: float, room: float) -> None:
        """Write a word, which is no number."""
        words = _words()
        word = words[int(self.rng.integers(len(words)))]
        ink, top = as_written(word, self.style, 1.3 * self.style.height, self.rng)
        if 4 < ink.shape[1] <= room:
            self._put(ink * np.float32(0.85), round(x), round(middle - top - self.style.height / 2))

    def rule(self, x: float, y: float, to_x: float, to_y: float, *, thick: int = 2, dark: float = 0.7) -> None:
        """Draw a printed rule."""
        mark = np.zeros_like(self.taken)
        cv2.line(mark, (round(x), round(y)), (round(to_x), round(to_y)), dark, thick, cv2.LINE_AA)
        np.maximum(self.taken, mark, out=self.taken)

    def box(self, x: float, y: float, wide: float, high: float, *, thick: int = 2) -> None:
        """Draw a printed box."""
        mark = np.zeros_like(self.taken)
        cv2.rectangle(mark, (round(x), round(y)), (round(x + wide), round(y + high)), 0.7, thick, cv2.LINE_AA)
        np.maximum(self.taken, mark, out=self.taken)

    def _put(self, ink: Float, x: int, y: int) -> Box:
        x, y = max(x, 0), max(y, 0)
        window = self.taken[y : y + ink.shape[0], x : x + ink.shape[1]]
        np.maximum(window, ink[: window.shape[0], : window.shape[1]], out=window)
        return x, y, window.shape[1], window.shape[0]


def page(index: int) -> Page:
    """The page of a number: answer sheets, forms, invoices, ledgers and timesheets in turn. Raises DataError where data is missing."""
    rng = np.random.default_rng((51, index))
    kind = sorted(LAYOUTS)[index % len(LAYOUTS)]
    found = _sources()
    shares = np.array([share for share, _ in found.hands])
    hand = found.hands[int(rng.choice(len(shares), p=shares / shares.sum()))][1](rng)
    style = Style.of_anyone(float(rng.uniform(24, 36)), rng)
    style = replace(style, pen=float(np.clip(style.pen, 1.6, 0.12 * style.height)))
    draft = _Draft(np.zeros((int(rng.uniform(1.1, 1.4) * WIDE), WIDE), np.float32), rng, hand, style, str(rng.choice(FONTS)))
    LAYOUTS[kind](draft)
    return _scanned(draft, kind)


def _form(draft: _Draft) -> None:
    """Labels with boxes or dotted lines beside or below them, in one or two columns."""
    rng, tall = draft.rng, draft.style.height
    draft.print("Application for " + str(rng.choice(NAMES)).lower(), 60, 40, 34)
    columns = int(rng.integers(1, 3))
    below = rng.random() < 0.4
    wide, pitch = (WIDE - 120) / columns, tall * (3.4 if below else 2.5)
    labels = iter(rng.permutation(LABELS).tolist())
    for y in np.arange(140, len(draft.taken) - 2 * pitch, pitch):
        for column in range(columns):
            label = next(labels, None)
            if label is None:
                return
            x = 60 + column * wide
            end = draft.print(label, x, y, 22)
            left, middle = (x, y + 1.9 * tall) if below else (max(end + 20, x + 0.4 * wide), y + 12)
            room = x + wide - 40 - left
            if rng.random() < 0.5:
                draft.box(left, middle - 0.85 * tall, room, 1.7 * tall)
            else:
                draft.rule(left, middle + 0.75 * tall, left + room, middle + 0.75 * tall, thick=1)
            kind = rng.random()
            if kind < 0.7:
                draft.write(_number(rng, int(room / (0.95 * tall))), left + rng.uniform(0.3, 0.8) * tall, middle, room - tall)
            elif kind < 0.85:
                draft.scribble(left + 0.5 * tall, middle, room - tall)


def _invoice(draft: _Draft) -> None:
    """Printed items with quantities, prices and sums by hand, in rules across; date and number above, the total below."""
    rng, tall = draft.rng, draft.style.height
    draft.print(str(rng.choice(["Harrow & Sons", "Delta Stores", "The Old Mill", "Brook Supplies"])), 60, 40, 40)
    for k, label in enumerate(rng.choice(LABELS, 2, replace=False)):
        end = draft.print(str(label) + ":", 60 + 460 * k, 120, 22)
        draft.write(_number(rng, 7), end + 20, 132, 200)
    lefts, top, pitch = [60, 420, 570, 760, WIDE - 50], 220.0, tall * rng.uniform(1.7, 2.4)
    for x, head in zip(lefts, ("Item", "No.", "Price", "Sum"), strict=False):
        draft.print(head, x + 10, top - 34, 22)
    rows = int(rng.integers(3, max(4, int((len(draft.taken) - top - 3 * pitch) / pitch))))
    for row in range(rows):
        y = top + row * pitch
        draft.rule(60, y, WIDE - 50, y, thick=1)
        draft.print(str(rng.choice(NAMES)), 70, y + pitch / 2 - 11, 22)
        for column, length in enumerate((2, 4, 6)):
            if rng.random() < 0.85:
                room = lefts[column + 2] - lefts[column + 1] - 30
                draft.write(_number(rng, length), lefts[column + 1] + 12, y + pitch / 2, room, at=(0, row, column))
    bottom = top + rows * pitch
    draft.rule(60, bottom, WIDE - 50, bottom, thick=3)
    if rng.random() < 0.6:
        for x in lefts:
            draft.rule(x, top - 40, x, bottom, thick=1)
    draft.print("Total", 570, bottom + pitch / 2 - 11, 26)
    draft.write(_number(rng, 6), lefts[3] + 12, bottom + pitch / 2 + 4, 170)


def _ledger(draft: _Draft) -> None:
    """Columns of numbers without rules across, some rows without some numbers, with a column of printed years."""
    rng, tall = draft.rng, draft.style.height
    columns = int(rng.integers(2, 6))
    wide, pitch, top = (WIDE - 240) / columns, tall * rng.uniform(1.5, 2.1), 190
    for column in range(columns):
        draft.print(str(rng.choice(LABELS)).split(" ")[0], 200 + column * wide, top - 60, 20)
        if rng.random() < 0.5:
            draft.rule(190 + column * wide, top - 30, 190 + column * wide, len(draft.taken) - 60, thick=1, dark=0.5)
    length = int(np.clip(wide / (0.95 * tall) - 1, 1, 6))
    rows = int((len(draft.taken) - top - 80) / pitch)
    for row in range(rows):
        draft.print(str(1890 + row), 70, top + row * pitch + pitch / 2 - 11, 22)
        filled = rng.random(columns) < 0.8
        filled[rng.choice(columns, 2, replace=False)] = True
        for column in np.flatnonzero(filled).tolist():
            left = 200 + column * wide + rng.uniform(0, 0.12) * wide
            draft.write(_number(rng, length), left, top + (row + 0.5) * pitch, 0.85 * wide, at=(0, row, column))


def _timesheet(draft: _Draft) -> None:
    """A grid of rules, most cells empty or with a short number."""
    rng, tall = draft.rng, draft.style.height
    rows, columns = int(rng.integers(4, 9)), int(rng.integers(4, 8))
    wide, high, top = (WIDE - 220) / columns, tall * rng.uniform(1.9, 2.6), 200
    draft.print("Hours " + str(rng.choice(NAMES)), 60, 60, 32)
    for column in range(columns):
        draft.print("MTWTFSS"[column], 180 + (column + 0.4) * wide, top - 34, 24)
    for row in range(rows):
        draft.print(str(rng.choice(NAMES)), 60, top + row * high + high / 2 - 11, 22)
    for k in range(rows + 1):
        draft.rule(170, top + k * high, 170 + columns * wide, top + k * high)
    for k in range(columns + 1):
        draft.rule(170 + k * wide, top, 170 + k * wide, top + rows * high)
    cells = rng.random((rows, columns)) < 0.6
    cells[:, 0] |= ~cells.any(axis=1)
    for row, column in np.argwhere(cells).tolist():
        left = 170 + column * wide + rng.uniform(0.1, 0.35) * wide
        draft.write(_number(rng, 3), left, top + (row + 0.5) * high, 0.6 * wide, at=(0, row, column))


def _answers(draft: _Draft) -> None:
    """Printed questions with numbers in them, each with a box for the answer at the right, and words by hand between."""
    rng, tall = draft.rng, draft.style.height
    draft.print("Test " + str(rng.integers(1, 20)), 60, 40, 36)
    y = 140.0
    number = 1
    while y < len(draft.taken) - 4 * tall:
        a, b = rng.integers(2, 900, 2)
        question = str(rng.choice([f"{a} + {b} =", f"{a} x {b} =", f"How many are {a} and {b}?", f"{a} {rng.choice(NAMES)} at {b} each:"]))
        draft.print(f"{number}. {question}", 60, y, 26)
        if rng.random() < 0.4:
            draft.scribble(100, y + 1.9 * tall, 400)
        if rng.random() < 0.6:
            draft.box(WIDE - 300, y - 0.5 * tall, 230, 1.9 * tall)
        if rng.random() < 0.85:
            draft.write(_number(rng, 5), WIDE - 300 + 0.5 * tall, y + 0.45 * tall, 230 - tall)
        y += tall * rng.uniform(3.2, 4.6)
        number += 1


LAYOUTS: dict[str, Callable[[_Draft], None]] = {
    "answer sheet": _answers,
    "form": _form,
    "invoice": _invoice,
    "ledger": _ledger,
    "timesheet": _timesheet,
}


def _number(rng: Rng, longest: int) -> str:
    """A number of at most so many characters, at least one."""
    longest = max(1, min(longest, 9))
    digits = "".join(rng.choice(list("0123456789"), longest))
    kind = rng.random()
    length = int(rng.integers(1, longest + 1))
    if kind < 0.25 and longest >= 4:
        return f"{int(digits[: max(length - 3, 1)])}.{digits[-2:]}"
    if kind < 0.33 and longest >= 8:
        return f"{rng.integers(1, 29)}/{rng.integers(1, 13)}/{digits[:2]}"
    return digits[:length]


@cache
def _sources() -> Sources:
    return sources(load("mnist", "test"), "dev")


@cache
def _words() -> list[Word]:
    """Words of letters alone, from all hands."""
    return [word for own in _sources().words for word in own if word.text.isalpha()]


@cache
def _face(name: str, size: int) -> object:
    import matplotlib
    from PIL import ImageFont

    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts/ttf" / f"{name}.ttf"), size)


def _printed(text: str, font: str, size: int) -> Float:
    """A printed text, cut to its ink: float32 (h, w) in [0, 1]."""
    from PIL import Image as pillow
    from PIL import ImageDraw

    canvas = pillow.new("L", (size * (len(text) + 2), 2 * size), 0)
    ImageDraw.Draw(canvas).text((size // 2, size // 3), text, fill=255, font=_face(font, size))
    ink = np.asarray(canvas, np.float32) / np.float32(255)
    x, y, w, h = cv2.boundingRect((ink > 0.2).astype(np.uint8))
    return ink[y : y + h, x : x + w] if w else np.zeros((1, 1), np.float32)


def _scanned(draft: _Draft, kind: str) -> Page:
    """The page as a scanner or a camera straight above sees it: a little turned, in light that is not even, with noise, as JPEG."""
    rng = draft.rng
    high, wide = draft.taken.shape
    matrix = cv2.getRotationMatrix2D((wide / 2, high / 2), float(rng.normal(0, 0.8)), 1)
    taken = cv2.warpAffine(draft.taken, matrix, (wide, high), flags=cv2.INTER_LINEAR)
    across = np.linspace(-0.5, 0.5, wide, dtype=np.float32)[None] * np.float32(rng.uniform(-0.25, 0.25))
    down = np.linspace(-0.5, 0.5, high, dtype=np.float32)[:, None] * np.float32(rng.uniform(-0.25, 0.25))
    image = float(rng.uniform(195, 245)) * (1 + across + down) * (1 - taken * np.float32(rng.uniform(0.6, 0.9)))
    image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.4, 0.9)))
    image = image + rng.standard_normal(image.shape, np.float32) * np.float32(rng.uniform(1, 4))
    _, coded = cv2.imencode(".jpg", np.clip(image, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 92))])
    seen = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)
    return Page(seen, kind, tuple(replace(one, box=_moved(one.box, matrix)) for one in draft.numbers))


def _moved(box: Box, matrix: Double) -> Box:
    """The box around a box that was turned."""
    x, y, w, h = box
    points = np.array([(x, y), (x + w, y), (x, y + h), (x + w, y + h)]) @ matrix[:, :2].T + matrix[:, 2]
    (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return round(left), round(top), round(right - left), round(bottom - top)
