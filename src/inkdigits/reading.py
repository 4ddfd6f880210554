"""What an image says: a frozen dataclass that exports and shows itself."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .lines import LeftOut, Line
from .spreadsheet import CELL_COLUMNS, CSV_COLUMNS, csv_cells, csv_text, plain
from .tables import Table

if TYPE_CHECKING:
    import numpy as np

REVIEW_REASONS = ("error", "refused", "damaged", "unread", "unsure")
"""Why a person should look: it could not be read; nothing on it is a digit; the file may be damaged, as its decoder had a warning; ink of
the size of writing was left out; an answer is not sure."""
FRAME_COLUMNS = ("source", "page", "line", "word", "text", "confidence", "x", "y", "width", "height")
"""The columns of `to_dataframe`."""
SAVED = (".json", ".csv", ".txt", ".png", ".jpg", ".jpeg")
"""What the name of a file that is saved may end in."""
PRINTED = 60
"""Characters of a text or a reason that `print` shows."""


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
        from .drawing import readings

        return readings.encode(readings.annotate(self), suffix)

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
        from .drawing import readings
        from .errors import MissingExtra

        try:
            from matplotlib import pyplot
        except ImportError:
            raise MissingExtra("train", "Reading.plot") from None
        picture = readings.annotate(self)
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

        from .drawing import readings

        data = base64.b64encode(readings.encode(readings.annotate(self))).decode()
        return f'<img alt="{len(self.lines)} lines read" style="max-width: 100%" src="data:image/png;base64,{data}">'
