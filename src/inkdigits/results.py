"""Where the rows of a run go: standard output, or a file that a kill at any moment leaves with whole rows, and that can be gone on with."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Any, TextIO, cast

from . import files
from .errors import MissingExtra, OutputError
from .formats import RowWriter
from .reading import Reading
from .resume import RESUMABLE, finished_rows

BATCH = 10_000
"""Rows of a group in a Parquet file: what is held in memory."""
AS_TEXT = ("lines", "ms", "left_out")
"""Keys of a row that are JSON within a table."""


class Results:
    """The rows of a run, each on its way to the disk as soon as it is there. A context manager.

    out: a file, None for standard output. format: one of FORMATS; rows of Parquet wait as JSON lines in FILE.rows.jsonl until the run is
    over. resume: go on with what is there; its rows are given to `seen`. several, single: as for RowWriter.
    Raises OutputError where a file cannot be written or gone on with, MissingExtra for Parquet without `inkdigits[parquet]`.
    """

    def __init__(
        self,
        out: str | None,
        format: str,
        *,
        several: bool,
        single: bool,
        resume: bool = False,
        seen: Callable[[dict[str, Any]], None] = lambda row: None,
    ) -> None:
        self.out, self.parquet = out, format == "parquet"
        if self.parquet:
            if out is None:
                raise OutputError("Parquet cannot be written to standard output; give --out FILE.parquet")
            _pyarrow()  # what is missing is missed now
        self.rows_format = "jsonl" if self.parquet else format
        self.path = f"{out}.rows.jsonl" if self.parquet else out
        self.done: dict[str, list[int]] = {}
        begun = False
        if resume:
            if self.path is None or self.rows_format not in RESUMABLE:
                raise OutputError(f"--resume goes on with a file of {', '.join((*RESUMABLE, 'parquet'))}, not with {format}")
            begun = self._take_up(seen)
        self.stream = _opened(self.path, "a" if begun else "w") if self.path else _stdout()
        self._writer = RowWriter(self.stream, self.rows_format, several=several, single=single, begun=begun)

    def __enter__(self) -> Results:
        """Open the array of `json`."""
        self._writer.__enter__()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Close the file; what was to become Parquet does so where nothing went wrong."""
        self._writer.__exit__()
        if self.path is not None:
            self.stream.close()
        if self.parquet and kind is None:
            to_parquet(Path(str(self.path)), Path(str(self.out)))
            os.remove(str(self.path))

    def write(self, reading: Reading) -> None:
        """Write one row."""
        self._writer.write(reading)

    def _take_up(self, seen: Callable[[dict[str, Any]], None]) -> bool:
        """Note which pages are done; whether there are any."""
        path = Path(str(self.path))
        if not path.exists() and self.parquet and Path(str(self.out)).exists():
            raise OutputError(f"{self.out}: is finished; there is nothing to resume")
        if not path.exists():
            return False
        for row in finished_rows(path, self.rows_format):
            self.done.setdefault(row["source"], []).append(row["page"])
            seen(row)
        return path.stat().st_size > 0


def to_parquet(rows: Path, out: Path) -> None:
    """Rows as JSON lines -> a Parquet file, whole or not at all."""
    _, parquet = _pyarrow()
    with (
        files.whole(out) as part,
        open(rows, encoding="utf-8", errors="surrogateescape") as file,
        parquet.ParquetWriter(part, to_table([]).schema) as writer,
    ):
        while group := [json.loads(line) for line in islice(file, BATCH)]:
            writer.write_table(to_table(group))


def to_table(rows: Iterable[dict[str, Any]]) -> Any:
    """Rows, as `Reading.to_dict` gives them -> a pyarrow.Table. `lines`, `ms` and `left_out` stay JSON, as text; a source that is not valid
    UTF-8 has U+FFFD where it is not."""
    pyarrow, _ = _pyarrow()
    schema = pyarrow.schema(
        [("source", pyarrow.string()), ("page", pyarrow.int32()), ("text", pyarrow.string()), ("confidence", pyarrow.float32()),
         ("needs_review", pyarrow.bool_()), ("refused", pyarrow.string()), ("error", pyarrow.string()), ("lines", pyarrow.string()),
         ("ms", pyarrow.string()), ("model", pyarrow.string()), ("left_out", pyarrow.string()),
         ("review_reasons", pyarrow.list_(pyarrow.string()))]
    )  # fmt: skip
    texts = [
        {**row, "source": replaced(row["source"]), **{key: json.dumps(row[key], ensure_ascii=False) for key in AS_TEXT}} for row in rows
    ]
    return pyarrow.Table.from_pylist(texts, schema=schema)


def from_table(table: Any) -> list[dict[str, Any]]:
    """The rows of such a table, with the columns that it has."""
    return [{key: json.loads(value) if key in AS_TEXT else value for key, value in row.items()} for row in table.to_pylist()]


def replaced(source: str) -> str:
    """A source as Parquet has it."""
    return source.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtra("parquet", "writing Parquet") from None
    return pyarrow, pyarrow.parquet


def _opened(path: str, mode: str) -> TextIO:
    try:
        # A name that is not valid UTF-8 is written as the bytes it has.
        return cast(TextIO, open(path, mode, encoding="utf-8", errors="surrogateescape", newline=""))
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from None


def _stdout() -> TextIO:
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
    return sys.stdout
