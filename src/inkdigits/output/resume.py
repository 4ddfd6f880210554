"""What an interrupted run left: a file with rows that are whole, what is torn behind them is cut off; and a record of what made them."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from .. import __version__
from ..batch.sources import File
from ..errors import OutputError
from ..options import Options
from ..spreadsheet import CSV_COLUMNS, csv_row

if TYPE_CHECKING:
    from ..reader import Reader

RESUMABLE = ("jsonl", "csv")
RECORD = ".run.json"
"""What ends the name of the record beside a file of rows."""
Record = dict[str, str | bool | float | None]
"""What makes the rows of a run: all that changes them but the sources."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What rows of CSV are: the names of their columns, and what makes a row of the cells under these; it raises ValueError for others."""

    names: tuple[str, ...]
    parse: Callable[[Sequence[str]], dict[str, Any]]


READINGS = Columns(CSV_COLUMNS, csv_row)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a run does about rows that are there already; it refuses them where none of these is set.

    record: what makes its own rows. resume: go on with rows of the same record. retry_errors: but not with those that have an error.
    overwrite: begin anew.
    """

    record: Record
    resume: bool = False
    retry_errors: bool = False
    overwrite: bool = False


def record_of(reader: Reader, options: Options, *, single: bool) -> Record:
    """The record of a run of `predict` (single) or `read`. reader: its models count, not its options."""
    cards = reader.cards
    content = json.dumps([card.to_dict() for card in cards], sort_keys=True).encode()
    of_text: Record = {"alphabet": options.alphabet or "", "decimal": options.decimal or "", "digits_only": options.digits_only}
    of_text["second_opinion"], of_text["sure"], of_text["printed"] = options.second_opinion, options.sure, options.printed
    record: Record = {
        "command": "predict" if single else "read",
        "threshold": cards[0].thresholds["answer"] if options.threshold is None else options.threshold,
        "model": f"{cards[0].name}-{cards[0].version}",
        "model_sha256": cards[0].sha256,
        "card_sha256": hashlib.sha256(content).hexdigest(),
        "version": __version__,
    }
    return record if single else {**record, **of_text}


def record_text(record: Record) -> str:
    """A record as it is kept beside the rows."""
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def check_record(text: str | None, record: Record, out: str) -> None:
    """Raise OutputError unless rows that were made before are like those that `record` makes. text: what was kept beside them; None where
    nothing was. out: what errors call the rows."""
    try:
        before = json.loads(text or "")
    except ValueError:
        raise OutputError(f"{out}: nothing beside it says what made its rows; --overwrite begins anew, or choose another") from None
    if not isinstance(before, dict):
        before = {}
    changed = [f"{key} ({_short(before.get(key))}, now {_short(value)})" for key, value in record.items() if before.get(key) != value]
    if changed:
        remedy = "resume it with what made it, or --overwrite it"
        raise OutputError(f"{out}: its rows were made with another {', '.join(changed)}; {remedy}")


def _short(value: object) -> str:
    """A value, or the first digits of a hash."""
    return "none" if value in (None, "") else str(value)[:16]


def without_errors(path: Path, format: str, columns: Columns = READINGS) -> Iterator[bytes] | None:
    """The bytes of a file of rows, row by row, without the rows that have an error; None where there is none of these. What is torn at its
    end is left out. Raises OutputError as `finished_rows` does."""
    with open(path, "rb") as file:
        if not any(row is not None and row.get("error") for _, row in _rows(file, format, path, columns)):
            return None
    return _pieces(path, format, columns)


def _pieces(path: Path, format: str, columns: Columns) -> Iterator[bytes]:
    with open(path, "rb") as file, open(path, "rb") as again:
        for end, row in _rows(file, format, path, columns):
            piece = again.read(end - again.tell())
            if row is None or not row.get("error"):
                yield piece


def whole_size(path: Path, format: str, columns: Columns = READINGS) -> int:
    """How many bytes of a file of the format jsonl or csv are whole rows. Raises OutputError where it holds anything else."""
    end = 0
    with open(path, "rb") as file:
        for end, _ in _rows(file, format, path, columns):  # noqa: B007  # the last one counts
            pass
    return end


def finished_rows(path: Path, format: str, columns: Columns = READINGS) -> Iterator[dict[str, Any]]:
    """The whole rows in a file of the format jsonl or csv, as `Reading.to_dict` gives them; of csv those keys that have a column. Raises
    OutputError where it holds anything else."""
    with open(path, "rb") as file:
        yield from (row for _, row in _rows(file, format, path, columns) if row is not None)


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


def _rows(file: BinaryIO, format: str, path: Path, columns: Columns) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Where each whole row ends, in bytes, and the row; None for a head."""
    if format == "jsonl":
        at = 0
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            at += len(line)
            yield at, _json_row(line, number, path)
    else:
        yield from _csv_rows(file, path, columns)


def _json_row(line: bytes, number: int, path: Path) -> dict[str, Any]:
    try:
        row = json.loads(line)
        if isinstance(row, dict) and isinstance(row.get("source"), str) and isinstance(row.get("page"), int):
            return row
    except ValueError:
        pass
    raise OutputError(f"{path}: line {number} is no row of inkdigits; --resume goes on with a file that it wrote")


def _csv_rows(file: BinaryIO, path: Path, columns: Columns) -> Iterator[tuple[int, dict[str, Any] | None]]:
    taken, ends = 0, True

    def lines() -> Iterator[str]:
        nonlocal taken, ends
        for line in file:
            taken, ends = taken + len(line), line.endswith(b"\n")
            yield line.decode("utf-8", "surrogateescape")

    for number, cells in enumerate(csv.reader(lines()), start=1):
        if not ends or len(cells) < len(columns.names):
            return
        if number == 1:
            if tuple(cells) != columns.names:
                raise OutputError(f"{path}: its columns are not {', '.join(columns.names)}")
            yield taken, None
            continue
        try:
            row = columns.parse(cells)
        except ValueError:
            raise OutputError(f"{path}: row {number} is no row of inkdigits; --resume goes on with a file that it wrote") from None
        yield taken, row
