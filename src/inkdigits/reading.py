"""What the reader returns: frozen dataclasses that export and show themselves."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .spreadsheet import CELL_COLUMNS, CSV_COLUMNS, csv_cells, csv_text, plain
from .tables import Place, Table

if TYPE_CHECKING:
    import numpy as np

Box = tuple[int, int, int, int]
"""x, y, width, height in pixels of the source image as it is seen (EXIF orientation applied)."""

LEFT_OUT = ("letter", "dot or comma", "dash", "slash", "not a digit", "crossed out", "faint", "at the edge")
"""Why ink was left out: what it looks like. "not a digit" is any other mark; "at the edge" lies along the edge of the image and is no
writing."""
REVIEW_REASONS = ("error", "refused", "damaged", "unread", "unsure")
"""Why a person should look: it could not be read; nothing on it is a digit; the file may be damaged, as its decoder had a warning; ink of
the size of writing was left out; an answer is not sure."""
WORD_GAP = 1.2
"""A gap between two digits is wide from so many of their line's median digit heights. Tuned on hands33: it splits one of 120 numbers."""
FRAME_COLUMNS = ("source", "page", "line", "word", "text", "confidence", "x", "y", "width", "height")
"""The columns of `to_dataframe`."""
SAVED = (".json", ".csv", ".txt", ".png", ".jpg", ".jpeg")
"""What the name of a file that is saved may end in."""
PRINTED = 60
"""Characters of a text or a reason that `print` shows."""


