"""Rows as CSV that a spreadsheet can open: what it would run as a formula does not run."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

CSV_COLUMNS = ("source", "page", "text", "confidence", "needs_review", "refused", "error", "model", "value")
"""The columns of `to_csv`: the keys of `to_dict` that hold one value."""

CELL_COLUMNS = ("source", "page", "table", "row", "column", "text", "confidence", "x", "y", "width", "height", "problem")
"""The columns of `to_cells`."""

FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""How a text begins that a spreadsheet may run as a formula, the wide signs of East Asia among them; perhaps behind apostrophes."""
NUMBER = re.compile(r"[\d?.,/:%$()\s+-]*")
"""What numbers look like, in one line or several: -42 is no formula."""


def csv_cells(row: dict[str, Any]) -> list[Any]:
    """A row of `Reading.to_dict` -> its CSV_COLUMNS. What a spreadsheet could take for a formula gets an apostrophe before it, which
    `csv_row` takes off again; numbers stay as they are."""
    return [plain(value) if isinstance(value, str) else value for value in (row[name] for name in CSV_COLUMNS)]


def plain(text: str) -> str:
    """A text that no spreadsheet runs: with an apostrophe before it where it could be taken for a formula."""
    return f"'{text}" if _runs(text) else text


def csv_row(cells: Sequence[str]) -> dict[str, Any]:
    """What `csv_cells` made, read back from a file: the row. Raises ValueError for cells that are no row."""
    plain = [cell[1:] if cell[:1] == "'" and FORMULA.match(cell) else cell for cell in cells]
    row: dict[str, Any] = dict(zip(CSV_COLUMNS, plain, strict=True))
    row |= {"page": int(row["page"]), "confidence": float(row["confidence"]), "needs_review": row["needs_review"] == "True"}
    row["value"] = json.loads(row["value"]) if row["value"] else None
    return row | {name: row[name] or None for name in ("refused", "error")}


def _runs(text: str) -> bool:
    return FORMULA.match(text) is not None and NUMBER.fullmatch(text) is None


def csv_text(lines: Iterable[Sequence[Any]]) -> str:
    """Lines of cells as CSV."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue()
