"""Five layouts of forms as blanks: print, boxes, combs, lines, and the form.json that says what they hold. Everything follows from a seed.

An exam with a class list, a payment slip with check digits, an application, a time sheet, a meter reading; A4 at DPI.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from inkdigits.arrays import Bytes
from inkdigits.forms.fieldtypes import has_check_digit

Rng = np.random.Generator

DPI = 150
WIDTH, HEIGHT = 1240, 1754
"""Of a page of A4 in pixels."""
LEFT = 90
"""The left margin in pixels."""
NAMES = ("exam", "slip", "application", "hours", "meter")
GREY = 90
"""The grey level of boxes and lines; print is black."""
ROSTER = 300
"""Students of the class list."""
PROSE = (
    "Please write clearly with a dark pen. Do not write outside the boxes, and do not fold this page. Every field that does not concern "
    "you may be left empty. Your data are kept for as long as the law demands, and nobody else gets to see them. Return the page to the "
    "office that is named above, in person or by post, before the last day of the month. Whoever has lost a page may ask for another."
)


class Blank:
    """A page that is being drawn. fields: as form.json has them."""

    def __init__(self, name: str, serif: bool) -> None:
        from PIL import Image, ImageDraw

        self.name, self.face, self.fields = name, "DejaVuSerif" if serif else "DejaVuSans", list[dict[str, Any]]()
        self._image = Image.new("L", (WIDTH, HEIGHT), 255)
        self._draw = ImageDraw.Draw(self._image)

    @property
    def pixels(self) -> Bytes:
        """uint8 (HEIGHT, WIDTH)."""
        return np.asarray(self._image, np.uint8).copy()

    def text(self, x: int, y: int, text: str, size: int = 22, bold: bool = False) -> None:
        """Print a text; x, y: of its top left corner."""
        self._draw.text((x, y), text, fill=15, font=_font(self.face + ("-Bold" if bold else ""), size))

    def heading(self, *lines: tuple[int, str, int, bool], rule: int) -> None:
        """Print the lines of a heading, each with its top, its text, its size and whether it is bold, and a rule below at row `rule`."""
        for y, text, size, bold in lines:
            self.text(LEFT, y, text, size, bold)
        self.rule(rule)

    def paragraph(self, x: int, y: int, width: int, begin: int, lines: int, size: int = 17) -> None:
        """Print some lines of small print, from the word `begin` of PROSE."""
        words = cycle(PROSE.split())
        for _ in range(begin):
            next(words)
        for number in range(lines):
            line = ""
            while len(line) * size * 0.55 < width - 60:
                line += next(words) + " "
            self.text(x, y + number * round(1.45 * size), line, size)

    def field(self, name: str, box: tuple[int, int, int, int], kind: str, **keys: Any) -> None:
        """Note a field."""
        self.fields.append({"name": name, "box": list(box), "type": kind, **keys})

    def comb(self, name: str, x: int, y: int, cells: int, kind: str, *, cell: int = 50, high: int = 58, **keys: Any) -> None:
        """A row of cells, a digit each."""
        self._draw.rectangle((x, y, x + cells * cell, y + high), outline=GREY, width=2)
        for wall in range(1, cells):
            self._draw.line((x + wall * cell, y, x + wall * cell, y + high), fill=GREY, width=2)
        self.field(name, (x, y, cells * cell, high), kind, cells=cells, **keys)

    def box(self, name: str, x: int, y: int, wide: int, kind: str, *, high: int = 60, **keys: Any) -> None:
        """A box for a whole number."""
        self._draw.rectangle((x, y, x + wide, y + high), outline=GREY, width=3)
        self.field(name, (x, y, wide, high), kind, **keys)

    def line(self, name: str, x: int, y: int, wide: int, kind: str, *, dotted: bool = False, high: int = 60, **keys: Any) -> None:
        """A gap with a line under it."""
        base = y + high - 8
        if dotted:
            for dot in range(x, x + wide, 9):
                self._draw.ellipse((dot, base - 1, dot + 2, base + 1), fill=60)
        else:
            self._draw.line((x, base, x + wide, base), fill=40, width=2)
        self.field(name, (x, y, wide, high), kind, **keys)

    def tick(self, name: str, x: int, y: int, label: str) -> None:
        """A small box to tick, and its label."""
        self._draw.rectangle((x, y, x + 32, y + 32), outline=40, width=2)
        self.text(x + 44, y + 3, label, 20)
        self.field(name, (x, y, 32, 32), "tick")

    def choice(self, name: str, x: int, y: int, labels: Sequence[str], apart: int = 190) -> None:
        """Small boxes beside each other, of which one is to be ticked."""
        boxes = [(x + number * apart, y, 32, 32) for number in range(len(labels))]
        for label, (left, top, wide, high) in zip(labels, boxes, strict=True):
            self._draw.rectangle((left, top, left + wide, top + high), outline=40, width=2)
            self.text(left + 44, top + 3, label, 20)
        options = [{"name": label, "box": list(box)} for label, box in zip(labels, boxes, strict=True)]
        self.field(name, (x, y, (len(labels) - 1) * apart + 32, 32), "choice", options=options)

    def rule(self, y: int) -> None:
        """A rule over the width of the page."""
        self._draw.line((LEFT, y, WIDTH - LEFT, y), fill=0, width=3)


@cache
def _font(face: str, size: int) -> Any:
    import matplotlib
    from PIL import ImageFont

    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / f"fonts/ttf/{face}.ttf"), size)


def blanks() -> list[Blank]:
    """The five layouts, in the order of NAMES."""
    return [_exam(), _slip(), _application(), _hours(), _meter()]


def template() -> dict[str, Any]:
    """What form.json holds for all five; their images are NAME.png."""
    pages = [{"name": b.name, "image": f"{b.name}.png", "size": [WIDTH, HEIGHT], "fields": b.fields} for b in blanks()]
    return {
        "version": 1,
        "name": "five layouts",
        "pages": pages,
        "checks": [
            {"check": "sum", "of": [f"points {k}" for k in range(1, 7)], "is": "points"},
            {"check": "order", "of": ["reading before", "reading now"]},
            {"check": "equal", "of": ["meter", "meter again"]},
            *({"check": "order", "of": [f"from {k}", f"to {k}"]} for k in range(1, 6)),
        ],
    }


def roster() -> list[str]:
    """The numbers of the class list, of nine digits each, no two alike."""
    rng = np.random.default_rng(33)
    return sorted({f"{number:09d}" for number in rng.integers(10**8, 10**9, 2 * ROSTER).tolist()})[:ROSTER]


def checked(rng: Rng, length: int, check: str) -> str:
    """A number of so many digits, the check digits right."""
    while True:
        text = "".join(rng.choice(list("0123456789"), length))
        if has_check_digit(text, check):
            return text


def _exam() -> Blank:
    page = Blank("exam", serif=True)
    page.heading((80, "Department of Mathematics", 26, False), (130, "Written Examination", 44, True), rule=200)
    page.text(90, 240, "Student's number")
    page.comb("student", 380, 226, 9, "id", length=9, values=roster(), required=True)
    page.text(90, 340, "Date of the examination")
    page.line("day", 420, 310, 330, "date", order="dmy", minimum="2020-01-01", maximum="2030-12-31")
    page.paragraph(90, 420, 1060, 0, 5)
    page.text(90, 600, "Question", 22, bold=True)
    page.text(420, 600, "Points", 22, bold=True)
    for number in range(1, 7):
        page.text(90, 660 + (number - 1) * 96, f"Question {number}  (at most 20)")
        page.box(f"points {number}", 420, 640 + (number - 1) * 96, 140, "integer", minimum=0, maximum=20)
    page.text(90, 1250, "Sum of all points", 24, bold=True)
    page.box("points", 420, 1226, 180, "integer", minimum=0, maximum=120, high=70)
    page.paragraph(90, 1400, 1060, 40, 8)
    return page


def _slip() -> Blank:
    page = Blank("slip", serif=False)
    page.heading((90, "First Savings Bank of the Valley", 30, True), (140, "PAYMENT SLIP", 24, False), rule=190)
    page.text(90, 240, "Slip no.")
    page.comb("slip", 300, 226, 8, "id", length=8, check="luhn", required=True)
    page.text(760, 240, "Date")
    page.line("paid on", 860, 214, 290, "date", order="dmy", dotted=True)
    page.text(90, 380, "Pay to the account")
    page.box("account", 400, 356, 520, "id", high=76, length=12, check="mod97")
    page.text(90, 520, "Amount")
    page.box("amount", 400, 494, 420, "money", high=84, minimum=0)
    page.paragraph(90, 640, 1060, 17, 6)
    page.text(90, 860, "Signature")
    page.rule(980)
    page.text(90, 1020, "For the bank only", 20)
    page.paragraph(90, 1080, 1060, 60, 14, size=16)
    return page


def _application(left: int = 100) -> Blank:
    page = Blank("application", serif=False)
    page.text(left, 70, "Application for a Library Card", 40, bold=True)
    page.paragraph(left, 150, 1040, 9, 4)
    page.text(left, 300, "Date of birth (day, month, year)")
    page.comb("born", left, 340, 8, "date", order="dmy", cell=48, maximum="2026-12-31")
    page.text(660, 300, "Post code")
    page.comb("post code", 660, 340, 5, "id", length=5, cell=56, high=62)
    page.text(left, 470, "Telephone")
    page.line("telephone", left + 170, 436, 560, "phone", length=[6, 12])
    page.text(left, 580, "Persons in the household")
    page.box("persons", left + 330, 556, 110, "integer", minimum=1, maximum=15)
    page.text(left, 690, "Card")
    page.choice("card", left + 170, 684, ("adult", "child", "family", "school"))
    page.tick("newsletter", left, 780, "I want to receive the newsletter")
    page.tick("rules", left, 840, "I have read the rules of the library")
    page.tick("renewal", left, 900, "I had a card before, and its number was:")
    page.line("old card", left + 560, 876, 330, "id", length=7)
    page.paragraph(left, 1010, 1040, 30, 16)
    page.text(left, 1480, "Place and signature")
    page.rule(1560)
    return page


def _hours() -> Blank:
    page = Blank("hours", serif=False)
    page.text(90, 90, "TIME SHEET", 42, bold=True)
    page.text(700, 104, "Week")
    page.comb("week", 790, 90, 2, "integer", minimum=1, maximum=53)
    page.text(940, 104, "Year")
    page.comb("year", 1010, 90, 4, "integer", cell=44, length=4, minimum=2000, maximum=2040)
    page.rule(200)
    page.text(90, 250, "Personnel no.")
    page.comb("person", 330, 236, 6, "id", length=6, check="mod11", cell=56)
    for x, head in ((90, "Day"), (280, "From"), (500, "To"), (720, "Break, minutes"), (960, "Hours")):
        page.text(x, 350, head, 22, bold=True)
    for number, day in enumerate(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"), start=1):
        top = 400 + (number - 1) * 86
        page.text(90, top + 24, day)
        page.box(f"from {number}", 280, top, 190, "time", high=74)
        page.box(f"to {number}", 500, top, 190, "time", high=74)
        page.box(f"break {number}", 720, top, 190, "integer", high=74, minimum=0, maximum=180)
        page.box(f"hours {number}", 960, top, 190, "decimal", high=74, places=2, minimum=0, maximum=24)
    page.paragraph(90, 900, 1060, 22, 12)
    page.text(90, 1300, "Signature of the employee")
    page.rule(1400)
    return page


def _meter() -> Blank:
    page = Blank("meter", serif=True)
    page.heading((70, "Municipal Water Works", 34, True), (130, "Reading of your meter", 26, False), rule=190)
    page.paragraph(90, 220, 1060, 5, 4)
    page.text(90, 390, "Number of the meter")
    page.comb("meter", 420, 376, 10, "id", length=10, check="mod11", cell=54, high=64)
    page.text(90, 490, "Once more, please")
    page.comb("meter again", 420, 476, 10, "id", length=10, check="mod11", cell=54, high=64)
    page.text(90, 620, "Reading before, in cubic metres")
    page.line("reading before", 560, 586, 330, "integer", minimum=0)
    page.text(90, 720, "Reading now, in cubic metres")
    page.line("reading now", 560, 686, 330, "integer", minimum=0)
    page.text(90, 820, "Price of a cubic metre")
    page.box("price", 560, 796, 260, "decimal", places=2, minimum=0, maximum=20, high=70)
    page.text(90, 930, "Read on")
    page.line("read on", 560, 896, 330, "date", order="dmy", dotted=True)
    page.choice("read by", 90, 1030, ("owner", "tenant", "works"), apart=220)
    page.paragraph(90, 1140, 1060, 50, 10)
    page.rule(1480)
    page.text(90, 1510, "Thank you for your help", 22)
    return page