@dataclass(frozen=True, slots=True)
class Digit:
    """One position of a line.

    label: a class name such as "3", or "?" where the reader will not answer.
    confidence: calibrated probability in [0, 1] of the best class, also where the label is "?".
    alternatives: the next classes with their probabilities, most likely first.
    probabilities: of every class, in the order of the model's classes; empty where they were not asked for.
    refused: why the label is "?", in words that tell what to do; None where it is answered.
    tile: float32 (28, 28) in [0, 1], 1 = ink: what the network saw. Not part of comparison or of exports.
    """

    label: str
    box: Box
    confidence: float
    alternatives: tuple[tuple[str, float], ...] = ()
    probabilities: tuple[tuple[str, float], ...] = ()
    refused: str | None = None
    tile: np.ndarray | None = field(default=None, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """As in a row's `digits`: label, box, confidence, alternatives (probabilities where there are any)."""
        row: dict[str, Any] = {
            "label": self.label,
            "box": list(self.box),
            "confidence": round(self.confidence, 4),
            "alternatives": [[label, round(p, 4)] for label, p in self.alternatives],
        }
        if self.probabilities:
            row["probabilities"] = {label: round(p, 4) for label, p in self.probabilities}
        if self.refused:
            row["refused"] = self.refused
        return row


@dataclass(frozen=True, slots=True)
class Line:
    """A line of writing, its characters left to right.

    certainty: probability in [0, 1] that all of it is right and nothing of it is missing, where that was estimated for the line as a whole.
    candidates: the texts that it may be with their probabilities, likeliest first; "?" stands for what is no number.
    value: the number that it is, where that is beyond doubt.
    second_opinion: what another engine read, "?" for what is no character of ours; None where it was not asked.
    place: where it stands on the page; left_out: ink in it or beside it that was not read.
    parts: the fields that it consists of, left to right, where these are several.
    evidence: what speaks for the text, of which its certainty was made (`inkdigits.recognition.confidence`); not part of comparison or of
    exports.
    """

    digits: tuple[Digit, ...]
    box: Box
    certainty: float | None = None
    candidates: tuple[tuple[str, float], ...] = ()
    value: int | float | None = None
    second_opinion: str | None = None
    evidence: Mapping[str, float] = field(default_factory=dict, repr=False, compare=False)
    place: Place | None = None
    left_out: tuple[LeftOut, ...] = ()
    parts: tuple[Line, ...] = ()

    @property
    def fields(self) -> tuple[Line, ...]:
        """Its numbers as they were found, left to right: itself where it is one."""
        return self.parts or (self,)

    @property
    def text(self) -> str:
        """The labels joined, "?" where the reader will not answer; a space between two fields."""
        return " ".join(part.text for part in self.parts) or "".join(digit.label for digit in self.digits)

    @property
    def confidence(self) -> float:
        """Probability in [0, 1] that the whole line is right: its certainty, else that of all positions, taken as independent."""
        if self.certainty is not None:
            return self.certainty
        product = 1.0
        for digit in self.digits:
            product *= digit.confidence
        return product

    @property
    def words(self) -> tuple[Line, ...]:
        """Its numbers: its fields, and in each the groups of digits that stand apart by a gap more than 1.2 times as wide as its digits are
        high, each a Line."""
        if self.parts:
            return tuple(word for part in self.parts for word in part.words)
        if not self.digits:
            return ()
        from statistics import median  # seven milliseconds that reading a file does not need

        wide = WORD_GAP * median(digit.box[3] for digit in self.digits)
        groups = [[self.digits[0]]]
        for before, digit in pairwise(self.digits):
            if digit.box[0] - (before.box[0] + before.box[2]) > wide:
                groups.append([])
            groups[-1].append(digit)
        return tuple(line_of(group) for group in groups) if len(groups) > 1 else (self,)

    def moved(self, place: Callable[[Box], Box]) -> Line:
        """The line with all boxes in it where `place` puts them."""
        digits = tuple(replace(digit, box=place(digit.box)) for digit in self.digits)
        left_out = tuple(replace(mark, box=place(mark.box)) for mark in self.left_out)
        parts = tuple(part.moved(place) for part in self.parts)
        return replace(self, digits=digits, box=place(self.box), left_out=left_out, parts=parts)

    def field(self) -> dict[str, Any]:
        """As in a row's `fields`: text, box, table, row, column, confidence, candidates, value, left_out."""
        table, row, column = self.place or (None, None, None)
        return {
            "text": self.text,
            "box": list(self.box),
            "table": table,
            "row": row,
            "column": column,
            "confidence": round(self.confidence, 4),
            "candidates": [[text, round(p, 4)] for text, p in self.candidates],
            "value": self.value,
            "left_out": [mark.to_dict() for mark in self.left_out],
        }

    def to_dict(self) -> dict[str, Any]:
        """As in a row's `lines`: text, box, confidence, digits, candidates, value."""
        row = {
            "text": self.text,
            "box": list(self.box),
            "confidence": round(self.confidence, 4),
            "digits": [digit.to_dict() for digit in self.digits],
            "candidates": [[text, round(p, 4)] for text, p in self.candidates],
            "value": self.value,
        }
        return row if self.second_opinion is None else {**row, "second_opinion": self.second_opinion}


def line_of(digits: Sequence[Digit]) -> Line:
    """The Line of some digits, left to right, with the box around all of them."""
    left, top = min(d.box[0] for d in digits), min(d.box[1] for d in digits)
    right, bottom = max(d.box[0] + d.box[2] for d in digits), max(d.box[1] + d.box[3] for d in digits)
    return Line(tuple(digits), (left, top, right - left, bottom - top))


def joined(fields: Sequence[Line]) -> Line:
    """The Line of some fields, left to right: itself where it is one, else all of their digits, as sure as all of them together."""
    if len(fields) == 1:
        return fields[0]
    certainty = 1.0
    for one in fields:
        certainty *= one.confidence
    return replace(line_of([digit for one in fields for digit in one.digits]), certainty=certainty, parts=tuple(fields))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Ink that was not read. reason: one of `LEFT_OUT`."""

    box: Box
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """As in a row's `left_out`: box, reason."""
        return {"box": list(self.box), "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Reading:
    """What one image (or one page) says.

    source: as the user gave it; "" for arrays. page: from 1.
    refused: why there is no digit to read, None where there is one.
    left_out: the ink that is neither read nor a rule nor a speck.
    doubts: reasons to look at it that neither text, refused nor error show, of `REVIEW_REASONS`.
    ms: milliseconds spent in each stage. model: name/hash of the network that read.
    tables: those whose cells were found, from top to bottom, with the numbers of `fields` in them.
    image: uint8 (H, W) or (H, W, 3) RGB, as it was read; kept only where asked for, not part of comparison or exports.
    """

    lines: tuple[Line, ...]
    source: str = ""
    page: int = 1
    refused: str | None = None
    error: str | None = None
    ms: dict[str, float] = field(default_factory=dict, compare=False)
    model: str = ""
    image: np.ndarray | None = field(default=None, repr=False, compare=False)
    left_out: tuple[LeftOut, ...] = ()
    doubts: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()

    @property
    def fields(self) -> tuple[Line, ...]:
        """The numbers that were found, in reading order."""
        return tuple(field for line in self.lines for field in line.fields)

    @property
    def text(self) -> str:
        """Lines joined by a newline; "" where nothing was read."""
        return "\n".join(line.text for line in self.lines)

    @property
    def value(self) -> int | float | None:
        """The number that it is, where it is one line and that is beyond doubt."""
        return self.lines[0].value if len(self.lines) == 1 else None

    @property
    def confidence(self) -> float:
        """Probability in [0, 1] that the whole text is right; 0 where nothing was read."""
        if not self.lines:
            return 0.0
        product = 1.0
        for line in self.lines:
            product *= line.confidence
        return product

    @property
    def review_reasons(self) -> tuple[str, ...]:
        """Why a person should look, in the order of `REVIEW_REASONS`; empty where nobody has to."""
        found = {"error": bool(self.error), "refused": bool(self.refused), "unsure": "?" in self.text}
        return tuple(reason for reason in REVIEW_REASONS if found.get(reason) or reason in self.doubts)

    @property
    def needs_review(self) -> bool:
        """True where a person should look: where there are `review_reasons`."""
        return bool(self.review_reasons)

    @property
    def words(self) -> tuple[Line, ...]:
        """The numbers of all lines in turn: the groups of digits that stand apart by a wide gap, see `Line.words`."""
        return tuple(word for line in self.lines for word in line.words)

    def __str__(self) -> str:
        """One short line: the source, what it says or why it says nothing, and how sure that is."""
        said = self.error or self.refused or self.text.replace("\n", " / ")
        said = said if len(said) <= PRINTED else said[: PRINTED - 1] + "…"
        if self.error or self.refused:
            said = f"{'not read' if self.error else 'refused'}: {said}"
        else:
            said += f" ({self.confidence:.0%}{', needs review' if self.needs_review else ''})"
        return f"{self._place}: {said}" if self.source else said

    def to_dict(self) -> dict[str, Any]:
        """One row of `--format jsonl`. The keys are a contract: later versions only add."""
        return {
            "source": self.source,
            "page": self.page,
            "text": self.text,
            "confidence": round(self.confidence, 4),
            "needs_review": self.needs_review,
            "refused": self.refused,
            "error": self.error,
            "lines": [line.to_dict() for line in self.lines],
            "ms": {stage: round(value, 2) for stage, value in self.ms.items()},
            "model": self.model,
            "left_out": [left.to_dict() for left in self.left_out],
            "review_reasons": list(self.review_reasons),
            "value": self.value,
            "fields": [field.field() for field in self.fields],
            "tables": [[[cell.text for cell in row] for row in table.rows] for table in self.tables],
        }

    def to_json(self) -> str:
        """The row as one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def to_csv(self, *, header: bool = True) -> str:
        """The row as CSV (RFC 4180, lines end with \\n), under a line of column names. None is an empty field, a line break is quoted, and
        what a spreadsheet would run as a formula has an apostrophe before it, see `csv_cells`."""
        return csv_text([*([CSV_COLUMNS] if header else []), csv_cells(self.to_dict())])

    def to_cells(self, *, header: bool = True) -> str:
        """A row of CSV for each number, under a line of column names: source, page, table, row and column (from 1; where it is in no table
        its line on the page and its place in that), text, confidence, x, y, width, height, and what went wrong where nothing was read.

        Empty cells of tables have a row without a text, in their place in the table.
        """
        rows: list[Sequence[Any]] = [CELL_COLUMNS] if header else []
        empty = [
            (number, row, column)
            for number, table in enumerate(self.tables)
            for row, cells in enumerate(table.rows)
            for column, cell in enumerate(cells)
            if not cell.fields
        ]
        placed = [(line.place or (None, 0, number), line) for number, line in enumerate(self.fields)]
        found: list[tuple[tuple[int | None, int, int], Line | None]] = [*placed, *((place, None) for place in empty)]
        for (table, row, column), line in sorted(found, key=lambda one: (one[0][0] is None, *(value or 0 for value in one[0]))):
            where = ("" if table is None else table + 1, row + 1, column + 1)
            what = (plain(line.text), round(line.confidence, 4), *line.box) if line else ("",) * 6
            rows.append((plain(self.source), self.page, *where, *what, ""))
        if not self.fields:
            rows.append((plain(self.source), self.page, *("",) * 9, plain(self.error or self.refused or "")))
        return csv_text(rows)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what was read to a file, whole or not at all; what its suffix means is written: .json the row as `to_dict` has it, .csv the
        row under the names of its columns, .txt the text, .png and .jpg the annotated picture.

        Raises ValueError for another suffix and for a picture whose image was not kept, OutputError where the file is the image that was
        read or cannot be written.
        """
        from . import files
        from .errors import OutputError

        suffix = os.path.splitext(path)[1].lower()
        if suffix not in SAVED:
            raise ValueError(f"{os.fspath(path)}: a Reading is saved as {', '.join(SAVED)}; give a name that ends so")
        if os.path.exists(path) and os.path.exists(self.source) and os.path.samefile(path, self.source):
            raise OutputError(f"{os.fspath(path)} is the image that was read; choose another name")
        files.write(path, self._saved(suffix))

    def _saved(self, suffix: str) -> bytes | str:
        if suffix == ".json":
            return json.dumps(self.to_dict(), ensure_ascii=False, indent=2) + "\n"
        if suffix == ".csv":
            return self.to_csv()
        if suffix == ".txt":
            return self.text + "\n"
        from . import drawing

        return drawing.encode(drawing.annotate(self), suffix)

    def to_dataframe(self) -> Any:
        """The words as a pandas DataFrame, one a row, with the columns source, page, line and word (both from 1), text, confidence, x, y,
        width, height (pixels of the image); no row where nothing was read. Raises MissingExtra without pandas.
        """
        try:
            import pandas
        except ImportError:
            from .errors import MissingExtra

            raise MissingExtra("pandas", "Reading.to_dataframe") from None
        rows = [
            (self.source, self.page, number, place, word.text, word.confidence, *word.box)
            for number, line in enumerate(self.lines, start=1)
            for place, word in enumerate(line.words, start=1)
        ]
        return pandas.DataFrame(rows, columns=list(FRAME_COLUMNS))

    def plot(self, axes: Any = None) -> Any:
        """Show the image with boxes, labels and confidence on matplotlib `axes` (new ones by default), and return them.

        Raises MissingExtra without matplotlib, ValueError where the image was not kept.
        """
        from . import drawing
        from .errors import MissingExtra

        try:
            from matplotlib import pyplot
        except ImportError:
            raise MissingExtra("train", "Reading.plot") from None
        picture = drawing.annotate(self)
        if axes is None:
            axes = pyplot.subplots()[1]
        axes.imshow(picture)
        axes.set_axis_off()
        axes.set_title(self.text or self.refused or self.error or "")
        return axes

    def _repr_html_(self) -> str:
        """For notebooks: the annotated image where it was kept, and a table of the lines."""
        from html import escape

        if self.error or self.refused:
            rows = f"<tr><td>{escape(self.error or self.refused or '')}</td></tr>"
        else:
            head = "<tr><th>line</th><th>text</th><th>confidence</th></tr>"
            rows = head + "".join(
                f"<tr><td>{number}</td><td><b>{escape(line.text)}</b></td><td>{line.confidence:.1%}</td></tr>"
                for number, line in enumerate(self.lines, start=1)
            )
        caption = f"<caption>{escape(self._place)}</caption>" if self.source else ""
        return self._image_html() + f"<table>{caption}{rows}</table>"

    @property
    def _place(self) -> str:
        return self.source + (f", page {self.page}" if self.page > 1 else "")

    def _image_html(self) -> str:
        if self.image is None:
            return ""
        import base64

        from . import drawing

        data = base64.b64encode(drawing.encode(drawing.annotate(self))).decode()
        return f'<img alt="{len(self.lines)} lines read" style="max-width: 100%" src="data:image/png;base64,{data}">'
