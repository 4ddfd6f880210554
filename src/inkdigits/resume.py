"""What an interrupted run left in its file: the rows that are whole. What is torn behind them is cut off."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from .errors import OutputError
from .reading import CSV_COLUMNS, csv_row
from .sources import File

RESUMABLE = ("jsonl", "csv")


def finished_rows(path: Path, format: str) -> Iterator[dict[str, Any]]:
    """The rows in a file of the format jsonl or csv, as `Reading.to_dict` gives them; of csv those keys that have a column.

    Once all are taken, the file ends with the last whole row. Raises OutputError where it holds anything else.
    """
    with open(path, "rb+") as file:
        end = 0
        for end, row in _rows(file, format, path):  # noqa: B007  # the last one counts
            if row is not None:
                yield row
        file.truncate(end)


def without_done(files: Iterable[File], done: dict[str, list[int]]) -> Iterator[File]:
    """The files, each with the pages of it that are done. done: by source, the pages in the order of their rows; a file that was given
    twice has each page twice, and what is left over belongs to its second time."""
    for file in files:
        pages = done.get(file.name)
        if not pages:
            yield file
            continue
        mine = frozenset(pages)
        for page in mine:
            pages.remove(page)
        yield File(file.name, file.content, file.error, mine)


def _rows(file: BinaryIO, format: str, path: Path) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Where each whole row ends, in bytes, and the row; None for a head."""
    if format == "jsonl":
        at = 0
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            at += len(line)
            yield at, _json_row(line, number, path)
    else:
        yield from _csv_rows(file, path)


def _json_row(line: bytes, number: int, path: Path) -> dict[str, Any]:
    try:
        row = json.loads(line)
        if isinstance(row, dict) and isinstance(row.get("source"), str) and isinstance(row.get("page"), int):
            return row
    except ValueError:
        pass
    raise OutputError(f"{path}: line {number} is no row of inkdigits; --resume goes on with a file that it wrote")


def _csv_rows(file: BinaryIO, path: Path) -> Iterator[tuple[int, dict[str, Any] | None]]:
    taken, ends = 0, True

    def lines() -> Iterator[str]:
        nonlocal taken, ends
        for line in file:
            taken, ends = taken + len(line), line.endswith(b"\n")
            yield line.decode("utf-8", "surrogateescape")

    for number, cells in enumerate(csv.reader(lines()), start=1):
        if not ends or len(cells) < len(CSV_COLUMNS):
            return
        if number == 1:
            if tuple(cells) != CSV_COLUMNS:
                raise OutputError(f"{path}: its columns are not {', '.join(CSV_COLUMNS)}")
            yield taken, None
            continue
        try:
            row = csv_row(cells)
        except ValueError:
            raise OutputError(f"{path}: row {number} is no row of inkdigits; --resume goes on with a file that it wrote") from None
        yield taken, row
